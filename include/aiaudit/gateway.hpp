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

#include <aiaudit/basic_ledger.hpp>             // basic_ledger
#include <aiaudit/gateway/dashboard.hpp>        // dashboard_options
#include <aiaudit/gateway/gateway_metrics.hpp>  // gateway_metrics
#include <aiaudit/gateway/gateway_options.hpp>  // gateway_options
#include <aiaudit/gateway/gateway_site.hpp>     // gateway_site
#include <aiaudit/gateway/key_file.hpp>         // key_file
#include <aiaudit/gateway/key_uses.hpp>         // key_use_map
#include <aiaudit/storage/process_mark.hpp>     // process_owned

#include <concepts>
#include <cstddef>
#include <cstdint>
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

    // Errors: those of basic_ledger::claim_budgets(); bad_argument for upstreams that cannot be;
    // those of reading the keys, and of checking them against the log (check_keys,
    // gateway/key_log.hpp); tls_failed; no_thread.
    [[nodiscard]] static result<basic_gateway> open(ledger_type& into, gateway_options options,
                                                    pricing prices);
    [[nodiscard]] static result<basic_gateway> open(
        ledger_type& into,
        gateway_options options) requires std::same_as<typename Policies::pricing, price_book>;

    basic_gateway(basic_gateway&&) noexcept;
    basic_gateway& operator=(basic_gateway&&) noexcept;
    ~basic_gateway();

    // Attempts that are priced from now on are priced by these. Threads: any, at any time.
    void set_prices(pricing prices);
    [[nodiscard]] pricing prices() const;

    // Another site at an address of its own, such as the dashboard. Before start().
    void add_site(listen_address at, gateway_site site);
    // Errors: bad_argument for an address that is none; connect_failed where one cannot be taken;
    // no_thread. It may be called again then.
    [[nodiscard]] result<void> start();
    // Of `listen`, once started.
    [[nodiscard]] std::uint16_t port() const;
    // Of a site, in the order of add_site().
    [[nodiscard]] std::uint16_t site_port(std::size_t number) const;
    // Takes no more, lets answers under way end within options.shutdown_time, cuts the others, and
    // returns when all records are handed to the ledger; its flush() waits until they are on disk.
    void stop();

    // Whether calls would pass now, as /readyz tells it, but for the file of keys: looked at when
    // that is asked, at most once a second. Takes microseconds, or up to two seconds where the disk
    // hangs. Errors: those of basic_ledger::probe() and claim_budgets(); timed_out, where the log
    // does not answer; closed, after stop() and in a forked child.
    [[nodiscard]] result<void> probe();
    // Whether the file of keys could be read when it was last looked at; where it could not, the
    // keys from before stay in use. Errors: those of key_file::read.
    [[nodiscard]] result<void> key_state() const;
    // Writes down when keys were used (key_uses.hpp): to be called now and then, and at the end.
    // Does nothing where none was used since. Errors: those of basic_ledger::probe() and
    // keep_key_uses().
    [[nodiscard]] result<void> keep_key_uses();

    [[nodiscard]] gateway_metrics const& metrics() const noexcept;
    [[nodiscard]] gateway_metrics& metrics() noexcept;

private:
    struct state;
    explicit basic_gateway(detail::process_owned<state> opened) noexcept;

    detail::process_owned<state> state_;
};

using gateway = basic_gateway<>;

// The dashboard of a ledger (gateway/dashboard.hpp) as a site for add_site(). Errors: bad_argument
// for a token that is too short.
template <class Policies>
[[nodiscard]] result<gateway_site> dashboard_site(basic_ledger<Policies>& log,
                                                  dashboard_options options);

#ifdef AIAUDIT_SEPARATE
extern template class basic_gateway<default_policies>;
extern template result<gateway_site> dashboard_site(ledger&, dashboard_options);
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway.ipp>
#include <aiaudit/impl/gateway.tpp>
#endif

#endif  // AIAUDIT_GATEWAY_HPP
