// SPDX-License-Identifier: MIT
//
// answer_check.hpp: whether the index of whose answers are whose is what the records say.
//
// It is held to the records a range of its keys at a time, so that the memory is bounded: some
// 50 MB. The first range takes the records as they are read anyway; each further one reads the log
// again. An index that a gateway writes meanwhile is held to the records up to where it was.
// Threads: one at a time.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_ANSWER_CHECK_HPP
#define AIAUDIT_GATEWAY_ANSWER_CHECK_HPP

#include <aiaudit/gateway/answer_index.hpp>  // answer_index

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Ledger>
class answer_check {
public:
    using store_type = typename Ledger::storage;
    static constexpr std::size_t range_most = 1'000'000;  // entries

    // Opens the index at that path for reading, and loads its first range. Errors: the store's;
    // corrupt.
    [[nodiscard]] static result<answer_check> open(Ledger& log, std::string const& path,
                                                   std::size_t range = range_most) {
        auto store = store_type::open({.path = path, .create = false, .read_only = true});
        if (!store) return store.error();
        answer_check made(log, path, std::move(*store), range);
        if (auto ok = made.load({}); !ok) return ok.error();
        auto const same = answer_index<Ledger>::is_of(log, made.at_);
        if (!same) return same.error();
        made.is_of_log_ = *same;
        return made;
    }

    // To be called with each record of the log, in order.
    void see(sequence number, record_view const& entry) {
        if (value_of(number) > at_.through || !makes_answer(entry)) return;
        std::string const key = answer_key(entry.provider, entry.provider_request_id);
        if (key < low_ || (high_ && key >= *high_)) return;
        auto const place =
            std::lower_bound(entries_.begin(), entries_.end(), key,
                             [](index_entry const& a, std::string_view b) { return a.name() < b; });
        if (place == entries_.end() || place->name() != key) return missing_.add(number);
        // Who was first keeps it.
        if (std::exchange(place->seen, true)) return;
        auto const owner = answer_owner::of(entry.key_id, entry.user, entry.project).to_bytes();
        if (place->owner_bytes() != owner) others_.add(number);
    }

    // After the last record; `dropped`: how many retention dropped. What is wrong goes to
    // `findings`, what cannot be compared to `unvouched`, in words. Errors: the store's; those of
    // reading the log.
    [[nodiscard]] result<void> end(std::uint64_t dropped, std::vector<std::string>& findings,
                                   std::vector<std::string>& unvouched) {
        if (!is_of_log_) {
            unvouched.push_back(path_ + ", which is of another log: a gateway makes it anew");
            return {};
        }
        count_unseen();
        while (high_) {
            if (auto ok = load(std::string(*high_)); !ok) return ok;
            if (auto ok = read_log(); !ok) return ok;
            count_unseen();
        }
        auto const find = [&](std::uint64_t count, std::string const& what) {
            if (count != 0)
                findings.push_back(path_ + ": " + std::to_string(count) + what +
                                   "; remove the directory: it is made again from the records");
        };
        find(damaged_, " entries are damaged");
        find(others_.count, " answers are another's than the records say, the first that of " +
                                others_.first_words());
        find(missing_.count,
             " records' answers are missing, the first that of " + missing_.first_words());
        if (dropped == 0)
            find(unseen_, " answers are of no record");
        else if (unseen_ != 0)
            unvouched.push_back("whose " + std::to_string(unseen_) + " answers are (" + path_ +
                                "), of which no record that is there says anything");
        return {};
    }

private:
    struct index_entry {
        std::array<char, answer_owner::hash_bytes> key{};
        std::array<char, 2 * answer_owner::hash_bytes> owner{};
        std::uint8_t owner_size = 0;
        bool seen = false;

        [[nodiscard]] std::string_view name() const noexcept { return {key.data(), key.size()}; }
        [[nodiscard]] std::string_view owner_bytes() const noexcept {
            return {owner.data(), owner_size};
        }
    };
    struct wrong_answers {
        std::uint64_t count = 0;
        sequence first{};

        void add(sequence number) noexcept {
            if (count++ == 0) first = number;
        }
        [[nodiscard]] std::string first_words() const {
            return "record " + std::to_string(value_of(first));
        }
    };

    answer_check(Ledger& log, std::string path, store_type store, std::size_t range)
        : log_(&log), path_(std::move(path)), store_(std::move(store)), range_(range) {}

    // The entries from a key on, and up to which record they go.
    [[nodiscard]] result<void> load(std::string low) {
        low_ = std::move(low);
        high_.reset();
        entries_.clear();
        return store_.read([this](auto const& view) -> result<void> {
            auto const at = answer_index<Ledger>::position_in(view);
            if (!at) return at.error();
            at_ = *at;
            return view.scan(table::snapshots, low_,
                             [this](std::string_view key, std::string_view owner) {
                                 if (entries_.size() == range_) high_.emplace(key);
                                 if (!high_) add(key, owner);
                                 return !high_;
                             });
        });
    }
    void add(std::string_view key, std::string_view owner) {
        index_entry made;
        if (key.size() != made.key.size() || !answer_owner::parse(owner)) {
            ++damaged_;
            return;
        }
        std::copy(key.begin(), key.end(), made.key.begin());
        std::copy(owner.begin(), owner.end(), made.owner.begin());
        made.owner_size = static_cast<std::uint8_t>(owner.size());
        entries_.push_back(made);
    }
    [[nodiscard]] result<void> read_log() {
        auto const first = log_->log().first();
        if (!first) return first.error();
        return log_->log().views(*first, [this](sequence number, record_view const& entry) {
            see(number, entry);
            return value_of(number) < at_.through;
        });
    }
    void count_unseen() {
        unseen_ += static_cast<std::uint64_t>(std::count_if(
            entries_.begin(), entries_.end(), [](index_entry const& each) { return !each.seen; }));
    }

    Ledger* log_;
    std::string path_;
    store_type store_;
    std::size_t range_;
    typename answer_index<Ledger>::position at_{};
    bool is_of_log_ = false;
    std::string low_{};                  // the range that is loaded
    std::optional<std::string> high_{};  // behind it; nothing: it is the last
    std::vector<index_entry> entries_{};
    std::uint64_t damaged_ = 0;
    std::uint64_t unseen_ = 0;
    wrong_answers others_{};
    wrong_answers missing_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_ANSWER_CHECK_HPP
