// SPDX-License-Identifier: MIT
//
// The file of e-mail alerts, and what sends them.

#include "alert_rules.hpp"

#include <aiaudit/budget/budget_text.hpp>
#include <aiaudit/core/alert.hpp>
#include <aiaudit/export/record_text.hpp>
#include <aiaudit/providers/json_fields.hpp>
#include <aiaudit/storage/posix_file.hpp>
#ifdef AIAUDIT_TOOL_MAIL
#include <aiaudit/alerts/smtp.hpp>
#include <aiaudit/impl/smtp.hpp>
#endif

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace aiaudit_tool {
namespace {

constexpr std::string_view rules_format = "aiaudit-alerts/1";
constexpr std::size_t rules_most = 1'000;

std::string path_of(std::string const& db) { return db + "/alerts.json"; }

std::string list_of(std::vector<std::string> const& texts) {
    std::string list = "[";
    for (std::string const& each : texts)
        list.append(list.size() == 1 ? "" : ",").append(aiaudit::detail::json_string(each));
    return list + "]";
}

std::string text_of(std::vector<alert_rule> const& rules) {
    std::string list;
    for (alert_rule const& each : rules) {
        aiaudit::detail::json_writer one;
        one.text("name", each.name);
        one.text("budget", each.budget);
        one.text("at", aiaudit::detail::percents_text(each.at));
        one.raw("email", list_of(each.receivers));
        one.text("smtp", each.smtp);
        one.text("from", each.from);
        one.text("created_at", each.created_at.to_string());
        list.append(list.empty() ? "\n" : ",\n").append(one.finish());
    }
    aiaudit::detail::json_writer all;
    all.text("format", rules_format);
    all.raw("rules", "[" + list + "]");
    return all.finish() + "\n";
}

alert_rule rule_in(boost::json::value const& from, std::string const& path) {
    auto const text = [&from](char const* name) {
        return std::string(aiaudit::detail::text_at(&from, name));
    };
    alert_rule made;
    made.name = text("name");
    made.budget = text("budget");
    made.at = value_or_fail(aiaudit::parse_alert_percents(text("at")), path);
    auto const* const receivers =
        from.is_object() ? from.get_object().if_contains("email") : nullptr;
    if (receivers != nullptr && receivers->is_array()) {
        for (auto const& each : receivers->get_array())
            if (each.is_string()) made.receivers.emplace_back(each.get_string());
    }
    made.smtp = text("smtp");
    made.from = text("from");
    made.created_at = value_or_fail(aiaudit::timestamp::parse(text("created_at")), path);
    if (made.name.empty() || made.budget.empty() || made.receivers.empty() || made.at.empty())
        throw failure{path + ": a rule without a name, a budget, a percent or a receiver"};
    return made;
}

// A directory's lock, for as long as it lives.
class rules_lock {
public:
    explicit rules_lock(std::string const& db)
        : file_(::open((db + "/alerts.json.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        if (file_ < 0 || ::flock(file_, LOCK_EX) != 0)
            throw failure{path_of(db) + ": cannot be locked"};
    }
    rules_lock(rules_lock const&) = delete;
    rules_lock& operator=(rules_lock const&) = delete;
    ~rules_lock() {
        if (file_ >= 0) ::close(file_);
    }

private:
    int file_;
};

#ifdef AIAUDIT_TOOL_MAIL
// "%40" as '@'. A lone '%' is none.
std::string decoded(std::string_view text, std::string const& what) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain.push_back(text[i]);
            continue;
        }
        unsigned byte = 0;
        std::string_view const digits = text.substr(i + 1, 2);
        auto const [end, wrong] =
            std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || wrong != std::errc{} || end != digits.data() + 2)
            throw failure{what + ": a '%' that two hexadecimal digits do not follow"};
        plain.push_back(static_cast<char>(byte));
        i += 2;
    }
    return plain;
}

// "smtp://USER:PASSWORD@HOST:PORT": STARTTLS; "smtps://...": TLS from the first byte; "smtp+plain":
// neither, on this machine alone. "?ca=FILE" names trusted certificates.
aiaudit::smtp_options options_in(std::string const& url, std::string const& what) {
    using aiaudit::smtp_security;
    aiaudit::smtp_options made;
    std::string_view rest = url;
    auto const take = [&rest](std::string_view scheme) {
        bool const begins = rest.starts_with(scheme);
        if (begins) rest.remove_prefix(scheme.size());
        return begins;
    };
    if (take("smtps://")) {
        made.security = smtp_security::tls;
        made.port = 465;
    } else if (take("smtp+plain://")) {
        made.security = smtp_security::none;
        made.port = 25;
    } else if (!take("smtp://")) {
        throw failure{what + ": no smtp://, smtps:// or smtp+plain:// URL"};
    }
    if (auto const query = rest.find('?'); query != std::string_view::npos) {
        std::string_view const named = rest.substr(query + 1);
        if (!named.starts_with("ca=")) throw failure{what + ": behind '?' stands ca=FILE alone"};
        made.ca_file = decoded(named.substr(3), what);
        rest = rest.substr(0, query);
    }
    while (rest.ends_with('/')) rest.remove_suffix(1);
    if (auto const at = rest.rfind('@'); at != std::string_view::npos) {
        std::string_view const login = rest.substr(0, at);
        auto const colon = login.find(':');
        made.user = decoded(login.substr(0, colon), what);
        if (colon != std::string_view::npos) made.password = decoded(login.substr(colon + 1), what);
        rest = rest.substr(at + 1);
    }
    if (auto const colon = rest.rfind(':'); colon != std::string_view::npos) {
        std::string_view const port = rest.substr(colon + 1);
        auto const number = aiaudit::detail::whole_number<std::uint16_t>(port);
        if (!number || *number == 0) throw failure{what + ": no port stands behind the host"};
        made.port = *number;
        rest = rest.substr(0, colon);
    }
    made.host = rest;
    bool const is_here = made.host == "localhost" || made.host.starts_with("127.");
    if (made.security == smtp_security::none && !is_here)
        throw failure{what +
                      ": without TLS mail goes to this machine alone; use smtp:// (STARTTLS)"};
    return made;
}
#endif

}  // namespace

bool can_send_mail() noexcept {
#ifdef AIAUDIT_TOOL_MAIL
    return true;
#else
    return false;
#endif
}

std::string sink_name(alert_rule const& of) { return "mail-" + of.name; }

std::vector<alert_rule> read_alert_rules(std::string const& db) {
    std::string const path = path_of(db);
    std::vector<alert_rule> rules;
    if (!std::filesystem::exists(path)) return rules;
    auto const whole =
        value_or_fail(aiaudit::detail::parse_json(read_input(path), "the file of alerts"), path);
    auto const* const list = whole.is_object() ? whole.get_object().if_contains("rules") : nullptr;
    if (aiaudit::detail::text_at(&whole, "format") != rules_format || list == nullptr ||
        !list->is_array())
        throw failure{path + ": no file of alerts, or one of a newer program"};
    for (auto const& each : list->get_array()) rules.push_back(rule_in(each, path));
    return rules;
}

void change_alert_rules(std::string const& db,
                        std::function<void(std::vector<alert_rule>&)> const& edit) {
    rules_lock const lock(db);
    auto rules = read_alert_rules(db);
    edit(rules);
    if (rules.size() > rules_most)
        throw failure{path_of(db) + ": at most " + std::to_string(rules_most) + " alerts"};
    ::umask(077);  // addresses of people
    write_output(path_of(db), text_of(rules));
}

aiaudit::alert_sink mail_sink(alert_rule const& of) {
    std::string const what = "alert '" + of.name + "': " + of.smtp;
#ifdef AIAUDIT_TOOL_MAIL
    auto options = options_in(secret_at(of.smtp, "alert '" + of.name + "'"), what);
    options.name = sink_name(of);
    options.to = of.receivers;
    options.from = of.from.empty() ? options.user : of.from;
    auto made = value_or_fail(aiaudit::smtp_sink(std::move(options)), what);
    // Of the windows that were not over when the rule was made.
    made.wants = [of](aiaudit::alert const& each) {
        auto const fact = [&each](std::string_view name) {
            for (auto const& [key, value] : each.facts)
                if (key == name) return std::string_view(value);
            return std::string_view{};
        };
        if (each.kind != aiaudit::alert_kind::budget_threshold || fact("budget") != of.budget)
            return false;
        auto const percent = aiaudit::detail::whole_number<std::uint32_t>(fact("percent"));
        if (!percent || std::find(of.at.begin(), of.at.end(), *percent) == of.at.end())
            return false;
        auto const resets = aiaudit::timestamp::parse(fact("resets_at"));
        return !resets || of.created_at < *resets;
    };
    return made;
#else
    throw failure{what + ": this program was built without libcurl, and sends no e-mail"};
#endif
}

watched_alert_rules::watched_alert_rules(std::string const& db)
    : path_(path_of(db)), seen_(look()) {}

std::optional<watched_alert_rules::stamp> watched_alert_rules::look() const {
    std::error_code failed;
    stamp now;
    now.written = std::filesystem::last_write_time(path_, failed);
    if (failed) return std::nullopt;
    now.size = std::filesystem::file_size(path_, failed);
    if (failed) return std::nullopt;
    return now;
}

bool watched_alert_rules::has_changed() {
    auto const now = look();
    if (now == seen_) return false;
    seen_ = now;
    return true;
}

}  // namespace aiaudit_tool
