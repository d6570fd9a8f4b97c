// SPDX-License-Identifier: MIT
//
// deciding_members.ipp: the definitions of deciding_members.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_DECIDING_MEMBERS_IPP
#define AIAUDIT_IMPL_PROVIDERS_DECIDING_MEMBERS_IPP

#include <aiaudit/config.hpp>        // AIAUDIT_INLINE
#include <aiaudit/detail/ascii.hpp>  // ascii_lower
#include <aiaudit/providers/deciding_members.hpp>
#include <aiaudit/providers/json_fields.hpp>  // member

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string snake_case(std::string_view camel) {
    std::string snake;
    for (char const c : camel) {
        bool const capital = c >= 'A' && c <= 'Z';
        if (capital) snake.push_back('_');
        snake.push_back(ascii_lower(c));
    }
    return snake;
}

AIAUDIT_INLINE boost::json::value const* value_of(boost::json::value const& body,
                                                  std::string_view path, unsigned api) noexcept {
    boost::json::value const* at = &body;
    while (at != nullptr) {
        auto const dot = path.find('.');
        std::string_view const name = path.substr(0, dot);
        auto const* next = member(at, name);
        bool const camel =
            std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
        if (next == nullptr && camel && (api & apis::gemini) != 0)
            next = member(at, snake_case(name));
        at = next;
        if (dot == std::string_view::npos) break;
        path.remove_prefix(dot + 1);
    }
    return at == nullptr || at->is_null() ? nullptr : at;
}

// A name as the laxest of readers compares it: without case, and for Google's without underlines.
// Go's reader takes the long s and the sign for kelvin for the letters that they stem from.
AIAUDIT_INLINE std::string folded(std::string_view name, unsigned api) {
    std::string made;
    for (std::size_t at = 0; at < name.size(); ++at) {
        if (name.substr(at, 2) == "\xC5\xBF") {
            made.push_back('s');
            at += 1;
        } else if (name.substr(at, 3) == "\xE2\x84\xAA") {
            made.push_back('k');
            at += 2;
        } else if (name[at] != '_' || (api & apis::gemini) == 0) {
            made.push_back(ascii_lower(name[at]));
        }
    }
    return made;
}

// Whether a name of the table is what a folded name stands for.
AIAUDIT_INLINE bool folds_to(std::string_view own, std::string_view wanted, unsigned api) noexcept {
    std::size_t at = 0;
    for (char const c : own) {
        if (c == '_' && (api & apis::gemini) != 0) continue;
        if (at == wanted.size() || wanted[at] != ascii_lower(c)) return false;
        ++at;
    }
    return at == wanted.size();
}

AIAUDIT_INLINE std::string types_text(deciding_member const& of) {
    std::vector<std::string> words;
    if ((of.types & json_types::text) != 0) words.emplace_back("text");
    if ((of.types & json_types::flag) != 0) words.emplace_back("true or false");
    if ((of.types & json_types::count) != 0)
        words.emplace_back("a whole number from " + std::to_string(of.least) + " to " +
                           std::to_string(of.most));
    if ((of.types & json_types::list) != 0) words.emplace_back("a list");
    if ((of.types & json_types::object) != 0) words.emplace_back("an object");
    std::string text;
    for (std::string const& word : words) text.append(text.empty() ? "" : ", or ").append(word);
    return text;
}

// Goes once through a JSON text that a parser has found sound.
class strict_reader {
public:
    strict_reader(std::string_view json, dialect which) : json_(json), api_(api_of(which)) {}

    [[nodiscard]] strict_reading read() && {
        value(true);
        return std::move(found_);
    }

private:
    using row = deciding_member const*;

    [[nodiscard]] bool ended() const noexcept {
        return at_ >= json_.size() || !found_.fault.empty();
    }
    void skip_space() noexcept {
        at_ = (std::min)(json_.find_first_not_of(" \t\r\n", at_), json_.size());
    }
    // The inside of the string that begins here.
    [[nodiscard]] std::string_view string() noexcept {
        std::size_t const from = ++at_;
        while (at_ < json_.size() && json_[at_] != '"') at_ += json_[at_] == '\\' ? 2U : 1U;
        at_ = (std::min)(at_, json_.size());
        std::string_view const inside = json_.substr(from, at_ - from);
        ++at_;
        return inside;
    }
    // The rest of a number or a word that begins here.
    [[nodiscard]] std::string_view word() noexcept {
        std::size_t const from = at_;
        at_ = (std::min)(json_.find_first_of(",]} \t\r\n", at_), json_.size());
        return json_.substr(from, at_ - from);
    }
    // `decides`: members of objects here may be of the table.
    void value(bool decides) {
        skip_space();
        if (ended()) return;
        switch (json_[at_]) {
        case '{': object(decides); break;
        case '[': list(decides); break;
        case '"': static_cast<void>(string()); break;
        default:
            // Never empty where the text is sound.
            if (word().empty()) ++at_;
        }
    }
    void list(bool decides) {
        ++at_;
        for (skip_space(); !ended() && json_[at_] != ']'; skip_space()) {
            if (json_[at_] == ',') {
                ++at_;
                continue;
            }
            value(decides);
        }
        ++at_;
    }
    void object(bool decides) {
        ++at_;
        std::vector<std::pair<row, std::size_t>> seen;
        std::vector<std::string_view> names;
        for (skip_space(); !ended() && json_[at_] != '}'; skip_space()) {
            if (json_[at_] != '"') {  // a comma
                ++at_;
                continue;
            }
            std::size_t const place = at_;
            std::string_view const raw = string();
            at_ = (std::min)(json_.find(':', at_), json_.size());
            if (at_ < json_.size()) ++at_;
            skip_space();
            row const of = decides ? rule_of(raw, place, seen) : nullptr;
            if (of != nullptr) check_type(*of, place);
            if (ended()) return;
            if (of == nullptr) {
                names.push_back(raw);
                found_.ambiguous |= !decides && raw.find('\\') != std::string_view::npos;
            }
            std::string_view const outer = path_;
            if (of != nullptr) path_ = of->path;
            value(of != nullptr && is_container(of->path));
            path_ = outer;
        }
        ++at_;
        std::sort(names.begin(), names.end());
        found_.ambiguous |= std::adjacent_find(names.begin(), names.end()) != names.end();
    }
    // Where the name of each member of the table begins in its path.
    static constexpr auto names_at = [] {
        std::array<std::size_t, deciding_members.size()> at{};
        for (std::size_t i = 0; i < at.size(); ++i) at[i] = deciding_members[i].path.rfind('.') + 1;
        return at;
    }();
    // Whether a member of this API's stands in the object at `path`: "a.b" in "a".
    [[nodiscard]] bool stands_in(std::size_t member, std::string_view path) const noexcept {
        deciding_member const& each = deciding_members[member];
        if ((each.apis & api_) == 0) return false;
        std::size_t const name = names_at[member];
        return each.path.substr(0, name == 0 ? 0 : name - 1) == path;
    }
    [[nodiscard]] bool is_container(std::string_view path) const noexcept {
        for (std::size_t i = 0; i < deciding_members.size(); ++i) {
            if (stands_in(i, path)) return true;
        }
        return false;
    }
    // The rule for a member of the object at path_; null where it decides nothing.
    [[nodiscard]] row rule_of(std::string_view raw, std::size_t place,
                              std::vector<std::pair<row, std::size_t>>& seen) {
        std::string const name = decoded(raw);
        if (std::any_of(name.begin(), name.end(), is_control_byte)) {
            blame(name, place, "holds a control character in its name");
            return nullptr;
        }
        std::string const wanted = folded(name, api_);
        for (std::size_t i = 0; i < deciding_members.size(); ++i) {
            if (!stands_in(i, path_)) continue;
            deciding_member const& each = deciding_members[i];
            std::string_view const own = each.path.substr(names_at[i]);
            if (!folds_to(own, wanted, api_)) continue;
            bool const exact =
                name == own || ((api_ & apis::gemini) != 0 && name == snake_case(own));
            if (!exact) {
                blame(name, place, "is written '" + std::string(own) + "'");
                return nullptr;
            }
            for (auto const& [other, where] : seen) {
                if (other != &each) continue;
                blame(each.path, place, "stands twice, first at " + place_text(where));
                return nullptr;
            }
            seen.emplace_back(&each, place);
            return &each;
        }
        return nullptr;
    }
    void check_type(deciding_member const& of, std::size_t place) {
        if (ended()) return;
        unsigned type = 0;
        std::size_t const from = at_;
        switch (json_[at_]) {
        case '"': type = json_types::text; break;
        case '{': type = json_types::object; break;
        case '[': type = json_types::list; break;
        case 't':
        case 'f': type = json_types::flag; break;
        case 'n': return;
        default: type = is_count(word(), of) ? json_types::count : 0; at_ = from;
        }
        if ((of.types & type) == 0) blame(of.path, place, "must be " + types_text(of));
    }
    [[nodiscard]] static bool is_count(std::string_view digits,
                                       deciding_member const& of) noexcept {
        std::int64_t number = 0;
        auto const [end, code] =
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
        return code == std::errc{} && end == digits.data() + digits.size() && digits != "-0" &&
               number >= of.least && number <= of.most;
    }
    [[nodiscard]] static std::string decoded(std::string_view raw) {
        if (raw.find('\\') == std::string_view::npos) return std::string(raw);
        auto const text = parse_json("\"" + std::string(raw) + "\"", "a name");
        if (!text || !text->is_string()) return std::string(raw);
        return std::string(text_of(text->get_string()));
    }
    [[nodiscard]] std::string place_text(std::size_t offset) const {
        std::string_view const before = json_.substr(0, offset);
        auto const lines = std::count(before.begin(), before.end(), '\n');
        auto const line = before.substr(before.rfind('\n') + 1);
        auto const column = std::count_if(line.begin(), line.end(), [](char c) {
            return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
        });
        return "line " + std::to_string(lines + 1) + ", column " + std::to_string(column + 1);
    }
    void blame(std::string_view member, std::size_t place, std::string const& why) {
        if (!found_.fault.empty()) return;
        found_.member = printable(member);
        found_.fault = "the member '" + found_.member + "' (" + place_text(place) + ") " + why;
    }

    std::string_view json_;
    unsigned api_;
    std::size_t at_ = 0;
    std::string_view path_{};  // of the object that is read, where it may hold deciding members
    strict_reading found_{};
};

}  // namespace detail

AIAUDIT_INLINE strict_reading read_strictly(std::string_view json, dialect which) {
    return detail::strict_reader{json, which}.read();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_DECIDING_MEMBERS_IPP
