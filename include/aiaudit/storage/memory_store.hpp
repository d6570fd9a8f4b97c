// SPDX-License-Identifier: MIT
//
// memory_store.hpp: a store that keeps nothing: for tests, and for ledgers that need not last.
//
// "Durable" means here: until the object is destroyed. Two stores never share anything.
// Threads: as storage_policy says; a commit waits for the reads under way.
// Floor 5.
#ifndef AIAUDIT_STORAGE_MEMORY_STORE_HPP
#define AIAUDIT_STORAGE_MEMORY_STORE_HPP

#include <aiaudit/limits.hpp>
#include <aiaudit/storage/store.hpp>  // the promise

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

class memory_store {
    // No value: erased. Only in what a transaction stages.
    using entries = std::map<std::string, std::optional<std::string>, std::less<>>;
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
        [[nodiscard]] segment_number segment() const noexcept { return segment_; }
        [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

    private:
        friend class memory_store;
        read_view(segment_number segment, std::uint64_t generation, tables const& committed,
                  tables const& staged) noexcept
            : segment_(segment),
              generation_(generation),
              committed_(&committed),
              staged_(&staged) {}

        segment_number segment_;
        std::uint64_t generation_;
        tables const* committed_;
        tables const* staged_;  // goes before committed_; empty in a reader
    };

    class write_view : public read_view {
    public:
        result<void> insert(table in, std::string_view key, std::string_view value);
        result<std::span<char>> reserve(table in, std::string_view key, std::size_t bytes);
        result<void> replace(table in, std::string_view key, std::string_view value);
        result<void> erase(table in, std::string_view key);

    private:
        friend class memory_store;
        write_view(segment_number segment, std::uint64_t generation, tables const& committed,
                   tables& staged) noexcept
            : read_view(segment, generation, committed, staged), changes_(&staged) {}
        [[nodiscard]] std::optional<std::string>& change(table in, std::string_view key) {
            return (*changes_)[static_cast<std::size_t>(in)][std::string(key)];
        }

        tables* changes_;
    };

    [[nodiscard]] static result<memory_store> open(store_options const& options = {});

    [[nodiscard]] result<segment_range> segments() const;
    template <class Body>
    result<void> write(Body body) {
        return write_in([](state& in) { return in.newest(); }, body);
    }
    template <class Body>
    result<void> read(Body body) const {
        return read_in([](state& in) { return in.newest(); }, body);
    }
    template <class Body>
    result<void> read(segment_number segment, Body body) const {
        return read_in([&](state&) { return segment; }, body);
    }
    template <class Body>
    result<void> rotate(Body body);
    template <class Body>
    result<void> write_history(Body body) {
        return write_in([](state&) { return history; }, body);
    }
    result<void> drop_oldest(segment_number segment);

    [[nodiscard]] std::uint64_t generation() const noexcept {
        if (!shared_) return 0;
        std::shared_lock const lock(shared_->access);
        return shared_->generation;
    }
    [[nodiscard]] std::uint64_t bytes_on_disk() const noexcept { return 0; }
    [[nodiscard]] std::uint64_t bytes_on_disk(segment_number) const noexcept { return 0; }

private:
    memory_store() = default;

    struct state {
        bool read_only = false;  // constant
        std::mutex turn{};       // held by the one writer
        // access protects what follows: exclusive while a commit is applied. It changes only under
        // `turn`, so that a writer may read it without.
        std::shared_mutex access{};
        std::map<segment_number, tables> live{{history, {}}, {1, {}}};
        std::uint64_t generation = 1;

        [[nodiscard]] segment_number newest() const { return live.rbegin()->first; }
        [[nodiscard]] segment_number oldest() const { return std::next(live.begin())->first; }
        // Of a view on that segment; 0 is never the store's.
        [[nodiscard]] std::uint64_t generation_of(segment_number segment) const {
            return segment == newest() ? generation : 0;
        }
    };
    [[nodiscard]] result<void> check_writable() const {
        if (!shared_) return fail(errc::closed, "the store was moved from");
        if (shared_->read_only) return fail(errc::read_only, "the store was opened for reading");
        return {};
    }
    template <class Which, class Body>
    result<void> write_in(Which which, Body& body);
    template <class Which, class Body>
    result<void> read_in(Which which, Body& body) const;
    static bool apply(tables& staged, tables& to) noexcept;

    std::unique_ptr<state> shared_{};  // none: moved from
};

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
        auto const& [key, value] = take_new ? *new_at : *old_at;
        if (value && !visit(std::string_view(key), std::string_view(*value))) break;
        if (take_new) ++new_at;
        if (!take_new || hides_old) ++old_at;
    }
    return {};
}

inline result<segment_range> memory_store::segments() const {
    if (!shared_) return fail(errc::closed, "the store was moved from");
    std::shared_lock const lock(shared_->access);
    return segment_range{shared_->oldest(), shared_->newest()};
}

template <class Which, class Body>
result<void> memory_store::write_in(Which which, Body& body) {
    if (auto ok = check_writable(); !ok) return ok;
    std::scoped_lock const turn(shared_->turn);
    segment_number const segment = which(*shared_);
    auto& committed = shared_->live.at(segment);
    tables staged;
    write_view view(segment, shared_->generation_of(segment), committed, staged);
    if (result<void> done = body(view); !done) return done;
    std::unique_lock const lock(shared_->access);
    if (apply(staged, committed) && segment != history) ++shared_->generation;
    return {};
}

template <class Which, class Body>
result<void> memory_store::read_in(Which which, Body& body) const {
    if (!shared_) return fail(errc::closed, "the store was moved from");
    std::shared_lock const lock(shared_->access);
    segment_number const segment = which(*shared_);
    auto const at = shared_->live.find(segment);
    if (at == shared_->live.end()) {
        return fail(errc::not_found, "there is no segment " + std::to_string(segment));
    }
    tables const nothing_staged;
    read_view const view(segment, shared_->generation_of(segment), at->second, nothing_staged);
    return body(view);
}

template <class Body>
result<void> memory_store::rotate(Body body) {
    if (auto ok = check_writable(); !ok) return ok;
    std::scoped_lock const turn(shared_->turn);
    auto const number = shared_->newest();
    if (number == limits::storage_segments) {
        return fail(errc::log_full, "no number is left for another segment");
    }
    tables sealing;
    tables staged;
    tables fresh;
    write_view old(number, shared_->generation, shared_->live.at(number), sealing);
    write_view next(number + 1, 0, fresh, staged);
    if (result<void> done = body(std::as_const(old), next); !done) return done;
    if (auto ok = old.replace(table::meta, sealed_key, std::to_string(number + 1)); !ok) return ok;
    apply(staged, fresh);
    std::unique_lock const lock(shared_->access);
    shared_->live.emplace(number + 1, std::move(fresh));
    apply(sealing, shared_->live.at(number));
    ++shared_->generation;
    return {};
}

static_assert(storage_policy<memory_store>);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/memory_store.ipp>
#endif

#endif  // AIAUDIT_STORAGE_MEMORY_STORE_HPP
