// SPDX-License-Identifier: MIT
//
// collect_serve.hpp: the dashboard over a database that many ledgers were shipped to.
#ifndef AIAUDIT_TOOLS_COLLECT_SERVE_HPP
#define AIAUDIT_TOOLS_COLLECT_SERVE_HPP

#include "commands.hpp"

#include <aiaudit/engine/shipped_log.hpp>

#include <string>

namespace aiaudit_tool {

struct collect_serve_options {
    std::string url{};
    std::string log{};     // only that one; empty: all
    std::string listen{};  // ADDRESS:PORT
    std::string token{};   // what opens the dashboard
    bool secure_cookie = false;
    aiaudit::log_bounds bounds{};
};

// Until a signal. The same pages and the same API as `serve --dashboard`: its reports are the
// database's, and it shows how each log stands. It has no records, budgets or alerts: those are
// each machine's own.
void serve_collection(collect_serve_options const& with);

}  // namespace aiaudit_tool

#endif  // AIAUDIT_TOOLS_COLLECT_SERVE_HPP
