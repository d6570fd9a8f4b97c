// SPDX-License-Identifier: MIT
//
// Secrets that options name: in the environment, in a file, or what a command prints.

#include "commands.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace aiaudit_tool {

// What a command of the shell prints, such as `vault read -field=key secret/openai`. Failures never
// show it. The command has 30 seconds.
static std::string output_of(std::string const& command, std::string const& option) {
    constexpr std::size_t bytes_most = 64 << 10;
    constexpr int seconds_most = 30;
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw failure{option + ": there is no pipe"};
    std::string const shell = "/bin/sh";
    std::array<std::string, 3> words{shell, "-c", command};
    std::array<char*, 4> arguments{words[0].data(), words[1].data(), words[2].data(), nullptr};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawnattr_t how;  // a group of its own, with no signal blocked
    ::posix_spawnattr_init(&how);
    sigset_t none;
    sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&how, &none);
    ::posix_spawnattr_setpgroup(&how, 0);
    ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    pid_t id = -1;
    int const failed = ::posix_spawn(&id, shell.c_str(), &actions, &how, arguments.data(), environ);
    ::posix_spawnattr_destroy(&how);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    std::string text;
    bool late = false;
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds_most);
    while (failed == 0 && text.size() <= bytes_most) {
        auto const left =
            std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        pollfd waited{ends[0], POLLIN, 0};
        int const ready = ::poll(&waited, 1, static_cast<int>(std::max(left.count(), 0L)));
        if (ready < 0 && errno == EINTR) continue;
        late = ready == 0;
        std::array<char, 4096> room;
        auto const got = ready <= 0 ? 0 : ::read(ends[0], room.data(), room.size());
        if (got <= 0) break;
        text.append(room.data(), static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    if (failed != 0) throw failure{option + ": " + shell + " does not start"};
    int status = 0;
    pid_t ended = 0;
    while (!late && text.size() <= bytes_most && (ended = ::waitpid(id, &status, WNOHANG)) == 0) {
        late = std::chrono::steady_clock::now() >= end;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (ended != id) {
        ::kill(-id, SIGKILL);
        ::waitpid(id, &status, 0);
    }
    if (late)
        throw failure{option + ": the command has not ended after " + std::to_string(seconds_most) +
                      " s"};
    if (text.size() > bytes_most) throw failure{option + ": the command prints over 64 KiB"};
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw failure{option + ": the command failed" +
                      (WIFEXITED(status) ? " with status " + std::to_string(WEXITSTATUS(status))
                                         : std::string{})};
    return text;
}

// Of the variables that were read, so that they are found when they are asked for again.
static std::map<std::string, std::string>& read_variables() {
    static std::map<std::string, std::string> values;
    return values;
}

static std::string variable(std::string const& name, std::string const& option) {
    auto& values = read_variables();
    if (char const* const value = std::getenv(name.c_str())) values.insert_or_assign(name, value);
    auto const found = values.find(name);
    if (found == values.end()) throw failure{option + ": $" + name + " is not set"};
    return found->second;
}

// The text that the kernel shows (/proc/PID/environ) is that which the process began with: it is
// written over before the variable goes.
static void clear_variable(std::string const& name) {
    if (char* const value = std::getenv(name.c_str())) {
        OPENSSL_cleanse(value, std::strlen(value));
        ::unsetenv(name.c_str());
    }
}

void clear_secret_variables(std::vector<std::string> const& others) {
    for (std::string const& each : others) clear_variable(each);
    for (auto const& [name, value] : read_variables()) clear_variable(name);
}

void forbid_core_dumps() {
    rlimit none{};
    ::getrlimit(RLIMIT_CORE, &none);
    none.rlim_cur = 0;
    if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        throw failure{"core dumps cannot be forbidden; --core-dumps allows them"};
}

// "$VARIABLE", "@FILE" or "!COMMAND": a secret itself would be seen by whoever lists processes.
std::string secret_at(std::string const& place, std::string const& option) {
    std::string key;
    if (place.starts_with('$')) {
        key = variable(place.substr(1), option);
    } else if (place.starts_with('@')) {
        key = read_input(place.substr(1));
    } else if (place.starts_with('!') && place.size() > 1) {
        key = output_of(place.substr(1), option);
    } else {
        throw failure{option + ": a secret is given as $VARIABLE or @FILE, or by !COMMAND"};
    }
    while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
    if (key.empty() && place.starts_with('!'))
        throw failure{option + ": the command printed nothing"};
    return key;
}

}  // namespace aiaudit_tool
