// SPDX-License-Identifier: MIT
//
// memory_store.ipp: the definitions of memory_store.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_MEMORY_STORE_IPP
#define AIAUDIT_IMPL_STORAGE_MEMORY_STORE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/storage/memory_store.hpp>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE result<void> memory_store::write_view::insert(table in, std::string_view key,
                                                             std::string_view value) {
    auto room = reserve(in, key, value.size());
    if (!room) return room.error();
    value.copy(room->data(), value.size());
    return {};
}

AIAUDIT_INLINE result<memory_store> memory_store::open(store_options const& options) {
    memory_store store;
    store.shared_ = std::make_unique<state>();
    store.shared_->read_only = options.read_only;
    return store;
}

AIAUDIT_INLINE result<std::optional<std::string_view>> memory_store::read_view::get(
    table in, std::string_view key) const {
    if (auto ok = detail::check_key(key); !ok) return ok.error();
    auto const& over = entries_of(*staged_, in);
    auto const& base = entries_of(*committed_, in);
    auto at = over.find(key);
    bool const is_there = at != over.end() || (at = base.find(key)) != base.end();
    if (!is_there || !at->second) return std::optional<std::string_view>{};
    return std::optional<std::string_view>(*at->second);
}

AIAUDIT_INLINE result<std::optional<std::string>> memory_store::read_view::last_key(
    table in) const {
    auto const& base = entries_of(*committed_, in);
    auto const& over = entries_of(*staged_, in);
    std::optional<std::string> last;
    for (auto at = base.rbegin(); at != base.rend() && !last; ++at) {
        auto const changed = over.find(at->first);
        if (changed == over.end() || changed->second) last = at->first;
    }
    for (auto at = over.rbegin(); at != over.rend(); ++at) {
        if (!at->second) continue;
        if (!last || *last < at->first) last = at->first;
        break;
    }
    return last;
}

AIAUDIT_INLINE result<std::span<char>> memory_store::write_view::reserve(table in,
                                                                         std::string_view key,
                                                                         std::size_t bytes) {
    if (auto ok = detail::check_entry(key, bytes); !ok) return ok.error();
    auto const there = get(in, key);
    if (!there) return there.error();
    if (*there) return detail::key_exists(in);
    return std::span<char>(change(in, key).emplace(bytes, '\0'));
}

AIAUDIT_INLINE result<void> memory_store::write_view::replace(table in, std::string_view key,
                                                              std::string_view value) {
    if (auto ok = detail::check_entry(key, value.size()); !ok) return ok.error();
    // By way of a copy: the value may be what this view handed out for the same key.
    change(in, key) = std::string(value);
    return {};
}

AIAUDIT_INLINE result<void> memory_store::write_view::erase(table in, std::string_view key) {
    auto const there = get(in, key);
    if (!there) return there.error();
    if (*there) change(in, key) = std::nullopt;
    return {};
}

// Whether that changed anything. Nodes move over and nothing is allocated: a commit cannot stop
// half-way.
AIAUDIT_INLINE bool memory_store::apply(tables& staged, tables& to) noexcept {
    bool changed = false;
    for (std::size_t i = 0; i < table_count; ++i) {
        while (!staged[i].empty()) {
            changed = true;
            auto put = to[i].insert(staged[i].extract(staged[i].begin()));
            if (!put.inserted) put.position->second = std::move(put.node.mapped());
            if (!put.position->second) to[i].erase(put.position);
        }
    }
    return changed;
}

AIAUDIT_INLINE result<void> memory_store::drop_oldest(segment_number segment) {
    if (auto ok = check_writable(); !ok) return ok;
    std::scoped_lock const turn(shared_->turn);
    auto const name = "segment " + std::to_string(segment);
    if (segment != history && segment < shared_->oldest()) {
        return fail(errc::not_found, name + " is gone");
    }
    if (segment != shared_->oldest() || segment == shared_->newest()) {
        return fail(errc::bad_argument, name + " is not the oldest, or the only one");
    }
    std::unique_lock const lock(shared_->access);
    shared_->live.erase(segment);
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_MEMORY_STORE_IPP
