// SPDX-License-Identifier: MIT
//
// log_policy.ipp: the definitions of log_policy.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_LOG_POLICY_IPP
#define AIAUDIT_IMPL_INTEGRITY_LOG_POLICY_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/integrity/log_policy.hpp>

#include <algorithm>
#include <cstdint>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Octets: what is over 0x7F has no meaning here.
[[nodiscard]] constexpr bool is_policy_octet(char c) noexcept {
    auto const octet = static_cast<unsigned char>(c);
    return octet == '\t' || octet == '\n' || (octet >= 0x20 && octet != 0x7F);
}

AIAUDIT_INLINE std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (;;) {
        std::size_t const begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos) return words;
        line.remove_prefix(begin);
        std::size_t const end = (std::min)(line.find_first_of(" \t"), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

AIAUDIT_INLINE error wrong_line(std::string what) { return fail(errc::bad_input, std::move(what)); }

}  // namespace detail

AIAUDIT_INLINE std::size_t log_policy::place_of(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < names_.size(); ++i)
        if (names_[i].name == name) return i;
    return none;
}

AIAUDIT_INLINE result<void> log_policy::define(std::string_view name) {
    if (name == "none") return detail::wrong_line("the name 'none' is taken: it means no quorum");
    if (place_of(name) != none)
        return detail::wrong_line("the name '" + detail::printable(name) + "' is taken already");
    names_.emplace_back().name = name;
    return {};
}

AIAUDIT_INLINE result<void> log_policy::take_log(words const& line) {
    if (line.size() < 2 || line.size() > 3) return detail::wrong_line("a log is: log VKEY [URL]");
    if (logs_.size() == names_max) return fail(errc::too_large, "too many logs");
    auto key = note_verification_key::parse(line[1]);
    if (!key) return detail::wrong_line("the log's key: " + key.error().where);
    for (log_line const& each : logs_)
        if (each.key.point() == key->point())
            return detail::wrong_line("this key is that of another log line too");
    logs_.push_back({std::move(*key), line.size() == 3 ? std::string(line[2]) : std::string{}});
    return {};
}

AIAUDIT_INLINE result<void> log_policy::take_witness(words const& line) {
    if (line.size() < 3 || line.size() > 4)
        return detail::wrong_line("a witness is: witness NAME VKEY [URL]");
    if (witnesses_.size() == names_max) return fail(errc::too_large, "too many witnesses");
    auto key = cosigner_verification_key::parse(line[2]);
    if (!key) return detail::wrong_line("the witness's key: " + key.error().where);
    for (witness_line const& each : witnesses_)
        if (each.key.point() == key->point())
            return detail::wrong_line("this key is that of another witness too");
    if (auto ok = define(line[1]); !ok) return ok;
    names_.back().witness = witnesses_.size();
    witness_keys_.push_back(*key);
    witnesses_.push_back({std::string(line[1]), std::move(*key),
                          line.size() == 4 ? std::string(line[3]) : std::string{}});
    return {};
}

AIAUDIT_INLINE result<void> log_policy::take_group(words const& line) {
    if (line.size() < 4) return detail::wrong_line("a group is: group NAME all|any|NUMBER NAME...");
    if (names_.size() - witnesses_.size() == names_max)
        return fail(errc::too_large, "too many groups");
    std::size_t const count = line.size() - 3;
    auto least = detail::decimal_of(line[2]);
    if (line[2] == "all") least = count;
    if (line[2] == "any") least = 1;
    if (!least)
        return detail::wrong_line("how many of a group is 'all', 'any' or a number, not '" +
                                  detail::printable(line[2]) + "'");
    if (*least < 1 || *least > count)
        return detail::wrong_line("a group of " + std::to_string(count) + " needs 1 to " +
                                  std::to_string(count) + " of them, not " +
                                  std::to_string(*least));
    member made;
    made.least = static_cast<std::size_t>(*least);
    for (std::size_t i = 3; i < line.size(); ++i) {
        std::size_t const place = place_of(line[i]);
        if (place == none)
            return detail::wrong_line("no line before this one defines '" +
                                      detail::printable(line[i]) + "'");
        if (std::exchange(names_[place].is_member, true))
            return detail::wrong_line("'" + detail::printable(line[i]) +
                                      "' is a member of a group already");
        made.names.push_back(place);
    }
    if (auto ok = define(line[1]); !ok) return ok;
    made.name = line[1];
    names_.back() = std::move(made);
    return {};
}

AIAUDIT_INLINE result<void> log_policy::take_quorum(words const& line) {
    if (line.size() != 2) return detail::wrong_line("a quorum is: quorum NAME, or quorum none");
    if (std::exchange(has_quorum_, true)) return detail::wrong_line("there is a quorum already");
    if (line[1] == "none") return {};
    quorum_ = place_of(line[1]);
    if (quorum_ == none)
        return detail::wrong_line("no line before this one defines '" + detail::printable(line[1]) +
                                  "'");
    return {};
}

AIAUDIT_INLINE result<void> log_policy::take_line(words const& line) {
    if (line.empty() || line[0].starts_with('#')) return {};
    if (line[0] == "log") return take_log(line);
    if (line[0] == "witness") return take_witness(line);
    if (line[0] == "group") return take_group(line);
    if (line[0] == "quorum") return take_quorum(line);
    return detail::wrong_line("'" + detail::printable(line[0].substr(0, 64)) +
                              "' is none of log, witness, group, quorum");
}

AIAUDIT_INLINE result<log_policy> log_policy::parse(std::string_view text) {
    if (text.size() > text_bytes_max) return fail(errc::too_large, "a policy is too long");
    log_policy made;
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string const where = "line " + std::to_string(number) + " of the policy: ";
        auto const line = detail::take_line(text);
        if (!line) return fail(errc::bad_input, where + "it does not end with a line feed");
        if (!std::all_of(line->begin(), line->end(), detail::is_policy_octet))
            return fail(errc::bad_input, where + "it has a control character");
        if (auto const ok = made.take_line(detail::words_of(*line)); !ok)
            return fail(ok.error().code, where + ok.error().where);
    }
    if (!made.has_quorum_)
        return fail(errc::bad_input,
                    "the policy has no quorum line; 'quorum none' asks for no witness");
    return made;
}

AIAUDIT_INLINE std::vector<trusted_log> log_policy::trusted_logs() const {
    std::vector<trusted_log> all;
    for (log_line const& each : logs_) {
        auto const known = std::find_if(all.begin(), all.end(), [&](trusted_log const& one) {
            return one.origin == each.key.name();
        });
        if (known == all.end())
            all.emplace_back(each.key);
        else
            known->keys.push_back(each.key);
    }
    return all;
}

AIAUDIT_INLINE result<trusted_log> log_policy::log_named(std::string_view origin) const {
    for (trusted_log& each : trusted_logs())
        if (each.origin == origin) return std::move(each);
    return fail(errc::not_found, "the policy has no log named " + detail::printable(origin));
}

AIAUDIT_INLINE std::vector<bool> log_policy::counted(std::vector<bool> const& cosigned) const {
    std::vector<bool> counts(names_.size());
    for (std::size_t i = 0; i < names_.size(); ++i) {
        member const& each = names_[i];
        if (each.witness != none) {
            counts[i] = each.witness < cosigned.size() && cosigned[each.witness];
            continue;
        }
        auto const there = std::count_if(each.names.begin(), each.names.end(),
                                         [&](std::size_t place) { return bool{counts[place]}; });
        counts[i] = static_cast<std::size_t>(there) >= each.least;
    }
    return counts;
}

AIAUDIT_INLINE bool log_policy::is_quorum(std::vector<bool> const& cosigned) const {
    return quorum_ == none || counted(cosigned)[quorum_];
}

AIAUDIT_INLINE result<witnessed_checkpoint> log_policy::open_log(std::string_view note) const {
    auto const parts = detail::split_note(note);
    if (!parts) return parts.error();
    auto const said = checkpoint::parse(parts->text);
    if (!said) return said.error();
    auto const log = log_named(said->origin);
    if (!log) return log.error();
    auto state = open_checkpoint(note, *log);
    if (!state) return state.error();
    auto cosigned = cosignatures_of(note, witness_keys_);
    if (!cosigned) return cosigned.error();
    return witnessed_checkpoint{std::move(*state), std::move(*cosigned)};
}

AIAUDIT_INLINE result<witnessed_checkpoint> log_policy::open(std::string_view note) const {
    auto opened = open_log(note);
    if (!opened) return opened;
    std::vector<bool> cosigned(witnesses_.size());
    for (cosignature const& each : opened->cosigned) cosigned[each.key] = true;
    if (is_quorum(cosigned)) return opened;
    std::string by;
    for (cosignature const& each : opened->cosigned)
        by += (by.empty() ? "" : ", ") + detail::printable(witnesses_[each.key].name);
    return fail(errc::verification_failed,
                "the checkpoint of " + detail::printable(opened->state.origin()) +
                    " has not the policy's quorum '" + detail::printable(names_[quorum_].name) +
                    "': cosigned by " + (by.empty() ? "none of its witnesses" : by));
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_INTEGRITY_LOG_POLICY_IPP
