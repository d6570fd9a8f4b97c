// SPDX-License-Identifier: MIT
//
// compact_text.hpp: a text that never changes, in 16 bytes where it has at most 12: of many names.
//
// Threads: plain values.
// Floor 1.
#ifndef AIAUDIT_DETAIL_COMPACT_TEXT_HPP
#define AIAUDIT_DETAIL_COMPACT_TEXT_HPP

#include <aiaudit/config.hpp>  // the platforms

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class compact_text {
public:
    static constexpr std::size_t inline_most = 12;

    compact_text() = default;
    explicit compact_text(std::string_view text) : size_(static_cast<std::uint32_t>(text.size())) {
        char* to = bytes_.data();
        if (on_heap()) {
            to = new char[text.size()];
            std::memcpy(bytes_.data(), &to, sizeof to);
        }
        if (!text.empty()) std::memcpy(to, text.data(), text.size());
    }
    compact_text(compact_text const& other) : compact_text(other.view()) {}
    compact_text(compact_text&& other) noexcept
        : size_(std::exchange(other.size_, 0)), bytes_(other.bytes_) {}
    compact_text& operator=(compact_text other) noexcept {
        std::swap(size_, other.size_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~compact_text() {
        if (on_heap()) delete[] heap();
    }

    [[nodiscard]] std::string_view view() const noexcept {
        return {on_heap() ? heap() : bytes_.data(), size_};
    }

private:
    [[nodiscard]] bool on_heap() const noexcept { return size_ > inline_most; }
    [[nodiscard]] char* heap() const noexcept {
        char* text = nullptr;
        std::memcpy(&text, bytes_.data(), sizeof text);
        return text;
    }

    std::uint32_t size_ = 0;
    std::array<char, inline_most> bytes_{};  // the text, or where it is
};
static_assert(sizeof(compact_text) == 16);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_DETAIL_COMPACT_TEXT_HPP
