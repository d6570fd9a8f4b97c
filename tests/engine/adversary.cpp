// SPDX-License-Identifier: MIT
//
// adversary.cpp: somebody who can write the files changes one thing in them, with every checksum
// right. A verification or whoever reads says so, or nothing that is told changes.
//
// What is changed comes from what the segments hold, so a new table or key is changed too; and a
// key that the table below does not have fails.
#include <aiaudit/core/alert.hpp>
#include <aiaudit/engine/alert_book.hpp>
#include <aiaudit/engine/log_keys.hpp>
#include <aiaudit/engine/log_reader.hpp>
#include <aiaudit/export/budget_report.hpp>
#include <aiaudit/export/record_text.hpp>
#include <aiaudit/export/report_text.hpp>
#include <aiaudit/retain.hpp>
#include <aiaudit/storage/lmdb_store.hpp>
#include <aiaudit/verify.hpp>

#include "engine/support/ledger_testing.hpp"
#include "engine/support/raw_segment.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(adversary)

using namespace aiaudit;
using namespace aiaudit_tests;
namespace fs = std::filesystem;

namespace {

using disk_ledger = basic_ledger<on_disk>;

// What each key of the table meta tells, and what vouches for that.
struct vouched_key {
    std::string_view key;
    std::string_view told;
    std::string_view by;
    bool is_there = true;  // in the ledgers of this test
};
constexpr vouched_key keys[] = {
    {detail::meta_key::tree, "checkpoints, proofs, how many records", "the records; a checkpoint"},
    {detail::meta_key::base, "where a segment begins", "the records, or the hashes kept of them"},
    {detail::meta_key::saved, "up to where the rollups go", "parts; the records"},
    {detail::meta_key::parts, "nothing: parts that do not stand there are folded anew", "itself"},
    {detail::meta_key::void_parts, "which parts count", "the records", false},
    {detail::meta_key::size, "nothing: when the next segment is due", "nothing"},
    {detail::meta_key::month, "nothing: when the next segment is due", "nothing"},
    {detail::meta_key::gate, "budgets, what is held, alerts", "gate_stand; the records"},
    {detail::meta_key::gate_stand, "nothing: a gate that does not stand there is folded anew",
     "itself"},
    {detail::meta_key::gate_base, "budgets before the oldest segment",
     "the newest record of retention; of later segments, the records"},
    {detail::meta_key::gate_since, "nothing: it is not believed of what was found", "the records"},
    {detail::meta_key::dropped, "which parts count", "the newest record of retention"},
    {detail::meta_key::announced, "nothing: whether a run was cut off", "the records"},
    {detail::meta_key::vouched, "nothing: where the newest record of retention is", "the records"},
    {detail::meta_key::user_totals, "what users came to over all days (ledger_names.cpp)",
     "the rollups; the records", false},
    {detail::meta_key::spill_prefix, "how far a file of spilled records was taken in",
     "the file, which is removed when all of it was", false},
    {sealed_key, "which segment is written", "the segments that are there"},
};

constexpr std::int64_t start_seconds = 1'790'000'000;
constexpr std::int64_t day = 86'400;
constexpr std::int64_t usd = 1'000'000'000'000;

note_signing_key const& key() {
    static note_signing_key const made = note_signing_key::generate("example.com/audit").value();
    return made;
}

record call_of(int number, bool twin) {
    record entry = sample(number);
    entry.started_at = timestamp::from_seconds(start_seconds + number * day / 60);
    entry.user = "user" + std::to_string((number + (twin ? 1 : 0)) % 3);
    entry.project = "project" + std::to_string(number % 2);
    entry.key_id = "key" + std::to_string(number % 4);
    entry.duration_ns = static_cast<std::uint64_t>(100'000'000 + number * 1'000'000);
    entry.cost = money::from_pico((twin ? 3 : 1) * (usd / 100 + number));
    entry.operation_id = make_operation_id(entry.started_at);
    return entry;
}

void hold(disk_ledger& of, int number, bool twin) {
    record intent = call_of(number, twin);
    intent.kind = record_kind::intent;
    intent.operation_id.bytes[0] = static_cast<std::uint8_t>(number);
    intent.operation_id.bytes[1] = 1;
    intent.duration_ns = std::uint64_t{1'000} * 1'000'000'000;
    BOOST_REQUIRE(!of.admit(intent).value().refused);
}

budget each_user() {
    budget made;
    made.name = "each-user";
    made.limit = int128{50} * usd;
    made.scope.of = budget_dimension::user;
    made.scope.each = true;
    made.window.period = budget_period::month;
    made.alert_percents = {1, 50};
    return made;
}
budget purse() {
    budget made;
    made.name = "purse";
    made.limit = int128{1'000} * usd;
    made.window.period = budget_period::total;
    return made;
}

ledger_options options_of(std::string const& path) {
    return {.path = path, .batch_records_max = 16, .rollup_save_records = 40};
}
constexpr int calls_of_segment = 90;

void append_calls(disk_ledger& to, int first, int count, bool twin) {
    for (int i = first; i < first + count; ++i)
        BOOST_REQUIRE(to.append(call_of(i, twin), durability::relaxed).has_value());
    BOOST_REQUIRE(to.flush().has_value());
}
void raise(disk_ledger& in, std::string const& name, bool twin) {
    alert what;
    what.key = name;
    what.text = twin ? "all is well" : "it burns";
    what.at = in.time().now();
    BOOST_REQUIRE(in.append_once(to_record(what).value()).value().has_value());
}

// Five segments, of which two are dropped; `older` is where a copy is left before the last calls.
void make(std::string const& path, bool twin, std::string const& older) {
    auto ledger = disk_ledger::open(options_of(path)).value();
    ledger.time().set(timestamp::from_seconds(start_seconds));
    BOOST_REQUIRE(ledger.set_budget(purse()).has_value());
    BOOST_REQUIRE(ledger.set_budget(each_user()).has_value());
    raise(ledger, "first", twin);
    for (int segment = 0; segment < 4; ++segment) {
        int const first = segment * calls_of_segment;
        ledger.time().set(timestamp::from_seconds(start_seconds + first * day / 60));
        append_calls(ledger, first, calls_of_segment, twin);
        if (segment == 2) {
            retention_policy policy{.age_max = std::chrono::seconds(0), .segments_max = 2};
            ledger.time().set(timestamp::from_seconds(start_seconds + 40 * day));
            BOOST_REQUIRE(retain(ledger, policy).value().size() == 2U);
        }
        BOOST_REQUIRE(ledger.save().has_value());
        BOOST_REQUIRE(ledger.rotate().has_value());
    }
    int const last = 4 * calls_of_segment;
    ledger.time().set(timestamp::from_seconds(start_seconds + last * day / 60));
    append_calls(ledger, last, 50, twin);
    raise(ledger, "second", twin);
    hold(ledger, last + 50, twin);
    BOOST_REQUIRE(ledger.save().has_value());
    if (!older.empty()) fs::copy(path, older, fs::copy_options::recursive);
    append_calls(ledger, last + 51, 50, twin);
    hold(ledger, last + 101, twin);
    BOOST_REQUIRE(ledger.save().has_value());
    append_calls(ledger, last + 102, 20, twin);
}

std::string text_of(int128 value) { return money::from_pico(value).to_string(); }

// All that a reader is told, or the first error.
result<std::string> told_by(disk_ledger& of) {
    std::string all;
    time_zone const kolkata("Asia/Kolkata", 19'800, {});
    for (int kind = 0; kind < 8; ++kind) {
        for (time_zone const& zone : {time_zone{}, kolkata}) {
            for (std::string const user : {"user0", "user1", "user2"}) {
                report_query query{static_cast<report_kind>(kind), zone, {}, user};
                auto const made = of.report(query);
                if (!made) return made.error();
                all += to_text(*made, text_format::csv);
                if (query.kind != report_kind::user) break;
            }
        }
    }
    auto const states = of.budget_states();
    if (!states) return states.error();
    for (budget_state const& each : *states)
        all += each.budget.name + " " + each.subject + " " + text_of(each.budget.limit) + " " +
               text_of(each.spent) + " " + text_of(each.reserved) + "\n";
    auto const open = of.open_reservations();
    if (!open) return open.error();
    for (open_reservation const& each : *open)
        all += each.operation.to_string() + " " + std::to_string(value_of(each.intent)) + "\n";
    auto const undelivered = of.alerts(
        [&](detail::alert_book const& book) { return book.undelivered("sink", of.time().now()); });
    if (!undelivered) return undelivered.error();
    for (alert const& each : *undelivered) all += each.key + " " + each.text + "\n";
    auto const first = of.first_sequence();
    if (!first) return first.error();
    auto const read = of.read(*first, [&all](sequence number, record&& entry) {
        all += to_json(number, entry) + "\n";
        return true;
    });
    if (!read) return read.error();
    auto const tree = of.log().tree();
    if (!tree) return tree.error();
    all += tree->root().to_string() + "\n";
    for (std::uint64_t group = 0; group <= tree->size() >> 8; ++group) {
        auto const leaves = of.log().leaves_of_group(group);
        if (!leaves) return leaves.error();
        for (digest const& leaf : *leaves) all += leaf.to_string();
        if ((group + 1) << 8 > tree->size()) continue;
        auto const node = of.log().node(8, group);
        if (!node) return node.error();
        all += node->to_string() + "\n";
    }
    return all;
}

struct outcome {
    bool said = false;
    bool same = false;
    std::string words{};
};

// A changed ledger as a verification and a reader see it.
class judge {
public:
    judge(std::string const& path, verified_checkpoint anchor) : anchor_(std::move(anchor)) {
        auto ledger = disk_ledger::open(options_of(path)).value();
        set_time(ledger);
        told_ = told_by(ledger).value();
        auto const found = verify(ledger, {.anchor = anchor_}).value();
        BOOST_TEST(found.sound(), found.conclusion());
        BOOST_TEST(found.unvouched.empty(), found.conclusion());
        BOOST_TEST(ledger.notices().empty());
    }
    outcome look(std::string const& path) const {
        outcome made;
        auto options = options_of(path);
        options.create = false;
        options.read_only = true;
        {
            auto opened = disk_ledger::open(options);
            if (!opened) return {true, false, opened.error().message()};
            auto const found = verify(*opened, {.anchor = anchor_});
            if (!found) return {true, false, found.error().message()};
            made.said = !found->sound();
            made.words = found->conclusion();
        }
        options.read_only = false;
        auto opened = disk_ledger::open(options);
        if (!opened) return {true, false, opened.error().message()};
        set_time(*opened);
        auto const told = told_by(*opened);
        if (!told) return {true, false, told.error().message()};
        made.same = *told == told_;
        return made;
    }

private:
    static void set_time(disk_ledger& of) {
        of.time().set(timestamp::from_seconds(start_seconds + 12 * day));
    }
    verified_checkpoint anchor_;
    std::string told_{};
};

struct counts {
    int mutations = 0;
    int said = 0;
    int harmless = 0;
    std::vector<std::string> unseen{};
};

struct place {
    std::string segment{};
    table in = table::meta;
    std::string key{};
};
std::string name_of_place(place const& at) {
    std::string printable;
    for (char const c : at.key) {
        if (c > ' ' && c <= '~') printable += c;
    }
    return at.segment + "/" + name_of(at.in) + "/" + (printable.empty() ? "?" : printable);
}

// A ledger, what it was before its last calls, and one of the same shape with others' names and
// costs.
struct world {
    temporary_directory directory{};
    std::string path = directory / "ledger";
    std::string older = directory / "older";
    std::string twin = directory / "twin";
    verified_checkpoint anchor = prepare();

    verified_checkpoint prepare() {
        make(path, false, older);
        make(twin, true, "");
        auto ledger = disk_ledger::open(options_of(path)).value();
        auto const note =
            sign_checkpoint(checkpoint_of(ledger, "example.com/audit").value(), key()).value();
        return open_checkpoint(note, key().verification_key()).value();
    }
    // A copy to change.
    std::string copy() const {
        std::string const to = directory / "changed";
        fs::remove_all(to);
        fs::copy(path, to, fs::copy_options::recursive);
        return to;
    }
    std::vector<std::string> segments() const {
        std::vector<std::string> names;
        for (auto const& entry : fs::directory_iterator(path + "/segments"))
            if (entry.is_directory()) names.push_back(entry.path().filename());
        std::sort(names.begin(), names.end());
        return names;
    }
};

void note(counts& to, outcome const& found, std::string const& what) {
    ++to.mutations;
    if (found.said)
        ++to.said;
    else if (found.same)
        ++to.harmless;
    else
        to.unseen.push_back(what + ": " + found.words);
}

void print(counts const& found, std::size_t of, std::string const& what) {
    BOOST_TEST_MESSAGE(what << ": " << of << " places, " << found.mutations << " mutations, "
                            << found.said << " told, " << found.harmless << " harmless, "
                            << found.unseen.size() << " unseen");
    for (std::string const& each : found.unseen) BOOST_ERROR("unseen: " << each);
}

// What stands in the way of a value; nothing: it goes.
std::vector<std::pair<std::string, std::optional<std::string>>> others_of(
    place const& at, std::string const& value, raw_segment::entries const& here,
    raw_segment::entries const& older, raw_segment::entries const& twin) {
    std::vector<std::pair<std::string, std::optional<std::string>>> made;
    made.emplace_back("deleted", std::nullopt);
    auto const from = [&](char const* what, raw_segment::entries const& in) {
        auto const found = in.find(at.key);
        if (found != in.end() && found->second != value) made.emplace_back(what, found->second);
    };
    from("replayed", older);
    from("of a twin", twin);
    auto next = std::next(here.find(at.key));
    if (next == here.end()) next = here.begin();
    if (next->second != value) made.emplace_back("its neighbour's", next->second);
    return made;
}

raw_segment::entries read_table(std::string const& path, std::string const& segment, table in) {
    std::string const at = path + "/segments/" + segment;
    if (!fs::exists(at)) return {};
    return raw_segment(at).read(in);
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_key_has_a_line_that_says_what_vouches_for_it) {
    std::set<std::string_view> lines;
    for (vouched_key const& each : keys) lines.insert(each.key);
    BOOST_TEST(lines.size() == std::size(keys));
    for (std::string_view const each : detail::meta_key::all)
        BOOST_TEST(lines.contains(each), "no line for " << each);
    BOOST_TEST(lines.size() == detail::meta_key::all.size() + 1);  // the store's own
    std::ifstream file(std::string(AIAUDIT_FIXTURE_DIR) + "/../../docs/format.md");
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    BOOST_REQUIRE(!text.empty());
    for (vouched_key const& each : keys)
        BOOST_TEST(text.find("`" + std::string(each.key) + "`") != std::string::npos,
                   "docs/format.md does not have " << each.key);
}

BOOST_AUTO_TEST_CASE(a_changed_value_is_told_or_changes_nothing) {
    world const of;
    judge const judging(of.path, of.anchor);
    counts found;
    std::size_t places = 0;
    std::set<std::string> seen;
    for (std::string const& segment : of.segments()) {
        for (table const in : {table::meta, table::snapshots, table::tiles, table::blocks}) {
            auto const here = read_table(of.path, segment, in);
            auto const older = read_table(of.older, segment, in);
            auto const twin = read_table(of.twin, segment, in);
            std::size_t number = 0;
            for (auto const& entry : here) {
                std::string const& key = entry.first;  // a lambda cannot capture a binding
                std::string const& value = entry.second;
                place const at{segment, in, key};
                if (in == table::meta) {
                    bool const known =
                        std::any_of(std::begin(keys), std::end(keys),
                                    [&](vouched_key const& each) { return each.key == key; });
                    BOOST_TEST(known, "nothing vouches for " << name_of_place(at));
                    seen.insert(key);
                } else if (number++ % 3 != 0) {
                    continue;
                }
                ++places;
                for (auto const& [what, other] : others_of(at, value, here, older, twin)) {
                    std::string const changed = of.copy();
                    raw_segment(changed + "/segments/" + segment).write(in, key, other);
                    note(found, judging.look(changed), name_of_place(at) + " " + what);
                }
            }
        }
    }
    for (vouched_key const& each : keys)
        BOOST_TEST((!each.is_there || seen.contains(std::string(each.key))),
                   "no segment has " << each.key);
    print(found, places, "values");
    BOOST_TEST(found.mutations > 150);
    BOOST_TEST(found.said > 50);
}

BOOST_AUTO_TEST_CASE(two_keys_that_are_changed_together_are_told_or_change_nothing) {
    world const of;
    judge const judging(of.path, of.anchor);
    counts found;
    std::string const newest = of.segments().at(of.segments().size() - 2);  // the last is history
    using detail::meta_key::all;
    auto const here = read_table(of.path, newest, table::meta);
    auto const older = read_table(of.older, newest, table::meta);
    auto const twin = read_table(of.twin, newest, table::meta);
    for (auto const& [first, value] : here) {
        for (auto const& [second, other] : here) {
            if (second <= first) continue;
            for (raw_segment::entries const* const from : {&older, &twin}) {
                std::string const changed = of.copy();
                raw_segment segment(changed + "/segments/" + newest);
                bool const gone = from == &twin && first.starts_with("gate");
                for (std::string const& key : {first, second}) {
                    auto const there = from->find(key);
                    bool const has = there != from->end() && !gone;
                    segment.write(table::meta, key,
                                  has ? std::optional(there->second) : std::nullopt);
                }
                note(found, judging.look(changed), first + " and " + second);
            }
        }
    }
    print(found, here.size(), "pairs of keys");
}

BOOST_AUTO_TEST_CASE(all_parts_of_a_twin_or_of_before_are_told_or_change_nothing) {
    world const of;
    judge const judging(of.path, of.anchor);
    counts found;
    for (std::string const& segment : of.segments()) {
        for (std::string const& from : {of.twin, of.older}) {
            for (bool const with_stands : {false, true}) {
                std::string const changed = of.copy();
                raw_segment to(changed + "/segments/" + segment);
                auto const parts = read_table(from, segment, table::snapshots);
                for (auto const& each : to.read(table::snapshots))
                    to.write(table::snapshots, each.first, std::nullopt);
                for (auto const& each : parts) to.write(table::snapshots, each.first, each.second);
                auto const meta = read_table(from, segment, table::meta);
                for (std::string_view const key :
                     {detail::meta_key::saved, detail::meta_key::parts}) {
                    auto const there = meta.find(std::string(key));
                    if (with_stands && there != meta.end())
                        to.write(table::meta, std::string(key), there->second);
                }
                note(found, judging.look(changed), segment + "/snapshots of " + from);
            }
        }
    }
    print(found, of.segments().size(), "all parts of a segment");
    BOOST_TEST(found.said > 4);
}

BOOST_AUTO_TEST_CASE(a_file_or_directory_of_before_or_of_a_twin_is_told_or_changes_nothing) {
    world const of;
    judge const judging(of.path, of.anchor);
    counts found;
    for (std::string const& segment : of.segments()) {
        for (std::string const& from : {of.twin, of.older}) {
            std::string const file = "/segments/" + segment + "/data.mdb";
            if (!fs::exists(from + file)) continue;
            std::string const changed = of.copy();
            fs::copy_file(from + file, changed + file, fs::copy_options::overwrite_existing);
            note(found, judging.look(changed), from + file);
        }
        std::string const changed = of.copy();
        fs::remove_all(changed + "/segments/" + segment);
        note(found, judging.look(changed), segment + " removed");
    }
    for (std::string const& from : {of.twin, of.older}) note(found, judging.look(from), from);
    print(found, of.segments().size() + 1, "files and directories");
}

BOOST_AUTO_TEST_SUITE_END()
