// SPDX-License-Identifier: MIT
//
// json_input.hpp: JSON objects of the caller's, read strictly: a member that is not known or has
// the wrong type is an error, never ignored.
//
// Failures are thrown as `failure` and end at the border of the C interface (aiaudit_c.cpp).
// Threads: plain values.
#ifndef AIAUDIT_BINDINGS_JSON_INPUT_HPP
#define AIAUDIT_BINDINGS_JSON_INPUT_HPP

#include <aiaudit/core/usage.hpp>
#include <aiaudit/error.hpp>
#include <aiaudit/providers/json_fields.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aiaudit_c {

struct failure {
    aiaudit::error reason;
};

[[noreturn]] inline void refuse(aiaudit::errc code, std::string where) {
    throw failure{aiaudit::fail(code, std::move(where))};
}
[[noreturn]] inline void bad_argument(std::string where) {
    refuse(aiaudit::errc::bad_argument, std::move(where));
}

// The value, or throws its error.
template <class T>
T take(aiaudit::result<T> outcome) {
    if (!outcome) throw failure{outcome.error()};
    if constexpr (!std::is_void_v<T>) return std::move(*outcome);
}

// The same for the text of a member, which the error names.
template <class T>
T take_member(aiaudit::result<T> outcome, std::string_view name) {
    if (outcome) return std::move(*outcome);
    aiaudit::error reason = outcome.error();
    reason.where = "'" + std::string(name) + "': " + reason.where;
    throw failure{std::move(reason)};
}

using names = std::vector<std::string_view>;

class json_input {
public:
    // `what` begins the texts of errors. A null `text` is an object without members.
    json_input(char const* text, std::string what)
        : json_input(
              aiaudit_c::take(aiaudit::detail::parse_json(text == nullptr ? "{}" : text, what)),
              what) {}
    json_input(boost::json::value value, std::string what)
        : value_(std::move(value)), what_(std::move(what)) {
        if (!value_.is_object()) refuse(aiaudit::errc::bad_input, what_ + ": not a JSON object");
    }

    void allow(names const& known) const {
        for (auto const& member : value_.get_object()) {
            std::string_view const name(member.key().data(), member.key().size());
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            std::string list;
            for (std::string_view const each : known)
                list.append(list.empty() ? "" : ", ").append(each);
            bad_argument(what_ + ": no member '" + aiaudit::detail::printable(name) +
                         "'; there are: " + list);
        }
    }

    [[nodiscard]] boost::json::value const& value() const noexcept { return value_; }
    [[nodiscard]] std::string const& what() const noexcept { return what_; }
    // A member that is null is there.
    [[nodiscard]] bool has(std::string_view name) const noexcept {
        return aiaudit::detail::member(&value_, name) != nullptr;
    }
    [[nodiscard]] bool is_null(std::string_view name) const noexcept {
        auto const* member = aiaudit::detail::member(&value_, name);
        return member != nullptr && member->is_null();
    }

    // Nothing where the member is missing or null.
    [[nodiscard]] std::optional<std::string> text(std::string_view name) const {
        auto const* member = find(name);
        if (member == nullptr) return std::nullopt;
        if (auto const* text = member->if_string())
            return std::string(aiaudit::detail::text_of(*text));
        wrong(name, "a string");
    }
    [[nodiscard]] std::string text_or(std::string_view name, std::string_view other) const {
        return text(name).value_or(std::string(other));
    }
    [[nodiscard]] std::string needed_text(std::string_view name) const {
        auto found = text(name);
        if (!found) bad_argument(what_ + ": '" + std::string(name) + "' is required");
        return std::move(*found);
    }
    [[nodiscard]] std::optional<bool> flag(std::string_view name) const {
        auto const* member = find(name);
        if (member == nullptr) return std::nullopt;
        if (auto const* flag = member->if_bool()) return *flag;
        wrong(name, "true or false");
    }
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name,
                                                      std::uint64_t least = 0,
                                                      std::uint64_t most = std::uint64_t{1}
                                                                           << 62) const {
        auto const* member = find(name);
        if (member == nullptr) return std::nullopt;
        auto const* small = member->if_int64();
        bool const fits = small != nullptr && *small >= 0 &&
                          static_cast<std::uint64_t>(*small) >= least &&
                          static_cast<std::uint64_t>(*small) <= most;
        if (fits) return static_cast<std::uint64_t>(*small);
        wrong(name, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    // An amount of US dollars, as exact text.
    [[nodiscard]] std::optional<aiaudit::money> money(std::string_view name) const {
        auto const* member = find(name);
        if (member == nullptr) return std::nullopt;
        auto const* text = member->if_string();
        if (text == nullptr) wrong(name, "a decimal string such as \"0.0125\"");
        return take_member(aiaudit::money::parse(aiaudit::detail::text_of(*text)), name);
    }
    // A body: a string as it is, any other value as its JSON text.
    [[nodiscard]] std::string body(std::string_view name) const {
        auto const* member = find(name);
        if (member == nullptr) return {};
        auto const* text = member->if_string();
        return text != nullptr ? std::string(aiaudit::detail::text_of(*text))
                               : boost::json::serialize(*member);
    }
    // An object of strings, in its order.
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs(
        std::string_view name) const {
        std::vector<std::pair<std::string, std::string>> list;
        auto const* member = find(name);
        if (member == nullptr) return list;
        auto const* object = member->if_object();
        if (object == nullptr) wrong(name, "an object of strings");
        for (auto const& pair : *object) {
            auto const* text = pair.value().if_string();
            if (text == nullptr) wrong(name, "an object of strings");
            list.emplace_back(std::string(pair.key().data(), pair.key().size()),
                              std::string(aiaudit::detail::text_of(*text)));
        }
        return list;
    }
    // {"input_tokens":10,...}
    [[nodiscard]] aiaudit::usage usage(std::string_view name) const {
        aiaudit::usage counts;
        auto const* member = find(name);
        if (member == nullptr) return counts;
        auto const* object = member->if_object();
        if (object == nullptr) wrong(name, "an object of counts");
        for (auto const& pair : *object) {
            std::string_view const unit_name(pair.key().data(), pair.key().size());
            auto const unit = aiaudit::unit_named(unit_name);
            if (!unit)
                bad_argument(what_ + ": '" + std::string(name) + "': no unit '" +
                             aiaudit::detail::printable(unit_name) + "'");
            auto const count = aiaudit::detail::whole_number(pair.value());
            if (!count)
                bad_argument(what_ + ": '" + std::string(name) + "': '" + std::string(unit_name) +
                             "' must be a whole number up to " +
                             std::to_string(aiaudit::usage::count_max));
            counts.set(*unit, *count);
        }
        return counts;
    }
    // The members of an array of objects.
    [[nodiscard]] std::vector<json_input> objects(std::string_view name) const {
        std::vector<json_input> list;
        auto const* member = find(name);
        if (member == nullptr) return list;
        auto const* array = member->if_array();
        if (array == nullptr) wrong(name, "an array of objects");
        for (auto const& each : *array) list.emplace_back(each, what_ + ": " + std::string(name));
        return list;
    }

    [[noreturn]] void wrong(std::string_view name, std::string const& expected) const {
        bad_argument(what_ + ": '" + std::string(name) + "' must be " + expected);
    }

private:
    [[nodiscard]] boost::json::value const* find(std::string_view name) const noexcept {
        auto const* member = aiaudit::detail::member(&value_, name);
        return member == nullptr || member->is_null() ? nullptr : member;
    }

    boost::json::value value_;
    std::string what_;
};

}  // namespace aiaudit_c

#endif  // AIAUDIT_BINDINGS_JSON_INPUT_HPP
