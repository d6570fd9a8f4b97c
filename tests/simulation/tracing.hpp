// SPDX-License-Identifier: MIT
//
// tracing.hpp: processes that stop before each system call that the simulated world has a say in
// (ptrace, with a filter of seccomp), and do nothing until they are told to.
//
// A process is started without randomized addresses and without the vDSO, so that it asks for the
// time by a system call.
// Threads: one.
#ifndef AIAUDIT_TESTS_SIMULATION_TRACING_HPP
#define AIAUDIT_TESTS_SIMULATION_TRACING_HPP

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the simulation reads the registers of x86-64"
#endif

namespace aiaudit_simulation {

inline constexpr long traced_calls[] = {
    SYS_openat,    SYS_close,           SYS_pread64,       SYS_pwrite64,
    SYS_write,     SYS_writev,          SYS_pwritev,       SYS_fsync,
    SYS_fdatasync, SYS_ftruncate,       SYS_fallocate,     SYS_rename,
    SYS_mkdir,     SYS_mknodat,         SYS_unlink,        SYS_rmdir,
    SYS_flock,     SYS_fcntl,           SYS_mmap,          SYS_futex,
    SYS_nanosleep, SYS_clock_nanosleep, SYS_clock_gettime, SYS_sched_yield,
    SYS_time,      SYS_exit_group,      SYS_exit,          SYS_gettimeofday,
    SYS_mknod,     SYS_getdents64};

[[noreturn]] inline void fail_by_errno(char const* what) {
    throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

// In the child, before it becomes the program.
inline void install_filter() {
    constexpr auto count = std::size(traced_calls);
    sock_filter lines[count + 3];
    lines[0] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
    for (std::size_t i = 0; i < count; ++i)
        lines[1 + i] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(traced_calls[i]),
                                static_cast<unsigned char>(count - i), 0);
    lines[count + 1] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    lines[count + 2] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    sock_fprog const filter{count + 3, lines};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) ::_exit(97);
}

inline void resume(pid_t task, int request, int signal = 0) {
    if (::ptrace(static_cast<__ptrace_request>(request), task, nullptr,
                 reinterpret_cast<void*>(static_cast<std::intptr_t>(signal))) != 0 &&
        errno != ESRCH)
        fail_by_errno("ptrace");
}
[[nodiscard]] inline int wait_for(pid_t task) {
    int status = 0;
    while (::waitpid(task, &status, __WALL) < 0)
        if (errno != EINTR) fail_by_errno("waitpid");
    return status;
}
[[nodiscard]] inline user_regs_struct registers_of(pid_t task) {
    user_regs_struct found{};
    if (::ptrace(PTRACE_GETREGS, task, nullptr, &found) != 0) fail_by_errno("PTRACE_GETREGS");
    return found;
}
inline void set_registers(pid_t task, user_regs_struct const& to) {
    if (::ptrace(PTRACE_SETREGS, task, nullptr, &to) != 0) fail_by_errno("PTRACE_SETREGS");
}

inline void read_memory(pid_t task, std::uint64_t at, void* to, std::size_t size) {
    iovec const here{to, size};
    iovec const there{reinterpret_cast<void*>(at), size};
    if (::process_vm_readv(task, &here, 1, &there, 1, 0) != static_cast<ssize_t>(size))
        fail_by_errno("process_vm_readv");
}
template <class T>
[[nodiscard]] T read_value(pid_t task, std::uint64_t at) {
    T value{};
    read_memory(task, at, &value, sizeof value);
    return value;
}
template <class T>
void write_value(pid_t task, std::uint64_t at, T const& value) {
    T copied = value;
    iovec const here{&copied, sizeof copied};
    iovec const there{reinterpret_cast<void*>(at), sizeof copied};
    if (::process_vm_writev(task, &here, 1, &there, 1, 0) != static_cast<ssize_t>(sizeof copied))
        fail_by_errno("process_vm_writev");
}
[[nodiscard]] inline std::string read_text(pid_t task, std::uint64_t at) {
    std::string text;
    for (;;) {
        auto const word = read_value<char>(task, at++);
        if (word == '\0') return text;
        text.push_back(word);
    }
}
// Paths are short: a piece to the end of its page at a time.
[[nodiscard]] inline std::string read_path(pid_t task, std::uint64_t at) {
    char piece[256];
    std::size_t const size = (std::min)(sizeof piece, std::size_t{4096} - at % 4096);
    read_memory(task, at, piece, size);
    auto const* const end = static_cast<char const*>(std::memchr(piece, 0, size));
    if (end == nullptr) return read_text(task, at);
    return std::string(static_cast<char const*>(piece), end);
}

// The library then asks the kernel for the time.
inline void hide_vdso(pid_t task) {
    auto at = static_cast<std::uint64_t>(registers_of(task).rsp);
    at += 8 * (read_value<std::uint64_t>(task, at) + 2);       // the words
    while (read_value<std::uint64_t>(task, at) != 0) at += 8;  // the environment
    for (at += 8;; at += 16) {
        auto const type = read_value<std::uint64_t>(task, at);
        if (type == AT_NULL) return;
        if (type == AT_SYSINFO_EHDR) write_value<std::uint64_t>(task, at, AT_IGNORE);
    }
}

// Begins a program that stands before its first instruction; what it prints goes to a file.
[[nodiscard]] inline pid_t start_traced(std::vector<std::string> const& words,
                                        std::string const& output) {
    std::vector<char*> texts;
    for (std::string const& word : words) texts.push_back(const_cast<char*>(word.c_str()));
    texts.push_back(nullptr);
    char library[] = "GLIBC_TUNABLES=glibc.malloc.arena_max=4";
    char* environment[] = {library, nullptr};
    pid_t const made = ::fork();
    if (made < 0) fail_by_errno("fork");
    if (made == 0) {
        int const file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ::dup2(file, 1);
        ::dup2(file, 2);
        ::close(file);
        ::personality(ADDR_NO_RANDOMIZE);
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        install_filter();
        ::execve(texts[0], texts.data(), environment);
        ::_exit(98);
    }
    if (int const status = wait_for(made); !WIFSTOPPED(status))
        throw std::runtime_error("a process did not begin");
    constexpr auto options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                             PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
    if (::ptrace(PTRACE_SETOPTIONS, made, nullptr, options) != 0)
        fail_by_errno("PTRACE_SETOPTIONS");
    resume(made, PTRACE_CONT);
    if (int const status = wait_for(made); status >> 8 != (SIGTRAP | (PTRACE_EVENT_EXEC << 8)))
        throw std::runtime_error("cannot run " + words[0]);
    hide_vdso(made);
    return made;
}

}  // namespace aiaudit_simulation

#endif  // AIAUDIT_TESTS_SIMULATION_TRACING_HPP
