// SPDX-License-Identifier: MIT
//
// verifier.cpp: opens a ledger in a process of its own and says whether it kept every promise.
//
//     verifier DIR [--count N] [--append] [--retain] [--spill DIR] [--walk] [--every-place]
//              [--anchored] [--loose] [PROMISES ...]
//     verifier --batch                 many, see batch.hpp
//
// It reads the log from its first record and makes each record again from the identity in it; those
// that retention dropped it makes from the notes. What must hold: sequences are dense; no record
// twice; no field other than it was; a writer's records in the order in which it handed them over,
// without a hole unless an error was told; each promise of the files kept; what was refused is not
// there; each report equal to a recount, dropped records included; each dropped segment announced;
// and the ledger's own verification finds nothing, alone and with the checkpoint that stands
// beside a file of promises (PROMISES.note).
//     --count N   the log ever had that many records
//     --append    then appends some and looks at everything again
//     --retain    then also drops all segments but the newest, and looks at everything again
//     --spill     where records may have been spilled to
//     --walk      first walks the trees of the files, as a program that verifies does
//     --every-place  reads from every record, not from ten of them
//     --anchored  asks the ledger's own verification, with the checkpoint, before anything else
//     --loose     refused records may be there (where the power went, nobody can know)
// Exit status: 0 all holds; 1 something does not, and nobody said so; 3 the ledger answered with an
// error, or its verification with a finding. One line says what.
#include "batch.hpp"
#include "identity.hpp"

#include <aiaudit/retain.hpp>
#include <aiaudit/verify.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
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
    bool retain = false;
    bool anchored = false;
    std::string spill{};
    std::map<std::uint64_t, identity> dropped{};  // who stands there, if retention dropped it
    std::vector<verified_checkpoint> anchors{};
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
    case report_kind::statuses:
        return entry.error_type.empty() ? std::to_string(entry.http_status) : entry.error_type;
    }
    return {};
}
std::string group_of(report_kind kind, report_row const& row) {
    switch (kind) {
    case report_kind::daily: return std::to_string(row.day.days);
    case report_kind::models:
    case report_kind::user:
        return std::string(row.names.provider) + "|" + std::string(row.names.model);
    case report_kind::users: return std::string(row.names.user);
    case report_kind::projects: return std::string(row.names.project);
    case report_kind::keys: return std::string(row.names.key_id);
    case report_kind::providers: return std::string(row.names.provider);
    case report_kind::statuses: return std::string(row.names.status);
    }
    return {};
}

constexpr int report_kinds = 8;

// What the log held, added up without the engine's rollups.
struct recount {
    struct announcement {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
        friend bool operator==(announcement, announcement) = default;
    };
    std::uint64_t records = 0;
    std::vector<identity> order{};  // who stands where
    std::map<identity, std::uint64_t> places{};
    std::map<std::uint32_t, std::uint64_t> last_of_writer{};
    std::map<std::string, totals> groups[report_kinds];
    std::map<std::uint64_t, announcement> announced{};  // by segment; zeros where that is dropped
    std::string some_user{};
    std::string hole{};  // the first one

    void take(sequence number, record const& entry) {
        ++records;
        if (value_of(number) != records)
            throw silently_wrong{"record " + std::to_string(records) + " is missing, " +
                                 std::to_string(value_of(number)) + " stands there"};
        auto const who = identity_in(entry);
        if (who && who->writer == retention_writer) return take_announcement(*who, entry);
        if (!who || !(entry == record_of(*who)))
            throw silently_wrong{"record " + std::to_string(records) + " is not as it was written"};
        order.push_back(*who);
        auto const [at, is_new] = places.emplace(*who, records);
        if (!is_new)
            throw silently_wrong{text_of(*who) + " is there twice, as " +
                                 std::to_string(at->second) + " and " + std::to_string(records)};
        note_order(*who);
        add_up(entry);
    }
    void take_dropped(std::uint64_t number, identity who) {
        if (who.writer != retention_writer) return take(sequence{number}, record_of(who));
        ++records;
        order.push_back(who);
        announced.emplace(who.counter, announcement{});
    }

private:
    // A process that died after it announced a drop, and before it noted that, leaves a second one.
    void take_announcement(identity who, record const& entry) {
        announcement said;
        for (auto const& [name, value] : entry.tags) {
            if (name == "first_sequence") said.first = std::strtoull(value.c_str(), nullptr, 10);
            if (name == "last_sequence") said.last = std::strtoull(value.c_str(), nullptr, 10);
        }
        auto& known = announced[who.counter];
        if (known.first != 0 && !(known == said))
            throw silently_wrong{"segment " + std::to_string(who.counter) +
                                 " was announced as dropped with two ranges"};
        known = said;
        order.push_back(who);
    }
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
void check_places(ledger& of, std::uint64_t first, std::uint64_t records, bool every) {
    std::uint64_t const step = every ? 1 : records / 9 + 1;
    for (std::uint64_t from = records; from >= first && from <= records; from -= step) {
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

// What retention dropped, from the notes; the rest of the notes must agree with the log.
void take_dropped(recount& counted, wanted const& all, std::uint64_t first) {
    for (std::uint64_t number = 1; number < first; ++number) {
        auto const noted = all.dropped.find(number);
        if (noted == all.dropped.end())
            throw silently_wrong{"record " + std::to_string(number) +
                                 " was dropped, though nobody asked for that"};
        counted.take_dropped(number, noted->second);
    }
}
void check_dropped(ledger& of, wanted const& all, recount const& counted, std::uint64_t first) {
    for (auto const& [number, who] : all.dropped) {
        if (number > counted.order.size() || counted.order[number - 1] != who)
            throw silently_wrong{"record " + std::to_string(number) + " was once " + text_of(who)};
    }
    auto const there = value_or_said(of.store().segments(), "segments");
    std::uint64_t next = 1;  // the first record of the segment, where that is known
    for (std::uint64_t segment = 1; segment < there.oldest; ++segment) {
        auto const said = counted.announced.find(segment);
        if (said == counted.announced.end())
            throw silently_wrong{"no record says that segment " + std::to_string(segment) +
                                 " was dropped"};
        auto const [begin, end] = said->second;
        bool const last = segment + 1 == there.oldest;
        if (end == 0) {
            next = 0;
            continue;
        }
        if ((next != 0 && begin != next) || (last && end + 1 != first))
            throw silently_wrong{"segment " + std::to_string(segment) +
                                 " was announced with a wrong range"};
        next = end + 1;
    }
}

// The ledger's own verification.
void check_verification(ledger& of, wanted const& all) {
    std::vector<verification_request> requests(1);
    for (verified_checkpoint const& anchor : all.anchors) {
        requests.push_back({anchor, true});
        if (&anchor == &all.anchors.back()) requests.push_back({anchor, false});
    }
    for (verification_request const& request : requests) {
        auto const found = value_or_said(verify(of, request), "verify");
        if (!found.sound()) throw said_so{"verify: " + found.conclusion()};
        if (request.anchor && found.anchored != request.anchor->size())
            throw silently_wrong{"a checkpoint vouches for " + std::to_string(found.anchored) +
                                 " records, not for its " + std::to_string(request.anchor->size())};
    }
}

recount check(ledger& of, wanted& all) {
    if (all.anchored) check_verification(of, all);
    recount counted;
    auto const first = value_of(value_or_said(of.first_sequence(), "first_sequence"));
    take_dropped(counted, all, first);
    value_or_said(of.read(sequence{first},
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
    check_dropped(of, all, counted, first);
    check_places(of, first, counted.records, all.every_place);
    check_reports(of, counted);
    check_verification(of, all);
    return counted;
}

ledger open_ledger(wanted const& all, bool create) {
    ledger_options options;
    options.path = all.path;
    options.create = create;
    options.log_failure.spill_directory = all.spill;
    auto opened = ledger::open(options);
    // Where nothing was ever acknowledged there need be no ledger, but then one can be made.
    if (!opened && opened.error().code == errc::not_found && all.committed.empty() && !create)
        return open_ledger(all, true);
    return value_or_said(std::move(opened), "open");
}

void append_some(ledger& of, wanted& all) {
    auto records = value_of(value_or_said(of.last_sequence(), "last_sequence"));
    for (int i = 0; i < 3; ++i) {
        identity const who{verifier_writer, ++records};
        auto const number = value_or_said(of.append(record_of(who)), "append");
        if (value_of(number) != records)
            throw silently_wrong{"an append after " + std::to_string(records - 1) +
                                 " records became " + std::to_string(value_of(number))};
        all.committed[who] = records;
    }
}

// Finishes what a retention began that was cut off, then drops all that can go.
void retain_all(ledger& of, wanted& all, recount const& counted) {
    value_or_said(of.rotate(), "rotate");
    for (std::uint64_t number = 1; number <= counted.order.size(); ++number)
        all.dropped[number] = counted.order[number - 1];
    retention_policy policy;
    policy.age_min = std::chrono::seconds(-1'000'000'000);
    policy.bytes_max = 0;
    policy.segments_max = 1'000'000;
    value_or_said(retain(of, policy), "retain");
    auto const there = value_or_said(of.store().segments(), "segments");
    if (there.oldest != there.newest) throw silently_wrong{"retention left segments behind"};
    // The announcements of the last drops stand in the new segment, which stays.
    std::uint64_t const kept = value_of(value_or_said(of.first_sequence(), "first_sequence"));
    all.dropped.erase(all.dropped.lower_bound(kept), all.dropped.end());
}

// Checks also what is appended and dropped here, while it is open and when it was opened once more.
std::uint64_t verify_promises(wanted& all) {
    if (all.walk) {
        for (auto const& segment : std::filesystem::directory_iterator(all.path + "/segments")) {
            if (!segment.is_directory()) continue;
            std::string const file = segment.path().string() + "/data.mdb";
            value_or_said(detail::check_lmdb_file(file, true), "walk");
        }
    }
    std::uint64_t records = 0;
    {
        auto of = open_ledger(all, false);
        auto counted = check(of, all);
        records = counted.records;
        if (!all.append) return records;
        append_some(of, all);
        all.count = records + 3;
        counted = check(of, all);
        if (all.retain) {
            all.count.reset();
            retain_all(of, all, counted);
            (void)check(of, all);
        }
    }
    auto again = open_ledger(all, false);
    (void)check(again, all);
    return records;
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
        case told::dropped: all.dropped.emplace(entry.sequence, who); break;
        }
    }
    if (auto const anchor = kept_checkpoint(path + ".note")) all.anchors.push_back(*anchor);
}

int run(int count, char** words) {
    wanted all;
    for (int i = 1; i < count; ++i) {
        std::string const word = words[i];
        if (word == "--append") {
            all.append = true;
        } else if (word == "--retain") {
            all.retain = all.append = true;
        } else if (word == "--anchored") {
            all.anchored = true;
        } else if (word == "--spill" && i + 1 < count) {
            all.spill = words[++i];
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
        auto const records = verify_promises(all);
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

int main(int count, char** words) {
    if (count == 2 && std::string_view(words[1]) == "--batch") return serve_batch(run, words[0]);
    return run(count, words);
}
