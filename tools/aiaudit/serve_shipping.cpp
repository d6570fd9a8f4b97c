// SPDX-License-Identifier: MIT
//
// The shippers of a gateway: their threads, what they say and what they count.

#include "serve_shipping.hpp"

#include "sink_address.hpp"

#include <algorithm>
#include <iostream>

#include <sys/resource.h>
#include <unistd.h>

namespace aiaudit_tool {
namespace {

// For so long a sink may lack something before that is an alert.
constexpr std::chrono::minutes lag_alert{10};
// For what is left when the gateway ends; the next start ships the rest.
constexpr std::chrono::seconds finish_time{5};

// Calls go first where the processors are busy.
void yield_to_calls() {
    constexpr int niceness = 19;
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness));
}

}  // namespace

serve_shipping::serve_shipping(std::vector<std::string> const& addresses, std::string const& origin,
                               std::string const& key) {
    if (addresses.empty() && !(origin.empty() && key.empty()))
        throw failure{"--ship-origin and --ship-key need --ship"};
    std::shared_ptr<aiaudit::note_signing_key const> signer;
    if (!key.empty())
        signer = std::make_shared<aiaudit::note_signing_key const>(read_signing_key(key));
    for (std::string const& address : addresses) {
        auto one = std::make_unique<lane>();
        one->sink = make_sink(address, "--ship");
        one->options.origin = origin.empty() && signer ? signer->name() : origin;
        one->options.key = signer;
        one->options.batch_records = one->sink->batch_records();
        one->options.mark_name = mark_name_of(*one->sink);
        lanes_.push_back(std::move(one));
    }
}

void serve_shipping::stop() noexcept {
    stop_.request_stop();
    for (auto const& one : lanes_) one->worker.join();
}

void serve_shipping::start(aiaudit::ledger const& log) {
    std::lock_guard const lock(mutex_);
    for (auto const& one : lanes_) {
        one->shipper = value_or_fail(
            aiaudit::shipper::make(log, std::move(one->sink), one->options), "--ship");
        // What ends run() is in the status, where look() finds it.
        one->worker = value_or_fail(aiaudit::detail::thread::start(
            "shipper", [shipper = one->shipper.get(), stop = stop_.get_token()] {
                yield_to_calls();
                static_cast<void>(shipper->run(stop));
            }));
    }
}

void serve_shipping::look(aiaudit::alert_watch& alerts) {
    for (auto const& one : lanes_) look_at(*one, alerts);
}

void serve_shipping::look_at(lane& one, aiaudit::alert_watch& alerts) {
    auto const status = one.shipper->status();
    bool const stopped = status.state == aiaudit::ship_state::stopped;
    bool const failing = stopped || status.state == aiaudit::ship_state::retrying;
    std::string const now =
        failing ? std::string(name_of(status.state)) + ": " + status.error : std::string{};
    if (now != one.said)
        std::cerr << "ship: " << aiaudit::detail::printable(status.sink) << ": "
                  << (now.empty() ? "goes on" : aiaudit::detail::printable(now)) << '\n';
    one.said = now;
    if (!stopped && status.lag < lag_alert) {
        one.trouble_since.reset();
        return;
    }
    auto const time = aiaudit::system_clock{}.now();
    if (one.trouble_since) return;
    std::string const text = "the sink " + status.sink + " has " + std::to_string(status.shipped) +
                             " of " + std::to_string(status.log_size) + " records" +
                             (stopped ? ", and is not shipped to any more" : "") +
                             (status.error.empty() ? "" : ": " + status.error);
    auto const raised =
        alerts.raise({aiaudit::make_alert_key(aiaudit::alert_kind::sink_behind,
                                              {status.mark_name, time.to_string()}),
                      aiaudit::alert_kind::sink_behind,
                      text.substr(0, 1000),
                      time,
                      {{"sink", status.mark_name}, {"shipped", std::to_string(status.shipped)}}});
    if (raised) one.trouble_since = time;
}

void serve_shipping::finish() {
    stop();
    for (auto const& one : lanes_) {
        if (one->shipper == nullptr) continue;
        auto const before = one->shipper->status();
        if (before.state == aiaudit::ship_state::stopped) continue;
        auto const rest = one->shipper->run_once({}, finish_time);
        auto const after = one->shipper->status();
        if (!rest)
            std::cerr << "ship: " << aiaudit::detail::printable(after.sink) << " lacks "
                      << after.log_size - std::min(after.log_size, after.shipped)
                      << " records; the next start ships them\n";
    }
}

std::vector<aiaudit::ship_status> serve_shipping::statuses() const {
    std::vector<aiaudit::ship_status> all;
    std::lock_guard const lock(mutex_);
    for (auto const& one : lanes_)
        if (one->shipper != nullptr) all.push_back(one->shipper->status());
    return all;
}

}  // namespace aiaudit_tool
