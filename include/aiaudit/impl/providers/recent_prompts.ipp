// SPDX-License-Identifier: MIT
//
// recent_prompts.ipp: the definitions of recent_prompts.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_RECENT_PROMPTS_IPP
#define AIAUDIT_IMPL_PROVIDERS_RECENT_PROMPTS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/providers/recent_prompts.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::uint64_t block_hash(std::string_view body, std::size_t number, bool from_end) {
    std::size_t const offset = number * recent_prompts::block_bytes;
    std::size_t const at = from_end ? body.size() - offset - recent_prompts::block_bytes : offset;
    return std::hash<std::string_view>{}(body.substr(at, recent_prompts::block_bytes));
}

AIAUDIT_INLINE void recent_prompts::note(std::string_view sender, std::string_view body,
                                         timestamp at) {
    if (body.size() > body_bytes_max) return;
    prompt made;
    made.at_ns = at.ns;
    for (std::size_t i = 0; i < body.size() / block_bytes; ++i) {
        made.from_begin.push_back(block_hash(body, i, false));
        made.from_end.push_back(block_hash(body, i, true));
    }
    std::lock_guard const lock(mutex_);
    auto found = last_.find(sender);
    if (found == last_.end()) {
        if (last_.size() == senders_max)
            std::erase_if(last_, [&made](auto const& each) {
                return each.second.at_ns + kept_ns < made.at_ns;
            });
        if (last_.size() == senders_max) return;
        found = last_.emplace(std::string(sender), prompt{}).first;
    }
    found->second = std::move(made);
}

AIAUDIT_INLINE std::uint64_t recent_prompts::known_bytes(std::string_view sender,
                                                         std::string_view body,
                                                         timestamp at) const {
    std::lock_guard const lock(mutex_);
    auto const found = last_.find(sender);
    if (found == last_.end() || found->second.at_ns + kept_ns < at.ns) return 0;
    std::size_t const blocks = body.size() / block_bytes;
    auto const same = [&](std::vector<std::uint64_t> const& known, bool from_end) {
        std::size_t count = 0;
        while (count < blocks && count < known.size() &&
               known[count] == block_hash(body, count, from_end))
            ++count;
        return count;
    };
    std::size_t const begin = same(found->second.from_begin, false);
    std::size_t const end = begin == blocks ? 0 : same(found->second.from_end, true);
    return (begin + end < blocks ? begin + end : blocks) * block_bytes;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_RECENT_PROMPTS_IPP
