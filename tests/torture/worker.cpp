// SPDX-License-Identifier: MIT
//
// worker.cpp: does one kind of work on a ledger and notes what the ledger told it. It is made to be
// killed, cut off and lied to; what became of its work is judged by verifier.cpp.
//
//     worker WORK DIR PROMISES WRITER [SIZE] [EXTRA]
//
// SIZE is how much of it, EXTRA what the work says. Each thread is a writer of its own, WRITER and
// up. A new kind of work is a function and a row of the table at the end.
// Exit status: 0 done, also after errors that passed; 4 the ledger went on refusing; 5 the ledger
// contradicted itself. Errors are printed, one line each.
#include "identity.hpp"

#include <aiaudit/ledger.hpp>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

using namespace aiaudit;
using namespace aiaudit_torture;

namespace {

constexpr int gave_up = 4;
constexpr int contradiction = 5;

struct job {
    std::string path;
    promise_file promises;
    std::uint32_t writer;
    std::uint64_t size;
    std::string extra;
};

std::atomic<bool> stopping{false};

void say(char const* when, error const& what) {
    std::printf("error %s: %s\n", when, what.message().c_str());
    std::fflush(stdout);
}

// Before an error is told of nothing may depend on it, so holes are looked for only without any.
void note_failure(job const& of, std::uint32_t writer, char const* when, error const& what) {
    of.promises.note({writer, static_cast<std::uint64_t>(what.code)}, told::failure);
    say(when, what);
}

// Opens the ledger; once more where that fails, since a passing fault must leave nothing behind.
std::optional<ledger> open_ledger(job const& of, std::uint32_t block_records_max = 16'384) {
    for (int tries = 0; tries < 2; ++tries) {
        ledger_options options;
        options.path = of.path;
        options.block_records_max = block_records_max;
        auto opened = ledger::open(options);
        if (opened) return std::move(*opened);
        note_failure(of, of.writer, "open", opened.error());
    }
    return std::nullopt;
}

// One thread's appends, with its own numbers.
class appender {
public:
    appender(job const& of, std::uint32_t writer) : job_(of), who_{writer, 0} {}

    bool committed(ledger& to) {
        ++who_.counter;
        auto const number = to.append(record_of(who_));
        if (number) {
            job_.promises.note(who_, told::committed, value_of(*number));
        } else {
            job_.promises.note(who_, told::refused);
            note_failure(job_, who_.writer, "append", number.error());
        }
        return number.has_value();
    }

    bool relaxed_and_flushed(ledger& to, std::uint64_t count) {
        std::vector<identity> pending;
        bool good = true;
        for (std::uint64_t i = 0; i < count; ++i) {
            ++who_.counter;
            if (auto const queued = to.append(record_of(who_), durability::relaxed); queued) {
                pending.push_back(who_);
            } else {
                good = false;
                job_.promises.note(who_, told::refused);
                note_failure(job_, who_.writer, "relaxed append", queued.error());
                pending.clear();  // that error may have meant any of them
            }
        }
        if (auto const flushed = to.flush(); !flushed) {
            note_failure(job_, who_.writer, "flush", flushed.error());
            return false;
        }
        for (identity const& each : pending) job_.promises.note(each, told::flushed);
        return good;
    }

    // A worker that lies: with it the battery shows that it would see a loss.
    void committed_but_noted_early(ledger& to) {
        ++who_.counter;
        job_.promises.note(who_, told::flushed);
        (void)to.append(record_of(who_));
    }

private:
    job const& job_;
    identity who_;
};

// That the reports of this very process, which saw the fault, equal a recount.
int check_reports_here(job const& of, ledger& opened) {
    for (int tries = 0; tries < 2; ++tries) {
        totals sum;
        auto const read = opened.read(sequence{1}, [&](sequence, record&& entry) {
            sum.add(totals::of(entry));
            return true;
        });
        auto const report = opened.report({});
        if (read && report) {
            if (report->sum == sum) return 0;
            std::printf("the report differs from a recount in the process that saw the fault\n");
            return contradiction;
        }
        note_failure(of, of.writer, "report", read ? report.error() : read.error());
    }
    return gave_up;
}

// Does step(ledger) `steps` times and until it works, opening the ledger again where it went on
// refusing.
template <class Step>
int persist(job const& of, std::uint64_t steps, Step step) {
    auto opened = open_ledger(of);
    int refused = 0;
    for (std::uint64_t i = 0; i < steps || refused > 0; ++i) {
        if (!opened || refused > 4) return gave_up;
        if (step(*opened)) {
            refused = 0;
        } else if (++refused == 2) {
            opened.reset();
            opened = open_ledger(of);
        }
    }
    return check_reports_here(of, *opened);
}

int append_one_by_one(job const& of) {
    appender out(of, of.writer);
    return persist(of, of.size, [&](ledger& to) { return out.committed(to); });
}

int append_many(job const& of) {
    appender out(of, of.writer);
    std::uint64_t step = 0;
    return persist(of, of.size, [&](ledger& to) {
        // Sizes from a value inside a leaf page to runs of overflow pages.
        constexpr std::uint64_t sizes[] = {1, 7, 40, 300, 2, 90};
        return out.relaxed_and_flushed(to, sizes[step++ % 6]);
    });
}

int reopen_and_append(job const& of) {
    appender out(of, of.writer);
    int refused = 0;
    for (std::uint64_t i = 0; i < of.size || refused > 0; ++i) {
        auto opened = open_ledger(of);
        if (!opened) return gave_up;
        refused = out.committed(*opened) && out.relaxed_and_flushed(*opened, 5) ? 0 : refused + 1;
        if (refused > 2) return gave_up;
    }
    auto opened = open_ledger(of);
    return opened ? check_reports_here(of, *opened) : gave_up;
}

// Committed and relaxed appends in no order. Until stopped, or `steps` times, or an error.
void mix(job const& of, ledger& to, std::uint32_t writer, std::uint64_t steps) {
    appender out(of, writer);
    std::mt19937 random(writer);
    bool good = true;
    for (std::uint64_t i = 0; good && i < steps && !stopping; ++i) {
        if (of.extra == "early") {
            out.committed_but_noted_early(to);
        } else {
            good = random() % 5 < 3 ? out.committed(to)
                                    : out.relaxed_and_flushed(to, 1 + random() % 40);
        }
    }
}

void mix_in_threads(job const& of, ledger& to, unsigned threads, std::uint64_t steps) {
    std::vector<std::thread> running;
    for (std::uint32_t i = 0; i < threads; ++i)
        running.emplace_back([&of, &to, i, steps] { mix(of, to, of.writer + i, steps); });
    for (std::thread& each : running) each.join();
}

// Several threads through one fault; then the same process goes on by itself.
int append_in_threads(job const& of) {
    constexpr unsigned threads = 3;
    auto opened = open_ledger(of);
    if (!opened) return gave_up;
    mix_in_threads(of, *opened, threads, of.size);
    (void)opened->flush();
    opened.reset();
    appender out(of, of.writer + threads);
    return persist(of, 3, [&](ledger& to) { return out.committed(to); });
}

int hammer(job const& of) {
    auto opened = open_ledger(of, 64);
    if (!opened) return gave_up;
    mix_in_threads(of, *opened, static_cast<unsigned>(of.size), ~std::uint64_t{0});
    return 0;
}

// Reads reports while others write: no report may hold fewer records than were there before it or
// more than there were after it.
int watch(job const& of) {
    ledger_options options;
    options.path = of.path;
    options.read_only = true;
    auto opened = ledger::open(options);
    while (!opened && opened.error().code == errc::not_found && !stopping) {
        std::this_thread::yield();  // nobody has made it yet
        opened = ledger::open(options);
    }
    if (!opened) {
        say("open", opened.error());
        return stopping ? 0 : gave_up;
    }
    for (unsigned turn = 0; !stopping; ++turn) {
        constexpr report_kind kinds[] = {report_kind::daily, report_kind::models,
                                         report_kind::users, report_kind::statuses};
        auto const before = opened->last_sequence();
        auto const report = opened->report({.kind = kinds[turn % 4]});
        auto const after = opened->last_sequence();
        if (!before || !report || !after) {
            say("report", !before ? before.error() : !report ? report.error() : after.error());
            return gave_up;
        }
        if (report->sum.attempts < value_of(*before) || report->sum.attempts > value_of(*after)) {
            std::printf("a report counts %llu records while the log has %llu to %llu\n",
                        static_cast<unsigned long long>(report->sum.attempts),
                        static_cast<unsigned long long>(value_of(*before)),
                        static_cast<unsigned long long>(value_of(*after)));
            return contradiction;
        }
        std::this_thread::yield();
    }
    return 0;
}

// Appends until the disk is full, in bursts of many sizes. False where it is something else.
bool fill_up(appender& out, job const& of, ledger& to) {
    std::mt19937 random(of.writer);
    std::optional<error> failure;
    for (std::uint64_t i = 0; i < 1'000'000; ++i) {
        bool const good = random() % 3 == 0 ? out.committed(to)
                                            : out.relaxed_and_flushed(to, 1 + random() % of.size);
        if (!good) return true;
    }
    std::printf("the disk did not become full\n");
    return false;
}

// EXTRA is a file whose removal makes room. The codes of the errors are looked at by the caller.
int fill_disk(job const& of) {
    appender out(of, of.writer);
    auto opened = open_ledger(of);
    if (!opened) return gave_up;
    if (!fill_up(out, of, *opened)) return contradiction;
    for (int i = 0; i < 5; ++i) (void)out.committed(*opened);
    (void)opened->flush();  // whatever was not told yet
    if (int const status = check_reports_here(of, *opened); status != 0) return status;
    if (::unlink(of.extra.c_str()) != 0) return contradiction;
    std::printf("room\n");
    for (int i = 0; i < 50; ++i) {
        if (!out.committed(*opened)) return gave_up;
    }
    if (!out.relaxed_and_flushed(*opened, 100)) return gave_up;
    std::printf("full again\n");
    if (!fill_up(out, of, *opened)) return contradiction;
    return check_reports_here(of, *opened);
}

// A ledger to be damaged: small blocks for many leaf pages and a branch page, large ones for runs
// of overflow pages.
int build(job const& of) {
    appender out(of, of.writer);
    auto opened = open_ledger(of);
    if (!opened) return gave_up;
    for (std::uint64_t i = 0; i < of.size; ++i) {
        if (!out.committed(*opened)) return gave_up;
        if (i % 100 == 99 && !out.relaxed_and_flushed(*opened, 400)) return gave_up;
    }
    return 0;
}

// A log with a fault that its checksums do not show; the verifier must find each.
int forge(job const& of) {
    auto opened = open_ledger(of);
    if (!opened) return gave_up;
    for (std::uint64_t i = 1; i <= 20; ++i) {
        if (i == 10 && of.extra == "hole") continue;
        record entry = record_of({of.writer, i == 10 && of.extra == "twice" ? 9 : i});
        if (i == 10 && of.extra == "cost") entry.cost += money::from_pico(1);
        if (i == 10 && of.extra == "user") entry.user += "x";
        if (!opened->append(entry)) return gave_up;
        if (i == 20 && of.extra == "lost") of.promises.note({of.writer, 21}, told::committed, 21);
        if (i == 20 && of.extra == "moved") of.promises.note({of.writer, 5}, told::committed, 6);
        if (i == 20 && of.extra == "refused") of.promises.note({of.writer, 5}, told::refused);
    }
    return 0;
}

struct work {
    std::string_view name;
    int (*function)(job const&);
};

constexpr work works[] = {
    {"append", append_one_by_one},   // SIZE committed appends by one thread
    {"many", append_many},           // SIZE bursts of relaxed appends, each flushed
    {"reopen", reopen_and_append},   // opens, appends and closes SIZE times
    {"threads", append_in_threads},  // three threads, SIZE steps each
    {"hammer", hammer},              // SIZE threads until SIGTERM; EXTRA "early": it lies
    {"watch", watch},                // reports until SIGTERM
    {"fill", fill_disk},             // bursts of up to SIZE; EXTRA: the file that holds the room
    {"build", build},                // SIZE small blocks and some large ones
    {"forge", forge},                // EXTRA: what is wrong
};

}  // namespace

int main(int count, char** words) {
    if (count < 5) {
        std::fprintf(stderr, "usage: worker WORK DIR PROMISES WRITER [SIZE] [EXTRA]\n");
        return 2;
    }
    std::signal(SIGTERM, [](int) { stopping = true; });
    job const of{words[2], promise_file(words[3]),
                 static_cast<std::uint32_t>(std::strtoul(words[4], nullptr, 10)),
                 count > 5 ? std::strtoull(words[5], nullptr, 10) : 1, count > 6 ? words[6] : ""};
    for (work const& each : works) {
        if (each.name == words[1]) return each.function(of);
    }
    std::fprintf(stderr, "worker: no work '%s'\n", words[1]);
    return 2;
}
