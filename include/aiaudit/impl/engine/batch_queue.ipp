// SPDX-License-Identifier: MIT
//
// batch_queue.ipp: the definitions of batch_queue.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_BATCH_QUEUE_IPP
#define AIAUDIT_IMPL_ENGINE_BATCH_QUEUE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/batch_queue.hpp>
#include <aiaudit/limits.hpp>                // record_bytes
#include <aiaudit/storage/memory_guard.hpp>  // insist_on_memory

#include <iterator>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void batch::add(std::string_view encoded, entry_mark mark) {
    static_assert(limits::record_bytes < static_cast<std::uint32_t>(entry_mark::held));
    append_little_endian(
        bytes, static_cast<std::uint32_t>(encoded.size()) | static_cast<std::uint32_t>(mark));
    bytes.append(encoded);
    ++count;
    if (mark == entry_mark::conditional) ++conditional;
    has_rules = has_rules || is_rule(encoded);
}

AIAUDIT_INLINE void batch::add_all(batch&& more) {
    if (bytes.empty())
        bytes.swap(more.bytes);
    else
        bytes.append(more.bytes);
    count += more.count;
    conditional += more.conditional;
    has_rules = has_rules || more.has_rules;
}

AIAUDIT_INLINE void batch::leave_out(std::vector<left_out_entry>&& more) {
    batch kept;
    auto gone = more.begin();
    static_cast<void>(for_each_entry(
        [&](std::uint32_t place, entry_mark mark, std::string_view encoded) -> result<void> {
            if (gone != more.end() && gone->place == place) {
                ++gone;
            } else {
                kept.add(encoded, mark);
            }
            return {};
        }));
    bytes = std::move(kept.bytes);
    count = kept.count;
    conditional = kept.conditional;
    has_rules = kept.has_rules;
    left_out.insert(left_out.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
    std::sort(left_out.begin(), left_out.end(),
              [](auto const& a, auto const& b) { return a.place < b.place; });
}

AIAUDIT_INLINE result<batch_queue::pushed> batch_queue::push(std::string_view encoded, bool awaited,
                                                             entry_mark mark) {
    std::unique_lock lock(mutex_);
    auto const may_enter = [&] { return has_room(encoded.size()) && (awaited || !is_late()); };
    if (!may_enter()) room_.wait(lock, [&] { return stopping_ || may_enter(); });
    if (stopping_) return fail(errc::closed, "the ledger is being closed");
    if (auto failure = take_untold()) return *failure;
    if (gathering_->count == 0) gathering_since_ = std::chrono::steady_clock::now();
    gathering_->add(encoded, mark);
    if (awaited) {
        ++gathering_->awaited;
    } else {
        gathering_->note_relaxed(std::this_thread::get_id());
    }
    pushed made{gathering_, gathering_->count - 1};
    bool const wake = wakes_writer(awaited);
    lock.unlock();
    if (wake) work_.notify_one();
    return made;
}

AIAUDIT_INLINE result<batch_queue::pushed> batch_queue::push_all(batch&& more) {
    std::unique_lock lock(mutex_);
    if (stopping_) return fail(errc::closed, "the ledger is being closed");
    if (auto failure = take_untold()) return *failure;
    if (gathering_->count == 0) gathering_since_ = std::chrono::steady_clock::now();
    pushed place{gathering_, gathering_->count};
    gathering_->add_all(std::move(more));
    ++gathering_->awaited;
    hurried_ = true;
    lock.unlock();
    work_.notify_one();
    return place;
}

AIAUDIT_INLINE result<void> batch_queue::wait(batch const& of) {
    of.ended.wait();
    if (of.ended.get() == batch::written) return {};
    std::lock_guard const lock(mutex_);
    static_cast<void>(take_untold());
    return *of.failure;
}

AIAUDIT_INLINE void batch_queue::await(batch const& of) {
    bool wake = false;
    {
        std::lock_guard const lock(mutex_);
        if (&of != gathering_.get()) return;
        ++gathering_->awaited;
        wake = wakes_writer(true);
    }
    if (wake) work_.notify_one();
}

AIAUDIT_INLINE result<void> batch_queue::flush() {
    std::unique_lock lock(mutex_);
    std::shared_ptr<batch> const last = gathering_->count != 0 ? gathering_ : writing_;
    if (last && last == gathering_) hurried_ = true;
    lock.unlock();
    work_.notify_one();
    if (last) last->ended.wait();
    lock.lock();
    if (auto failure = take_untold()) return *failure;
    for (auto& [thread, failure] : untold_) {
        if (std::exchange(failure.told_by_flush, true)) continue;
        return failure.why;
    }
    return {};
}

AIAUDIT_INLINE std::shared_ptr<batch> batch_queue::take() {
    auto next = insist_on_memory([] { return std::make_shared<batch>(); });
    std::unique_lock lock(mutex_);
    writer_ = writer_state::idle;
    work_.wait(lock, [this] { return stopping_ || gathering_->count != 0; });
    writer_ = writer_state::gathering;
    auto const since = std::chrono::steady_clock::now();
    while (!ready()) {
        auto const until = since + (gathering_->awaited != 0 ? times_.awaited : times_.unawaited);
        if (std::chrono::steady_clock::now() >= until) break;
        work_.wait_until(lock, until);
    }
    writer_ = writer_state::busy;
    if (gathering_->count == 0) return {};
    next->bytes = std::exchange(spare_, {});
    writing_ = std::exchange(gathering_, std::move(next));
    writing_since_ = gathering_since_;
    hurried_ = false;
    auto taken = writing_;
    lock.unlock();
    room_.notify_all();
    return taken;
}

AIAUDIT_INLINE std::shared_ptr<batch> batch_queue::finish(batch& done,
                                                          result<sequence> const& first) {
    std::shared_ptr<batch> doomed;
    insist_on_memory([&] {
        std::lock_guard const lock(mutex_);
        expected_ = done.awaited;
        writing_.reset();
        if (first) {
            done.first = *first;
            return;
        }
        note_failure(done, first.error());
        if (!doomed && share_a_thread(done, *gathering_))
            doomed = std::exchange(gathering_, std::make_shared<batch>());
        if (doomed) note_failure(*doomed, first.error());
    });
    room_.notify_all();
    done.ended.set(first ? batch::written : batch::failed);
    if (!doomed) return {};
    doomed->ended.set(batch::failed);
    return doomed;
}

AIAUDIT_INLINE void batch_queue::stop() {
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
    }
    work_.notify_all();
    room_.notify_all();
}

AIAUDIT_INLINE std::optional<error> batch_queue::take_untold() {
    if (untold_.empty()) return {};
    auto const found = untold_.find(std::this_thread::get_id());
    if (found == untold_.end()) return {};
    error why = std::move(found->second.why);
    untold_.erase(found);
    return why;
}

AIAUDIT_INLINE bool batch_queue::wakes_writer(bool awaited) noexcept {
    if (writer_ == writer_state::busy) return false;
    if (writer_ == writer_state::idle) {
        writer_ = writer_state::gathering;
        return true;
    }
    return ready() || (awaited && gathering_->awaited == 1);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_BATCH_QUEUE_IPP
