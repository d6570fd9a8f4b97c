// SPDX-License-Identifier: MIT
//
// record_text.hpp: a record as one line of JSON.
//
// Fields without a value are left out; money is a decimal string.
// Threads: plain functions.
// Floor 8.
#ifndef AIAUDIT_EXPORT_RECORD_TEXT_HPP
#define AIAUDIT_EXPORT_RECORD_TEXT_HPP

#include <aiaudit/core/record.hpp>         // record
#include <aiaudit/detail/json_string.hpp>  // json_string

#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Writes the members of one object.
class json_writer {
public:
    void raw(std::string_view name, std::string_view value) {
        out_.push_back(out_.empty() ? '{' : ',');
        out_.append(json_string(name)).push_back(':');
        out_.append(value);
    }
    void text(std::string_view name, std::string_view value) { raw(name, json_string(value)); }
    void text_if(std::string_view name, std::string_view value) {
        if (!value.empty()) text(name, value);
    }
    void number(std::string_view name, std::uint64_t value) { raw(name, std::to_string(value)); }
    [[nodiscard]] std::string finish() { return out_.empty() ? "{}" : out_ + "}"; }

private:
    std::string out_{};
};

}  // namespace detail

// {"input_tokens":1,...}: the units present.
[[nodiscard]] std::string to_json(usage const& counts);

[[nodiscard]] std::string to_json(sequence number, record const& entry);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/export/record_text.ipp>
#endif

#endif  // AIAUDIT_EXPORT_RECORD_TEXT_HPP
