// SPDX-License-Identifier: MIT
//
// node: one node of a fleet for tests/fleet/battery.py: a ledger, its agent, and threads that make
// calls which cost at random, by a clock that may be wrong.
//
//   node set  URL NAME LIMIT WINDOW OFFSET_S RULE    sets a budget of the fleet
//   node quarantine URL MS
//   node run  URL NAME DIR THREADS CLOCK_OFFSET_S SEED WAIT_MS   until SIGTERM; "" for URL: no
//   fleet node sum  DIR OFFSET_S      what the log says was spent, by window; counts open calls in
//   full node budget DIR NAME LIMIT  a budget of the ledger alone node beyond DIR             what
//   it has taken without a store
#include <aiaudit/fleet/etcd_ceilings.hpp>
#include <aiaudit/fleet/fleet_agent.hpp>
#include <aiaudit/fleet/memory_ceilings.hpp>
#include <aiaudit/fleet/postgres_ceilings.hpp>
#include <aiaudit/ledger.hpp>
#include <aiaudit/storage/lmdb_store.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace aiaudit;
using steady = std::chrono::steady_clock;

std::atomic<std::int64_t> clock_offset_ns{0};
std::atomic<bool> stopped{false};

struct wrong_clock {
    [[nodiscard]] timestamp now() const noexcept {
        return {system_clock{}.now().ns + clock_offset_ns.load(std::memory_order_relaxed)};
    }
};
struct node_policies : default_policies {
    using clock = wrong_clock;
};
using node_ledger = basic_ledger<node_policies>;

constexpr std::int64_t bound_most = 1'000;

int fail_with(error const& why) {
    std::cerr << why.message() << (why.remote.empty() ? "" : " | ") << why.remote << '\n';
    return 1;
}

budget budget_named(std::string const& name, std::string const& limit, std::string const& window,
                    int offset_s) {
    budget made;
    made.name = name;
    made.limit = detail::parse_whole(limit).value();
    time_zone zone = offset_s == 0 ? time_zone{} : time_zone("Test/Zone", offset_s, {});
    made.window = parse_budget_window(window, std::move(zone)).value();
    return made;
}

struct figures {
    std::vector<std::uint32_t> decided_us{};
    std::uint64_t admitted = 0;
    std::uint64_t refused = 0;
    std::uint64_t failed = 0;
};

void call(node_ledger& ledger, std::uint64_t seed, int wait_ms, figures& to) {
    std::mt19937_64 random(seed);
    auto const pick = [&random](std::int64_t least, std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>(least, most)(random);
    };
    wrong_clock time;
    while (!stopped.load(std::memory_order_relaxed)) {
        record intent;
        intent.kind = record_kind::intent;
        intent.user = "u" + std::to_string(pick(0, 9));
        intent.provider = "test";
        intent.model_requested = "model";
        intent.started_at = time.now();
        intent.duration_ns = 60'000'000'000;
        intent.operation_id = make_operation_id(intent.started_at);
        intent.cost_status = cost_status::priced;
        intent.cost = money::from_pico(pick(1, bound_most));
        auto const before = steady::now();
        auto const made = ledger.admit(intent, durability::relaxed);
        auto const us =
            std::chrono::duration_cast<std::chrono::microseconds>(steady::now() - before).count();
        to.decided_us.push_back(static_cast<std::uint32_t>(us));
        if (!made) {
            ++to.failed;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            continue;
        }
        if (made->refused) {
            ++to.refused;
            std::this_thread::sleep_for(std::chrono::milliseconds(pick(wait_ms, 4 * wait_ms)));
            continue;
        }
        ++to.admitted;
        std::this_thread::sleep_for(std::chrono::milliseconds(pick(0, 2 * wait_ms)));
        record outcome = intent;
        outcome.kind = record_kind::outcome;
        outcome.http_status = 200;
        outcome.cost = money::from_pico(pick(0, static_cast<std::int64_t>(intent.cost.pico())));
        static_cast<void>(ledger.append(outcome, durability::relaxed));
    }
}

int run(std::vector<std::string> const& words) {
    clock_offset_ns = std::stoll(words[6]) * nanoseconds_per_second;
    std::signal(SIGTERM, [](int) { stopped = true; });
    auto ledger = node_ledger::open({.path = words[4], .budgets = budget_mode::exclusive});
    if (!ledger) return fail_with(ledger.error());
    if (auto ok = ledger->claim_budgets(); !ok) return fail_with(ok.error());
    std::unique_ptr<basic_fleet_agent<node_ledger>> agent;
    if (!words[2].empty()) {
        auto store = postgres_ceilings::make({.url = words[2],
                                              .connect_max = std::chrono::milliseconds(1'000),
                                              .answer_max = std::chrono::milliseconds(2'000)});
        if (!store) return fail_with(store.error());
        fleet_agent_options options;
        options.node = words[3];
        options.retry_most = std::chrono::milliseconds(1'000);
        auto opened = basic_fleet_agent<node_ledger>::open(*ledger, std::move(*store), options);
        if (!opened) return fail_with(opened.error());
        agent = std::make_unique<basic_fleet_agent<node_ledger>>(std::move(*opened));
    }
    int const count = std::stoi(words[5]);
    std::vector<figures> all(static_cast<std::size_t>(count));
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < all.size(); ++i)
        threads.emplace_back([&, i] {
            call(*ledger, std::stoull(words[7]) * 1'000 + i, std::stoi(words[8]), all[i]);
        });
    std::cout << "ready" << std::endl;
    while (!stopped) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    for (std::thread& each : threads) each.join();
    figures sum;
    for (figures const& each : all) {
        sum.admitted += each.admitted;
        sum.refused += each.refused;
        sum.failed += each.failed;
        sum.decided_us.insert(sum.decided_us.end(), each.decided_us.begin(), each.decided_us.end());
    }
    std::sort(sum.decided_us.begin(), sum.decided_us.end());
    auto const at = [&sum](std::size_t part) -> std::uint32_t {
        if (sum.decided_us.empty()) return 0;
        return sum.decided_us[(std::min)(sum.decided_us.size() - 1,
                                         sum.decided_us.size() * part / 10'000)];
    };
    std::string trouble;
    if (agent) trouble = agent->status().trouble;
    std::cout << "{\"admitted\": " << sum.admitted << ", \"refused\": " << sum.refused
              << ", \"failed\": " << sum.failed << ", \"p50_us\": " << at(5'000)
              << ", \"p99_us\": " << at(9'900) << ", \"p9999_us\": " << at(9'999)
              << ", \"trouble\": \"" << trouble << "\"}" << std::endl;
    agent.reset();
    if (auto ok = ledger->flush(); !ok) return fail_with(ok.error());
    return 0;
}

// By window: "total" and days of the zone.
int sum(std::string const& directory, int offset_s) {
    auto ledger = node_ledger::open({.path = directory, .read_only = true});
    if (!ledger) return fail_with(ledger.error());
    budget const daily = budget_named("daily", "1", "day", offset_s);
    struct open_call {
        std::int64_t bound = 0;
        std::int64_t window = 0;
    };
    std::map<std::string, open_call> open;
    std::map<std::int64_t, std::int64_t> spent;
    auto const read = ledger->read(sequence{1}, [&](sequence, record&& entry) {
        std::string const id = entry.operation_id.to_string();
        auto const cost = static_cast<std::int64_t>(entry.cost.pico());
        if (entry.kind == record_kind::intent) {
            std::int64_t const window = detail::span_of(daily.window, entry.started_at).number;
            open[id] = {cost, window};
            spent[window] += cost;
        }
        if (entry.kind == record_kind::outcome) {
            auto const found = open.find(id);
            if (found == open.end()) {
                spent[detail::span_of(daily.window, entry.started_at).number] += cost;
            } else {
                spent[found->second.window] += cost - found->second.bound;
                open.erase(found);
            }
        }
        return true;
    });
    if (!read) return fail_with(read.error());
    std::cout << "{";
    bool first = true;
    for (auto const& each : spent) {
        std::cout << (first ? "" : ", ") << '"' << each.first << "\": " << each.second;
        first = false;
    }
    std::cout << "}" << std::endl;
    return 0;
}

std::string text_of(sync_reply const& reply) {
    std::string text = std::to_string(static_cast<int>(reply.state)) + " version " +
                       std::to_string(reply.version) + " recovering " +
                       std::to_string(reply.recovering) + " " + std::to_string(reply.recovery) +
                       " nodes " + std::to_string(reply.nodes);
    for (ceiling_reply const& each : reply.parts)
        text += "; " + each.budget + " " + std::to_string(each.window) + " " +
                std::to_string(each.known) + " " + detail::whole_text(each.ceiling) + " " +
                detail::whole_text(each.limit) + " " + detail::whole_text(each.sum);
    return text;
}
std::string text_of(std::vector<stored_ceiling> const& all) {
    std::string text;
    for (stored_ceiling const& each : all)
        text += each.budget + " " + std::to_string(each.window) + " " + each.node + " " +
                detail::whole_text(each.ceiling) + " " + detail::whole_text(each.used) + " " +
                std::to_string(each.written_off) + "; ";
    return text;
}

// A message of a node that may be old, stale, of another ledger, or tell of what was lost.
class message_maker {
public:
    explicit message_maker(std::uint64_t seed) : random_(seed) {}
    [[nodiscard]] std::int64_t pick(std::int64_t least, std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
    }
    [[nodiscard]] sync_request make(sync_reply const& last, timestamp now) {
        sync_request made;
        auto const who = pick(0, 3);
        made.node.name = "c" + std::to_string(who);
        made.node.id.bytes[0] = static_cast<std::uint8_t>(pick(1, 30) == 1 ? 99 : who + 1);
        number_ += static_cast<std::uint64_t>(pick(0, 3));
        made.number = number_ - (std::min)(number_, static_cast<std::uint64_t>(pick(0, 2)));
        made.seen = last.version + static_cast<std::uint64_t>(pick(1, 25) == 1 ? 5 : 0);
        made.recovery = pick(1, 6) == 1 ? 0 : last.recovery;
        for (char const* name : {"a", "b", "c"}) {
            for (std::int64_t window = 0; window < 2; ++window) {
                if (pick(1, 3) == 1) continue;
                ceiling_request part;
                part.budget = name;
                part.window = window;
                constexpr std::int64_t hour = 3'600 * nanoseconds_per_second;
                part.begins = {now.ns + (window == 0 ? -hour : 20 * hour)};
                part.ends = {part.begins.ns + 24 * hour};
                part.claim = pick(0, 60);
                part.given = pick(1, 12) == 1 ? part.claim : int128{0};
                part.used = pick(0, static_cast<std::int64_t>(part.claim));
                part.want = part.claim + pick(0, 80);
                made.parts.push_back(part);
            }
        }
        return made;
    }

private:
    std::mt19937_64 random_;
    std::uint64_t number_ = 10;
};

int compare(ceiling_store& store, std::uint64_t seed, int steps) {
    memory_ceilings model;
    model.moment.quarantine_ns = 0;
    message_maker messages(seed);
    sync_reply last;
    last.now = system_clock{}.now();
    auto const differ = [](std::string const& real, std::string const& wanted, int step) {
        if (real == wanted) return false;
        std::cerr << "step " << step << "\n  store  " << real << "\n  policy " << wanted << '\n';
        return true;
    };
    for (int i = 0; i < steps; ++i) {
        auto const what = messages.pick(1, 30);
        if (i == 0 || what == 1) {
            for (char const* name : {"a", "b"}) {
                budget limit = budget_named(name, std::to_string(messages.pick(50, 300)), "day", 0);
                limit.unit = budget_unit::tokens;
                limit.fleet = fleet_rule::closed;
                if (auto ok = store.set(limit); !ok) return fail_with(ok.error());
                if (auto ok = model.set(limit); !ok) return fail_with(ok.error());
            }
        }
        if (what == 2 && store.remove("b").has_value() != model.remove("b").has_value())
            return fail_with(fail(errc::corrupt, "removing differs"));
        if (what == 3) {
            node_write_off const off{"c1", "ana", "test", {}};
            if (store.write_off(off).has_value() != model.write_off(off).has_value())
                return fail_with(fail(errc::corrupt, "writing off differs"));
        }
        auto const request = messages.make(last, last.now);
        auto const real = store.sync(request);
        if (!real) return fail_with(real.error());
        model.moment.now = real->now;
        auto const wanted = model.sync(request);
        last = *real;
        if (differ(text_of(*real), text_of(*wanted), i)) return 1;
        auto const there = store.ceilings();
        if (!there) return fail_with(there.error());
        if (differ(text_of(*there), text_of(*model.ceilings()), i)) return 1;
    }
    std::cout << steps << " messages of seed " << seed << ": as the policy has it\n";
    return 0;
}

// Each adds up what it was given.
int storm(std::string const& url, int nodes) {
    constexpr int limit = 200'000;
    auto first = postgres_ceilings::make({.url = url});
    budget wanted = budget_named("storm", std::to_string(limit), "total", 0);
    wanted.unit = budget_unit::tokens;
    wanted.fleet = fleet_rule::closed;
    if (auto ok = (*first)->set(wanted); !ok) return fail_with(ok.error());
    std::vector<std::int64_t> given(static_cast<std::size_t>(nodes));
    std::atomic<int> failed{0};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < given.size(); ++i) {
        threads.emplace_back([&, i] {
            auto store = postgres_ceilings::make({.url = url});
            sync_request request;
            request.node.name = "s" + std::to_string(i);
            request.node.id.bytes[0] = static_cast<std::uint8_t>(i + 1);
            std::int64_t unchanged = 0;
            for (std::uint64_t number = 1; number < 100'000 && unchanged < 5; ++number) {
                request.number = number;
                ceiling_request part;
                part.budget = "storm";
                part.begins = {(std::numeric_limits<std::int64_t>::min)()};
                part.ends = {(std::numeric_limits<std::int64_t>::max)()};
                part.claim = part.given = given[i];
                part.want = given[i] + 97;
                request.parts = {part};
                auto const reply = (*store)->sync(request);
                if (!reply || reply->parts.size() != 1 || reply->parts[0].sum > limit) {
                    ++failed;
                    return;
                }
                auto const now = static_cast<std::int64_t>(reply->parts[0].ceiling);
                unchanged = now == given[i] ? unchanged + 1 : 0;
                given[i] = now;
            }
        });
    }
    std::int64_t sum = 0;
    for (std::thread& each : threads) each.join();
    for (std::int64_t const each : given) sum += each;
    std::cout << nodes << " connections at once were given " << sum << " of " << limit << '\n';
    return sum == limit && failed == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** texts) {
    std::vector<std::string> const words(texts, texts + count);
    std::string const what = count > 1 ? words[1] : "";
    if (what == "run" && count == 9) return run(words);
    if (what == "sum" && count == 4) return sum(words[2], std::stoi(words[3]));
    if (what == "budget" && count == 5) {
        auto ledger = node_ledger::open({.path = words[2]});
        if (!ledger) return fail_with(ledger.error());
        auto const set = ledger->set_budget(budget_named(words[3], words[4], "total", 0));
        return set ? 0 : fail_with(set.error());
    }
    if (what == "etcd" && count == 5) {
        etcd_ceilings store({.origin = words[2], .quarantine = std::chrono::milliseconds(0)});
        return compare(store, std::stoull(words[3]), std::stoi(words[4]));
    }
    auto store = postgres_ceilings::make({.url = count > 2 ? words[2] : ""});
    if (!store) return fail_with(store.error());
    if (what == "quarantine" && count == 4) {
        auto const done = (*store)->set_quarantine(std::chrono::milliseconds(std::stoll(words[3])));
        return done ? 0 : fail_with(done.error());
    }
    if (what == "set" && count == 8) {
        budget made = budget_named(words[3], words[4], words[5], std::stoi(words[6]));
        auto const rule = parse_budget_action("refuse;fleet=" + words[7], made);
        if (!rule) return fail_with(rule.error());
        auto const set = (*store)->set(made);
        return set ? 0 : fail_with(set.error());
    }
    if (what == "compare" && count == 5) {
        if (auto ok = (*store)->set_quarantine(std::chrono::milliseconds(0)); !ok)
            return fail_with(ok.error());
        return compare(**store, std::stoull(words[3]), std::stoi(words[4]));
    }
    if (what == "storm" && count == 4) return storm(words[2], std::stoi(words[3]));
    std::cerr << "node: see the head of node.cpp\n";
    return 2;
}
