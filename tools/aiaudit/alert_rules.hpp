// SPDX-License-Identifier: MIT
//
// alert_rules.hpp: which budgets are told to whom by e-mail, as a file beside the ledger's log. It
// names where the mail server's address and password are, and holds neither.
#ifndef AIAUDIT_TOOLS_ALERT_RULES_HPP
#define AIAUDIT_TOOLS_ALERT_RULES_HPP

#include "commands.hpp"

#include <aiaudit/alerts/alert_sink.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace aiaudit_tool {

// Whether the program was built with libcurl, which sends e-mail.
bool can_send_mail() noexcept;

struct alert_rule {
    std::string name{};                    // 1 to 58 of A-Z a-z 0-9 . _ -
    std::string budget{};                  // whose thresholds
    std::vector<std::uint32_t> at{};       // percents
    std::vector<std::string> receivers{};  // addresses
    std::string smtp{};  // $VARIABLE, @FILE or !COMMAND, which has the server's URL
    std::string from{};  // empty: who logs in
    aiaudit::timestamp created_at{};
};

// Of the log: by it is kept what has arrived.
std::string sink_name(alert_rule const& of);

// Those of a ledger; none where there is no file. Failures: a file that cannot be read.
std::vector<alert_rule> read_alert_rules(std::string const& db);
// Changes them, one process at a time.
void change_alert_rules(std::string const& db,
                        std::function<void(std::vector<alert_rule>&)> const& edit);

// What sends the e-mails of a rule. Failures: the server's URL is not there or wrong, or the
// program cannot send e-mail; they do not show it.
aiaudit::alert_sink mail_sink(alert_rule const& of);

// The file, looked at now and then.
class watched_alert_rules {
public:
    explicit watched_alert_rules(std::string const& db);
    // Whether it is another one than when this was last asked.
    [[nodiscard]] bool has_changed();

private:
    struct stamp {
        std::filesystem::file_time_type written{};
        std::uintmax_t size = 0;
        friend bool operator==(stamp const&, stamp const&) = default;
    };
    [[nodiscard]] std::optional<stamp> look() const;

    std::string path_;
    std::optional<stamp> seen_{};
};

}  // namespace aiaudit_tool

#endif  // AIAUDIT_TOOLS_ALERT_RULES_HPP
