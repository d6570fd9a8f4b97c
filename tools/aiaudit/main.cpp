// SPDX-License-Identifier: MIT
//
// The aiaudit program. Exit status: 0 done, 1 a finding, 2 bad usage or bad input with one line on
// stderr.

#include "commands.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>

#include <sys/mman.h>
#include <unistd.h>

namespace aiaudit_tool {

std::string login_name() {
    for (char const* const name : {"LOGNAME", "USER"}) {
        if (char const* const value = std::getenv(name)) return value;
    }
    return "";
}

sigset_t block_signals(std::initializer_list<int> numbers) {
    sigset_t signals;
    sigemptyset(&signals);
    for (int const number : numbers) sigaddset(&signals, number);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

void print_notices(aiaudit::ledger const& of) {
    static std::set<std::string> printed;
    for (std::string const& notice : of.notices()) {
        std::string const line = of.path() + ": " + notice;
        if (printed.insert(line).second) std::cerr << line << '\n';
    }
}

std::string read_input(std::string const& path) {
    if (path.empty() || path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
    std::ifstream file(path, std::ios::binary);
    if (!file) throw failure{path + ": cannot be opened"};
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) throw failure{path + ": cannot be read"};
    return text;
}

void write_output(std::string const& path, std::string const& text) {
    if (path.empty() || path == "-") {
        std::cout << text;
        return;
    }
    std::string const beside = path + ".new";
    std::ofstream file(beside, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file || std::rename(beside.c_str(), path.c_str()) != 0) {
        std::remove(beside.c_str());
        throw failure{path + ": cannot be written"};
    }
}

aiaudit::price_book read_prices(std::string const& path, std::string const& overlay) {
    aiaudit::price_book const book =
        path.empty() ? aiaudit::builtin_book()
                     : value_or_fail(aiaudit::load_price_book(read_input(path), path), path);
    if (overlay.empty()) return book;
    return value_or_fail(aiaudit::overlay_prices(book, read_input(overlay), overlay), overlay);
}

aiaudit::timestamp instant_or_now(std::string const& text, std::string const& option) {
    return text.empty() ? aiaudit::system_clock{}.now()
                        : value_or_fail(aiaudit::timestamp::parse(text), option);
}

}  // namespace aiaudit_tool

namespace {

// libmongoc makes /dev/shm/mongoc-PID before main(), and a killed process would leave it for a
// later one of the same id to complain of. The mapping stays without its name.
void unlink_mongoc_counters() {
#ifdef AIAUDIT_TOOL_MONGODB
    shm_unlink(("/mongoc-" + std::to_string(getpid())).c_str());
#endif
}

}  // namespace

int main(int argc, char** argv) {
    using namespace aiaudit_tool;
    unlink_mongoc_counters();
    int status = exit_done;
    try {
        CLI::App program{"aiaudit: who called which AI API, what it cost, and a record that stays"};
        program.require_subcommand(1);
        program.set_version_flag("--version", std::to_string(aiaudit::version_major) + "." +
                                                  std::to_string(aiaudit::version_minor) + "." +
                                                  std::to_string(aiaudit::version_patch));
        add_demo(program, status);
        add_cost(program, status);
        add_prices(program, status);
        add_import(program, status);
        add_report(program, status);
        add_tail(program, status);
        add_budget(program, status);
        add_key(program, status);
        add_alert(program, status);
        add_serve(program, status);
        add_verify(program, status);
        add_checkpoint(program, status);
        add_audit(program, status);
        add_prove(program, status);
        add_retain(program, status);
        add_reprice(program, status);
        add_ship(program, status);
        add_collect(program, status);
        try {
            program.parse(argc, argv);
        } catch (CLI::ParseError const& wrong) {
            if (wrong.get_exit_code() == 0) return program.exit(wrong);  // --help, --version
            std::cerr << "aiaudit: " << wrong.what() << " (aiaudit --help lists the commands)\n";
            return exit_bad_input;
        }
        std::cout.flush();
        if (!std::cout) throw failure{"standard output cannot be written"};
    } catch (failure const& reason) {
        std::cerr << "aiaudit: " << reason.message << '\n';
        return reason.status;
    } catch (std::exception const& reason) {
        std::cerr << "aiaudit: " << reason.what() << '\n';
        return exit_bad_input;
    }
    return status;
}
