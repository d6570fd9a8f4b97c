// SPDX-License-Identifier: MIT
//
// verifier.cpp: opens a ledger in a process of its own and says whether it kept every promise.
//
//     verifier DIR [--count N] [--append] [--walk] [--every-place] [--loose] [PROMISES ...]
//
// It reads the log from its first record and makes each record again from the identity in it. What
// must hold: sequences are dense; no record twice; no field other than it was; a writer's records
// in the order in which it handed them over, without a hole unless an error was told; each promise
// of the files kept; what was refused is not there; each report equal to a recount of the log.
//     --count N   the log has that many records
//     --append    then appends some and looks at everything again
//     --walk      first walks the trees of the file, as a program that verifies does
//     --every-place  reads from every record, not from ten of them
//     --loose     refused records may be there (where the power went, nobody can know)
// Exit status: 0 all holds; 1 something does not, and nobody said so; 3 the ledger answered with an
// error. One line says what.
#include "identity.hpp"

#include <aiaudit/ledger.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

using namespace aiaudit;
using namespace aiaudit_torture;

namespace {

struct wanted {
    std::string path{};
    std::optional<std::uint64_t> count{};
    bool append = false;
    bool loose = false;
    bool refused_are_there = false;
    bool walk = false;
    bool every_place = false;
    std::map<identity, std::uint64_t> committed{};  // and the sequence; 0 where it was not told
    std::set<identity> refused{};
    bool holes_allowed = false;
};

struct silently_wrong {
    std::string what;
};
struct said_so {
    std::string what;
};

template <class T>
T value_or_said(result<T> answer, char const* call) {
    if (!answer) throw said_so{std::string(call) + ": " + answer.error().message()};
    if constexpr (!std::is_void_v<T>) return std::move(*answer);
}

std::string text_of(identity of) {
    return std::to_string(of.writer) + "/" + std::to_string(of.counter);
}

// What a row of that report is about, as text; the same for a record and for a row.
std::string group_of(report_kind kind, record const& entry) {
    switch (kind) {
    case report_kind::daily: return std::to_string(time_zone{}.day_of(entry.started_at).days);
    case report_kind::models:
    case report_kind::user: return entry.provider + "|" + entry.model();
    case report_kind::users: return entry.user;
    case report_kind::projects: return entry.project;
    case report_kind::keys: return entry.key_id;
    case report_kind::providers: return entry.provider;
    case report_kind::statuses: return detail::status_of(entry);
    }
    return {};
}
std::string group_of(report_kind kind, report_row const& row) {
    switch (kind) {
    case report_kind::daily: return std::to_string(row.day.days);
    case report_kind::models:
    case report_kind::user: return row.names.provider + "|" + row.names.model;
    case report_kind::users: return row.names.user;
    case report_kind::projects: return row.names.project;
    case report_kind::keys: return row.names.key_id;
    case report_kind::providers: return row.names.provider;
    case report_kind::statuses: return row.names.status;
    }
    return {};
}

constexpr int report_kinds = 8;

// What the log holds, added up without the engine's rollups.
struct recount {
    std::uint64_t records = 0;
    std::map<identity, std::uint64_t> places{};
    std::map<std::uint32_t, std::uint64_t> last_of_writer{};
    std::map<std::string, totals> groups[report_kinds];
    std::string some_user{};
    std::string hole{};  // the first one

    void take(sequence number, record const& entry) {
        ++records;
        if (value_of(number) != records)
            throw silently_wrong{"record " + std::to_string(records) + " is missing, " +
                                 std::to_string(value_of(number)) + " stands there"};
        auto const who = identity_in(entry);
        if (!who || !(entry == record_of(*who)))
            throw silently_wrong{"record " + std::to_string(records) + " is not as it was written"};
        auto const [at, is_new] = places.emplace(*who, records);
        if (!is_new)
            throw silently_wrong{text_of(*who) + " is there twice, as " +
                                 std::to_string(at->second) + " and " + std::to_string(records)};
        note_order(*who);
        add_up(entry);
    }

private:
    void note_order(identity who) {
        auto& last = last_of_writer[who.writer];
        if (who.counter <= last)
            throw silently_wrong{text_of(who) + " stands after a later one of its writer"};
        if (who.counter != last + 1 && who.writer != verifier_writer && hole.empty())
            hole = text_of({who.writer, last + 1});
        last = who.counter;
    }
    void add_up(record const& entry) {
        if (some_user.empty()) some_user = entry.user;
        for (int i = 0; i < report_kinds; ++i) {
            auto const kind = static_cast<report_kind>(i);
            if (kind == report_kind::user && entry.user != some_user) continue;
            groups[i][group_of(kind, entry)].add(totals::of(entry));
        }
    }
};

void check_reports(ledger& of, recount const& counted) {
    for (int i = 0; i < report_kinds; ++i) {
        report_query query;
        query.kind = static_cast<report_kind>(i);
        query.user = counted.some_user;
        auto const made = value_or_said(of.report(query), "report");
        auto const& groups = counted.groups[i];
        totals sum;
        for (auto const& [name, group] : groups) sum.add(group);
        bool same = made.rows.size() == groups.size() && made.sum == sum;
        for (report_row const& row : made.rows) {
            auto const group = groups.find(group_of(query.kind, row));
            same = same && group != groups.end() && group->second == row.sum;
        }
        if (!same)
            throw silently_wrong{"the report " + std::string(name_of(query.kind)) +
                                 " differs from a recount"};
    }
}

void check_promises(wanted& all, recount const& counted) {
    for (auto const& [who, number] : all.committed) {
        auto const place = counted.places.find(who);
        if (place == counted.places.end())
            throw silently_wrong{text_of(who) + " was acknowledged by " +
                                 (number != 0 ? "wait()" : "flush()") + " and is lost"};
        if (number != 0 && place->second != number)
            throw silently_wrong{text_of(who) + " was said to be " + std::to_string(number) +
                                 " and is " + std::to_string(place->second)};
    }
    for (identity const& who : all.refused) {
        if (!counted.places.contains(who)) continue;
        if (!all.loose) throw silently_wrong{text_of(who) + " was refused and is there"};
        all.refused_are_there = true;
    }
    if (!counted.hole.empty() && !all.holes_allowed)
        throw silently_wrong{counted.hole + " is missing before later ones, and no error was told"};
    if (all.count && *all.count != counted.records)
        throw silently_wrong{"has " + std::to_string(counted.records) + " records, not " +
                             std::to_string(*all.count)};
}

// That a reader who begins somewhere inside gets the record that stands there.
void check_places(ledger& of, std::uint64_t records, bool every) {
    std::uint64_t const step = every ? 1 : records / 9 + 1;
    for (std::uint64_t from = records; from > 0 && from <= records; from -= step) {
        std::uint64_t got = 0;
        value_or_said(of.read(sequence{from},
                              [&](sequence number, record&&) {
                                  got = value_of(number);
                                  return false;
                              }),
                      "read");
        if (got != from)
            throw silently_wrong{"reading from record " + std::to_string(from) + " begins with " +
                                 std::to_string(got)};
    }
}

recount check(ledger& of, wanted& all) {
    recount counted;
    value_or_said(of.read(sequence{1},
                          [&](sequence number, record&& entry) {
                              counted.take(number, entry);
                              return true;
                          }),
                  "read");
    check_promises(all, counted);
    auto const last = value_of(value_or_said(of.last_sequence(), "last_sequence"));
    if (last != counted.records)
        throw silently_wrong{"the last sequence is " + std::to_string(last) + " of " +
                             std::to_string(counted.records) + " records"};
    check_places(of, counted.records, all.every_place);
    check_reports(of, counted);
    return counted;
}

ledger open_ledger(wanted const& all, bool create) {
    ledger_options options;
    options.path = all.path;
    options.create = create;
    auto opened = ledger::open(options);
    // Where nothing was ever acknowledged there need be no ledger, but then one can be made.
    if (!opened && opened.error().code == errc::not_found && all.committed.empty() && !create)
        return open_ledger(all, true);
    return value_or_said(std::move(opened), "open");
}

// What is appended is checked while it is open and when it was opened once more.
std::uint64_t verify(wanted& all) {
    if (all.walk) {
        auto const file = all.path + "/segments/00000001/data.mdb";
        value_or_said(detail::check_lmdb_file(file, true), "walk");
    }
    std::uint64_t records = 0;
    {
        auto of = open_ledger(all, false);
        records = check(of, all).records;
        if (!all.append) return records;
        for (int i = 0; i < 3; ++i) {
            identity const who{verifier_writer, ++records};
            auto const number = value_or_said(of.append(record_of(who)), "append");
            if (value_of(number) != records)
                throw silently_wrong{"an append after " + std::to_string(records - 1) +
                                     " records became " + std::to_string(value_of(number))};
            all.committed[who] = records;
        }
        all.count = records;
        (void)check(of, all);
    }
    auto again = open_ledger(all, false);
    (void)check(again, all);
    return records - 3;
}

void take_promises(wanted& all, std::string const& path) {
    for (promise const& entry : read_promises(path)) {
        identity const who{entry.writer, entry.counter};
        switch (entry.what) {
        case told::committed: all.committed[who] = entry.sequence; break;
        case told::flushed: all.committed.emplace(who, 0); break;
        case told::refused:
            all.refused.insert(who);
            all.holes_allowed = true;
            break;
        case told::failure: all.holes_allowed = true; break;
        }
    }
}

int run(int count, char** words) {
    wanted all;
    for (int i = 1; i < count; ++i) {
        std::string const word = words[i];
        if (word == "--append") {
            all.append = true;
        } else if (word == "--walk") {
            all.walk = true;
        } else if (word == "--every-place") {
            all.every_place = true;
        } else if (word == "--loose") {
            all.loose = true;
        } else if (word == "--count" && i + 1 < count) {
            all.count = std::strtoull(words[++i], nullptr, 10);
        } else if (all.path.empty()) {
            all.path = word;
        } else {
            take_promises(all, word);
        }
    }
    std::size_t const promised = all.committed.size();
    try {
        auto const records = verify(all);
        std::printf("holds: %llu records, %zu promised%s\n",
                    static_cast<unsigned long long>(records), promised,
                    all.refused_are_there ? ", refused ones are there" : "");
        return 0;
    } catch (silently_wrong const& found) {
        std::printf("wrong: %s\n", found.what.c_str());
        return 1;
    } catch (said_so const& found) {
        std::printf("said: %s\n", found.what.c_str());
        return 3;
    }
}

}  // namespace

int main(int count, char** words) { return run(count, words); }
