// SPDX-License-Identifier: MIT
//
// plugin.cpp: a shared library with a copy of ours that nobody else sees (-fvisibility=hidden).
#include <aiaudit/ledger.hpp>

#include <optional>

namespace {
std::optional<aiaudit::ledger> opened;
}

// 0, or the number of the error.
extern "C" __attribute__((visibility("default"))) int plugin_open(char const* path) {
    auto made = aiaudit::ledger::open({.path = path});
    if (!made) return static_cast<int>(made.error().code);
    opened.emplace(std::move(*made));
    return 0;
}
extern "C" __attribute__((visibility("default"))) void plugin_close() { opened.reset(); }
