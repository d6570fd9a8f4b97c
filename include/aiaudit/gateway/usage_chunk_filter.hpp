// SPDX-License-Identifier: MIT
//
// usage_chunk_filter.hpp: takes the chunk that only reports usage out of a stream again, where we
// asked for it and the client did not. All other bytes pass as they came.
//
// Threads: one stream for one thread.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_USAGE_CHUNK_FILTER_HPP
#define AIAUDIT_GATEWAY_USAGE_CHUNK_FILTER_HPP

#include <aiaudit/providers/dialect.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class usage_chunk_filter {
public:
    explicit usage_chunk_filter(dialect of) noexcept : dialect_(of) {}

    // What of the stream so far may go on: whole events. It is there until the next call.
    [[nodiscard]] std::string_view feed(std::string_view piece);
    // The rest of a stream that ended, or was cut, in the middle of an event.
    [[nodiscard]] std::string_view rest() const noexcept { return event_; }

private:
    // A chunk of usage is far smaller: what is longer is passed on.
    static constexpr std::size_t event_bytes_max = std::size_t{1} << 20;

    // Behind the blank line that ends an event.
    [[nodiscard]] std::size_t end_of_event(std::size_t from) const noexcept;
    [[nodiscard]] bool is_unasked(std::string_view event) const;

    dialect dialect_;
    std::string event_{};  // of which the end has not come
    std::string out_{};
    std::size_t searched_ = 0;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/usage_chunk_filter.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_USAGE_CHUNK_FILTER_HPP
