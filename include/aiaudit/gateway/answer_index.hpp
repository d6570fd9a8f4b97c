// SPDX-License-Identifier: MIT
//
// answer_index.hpp: whose an answer or a conversation is that a provider keeps.
//
// The log says it: an outcome has the id of its answer, and who asked. This is an index of that by
// provider and id, in a store of its own beside the ledger (gateway-answers/): a copy that is made
// again from the log where it is missing, or is of another log. It holds hashes alone, no names,
// and outlives the records that retention drops. What the log does not have yet, because the answer
// is still coming, is kept in memory. Who made an id first keeps it, whatever a provider says
// later. Bounds: an entry takes some 100 bytes on disk; the memory is that of answers under way.
// Threads: all members from any thread; find() may wait for the disk.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_ANSWER_INDEX_HPP
#define AIAUDIT_GATEWAY_ANSWER_INDEX_HPP

#include <aiaudit/core/record.hpp>          // record_view
#include <aiaudit/detail/sha256.hpp>        // sha256_joined
#include <aiaudit/engine/log_keys.hpp>      // get_number
#include <aiaudit/engine/log_reader.hpp>    // log_reader
#include <aiaudit/error.hpp>                // result
#include <aiaudit/gateway/gateway_key.hpp>  // gateway_key
#include <aiaudit/storage/store.hpp>        // table, store_options

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <unistd.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Who made an answer: hashes of the key, and of user and project where there is a user.
struct answer_owner {
    static constexpr std::size_t hash_bytes = 16;
    std::string key{};
    std::string user{};  // empty: nobody's

    [[nodiscard]] static answer_owner of(std::string_view key_id, std::string_view user,
                                         std::string_view project);
    // Whether a key has the same right: it is the same, or of the same user and project. The user
    // is the key's own, not one that its caller names.
    [[nodiscard]] bool admits(gateway_key const& asks) const;

    [[nodiscard]] std::string to_bytes() const { return key + user; }
    // Nothing where that is none.
    [[nodiscard]] static std::optional<answer_owner> parse(std::string_view bytes);
    friend bool operator==(answer_owner const&, answer_owner const&) = default;
};

// The key of the index. Ids are cut as records cut them.
[[nodiscard]] std::string answer_key(std::string_view provider, std::string_view id);

// Whether a record tells whose an answer is.
[[nodiscard]] bool makes_answer(record_view const& entry) noexcept;

// Errors: storage_failed.
[[nodiscard]] result<void> remove_tree(std::string const& path);

// One opening of a store for all gateways of a process on one ledger.
template <class Store>
[[nodiscard]] result<std::shared_ptr<Store>> shared_store(std::string const& path) {
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<Store>> open;
    std::lock_guard const lock(mutex);
    // A forked child's copy is closed.
    std::string const name = std::to_string(::getpid()) + " " + path;
    if (auto there = path.empty() ? nullptr : open[name].lock()) return there;
    auto made = Store::open({.path = path, .create = true});
    if (!made) return made.error();
    auto shared = std::make_shared<Store>(std::move(*made));
    if (!path.empty()) open[name] = shared;
    return shared;
}

template <class Ledger>
class answer_index {
public:
    using store_type = typename Ledger::storage;

    // Reads nothing of the log yet: find() and catch_up() do. Errors: those of the store.
    [[nodiscard]] static result<std::unique_ptr<answer_index>> open(Ledger& log);

    // Of an answer that begins, before its client knows its id. True where catch_up() is due.
    bool note(std::string_view provider, std::string_view id, answer_owner const& owner);

    // Nothing where no record of the log has that answer. Errors: those of reading the log and of
    // the store; timed_out, while another thread still reads a long log.
    [[nodiscard]] result<std::optional<answer_owner>> find(std::string_view provider,
                                                           std::string_view id);
    // Takes in what the log has more than the index. Errors: as above.
    [[nodiscard]] result<void> catch_up();
    // To be called with each call that ends: true now and then, where catch_up() is due, so that no
    // find() has much to read.
    [[nodiscard]] bool counts_call() noexcept {
        return (calls_.fetch_add(1, std::memory_order_relaxed) + 1) % calls_due == 0;
    }
    // Has a catch_up() of another thread end soon, as closed.
    void stop() noexcept { stopped_.store(true, std::memory_order_relaxed); }

    // Up to which record an index goes, and the root of the log's tree there.
    struct position {
        std::uint64_t through = 0;
        std::string root{};
    };
    // Errors: the store's; corrupt.
    template <class View>
    [[nodiscard]] static result<position> position_in(View const& view);
    // Whether the index was made of this log. Errors: those of reading the log.
    [[nodiscard]] static result<bool> is_of(Ledger& log, position const& at);

private:
    static constexpr std::size_t step_answers = 16'384;  // of one transaction
    static constexpr std::uint64_t step_records = 1'000'000;
    static constexpr std::uint64_t quiet_records = 10'000;  // that are not saved by themselves
    static constexpr std::size_t fresh_due = 4'096;
    static constexpr std::uint64_t calls_due = 65'536;
    static constexpr std::size_t fresh_most = 1'000'000;
    static constexpr std::chrono::seconds patience{10};
    static constexpr std::string_view through_key = "through";
    static constexpr std::string_view root_key = "root";
    using pairs = std::vector<std::pair<std::string, std::string>>;

    answer_index(Ledger& log, std::shared_ptr<store_type> store, std::uint64_t through)
        : log_(log), store_(std::move(store)), through_(through), saved_(through) {}

    [[nodiscard]] static result<std::unique_ptr<answer_index>> open_at(Ledger& log,
                                                                       std::string const& path);
    [[nodiscard]] result<std::optional<answer_owner>> look(std::string const& key) const;
    [[nodiscard]] std::optional<answer_owner> fresh(std::string const& key) const;
    // Of the thread that takes steps; until it is destroyed.
    struct turn {
        answer_index& index;
        explicit turn(answer_index& owner) noexcept : index(owner) {}
        turn(turn const&) = delete;
        turn& operator=(turn const&) = delete;
        ~turn() {
            {
                std::lock_guard const lock(index.step_mutex_);
                index.stepping_ = false;
            }
            index.stepped_.notify_one();
        }
    };
    // Up to so many records of the log. True where there are more.
    [[nodiscard]] result<bool> step();
    [[nodiscard]] result<void> save(pairs const& found, std::uint64_t through);
    void forget(pairs const& found);

    Ledger& log_;
    std::shared_ptr<store_type> const store_;
    std::mutex step_mutex_{};
    std::condition_variable stepped_{};
    bool stepping_ = false;  // under step_mutex_: a thread takes steps
    std::uint64_t through_;  // the last record that was looked at; of the thread that takes steps
    std::uint64_t saved_;    // the same, of the store
    std::atomic<std::uint64_t> calls_{0};
    std::atomic<bool> stopped_{false};
    mutable std::mutex mutex_{};
    std::unordered_map<std::string, answer_owner> fresh_{};  // under mutex_
};

template <class Ledger>
result<std::unique_ptr<answer_index<Ledger>>> answer_index<Ledger>::open(Ledger& log) {
    std::string const path = log.path().empty() ? std::string{} : log.path() + "/gateway-answers";
    // What was damaged, copied in the middle of a write or made of another log is made again.
    auto made = open_at(log, path);
    bool const is_lost = !made && made.error().code == errc::corrupt && !path.empty();
    if (!is_lost) return made;
    if (auto removed = remove_tree(path); !removed) return removed.error();
    return open_at(log, path);
}

template <class Ledger>
auto answer_index<Ledger>::open_at(Ledger& log, std::string const& path)
    -> result<std::unique_ptr<answer_index>> {
    auto store = shared_store<store_type>(path);
    if (!store) return store.error();
    position at;
    auto const looked = (*store)->read([&at](auto const& view) -> result<void> {
        auto const found = position_in(view);
        if (!found) return found.error();
        at = *found;
        return {};
    });
    if (!looked) return looked.error();
    auto const same = is_of(log, at);
    if (!same) return same.error();
    if (!*same) return fail(errc::corrupt, path + ": is of another log");
    return std::unique_ptr<answer_index>(new answer_index(log, std::move(*store), at.through));
}

template <class Ledger>
template <class View>
auto answer_index<Ledger>::position_in(View const& view) -> result<position> {
    auto const through = get_number(view, through_key);
    if (!through) return through.error();
    auto const root = view.get(table::meta, root_key);
    if (!root) return root.error();
    return position{*through, std::string(root->value_or(""))};
}

template <class Ledger>
result<bool> answer_index<Ledger>::is_of(Ledger& log, position const& at) {
    if (at.through == 0) return true;
    auto const size = log.log().size();
    if (!size) return size.error();
    if (at.through > *size) return false;
    auto const tree = log.log().tree_of(at.through);
    // Of records that retention has dropped the log may not know it any more.
    if (!tree && tree.error().code == errc::not_found) return true;
    if (!tree) return tree.error();
    return at.root == view_of(tree->root().bytes);
}

template <class Ledger>
bool answer_index<Ledger>::note(std::string_view provider, std::string_view id,
                                answer_owner const& owner) {
    std::string key = answer_key(provider, id);
    std::lock_guard const lock(mutex_);
    if (fresh_.size() >= fresh_most) return true;
    fresh_.try_emplace(std::move(key), owner);
    return fresh_.size() % fresh_due == 0;
}

template <class Ledger>
std::optional<answer_owner> answer_index<Ledger>::fresh(std::string const& key) const {
    std::lock_guard const lock(mutex_);
    auto const found = fresh_.find(key);
    return found == fresh_.end() ? std::nullopt : std::optional(found->second);
}

template <class Ledger>
result<std::optional<answer_owner>> answer_index<Ledger>::look(std::string const& key) const {
    std::optional<answer_owner> found;
    auto const looked = store_->read([&](auto const& view) -> result<void> {
        auto const there = view.get(table::snapshots, key);
        if (!there) return there.error();
        if (!*there) return {};
        found = answer_owner::parse(**there);
        if (!found) return fail(errc::corrupt, "gateway-answers: an owner that is none");
        return {};
    });
    if (!looked) return looked.error();
    return found;
}

template <class Ledger>
result<std::optional<answer_owner>> answer_index<Ledger>::find(std::string_view provider,
                                                               std::string_view id) {
    std::string const key = answer_key(provider, id);
    auto found = look(key);
    if (!found || *found) return found;
    if (auto coming = fresh(key)) return coming;
    if (auto ok = catch_up(); !ok) return ok.error();
    return look(key);
}

template <class Ledger>
result<void> answer_index<Ledger>::catch_up() {
    std::unique_lock lock(step_mutex_);
    if (!stepped_.wait_for(lock, patience, [this] { return !stepping_; }))
        return fail(errc::timed_out, "the gateway still reads whose answers are whose");
    stepping_ = true;
    lock.unlock();
    turn const mine(*this);
    for (;;) {
        if (stopped_.load(std::memory_order_relaxed))
            return fail(errc::closed, "the gateway stops");
        auto const more = step();
        if (!more) return more.error();
        if (!*more) return {};
    }
}

template <class Ledger>
result<bool> answer_index<Ledger>::step() {
    auto const first = log_.first_sequence();
    if (!first) return first.error();
    auto const last = log_.last_sequence();
    if (!last) return last.error();
    std::uint64_t const from = (std::max)(through_ + 1, value_of(*first));
    if (from > value_of(*last)) return false;
    pairs found;
    std::uint64_t through = through_;
    auto const read = log_.log().views(from, [&](sequence number, record_view const& entry) {
        through = value_of(number);
        if (makes_answer(entry))
            found.emplace_back(
                answer_key(entry.provider, entry.provider_request_id),
                answer_owner::of(entry.key_id, entry.user, entry.project).to_bytes());
        return found.size() < step_answers && through - from + 1 < step_records;
    });
    // Dropped meanwhile: the next step begins behind that.
    if (!read && read.error().code != errc::not_found) return read.error();
    if (!found.empty() || through - saved_ >= quiet_records) {
        if (auto saved = save(found, through); !saved) return saved.error();
        saved_ = through;
    }
    through_ = through;
    forget(found);
    return true;
}

template <class Ledger>
result<void> answer_index<Ledger>::save(pairs const& found, std::uint64_t through) {
    auto const tree = log_.log().tree_of(through);
    if (!tree) return tree.error();
    auto const root = tree->root();
    return store_->write([&](auto& view) -> result<void> {
        for (auto const& [key, owner] : found) {
            // Who was first keeps it; so another process may have been here before.
            auto const there = view.get(table::snapshots, key);
            if (!there) return there.error();
            if (*there) continue;
            if (auto ok = view.insert(table::snapshots, key, owner); !ok) return ok;
        }
        auto const before = get_number(view, through_key);
        if (!before) return before.error();
        if (*before >= through) return {};
        auto const put = view.replace(table::meta, through_key, to_little_endian(through));
        if (!put) return put;
        return view.replace(table::meta, root_key, view_of(root.bytes));
    });
}

template <class Ledger>
void answer_index<Ledger>::forget(pairs const& found) {
    std::lock_guard const lock(mutex_);
    for (auto const& each : found) fresh_.erase(each.first);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/answer_index.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_ANSWER_INDEX_HPP
