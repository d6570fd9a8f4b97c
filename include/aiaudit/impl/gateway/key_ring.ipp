// SPDX-License-Identifier: MIT
//
// key_ring.ipp: the definitions of key_ring.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_KEY_RING_IPP
#define AIAUDIT_IMPL_GATEWAY_KEY_RING_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/key_ring.hpp>

#include <openssl/rand.h>

#include <limits>
#include <new>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE result<key_ring> key_ring::open(std::string path, clock now, calendar today) {
    auto made =
        std::make_unique<shared>(key_file(std::move(path)), std::move(now), std::move(today));
    if (RAND_bytes(made->nobody.salt.data(), static_cast<int>(made->nobody.salt.size())) != 1)
        return fail(errc::storage_failed, "the operating system gave no random bytes");
    made->look();
    if (made->keys->trouble) return *made->keys->trouble;
    // Without the thread look-ups read it themselves.
    if (made->keys->identity.size > bytes_read_at_once) static_cast<void>(made->watch());
    return key_ring(std::move(made));
}

AIAUDIT_INLINE std::shared_ptr<gateway_key const> key_ring::find(std::string_view secret) const {
    shared_->look_if_due();
    timestamp const now = shared_->today();
    auto kept = match(secret, now);
    if (!kept) {
        shared_->look_now();
        kept = match(secret, now);
    }
    if (!kept) return nullptr;
    // Written once a second: all threads share the line.
    auto& used = kept->used_s;
    if (used.load(std::memory_order_relaxed) < now.seconds())
        used.store(now.seconds(), std::memory_order_relaxed);
    return {kept, &kept->key};
}

AIAUDIT_INLINE std::shared_ptr<key_ring::kept_key const> key_ring::match(std::string_view secret,
                                                                         timestamp now) const {
    auto const keys = shared_->current()->by_id;
    auto const id = detail::id_in_secret(secret);
    auto const found = id ? keys->find(*id) : keys->end();
    bool const there = found != keys->end();
    bool const good = opens(there ? found->second->key : shared_->nobody,
                            secret.substr(0, detail::key_secret_bytes), now);
    return there && good ? found->second : nullptr;
}

AIAUDIT_INLINE result<void> key_ring::state() const {
    shared_->look_if_due();
    auto const keys = shared_->current();
    if (keys->trouble) return *keys->trouble;
    return {};
}

AIAUDIT_INLINE key_use_map key_ring::uses() const {
    key_use_map all;
    for (auto const& [id, kept] : *shared_->current()->by_id) {
        auto const used = kept->used_s.load(std::memory_order_relaxed);
        if (used != 0) all.emplace(id, timestamp::from_seconds(used));
    }
    return all;
}

AIAUDIT_INLINE key_ring::shared::~shared() {
    {
        std::lock_guard const lock(end_mutex);
        ended = true;
    }
    ends.notify_all();
    watcher.join();
}

AIAUDIT_INLINE void key_ring::shared::look_if_due() {
    if (watched.load(std::memory_order_relaxed)) return;
    auto const at = now().time_since_epoch().count();
    if (at < next_look.load(std::memory_order_relaxed)) return;
    // One thread looks; the others go on with what there is.
    std::unique_lock const only(look_mutex, std::try_to_lock);
    if (!only || watched || at < next_look.load(std::memory_order_relaxed)) return;
    look_if_changed(bytes_read_at_once);
    next_look = (now() + look_every).time_since_epoch().count();
}

AIAUDIT_INLINE void key_ring::shared::look_now() {
    if (watched.load(std::memory_order_relaxed)) return;
    std::lock_guard const only(look_mutex);  // waits for a look that another thread has begun
    look_if_changed(bytes_read_at_once);
}

AIAUDIT_INLINE void key_ring::shared::look_if_changed(std::int64_t at_once) {
    auto const before = current();
    auto const found = detail::file_identity::at(file.path());
    bool const retries = before->trouble && now() - looked_at >= retry_every;
    if (before->identity == found && !retries) return;
    if (found.size > at_once && watch()) return;
    looked_at = now();
    look();
}

AIAUDIT_INLINE bool key_ring::shared::watch() {
    watched = true;
    auto started = detail::thread::start("the reader of keys", [this] { look_until_the_end(); });
    if (started) watcher = std::move(*started);
    watched = watcher.joinable();
    return watched;
}

AIAUDIT_INLINE void key_ring::shared::look_until_the_end() {
    std::unique_lock waiting(end_mutex);
    do {
        waiting.unlock();
        try {
            std::lock_guard const only(look_mutex);
            look_if_changed((std::numeric_limits<std::int64_t>::max)());
        } catch (std::bad_alloc const&) {
            // What there is stays, and the file is read again at the next look.
        }
        waiting.lock();
    } while (!ends.wait_for(waiting, look_every, [this] { return ended; }));
}

AIAUDIT_INLINE std::shared_ptr<key_ring::key_map const> key_ring::live_keys(
    std::vector<gateway_key> keys, key_map const& before) {
    auto by_id = std::make_shared<key_map>();
    by_id->reserve(keys.size());
    for (gateway_key& key : keys) {
        if (key.revoked_at) continue;
        auto kept = std::make_shared<kept_key>();
        auto const known = before.find(key.id);
        if (known != before.end()) kept->used_s = known->second->used_s.load();
        std::string id = key.id;
        kept->key = std::move(key);
        by_id->emplace(std::move(id), std::move(kept));
    }
    return by_id;
}

AIAUDIT_INLINE void key_ring::shared::look() {
    auto made = std::make_shared<key_table>();
    auto const before = keys ? current() : made;
    made->identity = detail::file_identity::at(file.path());
    auto content = file.read();
    made->by_id = before->by_id;
    made->recorded = before->recorded;
    made->of_keys = before->of_keys;
    if (!content) {
        made->trouble = content.error();
    } else if (!content->identity.there && !before->by_id->empty()) {
        made->trouble = fail(errc::not_found, file.path() + ": the file of keys is gone");
    } else if (content->recorded < before->recorded) {
        // A copy from before some change would give back a key that was taken away.
        made->trouble = fail(errc::bad_input, file.path() + ": is older than the one before");
    } else {
        made->identity = content->identity;
        made->recorded = content->recorded;
        made->of_keys = content->of_keys;
        made->by_id = live_keys(std::move(content->keys), *before->by_id);
    }
    std::lock_guard const writing(mutex);
    keys = std::move(made);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_KEY_RING_IPP
