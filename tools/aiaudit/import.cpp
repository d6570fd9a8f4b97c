// SPDX-License-Identifier: MIT
//
// aiaudit import: records from elsewhere into a ledger.

#include "commands.hpp"

#include <unistd.h>

#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>

namespace aiaudit_tool {
namespace import_command {

struct options {
    std::string db{};
    std::string format = "exchanges";
    std::string map{};
    std::string prices{};
    std::string at{};
    std::string file{};
};

// Makes a record of a line, or fails with what is wrong with it.
using line_reader = std::function<aiaudit::result<aiaudit::import_result>(std::string_view)>;

// Records that wait for the disk together, so that what was acknowledged can be told as the import
// goes on.
constexpr std::size_t records_per_commit = 50'000;

class progress {
public:
    explicit progress(std::size_t total_bytes)
        : total_bytes_(total_bytes), shown_(isatty(STDERR_FILENO) == 1) {}
    ~progress() {
        if (shown_) std::cerr << "\r\033[K";
    }
    progress(progress const&) = delete;
    progress& operator=(progress const&) = delete;
    void show(std::size_t bytes, std::size_t records) const {
        if (!shown_ || total_bytes_ == 0) return;
        std::cerr << "\r\033[K" << bytes * 100 / total_bytes_ << " %, " << records
                  << " records on disk" << std::flush;
    }

private:
    std::size_t total_bytes_;
    bool shown_;
};

line_reader reader_for(options const& with, aiaudit::price_book const& prices,
                       std::string_view& text, std::string const& name) {
    if (with.format == "exchanges") {
        aiaudit::timestamp const at = instant_or_now(with.at, "--at");
        auto cache = std::make_shared<aiaudit::price_lookup_cache>();
        return
            [&prices, at, cache](std::string_view line) -> aiaudit::result<aiaudit::import_result> {
                auto const exchange = aiaudit::parse_exchange(line);
                if (!exchange) return exchange.error();
                return aiaudit::record_of(*exchange, prices, at, *cache);
            };
    }
    if (with.map.empty())
        throw failure{"--format csv needs --map, such as timestamp=TIMESTAMP,model==gpt-4.1"};
    std::string_view const header = text.substr(0, text.find('\n'));
    if (header.empty()) throw failure{name + ":1: no line with the names of the columns"};
    auto importer = std::make_shared<aiaudit::csv_importer>(
        value_or_fail(aiaudit::csv_importer::make(with.map, header), name + ":1"));
    text.remove_prefix(std::min(header.size() + 1, text.size()));
    return [importer, &prices](std::string_view line) { return importer->record_of(line, prices); };
}

void run(options const& with) {
    std::string const name = with.file.empty() ? "standard input" : with.file;
    aiaudit::price_book const prices = read_prices(with.prices);
    std::string const input = read_input(with.file);
    std::string_view text = input;
    line_reader const read = reader_for(with, prices, text, name);
    std::size_t const lines_before = with.format == "csv" ? 1 : 0;
    auto const record_at = [&](std::size_t number, std::string_view line) {
        return value_or_fail(read(line), name + ":" + std::to_string(number + lines_before));
    };
    // Every line is read before the first is written, so that a bad one leaves the ledger as it
    // was.
    for_each_line(text,
                  [&](std::size_t number, std::string_view line) { record_at(number, line); });

    auto ledger = value_or_fail(aiaudit::ledger::open({.path = with.db}), with.db);
    auto const length = [&] { return value_of(value_or_fail(ledger.last_sequence(), with.db)); };
    std::uint64_t const length_before = length();
    auto const keep = [&](auto const& done) {  // a full disk ends an import between two records
        if (done) return;
        throw failure{with.db + ": " + done.error().message() + "; " +
                      std::to_string(length() - length_before) + " records were added before that"};
    };
    progress const shown(text.size());
    std::size_t records = 0;
    std::size_t uncosted = 0;
    for_each_line(text, [&](std::size_t number, std::string_view line) {
        aiaudit::import_result made = record_at(number, line);
        if (made.problem && made.entry.cost_status != aiaudit::cost_status::no_charge) ++uncosted;
        keep(ledger.append(std::move(made.entry), aiaudit::durability::relaxed));
        if (++records % records_per_commit == 0) {
            keep(ledger.flush());
            shown.show(static_cast<std::size_t>(line.data() - text.data()), records);
        }
    });
    keep(ledger.flush());
    std::cout << "imported " << records << " records into " << with.db << ", " << uncosted
              << " without a known cost\n";
}

}  // namespace import_command

void add_import(CLI::App& program, int&) {
    using namespace import_command;
    auto with = std::make_shared<options>();
    CLI::App* const command =
        program.add_subcommand("import", "Records from elsewhere into a ledger");
    command->add_option("--db", with->db, "The ledger's directory; made if it does not exist")
        ->required();
    command->add_option("--format", with->format, "exchanges (JSON Lines) or csv")
        ->check(CLI::IsMember({"exchanges", "csv"}));
    command->add_option("--map", with->map,
                        "csv: field=COLUMN or field==constant, separated by commas");
    command->add_option("--prices", with->prices,
                        "A price file (genai-prices or LiteLLM JSON); default: built in");
    command->add_option("--at", with->at,
                        "When exchanges happened that do not say so; default: now");
    command->add_option("file", with->file, "The file; default: standard input");
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
