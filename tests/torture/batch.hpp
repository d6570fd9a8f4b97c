// SPDX-License-Identifier: MIT
//
// batch.hpp: many runs of one program without starting it for each: `PROGRAM --batch` reads
// requests from standard input and forks for each of them. Loading and linking the program is a
// third of the time of a short run.
//
// A request is a line "VARIABLES WORDS BYTES", then that many bytes: the variables of the
// environment (NAME=VALUE) and the program's words, each ended by a zero. The answer is a line with
// the child's process id, and when it has ended a line "STATUS BYTES" (STATUS as Python's: minus
// the signal that ended it) and what it printed.
#ifndef AIAUDIT_TESTS_TORTURE_BATCH_HPP
#define AIAUDIT_TESTS_TORTURE_BATCH_HPP

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace aiaudit_torture {

using program = int (*)(int, char**);

// In the child: a preloaded library of faults learns its plan from the environment once more.
[[noreturn]] inline void run_in_child(program run, int output, std::vector<char*> variables,
                                      std::vector<char*> words) {
    for (char* const variable : variables) ::putenv(variable);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::close(STDIN_FILENO);
    if (void* const found = ::dlsym(RTLD_DEFAULT, "torture_plan_anew"))
        reinterpret_cast<void (*)()>(found)();
    words.push_back(nullptr);
    std::exit(run(static_cast<int>(words.size()) - 1, words.data()));
}

inline void answer(int output, int status) {
    auto const size = static_cast<std::size_t>(::lseek(output, 0, SEEK_END));
    std::string text(size, '\0');
    auto const got = ::pread(output, text.data(), size, 0);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    std::printf("%d %zu\n", WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status),
                text.size());
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

// Returns when standard input ends, or at a request that is none (2).
inline int serve_batch(program run, char* name) {
    std::size_t variable_count = 0;
    std::size_t word_count = 0;
    std::size_t bytes = 0;
    while (std::scanf("%zu %zu %zu", &variable_count, &word_count, &bytes) == 3) {
        std::string text(bytes, '\0');
        if (std::getchar() != '\n' || std::fread(text.data(), 1, bytes, stdin) != bytes) return 2;
        std::vector<char*> variables;
        std::vector<char*> words{name};
        char* at = text.data();
        for (std::size_t i = 0; i < variable_count + word_count; ++i) {
            (i < variable_count ? variables : words).push_back(at);
            at += std::strlen(at) + 1;
        }
        int const output = ::memfd_create("output", 0);
        pid_t const child = output < 0 ? -1 : ::fork();
        if (child < 0) return 2;
        if (child == 0) run_in_child(run, output, variables, words);
        std::printf("%d\n", static_cast<int>(child));
        std::fflush(stdout);
        int status = 0;
        if (::waitpid(child, &status, 0) != child) return 2;
        answer(output, status);
        ::close(output);
    }
    return 0;
}

}  // namespace aiaudit_torture

#endif  // AIAUDIT_TESTS_TORTURE_BATCH_HPP
