// SPDX-License-Identifier: MIT
//
// worker.cpp: does one kind of work on a ledger and notes what the ledger told it. It is made to be
// killed, cut off and lied to; what became of its work is judged by verifier.cpp.
//
//     worker WORK DIR PROMISES WRITER [SIZE] [EXTRA]
//     worker --batch                   many, see batch.hpp
//
// SIZE is how much of it, EXTRA what the work says. Each thread is a writer of its own, WRITER and
// up. A new kind of work is a function and a row of the table at the end. TORTURE_SEGMENT_BYTES and
// TORTURE_SAVE_RECORDS change the table's ledger options.
// Exit status: 0 done, also after errors that passed; 4 the ledger went on refusing; 5 the ledger
// contradicted itself. Errors are printed, one line each.
#include "batch.hpp"
#include "work.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <random>
#include <set>
#include <thread>

#include <dlfcn.h>
#include <sys/prctl.h>
#include <sys/wait.h>

using namespace aiaudit;
using namespace aiaudit_torture;

namespace {

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
    while (!keep_a_checkpoint(of, *opened)) {
        if (++refused > 2) return gave_up;
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

// Small segments, that rotate by themselves, and sometimes because they are told to.
int append_and_rotate(job const& of) {
    appender out(of, of.writer);
    std::uint64_t step = 0;
    return persist(of, of.size, [&](ledger& to) {
        if (!out.committed(to) || !out.relaxed_and_flushed(to, 20)) return false;
        if (++step % 3 != 0) return true;
        if (auto const rotated = to.rotate(); !rotated) {
            note_failure(of, of.writer, "rotate", rotated.error());
            return false;
        }
        return true;
    });
}

int append_and_retain(job const& of) {
    appender out(of, of.writer);
    std::uint64_t step = 0;
    return persist(of, of.size, [&](ledger& to) {
        if (!out.committed(to) || !out.relaxed_and_flushed(to, 60)) return false;
        return ++step % 2 != 0 || retain_some(of, to);
    });
}

// Rollups are saved by themselves every few records, and sometimes because they are told to be.
int append_and_save(job const& of) {
    appender out(of, of.writer);
    std::uint64_t step = 0;
    return persist(of, of.size, [&](ledger& to) {
        if (!out.committed(to) || !out.relaxed_and_flushed(to, 15)) return false;
        if (++step % 4 != 0) return true;
        if (auto const saved = to.save(); !saved) {
            note_failure(of, of.writer, "save", saved.error());
            return false;
        }
        return true;
    });
}

// While it lives the disk of the log is full, that of the spill directory is not (faults.cpp).
class outage {
public:
    outage() { set(1); }
    outage(outage const&) = delete;
    outage& operator=(outage const&) = delete;
    ~outage() { set(0); }

private:
    static void set(int on) {
        static auto const function =
            reinterpret_cast<void (*)(int)>(::dlsym(RTLD_DEFAULT, "torture_outage"));
        if (function != nullptr) function(on);
    }
};

bool nothing_is_spilled() {
    auto const names = detail::list_directory(spill_directory());
    return names && names->empty();
}

// Appends through outages of the log; the ledger is closed within some, and opened after. At the
// end all that was spilled is in the log.
int append_and_spill(job const& of) {
    appender out(of, of.writer);
    int refused = 0;
    for (std::uint64_t i = 0; i < of.size || refused > 0; ++i) {
        auto opened = open_ledger(of);
        if (!opened) return gave_up;
        bool good = out.committed(*opened);
        {
            outage const now;
            good = out.committed(*opened) && good;
            good = out.relaxed_and_flushed(*opened, 5) && good;
            good = out.committed(*opened) && good;
            if (i % 2 != 0) opened.reset();
        }
        if (opened) good = out.committed(*opened) && out.relaxed_and_flushed(*opened, 3) && good;
        refused = good ? 0 : refused + 1;
        if (refused > 2) return gave_up;
    }
    auto opened = open_ledger(of);
    if (!opened) return gave_up;
    for (int tries = 0; tries < 3 && (!out.committed(*opened) || out.was_spilled()); ++tries) {
    }
    if (!out.was_spilled() && !nothing_is_spilled()) {
        std::printf("the log takes records, and some are still spilled\n");
        return contradiction;
    }
    return check_reports_here(of, *opened);
}

// Committed and relaxed appends in no order. Until stopped, or `steps` times, or an error.
void mix(job const& of, ledger& to, std::uint32_t writer, std::uint64_t steps) {
    appender out(of, writer);
    std::mt19937 random(writer);
    bool good = true;
    for (std::uint64_t i = 0; good && i < steps && !stopping; ++i) {
        if (writer == of.writer && i % 32 == 31) {
            good = keep_a_checkpoint(of, to) && (of.extra != "retain" || retain_some(of, to));
        } else if (of.extra == "early") {
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
    auto opened = open_ledger(of);
    if (!opened) return gave_up;
    mix_in_threads(of, *opened, static_cast<unsigned>(of.size), ~std::uint64_t{0});
    return 0;
}

// Drops old segments while others read and write.
int retain_again_and_again(job const& of) {
    auto opened = open_ledger(of);
    while (opened && !stopping) {
        if (!retain_some(of, *opened)) return gave_up;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return opened ? 0 : gave_up;
}

// Where in the log stand records that are not counted by reports: retention's own. Those that were
// dropped stand in the notes of who dropped them: files named PREFIX1, PREFIX2, ...
class uncounted {
public:
    uncounted(ledger const& of, std::string prefix) : log_(of), prefix_(std::move(prefix)) {}

    // Looks at what came since, up to that record at least.
    [[nodiscard]] result<void> follow(sequence until) {
        while (next_ <= value_of(until)) {
            auto const read = log_.read(sequence{next_}, [this](sequence number, record&& entry) {
                if (entry.kind == record_kind::retention) places_.insert(value_of(number));
                next_ = value_of(number) + 1;
                return true;
            });
            if (read) continue;
            if (read.error().code != errc::not_found) return read;
            // Before the notes are read: they tell of all that is dropped by now, not of what is
            // dropped while they are read.
            auto const first = log_.first_sequence();
            if (!first) return first.error();
            if (auto ok = read_notes(); !ok) return ok;
            next_ = std::max(next_, value_of(*first));
        }
        return {};
    }
    // Records that are counted, of the first so many.
    [[nodiscard]] std::uint64_t counted(sequence of) const {
        auto const end = places_.upper_bound(value_of(of));
        return value_of(of) - static_cast<std::uint64_t>(std::distance(places_.begin(), end));
    }

private:
    // Of every such file: a dropper that is killed before it makes its own leaves a gap.
    [[nodiscard]] result<void> read_notes() {
        auto const directory = detail::parent_of(prefix_);
        auto const names = detail::list_directory(directory);
        if (!names) return names.error();
        std::string const begin = prefix_.substr(prefix_.rfind('/') + 1);
        for (std::string const& name : *names) {
            if (!name.starts_with(begin) ||
                name.find_first_not_of("0123456789", begin.size()) != std::string::npos)
                continue;
            for (promise const& note : read_promises(directory + "/" + name)) {
                if (note.what == told::dropped && note.writer == retention_writer)
                    places_.insert(note.sequence);
            }
        }
        return {};
    }

    ledger const& log_;
    std::string prefix_;
    std::uint64_t next_ = 1;
    std::set<std::uint64_t> places_{};
};

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
    uncounted others(*opened, of.extra);
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
        if (auto const ok = others.follow(*after); !ok) {
            say("read", ok.error());
            return gave_up;
        }
        std::uint64_t const least = others.counted(*before);
        std::uint64_t const most = others.counted(*after);
        if (report->sum.attempts < least || report->sum.attempts > most) {
            std::printf("a report counts %llu records while the log has %llu to %llu\n",
                        static_cast<unsigned long long>(report->sum.attempts),
                        static_cast<unsigned long long>(least),
                        static_cast<unsigned long long>(most));
            return contradiction;
        }
        std::this_thread::yield();
    }
    return 0;
}

// Appends until the disk is full, in bursts of many sizes. False where it is something else.
bool fill_up(appender& out, job const& of, ledger& to) {
    std::mt19937 random(of.writer);
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

// The same where what the log does not take is spilled: nothing is refused, and when there is room
// again all of it enters the log.
int fill_disk_and_spill(job const& of) {
    appender out(of, of.writer);
    auto opened = open_ledger(of);
    if (!opened) return gave_up;
    for (int i = 0; i < 1'000'000 && !out.was_spilled(); ++i) {
        if (!out.relaxed_and_flushed(*opened, of.size) || !out.committed(*opened)) return gave_up;
    }
    for (int i = 0; i < 20; ++i) {
        if (!out.committed(*opened) || !out.relaxed_and_flushed(*opened, 10)) return gave_up;
    }
    if (int const status = check_reports_here(of, *opened); status != 0) return status;
    if (::unlink(of.extra.c_str()) != 0) return contradiction;
    std::printf("room\n");
    for (int i = 0; i < 20; ++i) {
        if (!out.committed(*opened) || out.was_spilled()) return gave_up;
    }
    if (!nothing_is_spilled()) {
        std::printf("the log takes records, and some are still spilled\n");
        return contradiction;
    }
    std::printf("full again\n");
    return check_reports_here(of, *opened);
}

// A ledger to be damaged: small blocks for many leaf pages and a branch page, large ones for runs
// of overflow pages. EXTRA "retain": segments are dropped in the middle of it.
int build(job const& of) {
    appender out(of, of.writer);
    auto opened = open_ledger(of);
    if (!opened) return gave_up;
    for (std::uint64_t i = 0; i < of.size; ++i) {
        if (!out.committed(*opened)) return gave_up;
        if (i % 100 == 99 && !out.relaxed_and_flushed(*opened, 400)) return gave_up;
        if (of.extra == "retain" && i == of.size / 2 && !retain_some(of, *opened)) return gave_up;
    }
    return keep_a_checkpoint(of, *opened) ? 0 : gave_up;
}

// Writes another record in the place of one, in a block with a right checksum.
result<void> write_anew(ledger& in, std::uint64_t number, record const& entry) {
    return in.store().write([&](auto& view) -> result<void> {
        block_builder builder;
        builder.add(entry);
        return view.replace(table::blocks, detail::block_key(number),
                            builder.finish(sequence{number}));
    });
}

// A log with a fault that its checksums do not show; the verifier must find each.
int forge(job const& of) {
    auto opened = open_ledger(of);
    if (!opened) return gave_up;
    auto const honest = [&](ledger& to, std::uint64_t count) {
        for (std::uint64_t i = 1; i <= count; ++i) {
            if (!to.append(record_of({of.writer, i}))) return false;
        }
        return keep_a_checkpoint(of, to);
    };
    if (of.extra == "cut" || of.extra == "anew") {  // the checkpoint is of the log as it was
        ledger_options options;
        options.path = of.path + "-honest";
        auto other = ledger::open(options);
        if (!other || !honest(*other, of.extra == "cut" ? 21 : 20)) return gave_up;
    }
    for (std::uint64_t i = 1; i <= 20; ++i) {
        if (i == 10 && of.extra == "hole") continue;
        record entry = record_of({of.writer, i == 10 && of.extra == "twice" ? 9 : i});
        if (i == 20 && of.extra == "anew") entry = record_of({of.writer + 1, 1});
        if (i == 10 && of.extra == "cost") entry.cost += money::from_pico(1);
        if (i == 10 && of.extra == "user") entry.user += "x";
        if (!opened->append(entry)) return gave_up;
        if (i == 20 && of.extra == "lost") of.promises.note({of.writer, 21}, told::committed, 21);
        if (i == 20 && of.extra == "moved") of.promises.note({of.writer, 5}, told::committed, 6);
        if (i == 20 && of.extra == "refused") of.promises.note({of.writer, 5}, told::refused);
        if (i == 20 && of.extra == "rewritten" &&
            !write_anew(*opened, 20, record_of({of.writer + 1, 1})))
            return gave_up;
    }
    return 0;
}

void call_if_preloaded(char const* name) {
    if (auto const function = reinterpret_cast<void (*)()>(::dlsym(RTLD_DEFAULT, name))) function();
}

// Each step of some of everything; what is thrown for want of memory is an error like others.
class scarce_work {
public:
    explicit scarce_work(job const& of) : of_(of), out_(of, of.writer) {}

    bool step(std::uint64_t number) {
        try {
            if (!opened_) opened_ = open_ledger(of_);
            if (opened_ && do_step(number)) return true;
        } catch (std::bad_alloc const&) {
            of_.promises.note({of_.writer, 0}, told::failure);
        }
        if (++failed_ % 2 == 0) opened_.reset();
        return false;
    }
    // When nobody else appends any more: that the reports of what is open still equal a recount.
    int check() {
        if (!opened_) opened_ = open_ledger(of_);
        return opened_ ? check_reports_here(of_, *opened_) : gave_up;
    }

private:
    bool do_step(std::uint64_t number) {
        switch (number % 7) {
        case 0: return out_.committed(*opened_);
        case 1: return out_.relaxed_and_flushed(*opened_, 30);
        case 2: return told("rotate", opened_->rotate());
        case 3: return told("save", opened_->save());
        case 4: return keep_a_checkpoint(of_, *opened_);
        case 5: return told("report", opened_->report({.kind = report_kind::users}));
        default:
            if (number < 7) opened_.reset();  // the second half is of one opening
            return true;
        }
    }
    template <class Answer>
    bool told(char const* when, Answer const& answer) {
        if (!answer) note_failure(of_, of_.writer, when, answer.error());
        return answer.has_value();
    }

    job const& of_;
    appender out_;
    std::optional<ledger> opened_{};
    int failed_ = 0;
};

// Beside a process that appends all the time, and must be able to.
int work_with_little(job const& of) {
    int to_parent[2];
    if (::pipe2(to_parent, O_CLOEXEC) != 0) return contradiction;
    ::fcntl(to_parent[1], F_SETFL, O_NONBLOCK);  // what nobody reads need not be told
    pid_t const other = ::fork();
    if (other == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        job const beside{of.wants,
                         of.path,
                         of.notes + "-beside",
                         promise_file(of.notes + "-beside"),
                         of.writer + 1,
                         1,
                         ""};
        auto opened = open_ledger(beside);
        appender out(beside, beside.writer);
        bool good = opened.has_value();
        while (good && !stopping) {
            good = out.committed(*opened);
            if (good && ::write(to_parent[1], "+", 1) < 0 && errno != EAGAIN) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        opened.reset();
        std::exit(good ? 0 : gave_up);
    }
    ::close(to_parent[1]);
    char sign = 0;
    if (::read(to_parent[0], &sign, 1) != 1) return contradiction;  // it has the ledger open
    scarce_work here(of);
    // libcrypto does not get over a want of memory when it is first used.
    if (auto opened = open_ledger(of); !opened || !keep_a_checkpoint(of, *opened)) return gave_up;
    call_if_preloaded("torture_plan_on");
    bool good = true;
    for (std::uint64_t i = 0; i < of.size; ++i) {
        good = here.step(i);
        for (int tries = 0; !good && tries < 8; ++tries) good = here.step(i);
        if (!good) break;
    }
    call_if_preloaded("torture_plan_off");
    // What it has said so far, and once more: so it goes on.
    char signs[65536];
    bool const goes_on = ::read(to_parent[0], signs, sizeof signs) > 0 &&
                         ::read(to_parent[0], signs, sizeof signs) > 0;
    ::kill(other, SIGTERM);
    int status = 0;
    ::waitpid(other, &status, 0);
    if (!goes_on || status != 0) {
        std::printf("the process beside this one could not go on: status %d\n", status);
        return contradiction;
    }
    return good ? here.check() : gave_up;
}

struct work {
    std::string_view name;
    int (*function)(job const&);
    shape wants{};
};

constexpr shape small_segments{.segment_bytes = 6000, .save_records = 100};
constexpr shape many_segments{.segment_bytes = 20'000, .save_records = 300};
constexpr shape under_load{.segment_bytes = 200'000, .save_records = 1000, .batch_records_max = 64};

constexpr work works[] = {
    {"append", append_one_by_one},                        // SIZE committed appends by one thread
    {"many", append_many},                                // SIZE bursts of relaxed ones, flushed
    {"reopen", reopen_and_append},                        // opens, appends, closes SIZE times
    {"threads", append_in_threads},                       // three threads, SIZE steps each
    {"rotate", append_and_rotate, small_segments},        // SIZE steps of 21 records
    {"retain", append_and_retain, small_segments},        // SIZE steps of 61 records
    {"snapshot", append_and_save, {.save_records = 20}},  // SIZE steps of 16 records
    {"spill", append_and_spill, {.spills = true}},        // SIZE outages; to TORTURE_SPILL
    {"hammer", hammer, under_load},                       // SIZE threads until SIGTERM; EXTRA
                                                          // "early": it lies, "retain"
    {"retainer", retain_again_and_again, under_load},     // drops until SIGTERM
    {"watch", watch},                                     // reports until SIGTERM; EXTRA: notes
                                                          // of who drops, but for a number
    {"fill", fill_disk},                                  // bursts of up to SIZE; EXTRA: the file
                                                          // that holds the room
    {"fill_segments", fill_disk, {.segment_bytes = 300'000, .save_records = 2000}},  // the same
    {"fill_spill", fill_disk_and_spill, {.spills = true}},                           // the same
    {"build", build},                              // SIZE small blocks and some large ones
    {"build_segments", build, many_segments},      // the same; EXTRA "retain"
    {"forge", forge},                              // EXTRA: what is wrong
    {"scarce", work_with_little, small_segments},  // SIZE steps beside a process that appends
};

int run(int count, char** words) {
    if (count < 5) {
        std::fprintf(stderr, "usage: worker WORK DIR PROMISES WRITER [SIZE] [EXTRA]\n");
        return 2;
    }
    std::signal(SIGTERM, [](int) { stopping = true; });
    for (work const& each : works) {
        if (each.name != words[1]) continue;
        return each.function({each.wants, words[2], words[3], promise_file(words[3]),
                              static_cast<std::uint32_t>(std::strtoul(words[4], nullptr, 10)),
                              count > 5 ? std::strtoull(words[5], nullptr, 10) : 1,
                              count > 6 ? words[6] : ""});
    }
    std::fprintf(stderr, "worker: no work '%s'\n", words[1]);
    return 2;
}

}  // namespace

int main(int count, char** words) {
    if (count == 2 && std::string_view(words[1]) == "--batch") return serve_batch(run, words[0]);
    return run(count, words);
}
