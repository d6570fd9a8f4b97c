// SPDX-License-Identifier: MIT
//
// aiaudit audit: whether every log of a policy only grew; a witness for them; evidence of forks.

#include "commands.hpp"
#include "held_source.hpp"

#include <aiaudit/audit/auditor.hpp>
#include <aiaudit/audit/witness.hpp>
#include <aiaudit/detail/json_string.hpp>
#include <aiaudit/gateway/audit_site.hpp>
#include <aiaudit/gateway/site_server.hpp>
#include <aiaudit/integrity/fork_file.hpp>
#include <aiaudit/integrity/log_policy.hpp>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include <pthread.h>

namespace aiaudit_tool {
namespace audit_command {

struct options {
    std::string policy{};
    std::string state{};
    std::string key{};
    std::string every{};
    bool once = false;
    std::string silent{};
    std::string records_token{};
    std::vector<std::string> views{};
    std::string witness_listen{};
    std::string witness_key{};
    std::string ca_file{};
    std::string evidence{};
    std::string new_key{};
    std::string out{};
    std::string format = "text";
    std::string rows{};
    std::string rows_log{};
    std::string newer_rows = "refuse";
    std::uint64_t rows_from = 1;
    std::uint64_t rows_to = 0;
};

constexpr amount_unit time_units[] = {{"s", 1}, {"m", 60}, {"h", 3'600}, {"d", 86'400}};

aiaudit::cosigner_signing_key read_cosigner_key(std::string const& path) {
    std::string text = read_input(path);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    auto key = aiaudit::cosigner_signing_key::parse(text);
    aiaudit::detail::wipe(text);
    return value_or_fail(std::move(key), path);
}

void make_key(options const& with) {
    if (with.out.empty()) throw failure{"--new-key needs --out: where the secret key is to lie"};
    auto const key =
        value_or_fail(aiaudit::cosigner_signing_key::generate(with.new_key), "--new-key");
    write_secret(with.out, key.to_secret_string() + "\n");
    std::cout << key.verification_key().to_string() << '\n';
}

aiaudit::log_policy read_policy(std::string const& path) {
    return value_or_fail(aiaudit::log_policy::parse(read_input(path)), path);
}

// Needs nothing but the policy, which has the log's key.
void check_evidence(options const& with, int& status) {
    std::string const text = read_input(with.evidence);
    auto const policy = read_policy(with.policy);
    auto const file = value_or_fail(aiaudit::fork_file::parse(text), with.evidence);
    auto const parts =
        value_or_fail(aiaudit::detail::split_note(file.growth.newer_note), with.evidence);
    auto const said = value_or_fail(aiaudit::checkpoint::parse(parts.text), with.evidence);
    auto const log = value_or_fail(policy.log_named(said.origin), with.policy);
    auto const shown = aiaudit::verify_fork(text, log);
    if (!shown && shown.error().code == aiaudit::errc::verification_failed) {
        std::cout << "NO EVIDENCE: " << shown.error().where << '\n';
        status = exit_finding;
        return;
    }
    if (!shown) value_or_fail(aiaudit::result<void>(shown.error()), with.evidence);
    std::cout << "the log " << aiaudit::detail::printable(log.origin)
              << " has signed two histories: " << shown->older.size() << " records with root "
              << shown->older.root().to_string() << ", and " << shown->newer.size()
              << " records with root " << shown->newer.root().to_string() << ", whose first "
              << shown->older.size() << " have root " << shown->root.to_string() << '\n';
}

std::string to_json(aiaudit::log_look const& of) {
    std::string text = "{\"log\":" + aiaudit::detail::json_string(of.origin) +
                       ",\"before\":" + std::to_string(of.before) +
                       ",\"records\":" + std::to_string(of.size) + ",\"root\":\"" +
                       of.root.to_string() + "\",\"cosigned\":" + (of.cosigned ? "true" : "false") +
                       ",\"findings\":[";
    for (std::size_t i = 0; i < of.findings.size(); ++i) {
        auto const& each = of.findings[i];
        text += std::string(i != 0 ? "," : "") + "{\"kind\":\"" + std::string(name_of(each.kind)) +
                "\",\"text\":" + aiaudit::detail::json_string(each.text);
        if (!each.evidence.empty())
            text += ",\"evidence\":" + aiaudit::detail::json_string(each.evidence);
        text += '}';
    }
    return text + "]}";
}

void print(aiaudit::log_look const& of, options const& with) {
    if (with.format == "json") {
        std::cout << to_json(of) << '\n';
        return;
    }
    for (auto const& each : of.findings) std::cout << "FINDING " << each.text << '\n';
    if (of.findings.empty())
        std::cout << "fine: " << aiaudit::detail::printable(of.origin) << ": " << of.size
                  << " records, root " << of.root.to_string() << ", "
                  << (of.before == 0 ? std::string("seen for the first time")
                                     : "only grew since " + std::to_string(of.before))
                  << (of.cosigned ? ", cosigned" : "")
                  << (of.dropped == 0 ? std::string()
                                      : ", " + std::to_string(of.dropped) +
                                            " bundles of records are dropped there")
                  << '\n';
}

// "VIA=FILE": a checkpoint that somebody else was shown.
std::vector<aiaudit::checkpoint_view> views_of(options const& with) {
    std::vector<aiaudit::checkpoint_view> views;
    for (std::string const& each : with.views) {
        auto const at = each.find('=');
        if (at == 0 || at == std::string::npos)
            throw failure{"--view: '" + aiaudit::detail::printable(each) + "' is no VIA=FILE"};
        views.push_back({each.substr(0, at), read_input(each.substr(at + 1))});
    }
    return views;
}

int look_at_all(aiaudit::auditor& by, options const& with) {
    auto const views = views_of(with);
    int status = exit_done;
    for (auto const& log : by.policy().trusted_logs()) {
        std::vector<aiaudit::checkpoint_view> of_log;
        for (auto const& each : views) {
            auto const parts = aiaudit::detail::split_note(each.note);
            auto const said = parts ? aiaudit::checkpoint::parse(parts->text)
                                    : aiaudit::result<aiaudit::checkpoint>(parts.error());
            if (!said || said->origin == log.origin) of_log.push_back(each);
        }
        auto const seen = by.look(log.origin, of_log);
        print(seen, with);
        for (auto const& each : seen.findings)
            status = std::max(
                status, each.kind == aiaudit::audit_kind::damaged ? exit_bad_input : exit_finding);
    }
    std::cout.flush();
    return status;
}

std::string to_json(std::string const& origin, aiaudit::row_audit const& of,
                    std::vector<std::string> const& uncompared) {
    auto const number = [](std::uint64_t value) { return std::to_string(value); };
    std::string text = "{\"log\":" + aiaudit::detail::json_string(origin) +
                       ",\"from\":" + number(of.from) + ",\"to\":" + number(of.to) +
                       ",\"rows\":" + number(of.rows) + ",\"missing\":" + number(of.missing) +
                       ",\"changed\":" + number(of.changed) + ",\"extra\":" + number(of.extra) +
                       ",\"differing\":" + number(of.differing) + ",\"newer\":" + number(of.newer) +
                       ",\"left_out\":" + number(of.left_out) + ",\"findings\":[";
    for (std::size_t i = 0; i < of.findings.size(); ++i) {
        auto const& each = of.findings[i];
        text += std::string(i != 0 ? "," : "") + "{\"kind\":\"" + std::string(name_of(each.kind)) +
                "\",\"first\":" + number(each.first) + ",\"last\":" + number(each.last) +
                ",\"text\":" + aiaudit::detail::json_string(each.text) + '}';
    }
    text += "],\"uncompared\":[";
    for (std::size_t i = 0; i < uncompared.size(); ++i)
        text += (i != 0 ? "," : "") + aiaudit::detail::json_string(uncompared[i]);
    return text + "]}";
}

void print(std::string const& origin, aiaudit::row_audit const& of,
           std::vector<std::string> const& uncompared) {
    std::string const name = aiaudit::detail::printable(origin);
    for (auto const& each : of.findings)
        std::cout << "FINDING rows_" << name_of(each.kind) << ": " << name << ": " << each.text
                  << '\n';
    if (of.left_out != 0)
        std::cout << "FINDING rows: " << name << ": " << of.left_out
                  << " more findings like these\n";
    if (!uncompared.empty()) {
        std::cout << "not compared: " << name << ": columns that the rows lack or no record has:";
        for (std::size_t i = 0; i < uncompared.size(); ++i)
            std::cout << (i != 0 ? ", " : " ") << uncompared[i];
        std::cout << '\n';
    }
    std::cout << (of.sound() ? "fine: " : "rows: ") << name << ": " << of.conclusion() << '\n';
}

// What a sink holds of one log, against the mirror that was just brought up to date.
int compare_rows(aiaudit::auditor& by, options const& with) {
    auto const logs = by.policy().trusted_logs();
    if (with.rows_log.empty() && logs.size() != 1)
        throw failure{"--rows needs --rows-log: of which of the policy's logs they are"};
    std::string const origin = with.rows_log.empty() ? logs.front().origin : with.rows_log;
    aiaudit::log_mirror const& mirror = *value_or_fail(by.mirror(origin), "--rows-log");
    if (!mirror.begun())
        throw failure{"--rows: there is no mirror of " + aiaudit::detail::printable(origin) +
                      " yet to compare with; see that its checkpoint can be fetched"};
    aiaudit::row_audit_options wanted;
    wanted.from = with.rows_from;
    wanted.to = with.rows_to;
    wanted.newer_allowed = with.newer_rows == "allow";
    auto const rows = open_held_source(with.rows, origin,
                                       aiaudit::range_of(wanted, mirror.state().size()), "--rows");
    auto const found = value_or_fail(
        aiaudit::audit_held_rows(
            mirror.state(), [&](aiaudit::tile_place place) { return mirror.tile(place); }, *rows,
            wanted),
        "--rows");
    if (with.format == "json")
        std::cout << to_json(origin, found, rows->uncompared()) << '\n';
    else
        print(origin, found, rows->uncompared());
    return found.sound() ? exit_done : exit_finding;
}

// A witness, and the mirrors, until the program ends.
std::optional<aiaudit::site_server> serve_sites(options const& with,
                                                aiaudit::log_policy const& policy,
                                                aiaudit::audit_directory const& in) {
    if (with.witness_listen.empty()) return {};
    std::shared_ptr<aiaudit::witness> by;
    if (!with.witness_key.empty()) {
        auto key = read_cosigner_key(with.witness_key);
        std::cout << "witness " << key.verification_key().to_string() << '\n';
        by = std::make_shared<aiaudit::witness>(
            value_or_fail(aiaudit::witness::open(policy, in, std::move(key)), with.state));
    }
    auto server = value_or_fail(
        aiaudit::site_server::make(2, aiaudit::add_checkpoint_body::bytes_max), "--witness-listen");
    server.add(address_of(with.witness_listen, "--witness-listen"),
               aiaudit::audit_site(by, in.path() + "/mirror"));
    value_or_fail(server.start(), "--witness-listen");
    std::cout << "witness at http://"
              << with.witness_listen.substr(0, with.witness_listen.rfind(':')) << ':'
              << server.port(0) << '\n';
    std::cout.flush();
    return server;
}

aiaudit::auditor_options auditor_options_of(options const& with) {
    aiaudit::auditor_options made;
    if (!with.key.empty())
        made.key = std::make_shared<aiaudit::cosigner_signing_key>(read_cosigner_key(with.key));
    if (!with.silent.empty())
        made.silent_seconds =
            static_cast<std::int64_t>(parse_amount(with.silent, time_units, "--silent"));
    made.http.ca_file = with.ca_file;
    if (!with.records_token.empty()) {
        made.copies_records = true;
        made.http.token = secret_at(with.records_token, "--records-token");
    }
    return made;
}

void run(options const& with, int& status) {
    if (!with.new_key.empty()) return make_key(with);
    if (with.policy.empty()) throw failure{"audit needs --policy: which logs, with which keys"};
    if (!with.evidence.empty()) return check_evidence(with, status);
    if (with.state.empty()) throw failure{"audit needs --state: the directory of its mirrors"};
    if (with.once && (!with.every.empty() || !with.witness_listen.empty()))
        throw failure{"--once excludes --every and --witness-listen"};
    if (!with.rows.empty() && !with.every.empty())
        throw failure{"--rows is compared once, without --every"};
    std::uint64_t const pause =
        with.every.empty() ? 0 : parse_amount(with.every, time_units, "--every");
    if (!with.every.empty() && pause == 0) throw failure{"--every: at least 1s"};
    bool const stays = pause != 0 || !with.witness_listen.empty();
    sigset_t const signals = block_signals(stays ? std::initializer_list<int>{SIGINT, SIGTERM}
                                                 : std::initializer_list<int>{});
    forbid_core_dumps();
    auto const policy = read_policy(with.policy);
    auto const in = value_or_fail(aiaudit::audit_directory::open(with.state), with.state);
    auto const served = serve_sites(with, policy, in);
    bool const audits = served == std::nullopt || pause != 0;
    auto by =
        value_or_fail(aiaudit::auditor::open(policy, in, auditor_options_of(with)), with.policy);
    if (audits) status = look_at_all(by, with);
    if (!with.rows.empty()) status = std::max(status, compare_rows(by, with));
    if (!stays) return;
    for (timespec const wait{static_cast<time_t>(pause == 0 ? 3'600 : pause), 0};;) {
        int const signal = sigtimedwait(&signals, nullptr, &wait);
        if (signal == SIGINT || signal == SIGTERM) break;
        if (pause != 0) status = std::max(status, look_at_all(by, with));
    }
}

}  // namespace audit_command

void add_audit(CLI::App& program, int& status) {
    using namespace audit_command;
    auto with = std::make_shared<options>();
    CLI::App* const command = program.add_subcommand(
        "audit", "Whether every log of a policy only grew, by copies of their trees");
    command->add_option("--policy", with->policy,
                        "The logs with their keys and URLs, the witnesses, and the quorum "
                        "(c2sp.org/tlog-policy)");
    command->add_option("--state", with->state, "The directory of the mirrors; made where missing");
    command->add_flag("--once", with->once, "Look once, which is the default");
    command->add_option("--every", with->every, "Look again after so long: 60s, 5m");
    command->add_option("--key", with->key,
                        "The file of the secret key that the mirrors' checkpoints are cosigned "
                        "with; none: they are not");
    command->add_option("--silent", with->silent,
                        "A log with nothing new for so long is a finding: 10m, 1d");
    command->add_option("--records-token", with->records_token,
                        "$VARIABLE or @FILE with the logs' token: the mirrors have the records "
                        "too, each held to its leaf");
    command->add_option("--view", with->views,
                        "VIA=FILE: a checkpoint that somebody else was shown, to compare");
    command->add_option("--witness-listen", with->witness_listen,
                        "ADDRESS:PORT where logs have their checkpoints cosigned, and the mirrors "
                        "are served");
    command->add_option("--witness-key", with->witness_key,
                        "The file of the witness's secret key: another one than --key");
    command->add_option(
        "--rows", with->rows,
        std::string("Compare what a sink holds with the mirror, row by row: ") + held_source_help);
    command->add_option("--rows-log", with->rows_log, "Of which log they are");
    command->add_option("--rows-from", with->rows_from, "The first record to compare");
    command->add_option("--rows-to", with->rows_to, "The last one; default: all that are signed");
    command
        ->add_option("--newer-rows", with->newer_rows,
                     "What rows after the checkpoint are: refuse, a finding; or allow")
        ->check(CLI::IsMember({"refuse", "allow"}));
    command->add_option("--ca", with->ca_file, "Trusted certificates in PEM");
    command->add_option("--evidence", with->evidence,
                        "Verify a file of evidence, by the keys of the policy alone");
    command->add_option("--new-key", with->new_key,
                        "Make a cosigner's secret key of that name, such as example.com/witness, "
                        "in the file --out, and print its verification key");
    command->add_option("--out", with->out, "Where the new key lies");
    command->add_option("--format", with->format, "text or json")
        ->check(CLI::IsMember({"text", "json"}));
    command->callback([with, &status] { run(*with, status); });
}

}  // namespace aiaudit_tool
