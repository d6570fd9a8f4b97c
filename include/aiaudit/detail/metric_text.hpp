// SPDX-License-Identifier: MIT
//
// metric_text.hpp: writes what Prometheus reads, its text format 0.0.4.
//
// Threads: plain functions; a writer is for one thread.
// Floor 1.
#ifndef AIAUDIT_DETAIL_METRIC_TEXT_HPP
#define AIAUDIT_DETAIL_METRIC_TEXT_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::size_t metric_label_bytes = 128;

// A label's value between quotes: of valid UTF-8, with the escapes of the format.
[[nodiscard]] std::string metric_label(std::string_view text);

// Lines of one metric, under the head that the format wants once.
class metric_writer {
public:
    explicit metric_writer(std::string& out) noexcept : out_(out) {}

    void head(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        out_.append("# HELP ").append(name).append(" ").append(help);
        out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
    }
    void line(std::string_view ending, std::string_view labels, std::string_view value) {
        out_.append(name_).append(ending);
        if (!labels.empty()) out_.append("{").append(labels).append("}");
        out_.append(" ").append(value).append("\n");
    }
    void line(std::string_view labels, std::uint64_t value) {
        line({}, labels, std::to_string(value));
    }

private:
    std::string& out_;
    std::string name_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/detail/metric_text.ipp>
#endif

#endif  // AIAUDIT_DETAIL_METRIC_TEXT_HPP
