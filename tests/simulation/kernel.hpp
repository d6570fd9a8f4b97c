// SPDX-License-Identifier: MIT
//
// kernel.hpp: the simulated machine: runs one thread of all processes at a time, from one system
// call to the next, and says itself what a futex, a lock, a sleep and the time are.
//
// Between two stops a thread runs alone, so all that happens follows from the order in which step()
// is called. Time stands still but for those who ask for it and when everybody waits.
// Threads: one.
#ifndef AIAUDIT_TESTS_SIMULATION_KERNEL_HPP
#define AIAUDIT_TESTS_SIMULATION_KERNEL_HPP

#include "disk.hpp"
#include "tracing.hpp"

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <linux/futex.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace aiaudit_simulation {

// What a futex's word is: of one process, or of a file that is shared (its number, and where).
struct futex_key {
    std::uint64_t space = 0;
    std::uint64_t at = 0;
    friend bool operator==(futex_key, futex_key) = default;
};

enum class waits { no, for_futex, for_time, for_lock };

struct task {
    pid_t id = 0;
    int number = 0;  // in its process, from 0
    waits on = waits::no;
    user_regs_struct call{};  // what it stands before
    bool is_new = false;      // it stands before its first instruction
    futex_key key{};
    std::uint32_t bits = 0;
    std::uint64_t deadline = 0;  // 0: none
    bool is_woken = false;       // the call that it waited in answers 0
};

struct open_file {
    std::string path{};
    std::uint64_t inode = 0;
    bool directory = false;
    bool writes_through = false;
};

struct process {
    int number = 0;  // in the order of their beginnings
    pid_t id = 0;
    std::vector<std::unique_ptr<task>> tasks{};
    std::map<int, open_file> files{};
    std::optional<int> status{};  // as of waitpid, once it has ended
    bool met_fault = false;
    bool killed = false;
};

// What shall become of the call that a task stands before.
struct decision {
    int error = 0;             // it does nothing and fails so
    bool late = false;         // it is done, and then fails with EIO
    std::uint64_t part = 256;  // of a write, in 1/256
};

// The call that a task stands before, as faults see it.
struct pending_call {
    long number = 0;
    bool on_ledger = false;
    bool writes = false;         // bytes of a file that is no lock file
    bool makes_durable = false;  // a sync, or a write that is one
    bool grows = false;          // it needs room
};

class kernel {
public:
    explicit kernel(simulated_disk& disk) : disk_(disk) {}
    kernel(kernel const&) = delete;
    kernel& operator=(kernel const&) = delete;
    ~kernel() {
        for (auto& each : processes_)
            if (!each->status) kill(*each);
    }

    process& start(std::vector<std::string> const& words, std::string const& output) {
        auto& made = *processes_.emplace_back(std::make_unique<process>());
        made.number = static_cast<int>(processes_.size()) - 1;
        made.id = start_traced(words, output);
        auto& first = *made.tasks.emplace_back(std::make_unique<task>());
        first.id = made.id;
        run(made, first);
        return made;
    }
    [[nodiscard]] std::vector<std::unique_ptr<process>> const& processes() const {
        return processes_;
    }

    void kill(process& victim) {
        victim.killed = true;
        ::kill(victim.id, SIGKILL);
        reap(victim);
    }

    [[nodiscard]] pending_call look_at(process const& of, task const& at) const {
        pending_call found{static_cast<long>(at.call.orig_rax)};
        if (at.is_new || at.is_woken) return {};
        auto const* const file = file_of(of, at);
        switch (found.number) {
        case SYS_openat:
            found.grows = (at.call.rdx & O_CREAT) != 0 && is_new(read_path(at.id, at.call.rsi));
            [[fallthrough]];
        case SYS_rename:
        case SYS_unlink:
        case SYS_rmdir: found.on_ledger = true; break;
        case SYS_mkdir:
        case SYS_mknod:
        case SYS_mknodat:
            found.on_ledger = true;
            found.grows =
                is_new(read_path(at.id, found.number == SYS_mknodat ? at.call.rsi : at.call.rdi));
            break;
        case SYS_pwrite64:
        case SYS_write:
        case SYS_writev:
        case SYS_pwritev:
            found.on_ledger = file != nullptr;
            found.writes = file != nullptr && !disk_.is_lock(file->path);
            found.makes_durable = file != nullptr && file->writes_through;
            found.grows = found.writes && !found.makes_durable;
            break;
        case SYS_fallocate:
        case SYS_ftruncate: found.on_ledger = found.grows = file != nullptr; break;
        case SYS_fsync:
        case SYS_fdatasync: found.on_ledger = found.makes_durable = file != nullptr; break;
        case SYS_pread64: found.on_ledger = file != nullptr; break;
        default: break;
        }
        return found;
    }

    // Lets a task that is ready do its call, by the decision, and go on to its next one.
    void step(process& of, task& at, decision const& how) {
        note(static_cast<std::uint64_t>(of.number) << 8 | static_cast<std::uint64_t>(at.number));
        now_ += 1000;
        if (at.is_new) {
            at.is_new = false;
            return run(of, at);
        }
        if (std::exchange(at.is_woken, false)) return answer(of, at, 0);
        auto const number = static_cast<long>(at.call.orig_rax);
        note(static_cast<std::uint64_t>(number));
        switch (number) {
        case SYS_futex: return futex(of, at);
        case SYS_nanosleep:
        case SYS_clock_nanosleep: return sleep(at, number == SYS_clock_nanosleep);
        case SYS_sched_yield: return answer(of, at, 0);
        case SYS_exit_group: return end_process(of, at);
        case SYS_exit: return end_task(of, at);
        case SYS_flock:
        case SYS_fcntl: return lock(of, at);
        default: return call(of, at, how);
        }
    }

    // The time of whoever waits for it is come.
    void wake_by_time(process& of, task& at) {
        now_ = (std::max)(now_, at.deadline);
        note(now_);
        answer(of, at, at.on == waits::for_futex ? -ETIMEDOUT : 0);
    }

    // The call that it stands before, in words.
    [[nodiscard]] std::string words_of(process const& of, task const& at) const {
        if (at.is_new) return "begins";
        if (at.is_woken) return "is woken";
        auto const number = static_cast<long>(at.call.orig_rax);
        std::string text = "call " + std::to_string(number);
        if (number == SYS_openat || number == SYS_mknodat)
            return text + " " + read_path(at.id, at.call.rsi);
        if (number == SYS_rename || number == SYS_mkdir || number == SYS_unlink ||
            number == SYS_rmdir)
            return text + " " + read_path(at.id, at.call.rdi);
        if (auto const* file = file_of(of, at)) text += " " + file->path;
        return text + " " + std::to_string(at.call.rdx) + " " + std::to_string(at.call.r10);
    }

    [[nodiscard]] std::uint64_t now() const { return now_; }
    [[nodiscard]] std::uint64_t trace() const { return trace_; }
    void begin_anew() { processes_.clear(); }
    void note(std::uint64_t what) { trace_ = (trace_ ^ what) * 0x100000001B3U; }

private:
    static constexpr std::uint64_t wall_seconds = 1'790'000'000;

    [[nodiscard]] static open_file const* file_of(process const& of, task const& at) {
        auto const found = of.files.find(static_cast<int>(at.call.rdi));
        return found == of.files.end() ? nullptr : &found->second;
    }

    [[nodiscard]] static bool is_new(std::string const& path) {
        struct stat status {};
        return ::stat(path.c_str(), &status) != 0;
    }

    // Whether the world has a say in it; what has none is let go at once.
    [[nodiscard]] bool is_point(process const& of, task const& at) const {
        auto const& call = at.call;
        switch (static_cast<long>(call.orig_rax)) {
        case SYS_futex:
        case SYS_nanosleep:
        case SYS_clock_nanosleep:
        case SYS_sched_yield:
        case SYS_exit:
        case SYS_exit_group: return true;
        case SYS_fcntl: return call.rsi == F_SETLK || call.rsi == F_SETLKW || call.rsi == F_GETLK;
        case SYS_flock: return true;
        case SYS_openat:
        case SYS_mknodat: return disk_.has(read_path(at.id, call.rsi));
        case SYS_mknod:
        case SYS_mkdir:
        case SYS_unlink:
        case SYS_rmdir:
        case SYS_rename: return disk_.has(read_path(at.id, call.rdi));
        case SYS_mmap: return of.files.contains(static_cast<int>(call.r8));
        default: return file_of(of, at) != nullptr;
        }
    }

    // Lets it run to the next call that the world has a say in.
    void run(process& of, task& at) {
        at.on = waits::no;
        for (int signal = 0;;) {
            resume(at.id, PTRACE_CONT, std::exchange(signal, 0));
            int const status = wait_for(at.id);
            if (!WIFSTOPPED(status)) return gone(of, at, status);
            int const event = status >> 16;
            if (event == PTRACE_EVENT_CLONE) {
                take_clone(of, at);
            } else if (event == PTRACE_EVENT_SECCOMP) {
                at.call = registers_of(at.id);
                if (tell_time(at) || !is_point(of, at)) continue;
                return;
            } else if (event == 0 && WSTOPSIG(status) != SIGTRAP) {
                signal = WSTOPSIG(status);
                bool const fatal = signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS ||
                                   signal == SIGILL || signal == SIGFPE;
                if (!fatal) continue;
                resume(at.id, PTRACE_CONT, signal);
                return reap(of);
            }
        }
    }

    void take_clone(process& of, task const& at) {
        unsigned long made = 0;
        if (::ptrace(PTRACE_GETEVENTMSG, at.id, nullptr, &made) != 0) fail_by_errno("clone");
        auto& next = *of.tasks.emplace_back(std::make_unique<task>());
        next.id = static_cast<pid_t>(made);
        next.number = next_number_++;
        next.is_new = true;
        if (!WIFSTOPPED(wait_for(next.id))) throw std::runtime_error("a thread did not begin");
    }

    // What asks for the time is told it, and goes on.
    bool tell_time(task const& at) {
        auto const number = static_cast<long>(at.call.orig_rax);
        if (number != SYS_clock_gettime && number != SYS_time && number != SYS_gettimeofday)
            return false;
        now_ += 100;
        std::uint64_t const seconds = wall_seconds + now_ / 1'000'000'000;
        if (number == SYS_clock_gettime) {
            bool const wall = at.call.rdi == CLOCK_REALTIME || at.call.rdi == CLOCK_REALTIME_COARSE;
            timespec const told{static_cast<time_t>(wall ? seconds : now_ / 1'000'000'000),
                                static_cast<long>(now_ % 1'000'000'000)};
            write_value(at.id, at.call.rsi, told);
        } else if (number == SYS_gettimeofday) {
            timeval const told{static_cast<time_t>(seconds),
                               static_cast<suseconds_t>(now_ % 1'000'000'000 / 1000)};
            write_value(at.id, at.call.rdi, told);
        }
        skip(at, number == SYS_time ? static_cast<std::int64_t>(seconds) : 0);
        return true;
    }

    static void skip(task const& at, std::int64_t result) {
        auto changed = at.call;
        changed.orig_rax = ~std::uint64_t{0};
        changed.rax = static_cast<std::uint64_t>(result);
        set_registers(at.id, changed);
    }
    // The call is not made; its result is that.
    void answer(process& of, task& at, std::int64_t result) {
        note(static_cast<std::uint64_t>(result));
        skip(at, result);
        run(of, at);
    }
    // Makes the call; its result.
    std::int64_t make_call(process& of, task& at) {
        resume(at.id, PTRACE_SYSCALL);
        int const status = wait_for(at.id);
        if (!WIFSTOPPED(status)) {
            gone(of, at, status);
            throw std::runtime_error("a task ended in a call");
        }
        auto const result = static_cast<std::int64_t>(registers_of(at.id).rax);
        note(static_cast<std::uint64_t>(result));
        return result;
    }

    // Locks are the real ones of the kernel; who would wait for one is told so instead, and waits
    // here.
    void lock(process& of, task& at) {
        bool const by_flock = at.call.orig_rax == SYS_flock;
        auto const asked = at.call;
        auto changed = asked;
        bool patient = false;
        if (by_flock) {
            patient = (asked.rsi & LOCK_NB) == 0;
            changed.rsi |= LOCK_NB;
        } else if (asked.rsi == F_SETLKW) {
            patient = true;
            changed.rsi = F_SETLK;
        }
        set_registers(at.id, changed);
        auto const result = make_call(of, at);
        if (patient && (result == -EAGAIN || result == -EACCES)) {
            auto again = registers_of(at.id);
            again.rip -= 2;  // to the instruction that calls
            again.rax = asked.orig_rax;
            again.rsi = asked.rsi;
            set_registers(at.id, again);
            run(of, at);
            at.on = waits::for_lock;
            return;
        }
        run(of, at);
        if (result >= 0) wake_lock_waiters();
    }
    void wake_lock_waiters() {
        for (auto& each : processes_)
            for (auto& one : each->tasks)
                if (one->on == waits::for_lock) one->on = waits::no;
    }

    [[nodiscard]] futex_key key_of(process const& of, task const& at) const {
        auto const word = at.call.rdi;
        futex_key const own{static_cast<std::uint64_t>(of.number) + 1, word};
        if ((at.call.rsi & FUTEX_PRIVATE_FLAG) != 0) return own;
        std::ifstream maps("/proc/" + std::to_string(of.id) + "/maps");
        for (std::string line; std::getline(maps, line);) {
            unsigned long begin = 0, end = 0, offset = 0, inode = 0;
            char rights[8] = {};
            if (std::sscanf(line.c_str(), "%lx-%lx %7s %lx %*s %lu", &begin, &end, rights, &offset,
                            &inode) != 5)
                continue;
            if (word < begin || word >= end || rights[3] != 's') continue;
            return {inode << 8 | 0xFF, word - begin + offset};
        }
        return own;
    }

    void futex(process& of, task& at) {
        auto const command = at.call.rsi & static_cast<unsigned>(FUTEX_CMD_MASK);
        bool const has_bits = command == FUTEX_WAIT_BITSET || command == FUTEX_WAKE_BITSET;
        auto const bits = has_bits ? static_cast<std::uint32_t>(at.call.r9) : ~std::uint32_t{0};
        if (command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET)
            return answer(of, at,
                          wake(key_of(of, at), static_cast<std::int64_t>(at.call.rdx), bits));
        if (command != FUTEX_WAIT && command != FUTEX_WAIT_BITSET)
            throw std::runtime_error("a futex operation that is not simulated: " +
                                     std::to_string(command));
        auto const there = read_value<std::uint32_t>(at.id, at.call.rdi);
        if (there != static_cast<std::uint32_t>(at.call.rdx)) return answer(of, at, -EAGAIN);
        at.key = key_of(of, at);
        at.bits = bits;
        at.deadline = 0;
        if (at.call.r10 != 0) {
            auto const until = read_value<timespec>(at.id, at.call.r10);
            auto const span = nanoseconds(until);
            bool const wall = (at.call.rsi & FUTEX_CLOCK_REALTIME) != 0;
            at.deadline = command == FUTEX_WAIT ? now_ + span
                          : wall                ? span - wall_seconds * 1'000'000'000
                                                : span;
        }
        at.on = waits::for_futex;
    }
    std::int64_t wake(futex_key const& key, std::int64_t most, std::uint32_t bits) {
        std::int64_t woken = 0;
        for (auto& each : processes_) {
            for (std::size_t i = 0; i < each->tasks.size() && woken < most; ++i) {
                task& one = *each->tasks[i];
                if (one.on != waits::for_futex || one.key != key || (one.bits & bits) == 0)
                    continue;
                wake(one);
                ++woken;
            }
        }
        return woken;
    }
    // After a death: whose word has changed, and whoever waits for a word that several processes
    // share, looks again.
    void wake_after_death(process const* only) {
        for (auto& each : processes_) {
            if (each->status) continue;
            for (std::size_t i = 0; i < each->tasks.size(); ++i) {
                task& one = *each->tasks[i];
                if (one.on != waits::for_futex) continue;
                bool const shared = one.key.space > 1'000'000;
                if (only != nullptr && each.get() != only) continue;
                if (!shared && read_value<std::uint32_t>(one.id, one.call.rdi) ==
                                   static_cast<std::uint32_t>(one.call.rdx))
                    continue;
                wake(one);
            }
        }
    }
    static void wake(task& one) {
        one.on = waits::no;
        one.is_woken = true;
    }

    [[nodiscard]] static std::uint64_t nanoseconds(timespec const& of) {
        return static_cast<std::uint64_t>(of.tv_sec) * 1'000'000'000 +
               static_cast<std::uint64_t>(of.tv_nsec);
    }
    void sleep(task& at, bool by_clock) {
        auto const span =
            nanoseconds(read_value<timespec>(at.id, by_clock ? at.call.rdx : at.call.rdi));
        bool const absolute = by_clock && (at.call.rsi & TIMER_ABSTIME) != 0;
        bool const wall = by_clock && at.call.rdi == CLOCK_REALTIME;
        at.deadline = !absolute ? now_ + span : wall ? span - wall_seconds * 1'000'000'000 : span;
        at.on = waits::for_time;
    }

    // Calls on files.
    void call(process& of, task& at, decision const& how) {
        auto const number = static_cast<long>(at.call.orig_rax);
        if (how.error != 0 && !how.late) return answer(of, at, -how.error);
        bool const writes = number == SYS_pwrite64 || number == SYS_write || number == SYS_writev ||
                            number == SYS_pwritev;
        std::string from, to;
        bool const named = number == SYS_openat || number == SYS_mknodat;
        if (named) from = read_path(at.id, at.call.rsi);
        if (number == SYS_rename || number == SYS_mkdir || number == SYS_mknod ||
            number == SYS_unlink || number == SYS_rmdir)
            from = read_path(at.id, at.call.rdi);
        if (number == SYS_rename) to = read_path(at.id, at.call.rsi);
        if (writes && how.part < 256) shorten(at, how.part);
        auto const bytes = writes ? bytes_of(at) : std::string();
        auto const result = make_call(of, at);
        if (result >= 0) {
            if (writes)
                note_write(of, at, bytes.substr(0, static_cast<std::size_t>(result)));
            else
                note_call(of, at, number, from, to, static_cast<int>(result));
        }
        if (how.late && result >= 0) {
            auto changed = registers_of(at.id);
            changed.rax = static_cast<std::uint64_t>(-std::int64_t{how.error});
            set_registers(at.id, changed);
            if (number == SYS_openat)
                of.files.erase(static_cast<int>(result));  // nobody knows of it
        }
        bool const frees = number == SYS_close;
        run(of, at);
        if (frees) wake_lock_waiters();
    }

    // A part of the bytes, or of the pieces.
    static void shorten(task& at, std::uint64_t part) {
        bool const pieces = at.call.orig_rax == SYS_writev || at.call.orig_rax == SYS_pwritev;
        at.call.rdx = pieces ? 1 : (std::max<std::uint64_t>)(1, at.call.rdx * part / 256);
        set_registers(at.id, at.call);
    }
    [[nodiscard]] static std::string bytes_of(task const& at) {
        std::string bytes;
        bool const pieces = at.call.orig_rax == SYS_writev || at.call.orig_rax == SYS_pwritev;
        for (std::uint64_t i = 0; i < (pieces ? at.call.rdx : 1); ++i) {
            iovec const piece = pieces ? read_value<iovec>(at.id, at.call.rsi + i * sizeof(iovec))
                                       : iovec{reinterpret_cast<void*>(at.call.rsi), at.call.rdx};
            auto const before = bytes.size();
            bytes.resize(before + piece.iov_len);
            read_memory(at.id, reinterpret_cast<std::uint64_t>(piece.iov_base),
                        bytes.data() + before, piece.iov_len);
        }
        return bytes;
    }
    void note_write(process& of, task const& at, std::string bytes) {
        open_file const& file = *file_of(of, at);
        if (disk_.is_lock(file.path)) return;
        auto const number = at.call.orig_rax;
        std::uint64_t offset = at.call.r10;
        if (number == SYS_write || number == SYS_writev) offset = position(of, at) - bytes.size();
        note(offset);
        file_image::change const made{offset, std::move(bytes)};
        auto& image = disk_.image(file.inode);
        file.writes_through ? image.write_through(made) : image.change_by(made);
    }
    [[nodiscard]] static std::uint64_t position(process const& of, task const& at) {
        std::ifstream info("/proc/" + std::to_string(of.id) + "/fdinfo/" +
                           std::to_string(at.call.rdi));
        std::string word;
        std::uint64_t found = 0;
        info >> word >> found;
        return found;
    }

    void note_call(process& of, task const& at, long number, std::string const& from,
                   std::string const& to, int result) {
        switch (number) {
        case SYS_openat: note_open(of, at, from, result); break;
        case SYS_mkdir: disk_.note_directory(from); break;
        case SYS_mknod:
        case SYS_mknodat: {
            struct stat status {};
            if (::stat(from.c_str(), &status) == 0) disk_.note_file(from, status.st_ino);
            break;
        }
        case SYS_unlink:
        case SYS_rmdir: disk_.note_removed(from); break;
        case SYS_rename: disk_.note_renamed(from, to); break;
        case SYS_close: of.files.erase(static_cast<int>(at.call.rdi)); break;
        case SYS_ftruncate:
            if (auto const* file = file_of(of, at); !disk_.is_lock(file->path))
                disk_.image(file->inode).change_by({at.call.rsi, {}, true});
            break;
        case SYS_fsync:
        case SYS_fdatasync: {
            open_file const& file = *file_of(of, at);
            file.directory ? disk_.sync_names(file.path) : disk_.image(file.inode).sync();
            break;
        }
        default: break;
        }
    }
    void note_open(process& of, task const& at, std::string const& path, int descriptor) {
        struct stat status {};
        auto const link = "/proc/" + std::to_string(of.id) + "/fd/" + std::to_string(descriptor);
        if (::stat(link.c_str(), &status) != 0) fail_by_errno("fd");
        bool const directory = S_ISDIR(status.st_mode);
        of.files[descriptor] = {path, status.st_ino, directory, (at.call.rdx & O_DSYNC) != 0};
        if (!directory) disk_.note_file(path, status.st_ino);
        if (!directory && (at.call.rdx & O_TRUNC) != 0)
            disk_.image(status.st_ino).change_by({0, {}, true});
    }

    // Ends.
    static int wait_until_dead(pid_t id) {
        for (;;) {
            int const status = wait_for(id);
            if (!WIFSTOPPED(status)) return status;
            resume(id, PTRACE_CONT,
                   (status >> 16) == 0 && WSTOPSIG(status) != SIGTRAP ? WSTOPSIG(status) : 0);
        }
    }
    // All of a process that dies; its first task is told of last.
    void reap(process& of) {
        for (auto& each : of.tasks)
            if (each->id != of.id) (void)wait_until_dead(each->id);
        of.status = wait_until_dead(of.id);
        forget(of);
    }
    void forget(process& of) {
        of.tasks.clear();
        of.files.clear();
        note(static_cast<std::uint64_t>(*of.status));
        wake_lock_waiters();
        wake_after_death(nullptr);
    }
    void end_process(process& of, task& at) {
        resume(at.id, PTRACE_CONT);
        reap(of);
    }
    void end_task(process& of, task& at) {
        resume(at.id, PTRACE_CONT);
        (void)wait_until_dead(at.id);
        auto const same = [&at](auto const& each) { return each.get() == &at; };
        of.tasks.erase(std::find_if(of.tasks.begin(), of.tasks.end(), same));
        wake_after_death(&of);
    }
    // It ended where nobody asked it to.
    void gone(process& of, task const& at, int status) {
        if (at.id != of.id) throw std::runtime_error("a thread ended by itself");
        of.status = status;
        forget(of);
    }

    simulated_disk& disk_;
    std::vector<std::unique_ptr<process>> processes_{};
    std::uint64_t now_ = 1'000'000'000;
    std::uint64_t trace_ = 0xCBF29CE484222325U;
    int next_number_ = 1;
};

}  // namespace aiaudit_simulation

#endif  // AIAUDIT_TESTS_SIMULATION_KERNEL_HPP
