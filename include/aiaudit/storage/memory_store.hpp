// SPDX-License-Identifier: MIT
//
// memory_store.hpp: a store that keeps nothing: for tests, and for ledgers that need not last.
//
// "Durable" means here: until the object is destroyed. Two stores never share anything.
// Threads: as storage_policy says; a commit waits for the reads under way.
// Floor 5.
#ifndef AIAUDIT_STORAGE_MEMORY_STORE_HPP
#define AIAUDIT_STORAGE_MEMORY_STORE_HPP

#include <aiaudit/storage/store.hpp>  // the promise

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace aiaudit {
inline namespace v1 {

class memory_store {
    using entries = std::map<std::string, std::string, std::less<>>;
    using tables = std::array<entries, table_count>;

    static entries const& entries_of(tables const& from, table which) noexcept {
        return from[static_cast<std::size_t>(which)];
    }

public:
    class read_view {
    public:
        [[nodiscard]] result<std::optional<std::string_view>> get(table in,
                                                                  std::string_view key) const;
        template <class Visit>
        result<void> scan(table in, std::string_view from, Visit visit) const;
        [[nodiscard]] result<std::optional<std::string>> last_key(table in) const;

    private:
        friend class memory_store;
        read_view(tables const& committed, tables const& staged) noexcept
            : committed_(&committed), staged_(&staged) {}

        tables const* committed_;
        tables const* staged_;  // goes before committed_; empty tables in a reader
    };

    class write_view : public read_view {
    public:
        result<void> insert(table in, std::string_view key, std::string_view value) {
            auto room = reserve(in, key, value.size());
            if (!room) return room.error();
            value.copy(room->data(), value.size());
            return {};
        }
        result<std::span<char>> reserve(table in, std::string_view key, std::size_t bytes);
        result<void> replace(table in, std::string_view key, std::string_view value);

    private:
        friend class memory_store;
        write_view(tables const& committed, tables& staged) noexcept
            : read_view(committed, staged), changes_(&staged) {}

        tables* changes_;
    };

    [[nodiscard]] static result<memory_store> open(store_options const& options = {}) {
        memory_store store;
        store.shared_ = std::make_unique<state>();
        store.shared_->read_only = options.read_only;
        return store;
    }

    template <class Body>
    result<void> write(Body body);
    template <class Body>
    result<void> read(Body body) const;

    [[nodiscard]] std::uint64_t generation() const noexcept {
        if (!shared_) return 0;
        std::shared_lock const lock(shared_->access);
        return shared_->generation;
    }
    [[nodiscard]] std::uint64_t bytes_on_disk() const noexcept { return 0; }

private:
    memory_store() = default;

    struct state {
        bool read_only = false;  // constant
        std::mutex turn{};       // held by the one writer
        // access protects what follows: exclusive while a commit is applied.
        std::shared_mutex access{};
        tables committed{};
        std::uint64_t generation = 1;
    };
    std::unique_ptr<state> shared_{};  // none: moved from
};

inline result<std::optional<std::string_view>> memory_store::read_view::get(
    table in, std::string_view key) const {
    if (auto ok = detail::check_key(key); !ok) return ok.error();
    for (tables const* const from : {staged_, committed_}) {
        auto const& all = entries_of(*from, in);
        if (auto const at = all.find(key); at != all.end()) {
            return std::optional<std::string_view>(at->second);
        }
    }
    return std::optional<std::string_view>{};
}

template <class Visit>
result<void> memory_store::read_view::scan(table in, std::string_view from, Visit visit) const {
    auto const& base = entries_of(*committed_, in);
    auto const& over = entries_of(*staged_, in);
    auto old_at = base.lower_bound(from);
    auto new_at = over.lower_bound(from);
    while (old_at != base.end() || new_at != over.end()) {
        bool const take_new =
            new_at != over.end() && (old_at == base.end() || new_at->first <= old_at->first);
        bool const hides_old = take_new && old_at != base.end() && new_at->first == old_at->first;
        auto const& entry = take_new ? *new_at : *old_at;
        if (!visit(std::string_view(entry.first), std::string_view(entry.second))) break;
        if (take_new) ++new_at;
        if (!take_new || hides_old) ++old_at;
    }
    return {};
}

inline result<std::optional<std::string>> memory_store::read_view::last_key(table in) const {
    std::optional<std::string> last;
    for (tables const* const from : {committed_, staged_}) {
        auto const& all = entries_of(*from, in);
        if (!all.empty() && (!last || *last < all.rbegin()->first)) last = all.rbegin()->first;
    }
    return last;
}

inline result<std::span<char>> memory_store::write_view::reserve(table in, std::string_view key,
                                                                 std::size_t bytes) {
    if (auto ok = detail::check_entry(key, bytes); !ok) return ok.error();
    auto const there = get(in, key);
    if (!there) return there.error();
    if (*there) return detail::key_exists(in);
    auto& added = (*changes_)[static_cast<std::size_t>(in)][std::string(key)];
    added.assign(bytes, '\0');
    return std::span<char>(added);
}

inline result<void> memory_store::write_view::replace(table in, std::string_view key,
                                                      std::string_view value) {
    if (auto ok = detail::check_entry(key, value.size()); !ok) return ok.error();
    // By way of a copy: the value may be what this view handed out for the same key.
    (*changes_)[static_cast<std::size_t>(in)][std::string(key)] = std::string(value);
    return {};
}

template <class Body>
result<void> memory_store::write(Body body) {
    if (!shared_) return fail(errc::closed, "the store was moved from");
    if (shared_->read_only) return fail(errc::read_only, "the store was opened for reading");
    std::scoped_lock const turn(shared_->turn);
    tables staged;
    // The committed tables change only under `turn`, so the body reads them without `access`.
    write_view view(shared_->committed, staged);
    if (result<void> done = body(view); !done) return done;
    std::unique_lock const lock(shared_->access);
    bool changed = false;
    for (std::size_t i = 0; i < table_count; ++i) {
        // Nodes move over and nothing is allocated: a commit cannot stop half-way.
        while (!staged[i].empty()) {
            changed = true;
            auto put = shared_->committed[i].insert(staged[i].extract(staged[i].begin()));
            if (!put.inserted) put.position->second = std::move(put.node.mapped());
        }
    }
    if (changed) ++shared_->generation;
    return {};
}

template <class Body>
result<void> memory_store::read(Body body) const {
    if (!shared_) return fail(errc::closed, "the store was moved from");
    std::shared_lock const lock(shared_->access);
    tables const nothing_staged;
    read_view const view(shared_->committed, nothing_staged);
    return body(view);
}

static_assert(storage_policy<memory_store>);

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_STORAGE_MEMORY_STORE_HPP
