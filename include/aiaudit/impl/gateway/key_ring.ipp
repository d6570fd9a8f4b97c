// SPDX-License-Identifier: MIT
//
// key_ring.ipp: the definitions of key_ring.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_KEY_RING_IPP
#define AIAUDIT_IMPL_GATEWAY_KEY_RING_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/key_ring.hpp>

#include <openssl/rand.h>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE result<key_ring> key_ring::open(std::string path, clock now) {
    auto made = std::make_unique<shared>(key_file(std::move(path)), std::move(now));
    if (RAND_bytes(made->nobody.salt.data(), static_cast<int>(made->nobody.salt.size())) != 1)
        return fail(errc::storage_failed, "the operating system gave no random bytes");
    made->look();
    if (made->keys->trouble) return *made->keys->trouble;
    return key_ring(std::move(made));
}

AIAUDIT_INLINE std::shared_ptr<gateway_key const> key_ring::find(std::string_view secret) const {
    shared_->look_if_due();
    auto const keys = shared_->current();
    auto const id = detail::id_in_secret(secret);
    auto const found = id ? keys->by_id.find(*id) : keys->by_id.end();
    bool const there = found != keys->by_id.end();
    bool const good =
        opens(there ? *found->second : shared_->nobody, secret.substr(0, detail::key_secret_bytes));
    return there && good ? found->second : nullptr;
}

AIAUDIT_INLINE result<void> key_ring::state() const {
    shared_->look_if_due();
    auto const keys = shared_->current();
    if (keys->trouble) return *keys->trouble;
    return {};
}

AIAUDIT_INLINE void key_ring::shared::look_if_due() {
    auto const at = now().time_since_epoch().count();
    if (at < next_look.load(std::memory_order_relaxed)) return;
    // One thread looks; the others go on with what there is.
    std::unique_lock const looking(look_mutex, std::try_to_lock);
    if (!looking || at < next_look.load(std::memory_order_relaxed)) return;
    auto const before = current();
    if (before->trouble || before->identity != detail::file_identity::at(file.path())) look();
    next_look = (now() + look_every).time_since_epoch().count();
}

AIAUDIT_INLINE void key_ring::shared::look() {
    auto made = std::make_shared<key_table>();
    auto content = file.read();
    if (content) {
        made->identity = content->identity;
        for (gateway_key& key : content->keys) {
            if (key.revoked_at) continue;
            std::string id = key.id;
            made->by_id.emplace(std::move(id), std::make_shared<gateway_key const>(std::move(key)));
        }
    } else {
        made->trouble = content.error();
    }
    std::lock_guard const writing(mutex);
    keys = std::move(made);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_KEY_RING_IPP
