// SPDX-License-Identifier: MIT
//
// A program with a ledger, for the compiler's settings of other people (check_flags of .ci/run). It
// exits with 0 if the ledger does what it should.
#include <aiaudit/ledger.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace {

bool records_and_reports(std::string const& directory) {
    auto opened = aiaudit::ledger::open({.path = directory});
    if (!opened) return false;
    for (int i = 0; i < 3; ++i) {
        auto const number = opened->append({.user = "ana",
                                            .model_served = "m-1",
                                            .started_at = aiaudit::timestamp{},
                                            .cost_status = aiaudit::cost_status::priced,
                                            .cost = aiaudit::money::parse("0.25").value()});
        if (!number) return false;
    }
    if (!opened->enqueue({.user = "bo"}) || !opened->flush()) return false;
    auto const report = opened->report({});
    return report && report->sum.cost.to_string() == "0.75" && report->sum.requests == 4;
}

// value() without a value: an exception, or the process's end if there are none.
bool value_of_an_error_is_not_had() {
    auto const failed = aiaudit::money::parse("a");
    if (failed || failed.error().code == aiaudit::errc{}) return false;
#if defined(__cpp_exceptions)
    try {
        (void)failed.value();
    } catch (aiaudit::exception const& thrown) {
        return thrown.reason().code == failed.error().code;
    }
    return false;
#else
    pid_t const child = fork();
    if (child == 0) {
        close(STDERR_FILENO);  // what AIAUDIT_ASSERT says
        (void)failed.value();
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) return false;
    int const signal = WTERMSIG(status);
    return signal == SIGABRT || signal == SIGILL || signal == SIGTRAP;
#endif
}

}  // namespace

int main() {
    if (!value_of_an_error_is_not_had()) return 1;
    std::string directory = (std::filesystem::temp_directory_path() / "aiaudit-XXXXXX").string();
    if (mkdtemp(directory.data()) == nullptr) return 2;
    bool const right = records_and_reports(directory);
    std::filesystem::remove_all(directory);
    return right ? 0 : 3;
}
