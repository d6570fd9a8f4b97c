// SPDX-License-Identifier: MIT
//
// child_process.hpp: a program that runs beside the benchmark and ends with it, and what memory it
// takes.
#ifndef AIAUDIT_BENCHMARKS_SUPPORT_CHILD_PROCESS_HPP
#define AIAUDIT_BENCHMARKS_SUPPORT_CHILD_PROCESS_HPP

#include "../support.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <ctime>
#include <iterator>

namespace benchmark_support {

// A port of this machine that nobody listened on a moment ago.
inline std::uint16_t free_port() {
    int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    bool const had = bind(socket, plain, size) == 0 && getsockname(socket, plain, &size) == 0;
    close(socket);
    if (!had) stop("no port is free");
    return ntohs(address.sin_port);
}

inline bool listens(std::uint16_t port) {
    int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool const answered =
        connect(socket, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0;
    close(socket);
    return answered;
}

class child_process {
public:
    // What it says goes to a file. `variables` ("NAME=VALUE") are added to the environment.
    child_process(std::vector<std::string> words, std::string log,
                  std::vector<std::string> variables = {})
        : words_(std::move(words)), log_(std::move(log)) {
        std::vector<char*> arguments;
        for (std::string& each : words_) arguments.push_back(each.data());
        arguments.push_back(nullptr);
        std::vector<char*> environment;
        for (std::string& each : variables) environment.push_back(each.data());
        for (char** each = environ; *each != nullptr; ++each) environment.push_back(*each);
        environment.push_back(nullptr);
        pid_ = fork();
        if (pid_ < 0) stop("cannot fork");
        if (pid_ == 0) become(arguments.data(), environment.data());
    }
    ~child_process() {
        if (pid_ > 0) kill(pid_, SIGKILL);
        if (pid_ > 0) waitpid(pid_, nullptr, 0);
    }
    child_process(child_process const&) = delete;
    child_process& operator=(child_process const&) = delete;

    void wait_until_it_listens(std::uint16_t port, int seconds_most) {
        auto const start = steady::now();
        while (!listens(port)) {
            if (has_ended()) stop(words_[0] + " has ended: " + last_words());
            if (seconds_since(start) > seconds_most)
                stop(words_[0] + " does not listen: " + last_words());
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    // Its status when it has ended by itself.
    int wait() {
        while (!has_ended()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return status_;
    }
    // Asks it to end, and waits for that: its status.
    int end(int seconds_most) {
        auto const start = steady::now();
        if (!has_ended()) kill(pid_, SIGTERM);
        while (!has_ended()) {
            if (seconds_since(start) > seconds_most) stop(words_[0] + " does not end");
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return status_;
    }
    // The most memory that it has had so far.
    [[nodiscard]] double peak_rss_mb() const { return status_kb("VmHWM:") / 1024; }

    // The processor time that it has taken so far.
    [[nodiscard]] double cpu_seconds() const {
        clockid_t clock{};
        timespec taken{};
        if (clock_getcpuclockid(pid_, &clock) != 0 || clock_gettime(clock, &taken) != 0)
            stop("no processor time is known of " + words_[0]);
        return static_cast<double>(taken.tv_sec) + static_cast<double>(taken.tv_nsec) / 1e9;
    }

    [[nodiscard]] std::string last_words() const {
        std::ifstream file(log_);
        std::string text{std::istreambuf_iterator<char>(file), {}};
        if (text.size() > 600) text.erase(0, text.size() - 600);
        return text;
    }

private:
    // In the child, where only what is safe after a fork may be called.
    [[noreturn]] void become(char* const* arguments, char* const* environment) const {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        int const to = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        int const from = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (to < 0 || dup2(from, 0) < 0 || dup2(to, 1) < 0 || dup2(to, 2) < 0) _exit(126);
        execvpe(arguments[0], arguments, environment);
        _exit(127);
    }
    bool has_ended() {
        int how = 0;
        if (pid_ <= 0 || waitpid(pid_, &how, WNOHANG) != pid_) return pid_ <= 0;
        pid_ = 0;
        status_ = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
        return true;
    }
    [[nodiscard]] double status_kb(std::string const& name) const {
        std::ifstream file("/proc/" + std::to_string(pid_) + "/status");
        for (std::string word; file >> word;) {
            double value = 0;
            if (word == name && file >> value) return value;
        }
        stop("no memory is known of " + words_[0]);
    }

    std::vector<std::string> words_;
    std::string log_;
    pid_t pid_ = -1;
    int status_ = 0;
};

// Runs a program to its end; true when that was a good one.
inline bool succeeds(std::vector<std::string> words, std::string const& log) {
    return child_process(std::move(words), log).wait() == 0;
}

}  // namespace benchmark_support

#endif  // AIAUDIT_BENCHMARKS_SUPPORT_CHILD_PROCESS_HPP
