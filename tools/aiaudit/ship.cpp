// SPDX-License-Identifier: MIT
//
// aiaudit ship: delivers a ledger's records to another store, each exactly once.

#include "commands.hpp"
#include "sink_address.hpp"

#include <aiaudit/clock/thread.hpp>
#include <aiaudit/engine/log_reader.hpp>
#include <aiaudit/engine/sink_mark.hpp>
#include <aiaudit/sinks/json_lines_sink.hpp>
#include <aiaudit/sinks/shipper.hpp>

#include <ctime>
#include <iostream>
#include <memory>
#include <optional>
#include <stop_token>

#include <unistd.h>

namespace aiaudit_tool {
namespace ship_command {

struct options {
    std::string db{};
    std::string to{};
    std::string origin{};
    std::string key{};
    std::string name{};
    std::string forget{};
    std::optional<std::uint64_t> after{};
    std::optional<std::uint64_t> batch{};
    std::uint32_t patience = 60;
    bool once = false;
    bool status = false;
    bool skip_dropped = false;
    bool quiet = false;
};

aiaudit::ledger open_ledger(options const& with) {
    return value_or_fail(
        aiaudit::ledger::open({.path = with.db, .create = false, .read_only = true}), with.db);
}

void print_marks(options const& with) {
    auto const ledger = open_ledger(with);
    std::uint64_t const size = value_of(value_or_fail(ledger.last_sequence(), with.db));
    auto const marks = value_or_fail(aiaudit::read_sink_marks(with.db), with.db);
    for (auto const& mark : marks)
        std::cout << mark.name << "  " << aiaudit::detail::printable(mark.address) << "  as "
                  << aiaudit::detail::printable(mark.origin) << "  " << mark.shipped << " of "
                  << size << " records, " << (size > mark.shipped ? size - mark.shipped : 0)
                  << " to go\n";
    if (marks.empty()) std::cout << "no sink is known; " << size << " records\n";
}

// Where a stream goes on: behind --after, or behind what the mark of --name says.
std::unique_ptr<aiaudit::record_sink> make_stream(options const& with,
                                                  aiaudit::ledger const& ledger) {
    std::uint64_t after = with.after.value_or(0);
    if (!with.after && !with.name.empty()) {
        for (auto const& mark : value_or_fail(aiaudit::read_sink_marks(with.db), with.db))
            if (mark.name == with.name) after = mark.shipped;
    }
    auto const tree = value_or_fail(ledger.log().tree_of(after), "--after");
    std::signal(SIGPIPE, SIG_IGN);
    return aiaudit::json_stream_sink(STDOUT_FILENO, {after, tree.root(), 1});
}

aiaudit::ship_options options_of(options const& with, aiaudit::record_sink const& sink) {
    aiaudit::ship_options shipping;
    shipping.origin = with.origin;
    shipping.batch_records = with.batch.value_or(sink.batch_records());
    shipping.skip_dropped = with.skip_dropped;
    shipping.mark_name = with.name;
    if (with.name.empty() && with.to != "-") shipping.mark_name = mark_name_of(sink);
    if (!with.key.empty()) {
        auto key = std::make_shared<aiaudit::note_signing_key const>(read_signing_key(with.key));
        if (shipping.origin.empty()) shipping.origin = key->name();
        shipping.key = std::move(key);
    }
    return shipping;
}

std::string line_of(aiaudit::ship_status const& status) {
    std::string line = std::string(name_of(status.state)) + ": " + std::to_string(status.shipped) +
                       " of " + std::to_string(status.log_size) + " records in " +
                       aiaudit::detail::printable(status.sink) + ", " +
                       std::to_string(status.rows) + " sent now";
    if (status.retries > 0) line += ", " + std::to_string(status.retries) + " retries";
    if (!status.error.empty()) line += "; " + aiaudit::detail::printable(status.error);
    return line;
}

// Says on stderr what changed, once a second at the most, until a signal or the end.
void watch(aiaudit::shipper const& shipping, sigset_t const& signals, std::stop_token const& ended,
           bool quiet) {
    std::string shown;
    timespec const pause{0, 100'000'000};
    for (int round = 0; !ended.stop_requested(); ++round) {
        if (sigtimedwait(&signals, nullptr, &pause) > 0) return;
        if (quiet || round % 10 != 9) continue;
        std::string line = line_of(shipping.status());
        if (line == shown) continue;
        std::cerr << line << '\n';
        shown = std::move(line);
    }
}

void run(options const& with) {
    if (with.status) return print_marks(with);
    if (!with.forget.empty())
        return value_or_fail(aiaudit::remove_sink_mark(with.db, with.forget), "--forget");
    if (with.to.empty()) throw failure{"ship needs --to: where the records go"};
    if (with.after && with.to != "-")
        throw failure{
            "--after: only a stream (--to -) needs it; other sinks know where they stand"};
    // Before any thread is made, so that they come to watch().
    sigset_t const signals = block_signals({SIGINT, SIGTERM});
    auto const ledger = open_ledger(with);
    auto sink = with.to == "-" ? make_stream(with, ledger) : make_sink(with.to, "--to");
    auto shipping_options = options_of(with, *sink);
    auto shipping = value_or_fail(
        aiaudit::shipper::make(ledger, std::move(sink), std::move(shipping_options)), "--to");
    std::stop_source stop;
    std::stop_source ended;
    aiaudit::result<void> outcome;
    {
        auto worker = value_or_fail(aiaudit::detail::thread::start("shipper", [&] {
            outcome = with.once ? shipping->run_once(stop.get_token(),
                                                     std::chrono::seconds(with.patience))
                                : shipping->run(stop.get_token());
            ended.request_stop();
        }));
        watch(*shipping, signals, ended.get_token(), with.quiet);
        stop.request_stop();
    }
    auto const status = shipping->status();
    if (!with.quiet) std::cerr << line_of(status) << '\n';
    value_or_fail(outcome, with.to == "-" ? "--to" : "");
}

}  // namespace ship_command

void add_ship(CLI::App& program, int&) {
    using namespace ship_command;
    auto with = std::make_shared<options>();
    CLI::App* const command = program.add_subcommand(
        "ship", "Deliver the records to another store, each exactly once, and go on as they come");
    command->add_option("--db", with->db, "The ledger's directory")->required();
    command->add_option("--to", with->to,
                        std::string(sink_address_help) + "; - for standard output");
    command->add_option(
        "--origin", with->origin,
        "The log's name there; default: the key's, or one made of its first record");
    command->add_option("--key", with->key, "Signs the log's state after each batch");
    command->add_option("--name", with->name,
                        "Under which retention knows the sink; default: made of its address");
    command->add_option("--after", with->after, "Of a stream: the last record that it has");
    command
        ->add_option("--batch", with->batch,
                     "Records in a batch; default: 5000, for ClickHouse 20000")
        ->check(CLI::Range(1U, 100'000U));
    command->add_flag("--once", with->once, "End when the sink has what the log has now");
    command
        ->add_option("--patience", with->patience,
                     "With --once: seconds until a sink that fails is given up; default: 60")
        ->check(CLI::Range(0U, 86'400U));
    command->add_flag("--skip-dropped", with->skip_dropped,
                      "Go on behind records that retention dropped before the sink got them");
    command->add_flag("--status", with->status,
                      "Only say which sinks there are, and what they have");
    command->add_option("--forget", with->forget,
                        "Retention need not wait for the sink of that name any more");
    command->add_flag("--quiet", with->quiet, "Say only what is wrong");
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
