// SPDX-License-Identifier: MIT

#include "ledger_prices.hpp"

#include <aiaudit/storage/posix_file.hpp>

#include <sys/stat.h>

#include <map>

namespace aiaudit_tool {

namespace {

std::string directory_of(std::string const& db) { return db + "/prices"; }

void write_durably(std::string const& path, std::string const& text) {
    if (!aiaudit::detail::replace_file(path, text)) throw failure{path + ": cannot be written"};
}

std::map<std::string, std::string> entries_of(aiaudit::price_book const& book) {
    std::map<std::string, std::string> all;
    for (aiaudit::price_provider const& provider : book.providers()) {
        for (aiaudit::price_entry const& entry : provider.entries)
            all[provider.id + "/" + entry.id] += aiaudit::detail::canonical(entry);
    }
    return all;
}

}  // namespace

std::string current_prices_path(std::string const& db) {
    return directory_of(db) + "/current.json";
}

aiaudit::price_book dated_prices(std::string const& path) {
    auto const book = read_prices(path);
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) return book;
    return book.known_as_of(aiaudit::timestamp::from_seconds(found.st_mtim.tv_sec));
}

aiaudit::price_book current_prices(std::string const& db) {
    std::string const path = current_prices_path(db);
    return std::filesystem::exists(path) ? dated_prices(path) : read_prices("");
}

price_changes changes_of(aiaudit::price_book const& before, aiaudit::price_book const& after) {
    constexpr std::size_t names_most = 4096;
    price_changes changes;
    auto const old = entries_of(before);
    auto const now = entries_of(after);
    auto const note = [&changes](std::size_t& count, std::string const& name) {
        ++count;
        if (changes.names.size() + name.size() < names_most)
            changes.names += (changes.names.empty() ? "" : " ") + name;
    };
    for (auto const& [name, text] : now) {
        auto const found = old.find(name);
        if (found == old.end())
            note(changes.added, name);
        else if (found->second != text)
            note(changes.changed, name);
    }
    for (auto const& [name, text] : old) {
        if (!now.contains(name)) note(changes.removed, name);
    }
    return changes;
}

aiaudit::record prices_record(aiaudit::price_book const& before, aiaudit::price_book const& after,
                              std::string const& by, std::string const& source,
                              aiaudit::timestamp instant) {
    auto const changes = changes_of(before, after);
    aiaudit::record entry;
    entry.kind = aiaudit::record_kind::prices;
    entry.operation = aiaudit::operation::other;
    entry.cost_status = aiaudit::cost_status::no_charge;
    entry.started_at = instant;
    entry.price_book = after.revision();
    entry.tags = {{"before", before.revision().to_string()},
                  {"by", by},
                  {"source", source},
                  {"entries", std::to_string(after.size())},
                  {"added", std::to_string(changes.added)},
                  {"changed", std::to_string(changes.changed)},
                  {"removed", std::to_string(changes.removed)}};
    if (!changes.names.empty()) entry.tags.emplace_back("models", changes.names);
    return entry;
}

void keep_prices(std::string const& db, aiaudit::price_book const& book, std::string const& text) {
    std::string const directory = directory_of(db);
    std::error_code wrong;
    std::filesystem::create_directory(directory, wrong);
    if (wrong) throw failure{directory + ": cannot be made: " + wrong.message()};
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, wrong);
    write_durably(directory + "/" + book.revision().to_string() + ".json", text);
}

void use_prices(std::string const& db, std::string const& text) {
    write_durably(current_prices_path(db), text);
}

watched_prices::watched_prices(std::string const& db, std::string const& given)
    : path_(given.empty() ? current_prices_path(db) : given), is_of_ledger_(given.empty()) {
    seen_ = look();
}

std::optional<aiaudit::price_book> watched_prices::changed(bool always) {
    auto const now = look();
    if (!now || (now == seen_ && !always)) return std::nullopt;
    seen_ = now;
    return dated_prices(path_);
}

std::optional<watched_prices::stamp> watched_prices::look() const {
    std::error_code wrong;
    stamp found;
    found.written = std::filesystem::last_write_time(path_, wrong);
    if (wrong) return std::nullopt;
    found.size = std::filesystem::file_size(path_, wrong);
    if (wrong) return std::nullopt;
    return found;
}

}  // namespace aiaudit_tool
