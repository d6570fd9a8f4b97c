// SPDX-License-Identifier: MIT
//
// support.hpp: what the benchmarks share: figures and their table, times, a scratch directory,
// SQLite.
#ifndef AIAUDIT_BENCHMARKS_SUPPORT_HPP
#define AIAUDIT_BENCHMARKS_SUPPORT_HPP

#include <aiaudit/error.hpp>

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <concepts>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace benchmark_support {

// A benchmark that cannot go on, or got a wrong answer, ends with these words and status 1.
[[noreturn]] inline void stop(std::string const& why) { throw std::runtime_error(why); }

inline void check(bool holds, std::string const& what) {
    if (!holds) stop("wrong answer: " + what);
}

template <class T>
T must(aiaudit::result<T> from) {
    if (!from) stop(from.error().message());
    if constexpr (!std::is_void_v<T>) return std::move(*from);
}

using steady = std::chrono::steady_clock;

inline double seconds_since(steady::time_point start) {
    return std::chrono::duration<double>(steady::now() - start).count();
}

// The least value that `percent` of a hundred of them do not exceed.
inline double percentile(std::vector<double> values, double percent) {
    if (values.empty()) stop("a percentile of nothing");
    double const rank = std::ceil(static_cast<double>(values.size()) * percent / 100);
    auto const place = values.begin() + std::max<std::ptrdiff_t>(0, std::lround(rank) - 1);
    std::nth_element(values.begin(), place, values.end());
    return *place;
}

// The times of some runs, in microseconds.
template <class Run>
std::vector<double> times_us(int runs, Run&& run) {
    std::vector<double> times;
    for (int i = 0; i < runs; ++i) {
        auto const start = steady::now();
        run();
        times.push_back(seconds_since(start) * 1e6);
    }
    return times;
}

template <class Run>
double median_us(int runs, Run&& run) {
    return percentile(times_us(runs, run), 50);
}

// The figures of a run: each is printed as it is found, since a long run may be stopped.
class figure_table {
public:
    figure_table(int width, int decimals) : width_(width), decimals_(decimals) {}

    void add(std::string const& id, std::optional<double> value, std::string const& unit) {
        std::ostringstream number;
        if (value) number << std::fixed << std::setprecision(decimals_) << *value;
        std::cout << std::left << std::setw(width_) << id << std::right << std::setw(16)
                  << (value ? number.str() : "absent") << "  " << unit << std::endl;
        json_.append(json_.empty() ? "[" : ",\n").append(R"({"id":")").append(id);
        std::ostringstream digits;  // more than the table shows: small values are compared too
        if (value) digits << std::setprecision(10) << *value;
        json_.append(R"(","value":)").append(value ? digits.str() : "null");
        json_.append(R"(,"unit":")").append(unit).append("\"}");
    }
    // Writes all of them to a file, where one is named.
    void write_json(std::string const& path) const {
        if (json_.empty()) stop("no figure was asked for");
        if (!path.empty() && !(std::ofstream(path) << json_ << "]\n")) stop("cannot write " + path);
    }

private:
    int width_;
    int decimals_;
    std::string json_{};
};

// A directory of its own that is removed with all that is in it, also when the program is told to
// end. Made before any other thread.
class scratch_directory {
public:
    explicit scratch_directory(std::filesystem::path const& under)
        : path_((under / "aiaudit-bench-XXXXXX").string()) {
        if (mkdtemp(path_.data()) == nullptr) stop("cannot make a directory in " + under.string());
        sigset_t ends{};
        sigaddset(&ends, SIGINT);
        sigaddset(&ends, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &ends, nullptr);
        std::thread([path = path_, ends] {
            int signal = 0;
            sigwait(&ends, &signal);
            std::error_code ignored;
            std::filesystem::remove_all(path, ignored);
            _exit(128 + signal);
        }).detach();
    }
    ~scratch_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    scratch_directory(scratch_directory const&) = delete;
    scratch_directory& operator=(scratch_directory const&) = delete;
    [[nodiscard]] std::string const& path() const noexcept { return path_; }

private:
    std::string path_;
};

// A SQLite database whose commits are as durable as the ledger's: WAL, synchronous=FULL.
class sqlite {
public:
    explicit sqlite(std::string const& path) {
        must(sqlite3_open(path.c_str(), &db_));
        run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
    }
    ~sqlite() {
        sqlite3_finalize(statement_);
        sqlite3_close(db_);
    }
    sqlite(sqlite const&) = delete;
    sqlite& operator=(sqlite const&) = delete;

    void run(std::string const& sql) {
        must(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr));
    }
    // Calls insert_one(i) for each i below `count`, 10,000 in a transaction: the seconds it took.
    template <class InsertOne>
    double in_transactions(std::size_t count, InsertOne&& insert_one) {
        auto const start = steady::now();
        for (std::size_t i = 0; i < count; ++i) {
            if (i % 10'000 == 0) run(i == 0 ? "BEGIN" : "COMMIT; BEGIN");
            insert_one(i);
        }
        run("COMMIT");
        return seconds_since(start);
    }
    // The statement that insert() runs, in place of the one before.
    void prepare(std::string const& sql) {
        sqlite3_finalize(statement_);
        must(sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement_, nullptr));
    }
    template <class... Values>
    void insert(Values const&... values) {
        int place = 0;
        (must(bind(++place, values)), ...);
        if (sqlite3_step(statement_) != SQLITE_DONE) stop(sqlite3_errmsg(db_));
        must(sqlite3_reset(statement_));
    }
    // Rows that the last statement changed.
    [[nodiscard]] int changes() const { return sqlite3_changes(db_); }
    // How many rows an answer has, then the sum of each of its columns.
    std::vector<std::int64_t> sums(std::string const& sql) {
        prepare(sql);
        int const columns = sqlite3_column_count(statement_);
        std::vector<std::int64_t> total(static_cast<std::size_t>(columns) + 1);
        while (sqlite3_step(statement_) == SQLITE_ROW) {
            ++total[0];
            for (int i = 0; i < columns; ++i)
                total[static_cast<std::size_t>(i) + 1] += sqlite3_column_int64(statement_, i);
        }
        return total;
    }

private:
    int bind(int place, std::string_view text) {
        return sqlite3_bind_text(statement_, place, text.data(), static_cast<int>(text.size()),
                                 SQLITE_STATIC);
    }
    template <std::size_t Size>
    int bind(int place, std::array<std::uint8_t, Size> const& blob) {
        return sqlite3_bind_blob(statement_, place, blob.data(), int{Size}, SQLITE_STATIC);
    }
    template <std::integral Integer>
    int bind(int place, Integer value) {
        return sqlite3_bind_int64(statement_, place, static_cast<sqlite3_int64>(value));
    }
    void must(int code) {
        if (code != SQLITE_OK) stop(std::string("SQLite: ") + sqlite3_errmsg(db_));
    }
    sqlite3* db_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
};

// Runs a benchmark; what main() returns.
template <class Run>
int run_benchmark(std::string const& name, Run&& run) {
    try {
        run();
        return 0;
    } catch (std::exception const& failure) {
        std::cerr << name << " benchmark: " << failure.what() << '\n';
        return 1;
    }
}

}  // namespace benchmark_support

#endif  // AIAUDIT_BENCHMARKS_SUPPORT_HPP
