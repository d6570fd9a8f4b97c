// SPDX-License-Identifier: MIT
//
// gateway.tpp: the members of gateway.hpp, for any policies.
#ifndef AIAUDIT_IMPL_GATEWAY_TPP
#define AIAUDIT_IMPL_GATEWAY_TPP

#include <aiaudit/gateway.hpp>
#include <aiaudit/gateway/answer_index.hpp>    // answer_index
#include <aiaudit/gateway/gateway_core.hpp>    // gateway_core
#include <aiaudit/gateway/key_log.hpp>         // check_keys
#include <aiaudit/gateway/key_ring.hpp>        // key_ring
#include <aiaudit/gateway/own_answers.hpp>     // serve_own
#include <aiaudit/gateway/relay.hpp>           // relay
#include <aiaudit/gateway/router.hpp>          // router
#include <aiaudit/gateway/server.hpp>          // server
#include <aiaudit/impl/basic_ledger.tpp>       // basic_ledger
#include <aiaudit/impl/gateway/dashboard.tpp>  // basic_dashboard
#include <aiaudit/pricing/builtin.hpp>         // builtin_book

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

template <class Policies>
struct basic_gateway<Policies>::state {
    using core_type = detail::gateway_core<ledger_type, pricing>;

    state(ledger_type& into, gateway_options options, pricing prices, router to,
          std::optional<key_ring> keys, detail::tls_context tls)
        : core(into, std::move(options), std::move(prices), std::move(to), std::move(keys)),
          web(core.options, core.metrics, std::move(tls), [this] {
              if (core.answers) core.answers->stop();
              core.waiting.join();
          }) {}
    detail::process_mark const process{};
    core_type core;
    detail::server web;
    std::size_t own_listeners = 1;
    std::mutex uses_mutex{};
    key_use_map uses_kept{};  // under uses_mutex

    [[nodiscard]] static detail::asio::awaitable<void> serve(core_type& of,
                                                             detail::session& session);
    // Why calls would not pass, in words for anybody; empty where they would.
    [[nodiscard]] static detail::asio::awaitable<std::string> trouble_of(core_type& of);
    // Of the file of keys.
    [[nodiscard]] static std::string key_trouble_of(core_type const& of);
    [[nodiscard]] static detail::asio::awaitable<void> say_readiness(core_type& of,
                                                                     detail::session& session);
    // Before the body of a stranger takes any memory.
    [[nodiscard]] static std::optional<gateway_response> before_body(core_type& of,
                                                                     gateway_request const& asked);
    // Strangers may ask a site, which wants no prompts: a login at most.
    [[nodiscard]] static gateway_limits of_site(gateway_limits limits) {
        limits.body_bytes_max = (std::min)(limits.body_bytes_max, std::size_t{64} << 10);
        return limits;
    }
};

template <class Policies>
basic_gateway<Policies>::basic_gateway(detail::process_owned<state> opened) noexcept
    : state_(std::move(opened)) {}
template <class Policies>
basic_gateway<Policies>::basic_gateway(basic_gateway&&) noexcept = default;
template <class Policies>
basic_gateway<Policies>& basic_gateway<Policies>::operator=(basic_gateway&&) noexcept = default;
template <class Policies>
basic_gateway<Policies>::~basic_gateway() = default;

template <class Policies>
result<basic_gateway<Policies>> basic_gateway<Policies>::open(ledger_type& into,
                                                              gateway_options options,
                                                              pricing prices) {
    // Two gateways that cannot share are never both ready.
    if (auto claimed = into.claim_budgets(); !claimed) return claimed.error();
    auto routes = router::make(options.upstreams);
    if (!routes) return routes.error();
    for (gateway_upstream& each : options.upstreams) detail::wipe(each.key);  // the router has them
    std::optional<key_ring> keys;
    if (!options.key_file.empty()) {
        auto ring = key_ring::open(options.key_file);
        if (!ring) return ring.error();
        auto const [recorded, of_keys] = ring->stamp();
        if (auto const known = check_keys(into, {recorded, of_keys}); !known)
            return fail(known.error().code, options.key_file + ": " + known.error().where);
        keys.emplace(std::move(*ring));
    } else if (options.keys_required) {
        return fail(errc::bad_argument, "the gateway requires keys, and there is no file of them");
    }
    auto tls = detail::make_tls_context(options.upstream_ca_file, true);
    if (!tls) return tls.error();
    detail::process_owned<state> made(new state(into, std::move(options), std::move(prices),
                                                std::move(*routes), std::move(keys),
                                                std::move(*tls)));
    auto& shared = made->core;
    if (auto ok = shared.waiting.start(shared.options.waiting_threads); !ok) return ok.error();
    if (shared.keys) {
        auto index = detail::answer_index<ledger_type>::open(shared.ledger);
        if (!index) return index.error();
        shared.answers = std::move(*index);
        // A long log is read while calls go on.
        shared.read_answers();
    }
    made->web.add(
        {shared.options.listen, shared.options.limits,
         [&shared](detail::session& session) { return state::serve(shared, session); },
         [&shared](gateway_request const& asked) { return state::before_body(shared, asked); }});
    if (!shared.options.metrics.host.empty()) {
        made->own_listeners = 2;
        made->web.add({shared.options.metrics,
                       state::of_site(shared.options.limits),
                       [&shared](detail::session& session) {
                           return detail::serve_metrics(shared.metrics, session);
                       },
                       {}});
    }
    return basic_gateway(std::move(made));
}

template <class Policies>
detail::asio::awaitable<std::string> basic_gateway<Policies>::state::trouble_of(core_type& of) {
    detail::asio::steady_timer pause(co_await detail::asio::this_coro::executor);
    for (;;) {
        auto const known = of.readiness_now();
        if (known && *known) co_return key_trouble_of(of);
        if (known) {
            errc const code = known->error().code;
            std::string_view const words = detail::log_trouble_text(code);
            co_return std::string(name_of(code)) + ": " +
                std::string(words.empty() ? "the gateway's ledger cannot be written" : words);
        }
        pause.expires_after(std::chrono::milliseconds(1));
        static_cast<void>(co_await pause.async_wait(detail::as_value));
    }
}

template <class Policies>
std::string basic_gateway<Policies>::state::key_trouble_of(core_type const& of) {
    if (!of.keys) return {};
    auto const state = of.keys->state();
    if (state) return {};
    // Without the directory, which is nobody's business.
    std::string said = state.error().message();
    std::string const& path = of.options.key_file;
    std::string const directory = path.substr(0, path.rfind('/') + 1);
    for (auto at = said.find(directory); !directory.empty() && at != std::string::npos;
         at = said.find(directory, at))
        said.erase(at, directory.size());
    return detail::clean_text(said, detail::problem_message_bytes) +
           "; the keys from before stay in use";
}

template <class Policies>
detail::asio::awaitable<void> basic_gateway<Policies>::state::say_readiness(
    core_type& of, detail::session& session) {
    std::string said = "it is stopping";
    if (!session.stopping()) said = co_await trouble_of(of);
    int const status = said.empty() ? 200 : 503;
    said.insert(0, status == 200 ? "ready" : "not ready: ");
    said += '\n';
    co_await detail::say(session, status, std::move(said));
}

template <class Policies>
std::optional<gateway_response> basic_gateway<Policies>::state::before_body(
    core_type& of, gateway_request const& asked) {
    std::string_view const path = detail::path_of(asked.target);
    if (path == "/metrics" || path == "/healthz" || path == "/health" || path == "/readyz")
        return detail::text_response(413, "no body is wanted here\n");
    detail::understood_request who;
    auto const problem = detail::identify(of, asked, who);
    if (!problem) return std::nullopt;
    return error_response(router::family_of(asked.target, asked.headers), *problem);
}

template <class Policies>
detail::asio::awaitable<void> basic_gateway<Policies>::state::serve(core_type& of,
                                                                    detail::session& session) {
    std::string_view const path = detail::path_of(session.request.target);
    if (path == "/metrics" && of.options.metrics.host.empty())
        co_return co_await detail::serve_metrics(of.metrics, session);
    if (path == "/healthz" || path == "/health")
        co_return co_await detail::say(session, 200, "ok\n");
    // Clients look whether anybody is there before they send a key.
    bool const looks = session.request.method == "GET" || session.request.method == "HEAD";
    bool const front = path == "/" || path == "/api/hello";  // the second: Claude Code
    if (front && looks) co_return co_await detail::say(session, 200, "aiaudit gateway\n");
    if (path.starts_with(detail::own_prefix)) co_return co_await detail::serve_own(of, session);
    if (path == "/readyz") co_return co_await say_readiness(of, session);
    if (auto const refused = detail::websocket_refusal(session.request)) {
        static_cast<void>(co_await session.client.respond(*refused));
        co_return;
    }
    detail::relay<core_type> passing(of, session.upstreams, session.client, session.request);
    co_await passing.run();
}

template <class Policies>
result<basic_gateway<Policies>> basic_gateway<Policies>::open(
    ledger_type& into,
    gateway_options options) requires std::same_as<typename Policies::pricing, price_book> {
    return open(into, std::move(options), builtin_book());
}

template <class Policies>
void basic_gateway<Policies>::set_prices(pricing prices) {
    state_->core.prices.set(std::move(prices));
}
template <class Policies>
typename basic_gateway<Policies>::pricing basic_gateway<Policies>::prices() const {
    return state_->core.prices.now();
}

template <class Policies>
void basic_gateway<Policies>::add_site(listen_address at, gateway_site site) {
    state_->web.add(
        {std::move(at),
         state::of_site(state_->core.options.limits),
         [of = std::move(site)](auto& session) { return detail::serve_site(of, session); },
         {}});
}

template <class Policies>
result<void> basic_gateway<Policies>::start() {
    if (auto ok = state_->process.check_fork("the gateway"); !ok) return ok;
    return state_->web.start();
}

template <class Policies>
std::uint16_t basic_gateway<Policies>::port() const {
    return state_->web.port(0);
}

template <class Policies>
std::uint16_t basic_gateway<Policies>::site_port(std::size_t number) const {
    return state_->web.port(state_->own_listeners + number);
}

template <class Policies>
void basic_gateway<Policies>::stop() {
    if (!state_->process.forked()) state_->web.stop();
}

template <class Policies>
result<void> basic_gateway<Policies>::probe() {
    if (auto ok = state_->process.check_fork("the gateway"); !ok) return ok;
    for (;;) {
        if (state_->web.stopping()) return fail(errc::closed, "the gateway was stopped");
        if (auto const known = state_->core.readiness_now()) return *known;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

template <class Policies>
result<void> basic_gateway<Policies>::key_state() const {
    auto const& keys = state_->core.keys;
    return keys ? keys->state() : result<void>{};
}

template <class Policies>
result<void> basic_gateway<Policies>::keep_key_uses() {
    auto const& keys = state_->core.keys;
    if (!keys) return {};
    std::lock_guard const lock(state_->uses_mutex);
    auto uses = keys->uses();
    if (uses == state_->uses_kept) return {};
    // The file would come to stand beside another ledger, or where there is none.
    if (auto ok = state_->core.ledger.probe(); !ok) return ok;
    if (auto kept = aiaudit::keep_key_uses(state_->core.options.key_file, uses); !kept) return kept;
    state_->uses_kept = std::move(uses);
    return {};
}

template <class Policies>
gateway_metrics& basic_gateway<Policies>::metrics() noexcept {
    return state_->core.metrics;
}
template <class Policies>
gateway_metrics const& basic_gateway<Policies>::metrics() const noexcept {
    return state_->core.metrics;
}

template <class Policies>
result<gateway_site> dashboard_site(basic_ledger<Policies>& log, dashboard_options options) {
    using board_type = basic_dashboard<basic_ledger<Policies>>;
    auto opened = board_type::open(log, std::move(options));
    if (!opened) return opened.error();
    auto const board = std::make_shared<board_type>(std::move(*opened));
    gateway_site site;
    site.answer = [board](gateway_request const& request) { return board->answer(request); };
    site.is_event_stream = [board](gateway_request const& request) {
        return board->is_event_stream(request);
    };
    site.events_begin = [board](gateway_request const& request) {
        return board->events_begin(request);
    };
    site.events_head = [] { return board_type::events_head(); };
    site.events_after = [board](sequence& last) { return board->events_after(last); };
    return site;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_TPP
