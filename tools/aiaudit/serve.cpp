// SPDX-License-Identifier: MIT
//
// aiaudit serve: the gateway, until it is told to stop.

#include "alert_rules.hpp"
#include "fleet.hpp"
#include "ledger_prices.hpp"
#include "serve_shipping.hpp"
#include "sink_address.hpp"

#include <aiaudit/alerts.hpp>
#include <aiaudit/alerts/webhook.hpp>
#include <aiaudit/gateway.hpp>
#include <aiaudit/gateway/key_file.hpp>
#include <aiaudit/gateway/key_log.hpp>
#include <aiaudit/gateway/tlog_site.hpp>
#include <aiaudit/integrity/log_policy.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <pthread.h>

namespace aiaudit_tool {
namespace serve_command {

constexpr time_t price_look_seconds = 2;  // between looks at the price file

struct options {
    std::string db{};
    std::string listen = "127.0.0.1:8080";
    std::string metrics{};
    std::string dashboard{};
    std::string token{};
    bool secure_cookie = false;
    std::vector<std::string> upstreams{};
    std::vector<std::string> upstream_keys{};
    std::vector<std::string> models{};
    std::vector<std::string> fallbacks{};
    std::vector<std::string> when_left{};
    std::string ca_file{};
    std::string keys = "required";
    std::string durability = "committed";
    std::string budgets = "exclusive";
    std::string on_gone = "cut";
    std::string unknown_answers = "continue";
    std::string webhook{};
    std::string webhook_secret{};
    std::string slack{};
    std::string zone = "UTC";
    std::string prices{};
    std::vector<std::string> ship{};
    std::string ship_origin{};
    std::string ship_key{};
    std::string fleet{};
    std::string node{};
    unsigned threads = 0;
    std::uint64_t output_most = 0;
    std::string input_estimate = "bytes";
    std::uint64_t body_bytes_max = 0;
    std::uint64_t bodies_bytes_max = 0;
    bool core_dumps = false;
    std::string tlog{};
    std::string tlog_key{};
    std::string tlog_token{};
    std::string tlog_policy{};
    std::vector<std::string> witnesses{};
};

// "NAME=VALUE".
std::pair<std::string, std::string> named_value(std::string const& text,
                                                std::string const& option) {
    auto const at = text.find('=');
    if (at == 0 || at == std::string::npos || at + 1 == text.size())
        throw failure{option + ": '" + text + "' is no NAME=VALUE"};
    return {text.substr(0, at), text.substr(at + 1)};
}

// "NAME" of the table, or "NAME=ORIGIN[/PREFIX]".
aiaudit::gateway_upstream upstream_of(std::string const& text) {
    if (text.find('=') == std::string::npos)
        return value_or_fail(aiaudit::upstream_named(text), "--upstream");
    auto const [name, address] = named_value(text, "--upstream");
    aiaudit::gateway_upstream made;
    // A known provider elsewhere keeps its API and the way its key is sent.
    if (auto known = aiaudit::upstream_named(name)) made = std::move(*known);
    made.name = name;
    if (made.entry.name.empty()) made.entry = {.name = name, .prefix = "/v1"};
    auto const scheme = address.find("://");
    auto const slash =
        scheme == std::string::npos ? std::string::npos : address.find('/', scheme + 3);
    made.entry.origin = address.substr(0, slash);
    if (slash != std::string::npos) {
        made.entry.prefix = address.substr(slash);
        while (made.entry.prefix.ends_with('/')) made.entry.prefix.pop_back();
    }
    return made;
}

aiaudit::gateway_upstream& named(std::vector<aiaudit::gateway_upstream>& all,
                                 std::string const& name, std::string const& option) {
    for (auto& each : all)
        if (each.name == name) return each;
    throw failure{option + ": no --upstream is named '" + name + "'"};
}

std::vector<aiaudit::gateway_upstream> upstreams_of(options const& with) {
    std::vector<aiaudit::gateway_upstream> all;
    for (std::string const& each : with.upstreams) all.push_back(upstream_of(each));
    for (std::string const& each : with.upstream_keys) {
        auto const [name, place] = named_value(each, "--upstream-key");
        named(all, name, "--upstream-key").key = secret_at(place, "--upstream-key");
    }
    for (std::string const& each : with.models) {
        auto const [name, pattern] = named_value(each, "--route");
        named(all, name, "--route").models.push_back(pattern);
    }
    for (std::string const& each : with.fallbacks) {
        auto const [name, other] = named_value(each, "--fallback");
        named(all, name, "--fallback").fallback.push_back(other);
    }
    for (std::string const& each : with.when_left) {
        auto const [name, does] = named_value(each, "--when-left");
        if (does != "stops" && does != "bills")
            throw failure{"--when-left: '" + each + "' is neither NAME=stops nor NAME=bills"};
        named(all, name, "--when-left").entry.stops_when_left = does == "stops";
    }
    return all;
}

aiaudit::gateway_options gateway_options_of(options const& with) {
    aiaudit::gateway_options made;
    made.upstreams = upstreams_of(with);
    made.listen = address_of(with.listen, "--listen");
    if (!with.metrics.empty()) made.metrics = address_of(with.metrics, "--metrics");
    made.keys_required = with.keys == "required";
    made.key_file = aiaudit::key_file::of_ledger(with.db).path();
    made.threads = with.threads;
    made.upstream_ca_file = with.ca_file;
    made.calls.intent = with.durability == "committed" ? aiaudit::intent_mode::durable
                                                       : aiaudit::intent_mode::relaxed;
    if (with.on_gone == "drain") made.on_client_gone = aiaudit::client_gone::drain;
    made.continues_unknown = with.unknown_answers == "continue";
    if (with.on_gone == "drain-some") made.on_client_gone = aiaudit::client_gone::drain_some;
    if (with.output_most != 0) made.calls.output_most = with.output_most;
    if (with.input_estimate == "learned")
        made.calls.input_estimate = aiaudit::input_estimate::learned;
    if (with.body_bytes_max != 0) made.limits.body_bytes_max = with.body_bytes_max;
    if (with.bodies_bytes_max != 0) made.limits.bodies_bytes_max = with.bodies_bytes_max;
    return made;
}

// Told on standard error, and to whom else it is wanted. What a hook's address holds is a secret.
aiaudit::alert_watch_options alerts_of(options const& with) {
    aiaudit::alert_watch_options made;
    made.directory = with.db;
    made.usual.zone = value_or_fail(aiaudit::find_time_zone(with.zone), "--alert-tz");
    made.sinks.push_back(aiaudit::log_line_sink("log", std::cerr));
    aiaudit::webhook_options hook;
    if (!with.webhook.empty()) {
        hook.url = secret_at(with.webhook, "--alert-webhook");
        if (!with.webhook_secret.empty())
            hook.secret = secret_at(with.webhook_secret, "--alert-secret");
        made.sinks.push_back(value_or_fail(aiaudit::webhook_sink(hook), "--alert-webhook"));
    } else if (!with.webhook_secret.empty()) {
        throw failure{"--alert-secret needs --alert-webhook"};
    }
    if (!with.slack.empty()) {
        aiaudit::webhook_options chat;
        chat.name = "slack";
        chat.url = secret_at(with.slack, "--alert-slack");
        made.sinks.push_back(value_or_fail(aiaudit::slack_sink(chat), "--alert-slack"));
    }
    for (alert_rule const& each : read_alert_rules(with.db)) made.sinks.push_back(mail_sink(each));
    return made;
}

// With the e-mails that are set now. Where that cannot be, the alerts go where they went.
void renew_alerts(std::optional<aiaudit::alert_watch>& watch, aiaudit::ledger& ledger,
                  options const& with) {
    try {
        auto renewed = value_or_fail(aiaudit::alert_watch::open(ledger, alerts_of(with)));
        watch.emplace(std::move(renewed));
        std::cerr << "alerts: what is set was read again\n";
    } catch (failure const& reason) {
        std::cerr << "alerts: " << reason.message << "; those from before stay in use\n";
    }
}

// Another price file, where there is one and it can be read; else the old prices stay.
void renew_prices(aiaudit::gateway& gateway, aiaudit::ledger& ledger, watched_prices& watched,
                  bool always) {
    try {
        auto const book = watched.changed(always);
        if (!book) return;
        auto const before = gateway.prices();
        if (book->revision() == before.revision()) return;
        // `prices update` has written the record of the ledger's own file.
        if (!watched.is_of_ledger())
            value_or_fail(ledger.append(prices_record(before, *book, "serve", watched.path(),
                                                      aiaudit::system_clock{}.now())));
        gateway.set_prices(*book);
        std::cerr << "prices: " << watched.path() << ", revision " << book->revision().to_string()
                  << '\n';
    } catch (failure const& reason) {
        std::cerr << "prices: " << reason.message << "; the old ones stay in use\n";
    }
}

// After many records, so that the next start need not read them all.
void confirm_old_keys(aiaudit::ledger& log, std::string const& db) {
    constexpr std::uint64_t records_between = 100'000;
    auto const file = aiaudit::key_file::of_ledger(db);
    auto const now = file.read();
    auto const last = log.last_sequence();
    if (!now || !last || now->keys.empty()) return;
    if (value_of(*last) < now->recorded + records_between) return;
    if (auto const kept = confirm_keys(log, file, {"checked", "serve"}); !kept)
        std::cerr << "keys: that they were checked is not on record: " << kept.error().message()
                  << '\n';
}

// Says once what is wrong with the file of keys, and once that it is mended; writes down now and
// then when keys were used.
class key_watch {
public:
    void look(aiaudit::gateway& of) {
        auto const state = of.key_state();
        std::string const now = state ? std::string{} : state.error().message();
        if (now != trouble_)
            std::cerr << "keys: "
                      << (now.empty() ? "the file can be read again"
                                      : now + "; the keys from before stay in use")
                      << '\n';
        trouble_ = now;
        if (++looks_ % looks_between_uses == 0) keep_uses(of);
    }
    void keep_uses(aiaudit::gateway& of) {
        if (auto const kept = of.keep_key_uses(); !kept)
            std::cerr << "keys: when they were used is not written down: " << kept.error().message()
                      << '\n';
    }

private:
    static constexpr unsigned looks_between_uses = 15;  // half a minute
    std::string trouble_{};
    unsigned looks_ = 0;
};

// Says once why calls do not pass, and once that they do again.
class ledger_watch {
public:
    void look(aiaudit::gateway& of) {
        auto const state = of.probe();
        std::string const now = state ? std::string{} : state.error().message();
        if (now != trouble_)
            std::cerr << "ledger: "
                      << (now.empty() ? "calls pass again" : now + "; no call is accepted") << '\n';
        trouble_ = now;
    }

private:
    std::string trouble_{};
};

// Who cosigns: the witnesses of a policy that have a URL, and "VKEY=URL".
std::vector<aiaudit::tlog_witness> witnesses_of(options const& with) {
    std::vector<aiaudit::tlog_witness> all;
    if (!with.tlog_policy.empty()) {
        auto const policy = value_or_fail(aiaudit::log_policy::parse(read_input(with.tlog_policy)),
                                          with.tlog_policy);
        for (auto const& each : policy.witnesses())
            if (!each.url.empty()) all.push_back({each.key, each.url});
    }
    for (std::string const& each : with.witnesses) {
        auto const at = each.find("=http");
        if (at == std::string::npos)
            throw failure{"--witness: '" + aiaudit::detail::printable(each) + "' is no VKEY=URL"};
        auto key = value_or_fail(aiaudit::cosigner_verification_key::parse(each.substr(0, at)),
                                 "--witness");
        all.push_back({std::move(key), each.substr(at + 1)});
    }
    return all;
}

// The log for auditors, if it is wanted.
std::optional<aiaudit::tlog_site> tlog_of(aiaudit::ledger& ledger, options const& with) {
    if (with.tlog.empty()) {
        if (with.tlog_key.empty() && with.tlog_policy.empty() && with.witnesses.empty()) return {};
        throw failure{"--tlog-key, --tlog-policy and --witness need --tlog: where the log is read"};
    }
    if (with.tlog_key.empty())
        throw failure{"--tlog needs --tlog-key (aiaudit checkpoint --new-key makes one)"};
    aiaudit::tlog_options made;
    if (!with.tlog_token.empty()) made.token = secret_at(with.tlog_token, "--tlog-token");
    made.signed_file = with.db + "/tlog-checkpoint";
    made.witnesses = witnesses_of(with);
    made.http.ca_file = with.ca_file;
    return value_or_fail(
        aiaudit::tlog_site::open(ledger, read_signing_key(with.tlog_key), std::move(made)),
        "--tlog");
}

// Says once what hinders the log from being signed, and once that nothing does.
class tlog_watch {
public:
    void look(aiaudit::tlog_site const& of) {
        std::string const now = of.trouble();
        if (now != trouble_)
            std::cerr << "tlog: " << (now.empty() ? "checkpoints are signed and cosigned" : now)
                      << '\n';
        trouble_ = now;
    }

private:
    std::string trouble_{};
};

// Says once what is wrong between this node and its fleet, and once that it is mended.
class fleet_watch {
public:
    void open(aiaudit::ledger& ledger, options const& with) {
        if (with.fleet.empty() != with.node.empty())
            throw failure{"a node of a fleet has both --fleet and --node"};
        if (with.fleet.empty()) return;
        aiaudit::fleet_agent_options wanted;
        wanted.node = with.node;
        agent_ = std::make_shared<aiaudit::fleet_agent>(value_or_fail(
            aiaudit::fleet_agent::open(ledger, fleet_store_at(with.fleet, "--fleet"), wanted),
            "--node"));
    }
    void add_metrics(aiaudit::gateway& to) const {
        if (!agent_) return;
        to.metrics().add_source([agent = agent_] { return metrics_text(agent->status()); });
    }
    void look() {
        if (!agent_) return;
        auto const now = agent_->status();
        std::string const state =
            std::string(name_of(now.health)) + (now.trouble.empty() ? "" : ": " + now.trouble);
        if (state == said_) return;
        said_ = state;
        std::cerr << "fleet: node " << now.node << " is " << state << '\n';
    }

private:
    std::shared_ptr<aiaudit::fleet_agent> agent_{};
    std::string said_{};
};

void run(options const& with) {
    // Before any thread is made, so that the signals come to this one.
    sigset_t const signals = block_signals({SIGINT, SIGTERM, SIGHUP});
    if (!with.core_dumps) forbid_core_dumps();
    auto wanted = gateway_options_of(with);
    serve_shipping shipping(with.ship, with.ship_origin, with.ship_key);
    std::vector<std::string> variables;
    for (auto const& each : wanted.upstreams) variables.push_back(each.entry.key_variable);
    watched_prices watched(with.db, with.prices);
    auto prices = with.prices.empty() ? current_prices(with.db) : dated_prices(with.prices);
    auto ledger =
        value_or_fail(aiaudit::ledger::open({.path = with.db,
                                             .budgets = with.budgets == "exclusive"
                                                            ? aiaudit::budget_mode::exclusive
                                                            : aiaudit::budget_mode::shared}),
                      with.db);
    // Its threads read the ledger, so they end before it does, however this function ends.
    serve_shipping::stop_guard const ending(shipping);
    fleet_watch fleet;
    auto gateway =
        value_or_fail(aiaudit::gateway::open(ledger, std::move(wanted), std::move(prices)));
    fleet.open(ledger, with);
    fleet.add_metrics(gateway);
    gateway.metrics().add_source(
        [&shipping] { return aiaudit::ship_metrics(shipping.statuses()); });
    fleet.look();
    if (!with.dashboard.empty()) {
        if (with.token.empty()) throw failure{"--dashboard needs --dashboard-token"};
        gateway.add_site(address_of(with.dashboard, "--dashboard"),
                         value_or_fail(aiaudit::dashboard_site(
                                           ledger, {secret_at(with.token, "--dashboard-token"),
                                                    with.secure_cookie,
                                                    {[&shipping] { return shipping.statuses(); }}}),
                                       "--dashboard-token"));
    }
    auto const tlog = tlog_of(ledger, with);
    if (tlog) gateway.add_site(address_of(with.tlog, "--tlog"), tlog->site());
    watched_alert_rules rules(with.db);
    std::optional<aiaudit::alert_watch> watch(
        value_or_fail(aiaudit::alert_watch::open(ledger, alerts_of(with))));
    clear_secret_variables(variables);
    value_or_fail(gateway.start());
    shipping.start(ledger);
    std::cout << "gateway at http://" << with.listen.substr(0, with.listen.rfind(':')) << ':'
              << gateway.port() << '\n';
    if (!with.dashboard.empty())
        std::cout << "dashboard at http://" << with.dashboard.substr(0, with.dashboard.rfind(':'))
                  << ':' << gateway.site_port(0) << '\n';
    if (tlog)
        std::cout << "log at http://" << with.tlog.substr(0, with.tlog.rfind(':')) << ':'
                  << gateway.site_port(with.dashboard.empty() ? 0 : 1) << "/tlog\n";
    std::cout.flush();
    confirm_old_keys(ledger, with.db);
    key_watch keys;
    ledger_watch log;
    tlog_watch signing;
    for (timespec const pause{price_look_seconds, 0};;) {
        int const signal = sigtimedwait(&signals, nullptr, &pause);
        if (signal == SIGINT || signal == SIGTERM) break;
        renew_prices(gateway, ledger, watched, signal == SIGHUP);
        log.look(gateway);
        if (tlog) signing.look(*tlog);
        fleet.look();
        keys.look(gateway);
        shipping.look(*watch);
        if (rules.has_changed()) renew_alerts(watch, ledger, with);
    }
    gateway.stop();
    keys.keep_uses(gateway);
    value_or_fail(ledger.flush(), with.db);
    shipping.finish();
}

}  // namespace serve_command

aiaudit::listen_address address_of(std::string const& text, std::string const& option) {
    auto const colon = text.rfind(':');
    std::string host = text.substr(0, std::min(colon, text.size()));
    if (host.size() > 1 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    std::uint16_t port = 0;
    char const* const begin = text.data() + std::min(colon + 1, text.size());
    auto const [end, wrong] = std::from_chars(begin, text.data() + text.size(), port);
    if (colon == std::string::npos || host.empty() || wrong != std::errc{} ||
        end != text.data() + text.size())
        throw failure{option + ": '" + text + "' is no ADDRESS:PORT"};
    return {host, port};
}

void add_serve(CLI::App& program, int&) {
    using namespace serve_command;
    auto with = std::make_shared<options>();
    CLI::App* const command =
        program.add_subcommand("serve", "A gateway before the providers' APIs, on record");
    command->add_option("--db", with->db, "The ledger's directory; made where there is none")
        ->required();
    command->add_option("--listen", with->listen, "ADDRESS:PORT; port 0: any that is free");
    command
        ->add_option("--upstream", with->upstreams,
                     "A provider: openai, anthropic, google, ... or NAME=ORIGIN[/PREFIX]")
        ->required();
    command->add_option("--upstream-key", with->upstream_keys,
                        "NAME=$VARIABLE, NAME=@FILE or NAME=!COMMAND, whose output is the key; "
                        "default: the provider's usual variable");
    command->add_option("--route", with->models, "NAME=MODEL or NAME=PREFIX*: who answers it");
    command->add_option("--fallback", with->fallbacks, "NAME=OTHER: who is asked where NAME fails");
    command->add_option(
        "--when-left", with->when_left,
        "NAME=stops: a stream whose connection is closed is written, and billed, no "
        "further; NAME=bills: it may go on; default: as the provider is known to");
    command->add_option("--upstream-ca", with->ca_file, "Trusted certificates in PEM");
    command->add_option("--keys", with->keys, "required, or optional: who has none may come too")
        ->check(CLI::IsMember({"required", "optional"}));
    command
        ->add_option("--durability", with->durability,
                     "committed: an attempt is on disk before it is made; or relaxed")
        ->check(CLI::IsMember({"committed", "relaxed"}));
    command
        ->add_option("--budgets", with->budgets,
                     "exclusive: this process alone admits; or shared with others")
        ->check(CLI::IsMember({"exclusive", "shared"}));
    command
        ->add_option("--on-client-gone", with->on_gone,
                     "What becomes of an answer nobody waits for: cut, drain or drain-some")
        ->check(CLI::IsMember({"cut", "drain", "drain-some"}));
    command
        ->add_option("--unknown-answers", with->unknown_answers,
                     "Whether calls go on from stored answers that nobody made here: continue or "
                     "refuse")
        ->check(CLI::IsMember({"continue", "refuse"}));
    command->add_option("--metrics", with->metrics,
                        "ADDRESS:PORT of /metrics; default: at --listen");
    command->add_option("--dashboard", with->dashboard, "ADDRESS:PORT of the dashboard");
    command->add_option("--dashboard-token", with->token,
                        "$VARIABLE or @FILE with what opens the dashboard: 16 characters or more");
    command->add_flag("--dashboard-tls", with->secure_cookie,
                      "Browsers come by TLS, through a proxy: the cookie never goes without");
    command->add_option("--tlog", with->tlog,
                        "ADDRESS:PORT where auditors read the log's tree (c2sp.org/tlog-tiles)");
    command->add_option("--tlog-key", with->tlog_key,
                        "The file of the secret key that signs its checkpoints");
    command->add_option("--tlog-token", with->tlog_token,
                        "$VARIABLE or @FILE with what opens the records there; default: nobody "
                        "gets them");
    command->add_option("--tlog-policy", with->tlog_policy,
                        "A policy (c2sp.org/tlog-policy): its witnesses with a URL cosign");
    command->add_option("--witness", with->witnesses, "VKEY=URL: a witness that cosigns");
    command->add_option("--alert-webhook", with->webhook,
                        "$VARIABLE or @FILE with the address that alerts are posted to");
    command->add_option("--alert-secret", with->webhook_secret,
                        "$VARIABLE or @FILE with what signs them");
    command->add_option("--alert-slack", with->slack,
                        "$VARIABLE or @FILE with the address of an incoming webhook of Slack's");
    command->add_option("--alert-tz", with->zone, "Whose days anomalies are of; default: UTC");
    command->add_option("--output-most", with->output_most, "The most output tokens of a request");
    command
        ->add_option("--input-estimate", with->input_estimate,
                     "What budgets hold for input: bytes (default), a bound; or learned, nearer, "
                     "and no bound")
        ->check(CLI::IsMember({"bytes", "learned"}));
    command->add_option("--body-bytes", with->body_bytes_max, "The largest body; default: 32 MB")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 32));
    command
        ->add_option("--bodies-bytes", with->bodies_bytes_max,
                     "Of all bodies at one time; default: 256 MB")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
    command->add_flag("--core-dumps", with->core_dumps,
                      "A crash may write memory to a disk, keys included, and debuggers may look");
    command->add_option("--threads", with->threads, "That serve; default: one a core")
        ->check(CLI::Range(1U, 256U));
    command->add_option("--prices", with->prices,
                        "A price file; default: the ledger's (prices update), or the built-in one. "
                        "Read again when it changes, and on SIGHUP");
    command->add_option("--ship", with->ship,
                        std::string("Deliver the records to another store: ") + sink_address_help);
    command->add_option(
        "--ship-origin", with->ship_origin,
        "The log's name there; default: the key's, or one made of its first record");
    command->add_option("--ship-key", with->ship_key,
                        "Signs the log's state after each batch (checkpoint --new-key)");
    command->add_option("--fleet", with->fleet,
                        "The store of a fleet's ceilings: postgresql://..., or $VARIABLE or @FILE "
                        "with it where it has a password");
    command->add_option("--node", with->node,
                        "This ledger's name in the fleet, which it keeps: A-Z a-z 0-9 . _ -");
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
