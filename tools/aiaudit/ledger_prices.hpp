// SPDX-License-Identifier: MIT
//
// ledger_prices.hpp: the price files of a ledger: the one in use, and those before it.
//
// They lie in the ledger's directory under prices/: current.json, and each file that was ever in
// use under its revision's digest, so that what a record cost can be proven later.
#ifndef AIAUDIT_TOOLS_LEDGER_PRICES_HPP
#define AIAUDIT_TOOLS_LEDGER_PRICES_HPP

#include "commands.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace aiaudit_tool {

// The file in use; it may not be there.
std::string current_prices_path(std::string const& db);
// A file's prices, known as of the day on which it was written: calls of long after that are stale.
aiaudit::price_book dated_prices(std::string const& path);
// What is in use: the ledger's file, or the built-in book.
aiaudit::price_book current_prices(std::string const& db);

// What changes from one book to another: entries, by "provider/model".
struct price_changes {
    std::size_t added = 0;
    std::size_t changed = 0;
    std::size_t removed = 0;
    std::string names{};  // of all of these, the first so many bytes of them
};
price_changes changes_of(aiaudit::price_book const& before, aiaudit::price_book const& after);

// The record that says so.
aiaudit::record prices_record(aiaudit::price_book const& before, aiaudit::price_book const& after,
                              std::string const& by, std::string const& source,
                              aiaudit::timestamp instant);

// Keeps a file under its digest and puts it into use. Whoever appends the record does so in
// between: where either fails, the old file stays in use.
void keep_prices(std::string const& db, aiaudit::price_book const& book, std::string const& text);
void use_prices(std::string const& db, std::string const& text);

// A price file that is looked at now and then.
class watched_prices {
public:
    // Of the ledger, where no other is given.
    watched_prices(std::string const& db, std::string const& given);

    [[nodiscard]] std::string const& path() const noexcept { return path_; }
    [[nodiscard]] bool is_of_ledger() const noexcept { return is_of_ledger_; }
    // The book that the file has now, where the file is another one than before, or `always`.
    // Failures: as read_prices(); they are told once a change.
    [[nodiscard]] std::optional<aiaudit::price_book> changed(bool always);

private:
    struct stamp {
        std::filesystem::file_time_type written{};
        std::uintmax_t size = 0;
        friend bool operator==(stamp const&, stamp const&) = default;
    };
    [[nodiscard]] std::optional<stamp> look() const;

    std::string path_;
    bool is_of_ledger_;
    std::optional<stamp> seen_{};
};

}  // namespace aiaudit_tool

#endif  // AIAUDIT_TOOLS_LEDGER_PRICES_HPP
