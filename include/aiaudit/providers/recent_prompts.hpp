// SPDX-License-Identifier: MIT
//
// recent_prompts.hpp: how much of a request its sender sent just before, so that the provider will
// have it in its cache.
//
// Tools and system prompts stand behind the messages in some bodies, so both ends are compared. It
// is an estimate: what a provider keeps, and for how long, it does not promise.
// Threads: all members may be called from any thread at once.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_RECENT_PROMPTS_HPP
#define AIAUDIT_PROVIDERS_RECENT_PROMPTS_HPP

#include <aiaudit/core/timestamp.hpp>      // timestamp
#include <aiaudit/detail/string_hash.hpp>  // string_hash

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class recent_prompts {
public:
    static constexpr std::int64_t kept_ns = std::int64_t{300} * 1'000'000'000;
    static constexpr std::size_t block_bytes = 256;
    static constexpr std::size_t body_bytes_max = std::size_t{1} << 20;  // of longer ones: none
    static constexpr std::size_t senders_max = 1024;

    // The provider had a part of it in its cache, or put one there. `sender`: a key, a provider and
    // a model, in one text.
    void note(std::string_view sender, std::string_view body, timestamp at);
    // How many bytes of a body are those of the sender's last one, at its beginning and its end.
    [[nodiscard]] std::uint64_t known_bytes(std::string_view sender, std::string_view body,
                                            timestamp at) const;

private:
    struct prompt {
        std::int64_t at_ns = 0;
        std::vector<std::uint64_t> from_begin{};  // hashes of its blocks
        std::vector<std::uint64_t> from_end{};
    };

    mutable std::mutex mutex_{};
    std::unordered_map<std::string, prompt, string_hash, std::equal_to<>> last_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/recent_prompts.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_RECENT_PROMPTS_HPP
