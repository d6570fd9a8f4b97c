// SPDX-License-Identifier: MIT
//
// store_testing.hpp: a store of any kind in a directory of its own, and short ways to ask it.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_STORE_TESTING_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_STORE_TESTING_HPP

#include "temporary_directory.hpp"

#include <aiaudit/storage/store.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit_tests {

// Whether what was written is there when a store is opened again.
template <class Store>
inline constexpr bool store_lasts = true;

using aiaudit::errc;
using aiaudit::result;
using aiaudit::segment_number;
using aiaudit::segment_range;
using aiaudit::table;
using entry_list = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] inline aiaudit::store_options store_options_in(std::string path) {
    aiaudit::store_options options;
    options.path = std::move(path);
    options.map_bytes = std::uint64_t{256} << 20;
    return options;
}

template <class Store>
class opened_store {
public:
    opened_store() { reopen(); }
    Store& operator*() noexcept { return *store_; }
    Store* operator->() noexcept { return &*store_; }
    void close() { store_.reset(); }
    void reopen(bool read_only = false) {
        store_.reset();
        auto options = store_options_in(directory_ / "ledger");
        options.read_only = read_only;
        store_.emplace(Store::open(options).value());
    }

private:
    temporary_directory directory_{};
    std::optional<Store> store_{};
};

template <class Store>
void put(Store& store, table in, std::string_view key, std::string_view value) {
    store.write([&](auto& view) { return view.replace(in, key, value); }).value();
}

template <class View>
[[nodiscard]] std::optional<std::string> value_in(View const& view, table in,
                                                  std::string_view key) {
    auto const found = view.get(in, key).value();
    if (!found) return std::nullopt;
    return std::string(*found);
}

template <class Store>
[[nodiscard]] std::optional<std::string> value_of(Store const& store, table in,
                                                  std::string_view key) {
    std::optional<std::string> value;
    store
        .read([&](auto const& view) -> result<void> {
            value = value_in(view, in, key);
            return {};
        })
        .value();
    return value;
}

template <class View>
[[nodiscard]] entry_list entries_in(View const& view, table in, std::string_view from = {}) {
    entry_list all;
    view.scan(in, from,
              [&](std::string_view key, std::string_view value) {
                  all.emplace_back(key, value);
                  return true;
              })
        .value();
    return all;
}

// Of a segment, or the history.
template <class Store>
[[nodiscard]] entry_list entries_of(Store const& store, segment_number segment, table in) {
    entry_list all;
    store
        .read(segment,
              [&](auto const& view) -> result<void> {
                  all = entries_in(view, in);
                  return {};
              })
        .value();
    return all;
}

template <class Store>
[[nodiscard]] entry_list entries_of(Store const& store, table in, std::string_view from = {}) {
    entry_list all;
    store
        .read([&](auto const& view) -> result<void> {
            all = entries_in(view, in, from);
            return {};
        })
        .value();
    return all;
}

template <class Result>
[[nodiscard]] errc code_of(Result const& failed) {
    return failed ? errc{} : failed.error().code;
}

// Rotates, with nothing in the next segment.
inline constexpr auto enter_nothing = [](auto const&, auto&) -> result<void> { return {}; };
// A body that only has a look.
inline constexpr auto only_look = [](auto const&) -> result<void> { return {}; };

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_STORE_TESTING_HPP
