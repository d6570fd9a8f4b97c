// SPDX-License-Identifier: MIT
//
// gateway.hpp: a reverse proxy before the providers' APIs. Whatever passes is asked of the budgets
// first, and on record afterwards, with what it cost.
//
//     auto ledger = aiaudit::ledger::open({.path = "calls.aiaudit"}).value();
//     aiaudit::gateway_options options;
//     options.upstreams = {aiaudit::upstream_named("openai").value()};
//     options.keys_required = false;
//     auto gateway = aiaudit::gateway::open(ledger, options).value();
//     gateway.start().value();  // serves in threads of its own, until stop()
//
// Opt-in: aiaudit.hpp does not include it, and only who does needs Boost.Asio and Boost.Beast.
// Each connection belongs to one thread; connections are dealt out in turn.
// Threads: all members may be called from any thread, but for start() and add_site() one at a time.
// The gateway keeps the log open.
// Processes: a forked child's copy serves nobody, and is left as it is.
// Floor 10.
#ifndef AIAUDIT_GATEWAY_HPP
#define AIAUDIT_GATEWAY_HPP

#include <aiaudit/config.hpp>  // first: it names the platforms

#include <aiaudit/gateway/dashboard.hpp>  // basic_dashboard
#include <aiaudit/gateway/relay.hpp>      // relay
#include <aiaudit/gateway/server.hpp>     // server
#include <aiaudit/basic_ledger.hpp>             // basic_ledger
#include <aiaudit/pricing/builtin.hpp>    // builtin_book

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

// A provider of the table (providers/provider_table.hpp), with its key from the environment.
// Errors: bad_argument for one that is not there.
[[nodiscard]] result<gateway_upstream> upstream_named(std::string_view name);

template <class Policies = default_policies>
class basic_gateway {
public:
    using ledger_type = basic_ledger<Policies>;
    using pricing = typename Policies::pricing;

    // Errors: bad_argument for upstreams that cannot be; those of reading the keys; tls_failed;
    // no_thread.
    [[nodiscard]] static result<basic_gateway> open(ledger_type& into, gateway_options options,
                                                    pricing prices);
    [[nodiscard]] static result<basic_gateway> open(
        ledger_type& into, gateway_options options) requires std::same_as<pricing, price_book> {
        return open(into, std::move(options), builtin_book());
    }

    // Another site at an address of its own, such as the dashboard. Before start().
    void add_site(listen_address at, gateway_site site) {
        state_->web.add(
            {std::move(at), of_site(state_->core.options.limits),
             [of = std::move(site)](auto& session) { return detail::serve_site(of, session); }});
    }
    // Errors: bad_argument for an address that is none; connect_failed where one cannot be taken;
    // no_thread. It may be called again then.
    [[nodiscard]] result<void> start() {
        if (auto ok = state_->process.check("the gateway"); !ok) return ok;
        return state_->web.start();
    }
    // Of `listen`, once started.
    [[nodiscard]] std::uint16_t port() const { return state_->web.port(0); }
    // Of a site, in the order of add_site().
    [[nodiscard]] std::uint16_t site_port(std::size_t number) const {
        return state_->web.port(state_->own_listeners + number);
    }
    // Takes no more, lets answers under way end within options.shutdown_time, cuts the others, and
    // returns when all records are handed to the ledger; its flush() waits until they are on disk.
    void stop() {
        if (!state_->process.forked()) state_->web.stop();
    }

    [[nodiscard]] gateway_metrics const& metrics() const noexcept { return state_->core.metrics; }

private:
    using core = detail::gateway_core<ledger_type, pricing>;
    struct state {
        state(ledger_type& into, gateway_options options, pricing prices, router to,
              std::optional<key_ring> keys, detail::tls_context tls)
            : core(into, std::move(options), std::move(prices), std::move(to), std::move(keys)),
              web(core.options, core.metrics, std::move(tls), [this] { core.waiting.join(); }) {}
        detail::process_mark const process{};
        basic_gateway::core core;
        detail::server web;
        std::size_t own_listeners = 1;
    };
    explicit basic_gateway(detail::process_owned<state> made) : state_(std::move(made)) {}

    [[nodiscard]] static detail::asio::awaitable<void> serve(core& of, detail::session& session);
    // Strangers may ask a site, which wants no prompts: a login at most.
    [[nodiscard]] static gateway_limits of_site(gateway_limits limits) {
        limits.body_bytes_max = (std::min)(limits.body_bytes_max, std::size_t{64} << 10);
        return limits;
    }

    detail::process_owned<state> state_;
};

using gateway = basic_gateway<>;

// The dashboard of a ledger (gateway/dashboard.hpp) as a site for add_site(). Errors: bad_argument
// for a token that is too short.
template <class Ledger>
[[nodiscard]] result<gateway_site> dashboard_site(Ledger& of, dashboard_options options) {
    auto opened = basic_dashboard<Ledger>::open(of, std::move(options));
    if (!opened) return opened.error();
    auto const board = std::make_shared<basic_dashboard<Ledger>>(std::move(*opened));
    gateway_site site;
    site.answer = [board](gateway_request const& request) { return board->answer(request); };
    site.is_event_stream = [board](gateway_request const& request) {
        return board->is_event_stream(request);
    };
    site.events_begin = [board](gateway_request const& request) {
        return board->events_begin(request);
    };
    site.events_head = [] { return basic_dashboard<Ledger>::events_head(); };
    site.events_after = [board](sequence& last) { return board->events_after(last); };
    return site;
}

template <class Policies>
result<basic_gateway<Policies>> basic_gateway<Policies>::open(ledger_type& into,
                                                              gateway_options options,
                                                              pricing prices) {
    auto routes = router::make(options.upstreams);
    if (!routes) return routes.error();
    std::optional<key_ring> keys;
    if (!options.key_file.empty()) {
        auto ring = key_ring::open(options.key_file);
        if (!ring) return ring.error();
        keys.emplace(std::move(*ring));
    } else if (options.keys_required) {
        return fail(errc::bad_argument, "the gateway requires keys, and there is no file of them");
    }
    auto tls = detail::make_tls_context(options.upstream_ca_file, true);
    if (!tls) return tls.error();
    detail::process_owned<state> made(new state(into, std::move(options), std::move(prices),
                                                std::move(*routes), std::move(keys),
                                                std::move(*tls)));
    core& shared = made->core;
    if (auto ok = shared.waiting.start(shared.options.waiting_threads); !ok) return ok.error();
    made->web.add({shared.options.listen, shared.options.limits,
                   [&shared](detail::session& session) { return serve(shared, session); }});
    if (!shared.options.metrics.host.empty()) {
        made->own_listeners = 2;
        made->web.add({shared.options.metrics, of_site(shared.options.limits),
                       [&shared](detail::session& session) {
                           return detail::serve_metrics(shared.metrics, session);
                       }});
    }
    return basic_gateway(std::move(made));
}

template <class Policies>
detail::asio::awaitable<void> basic_gateway<Policies>::serve(core& of, detail::session& session) {
    std::string_view const path = detail::path_of(session.request.target);
    if (path == "/metrics" && of.options.metrics.host.empty())
        co_return co_await detail::serve_metrics(of.metrics, session);
    if (path == "/healthz") co_return co_await detail::say(session, 200, "ok\n");
    if (path == "/readyz") {
        bool const ready = !session.stopping() && of.ledger.last_sequence().has_value() &&
                           (!of.keys || of.keys->state().has_value());
        co_return co_await detail::say(session, ready ? 200 : 503,
                                       ready ? "ready\n" : "not ready\n");
    }
    detail::relay<core> passing(of, session.upstreams, session.client, session.request);
    co_await passing.run();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_HPP
