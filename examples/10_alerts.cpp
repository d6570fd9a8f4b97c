// Alerts: a budget that passes its threshold is told to a log line and to a webhook, which checks
// who sent it. Each arrives once, over restarts and over all processes that watch the ledger.
#include "local_provider.hpp"

#include <aiaudit/aiaudit.hpp>

#include <httplib.h>

#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

constexpr auto secret = "of this example";

// What a team would run: it takes webhooks, and trusts none that is not signed.
class receiver {
public:
    receiver() {
        server_.Post("/alerts", [](httplib::Request const& request, httplib::Response& response) {
            aiaudit::header_list headers;
            for (auto const& [name, value] : request.headers) headers.emplace_back(name, value);
            auto const genuine = aiaudit::verify_webhook(headers, request.body, secret,
                                                         aiaudit::system_clock{}.now());
            response.status = genuine ? 200 : 401;
            std::cout << "webhook, signature " << (genuine ? "holds: " : "does not hold: ")
                      << request.body << '\n';
        });
        port_ = server_.bind_to_any_port("127.0.0.1");
        if (port_ <= 0) throw std::runtime_error("no port on loopback");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield();
    }
    receiver(receiver const&) = delete;
    receiver& operator=(receiver const&) = delete;
    ~receiver() {
        server_.stop();
        thread_.join();
    }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(port_) + "/alerts";
    }

private:
    httplib::Server server_{};
    int port_ = 0;
    std::thread thread_{};
};

}  // namespace

int main() {
    examples::temporary_directory const place;
    receiver const team;
    auto ledger = aiaudit::ledger::open({.path = place.file("calls")}).value();

    aiaudit::budget daily;
    daily.name = "daily";
    daily.limit = aiaudit::parse_budget_limit("1.00", aiaudit::budget_unit::usd).value();
    daily.window = aiaudit::parse_budget_window("day").value();
    daily.then = aiaudit::budget_action::warn;
    daily.alert_percents = {50, 100};
    ledger.set_budget(daily).value();

    aiaudit::webhook_options hook;
    hook.url = team.url();
    hook.secret = secret;
    aiaudit::alert_watch_options options;
    options.sinks = {aiaudit::log_line_sink("log", std::cout), aiaudit::webhook_sink(hook).value()};
    // A program that runs on leaves this at its default: then the watch has a thread of its own.
    options.poll_every = std::chrono::milliseconds{0};
    auto watch = aiaudit::alert_watch::open(ledger, options).value();

    // A record as the client writes them, of a call that cost 0.60 USD.
    aiaudit::record call;
    call.user = "ana";
    call.provider = "openai";
    call.model_requested = "gpt-4.1";
    call.started_at = ledger.time().now();
    call.operation_id = aiaudit::make_operation_id(call.started_at);
    call.http_status = 200;
    call.cost_status = aiaudit::cost_status::priced;
    call.cost = aiaudit::money::parse("0.60").value();
    ledger.append(call).value();

    std::cout << watch.poll_once().value().delivered << " delivered\n"
              << watch.poll_once().value().delivered << " the second time\n";
    for (aiaudit::alert_failure const& each : watch.failures().value())
        std::cout << "not delivered yet: " << each.key << " to " << each.sink << '\n';
}
