// SPDX-License-Identifier: MIT
//
// key_ring.hpp: the gateway's keys in memory, as they are on disk now.
//
// At most every 250 ms a look-up looks whether the file has changed, so that a key that was revoked
// by another process opens nothing a moment later. A file that cannot be read opens nothing at all:
// it may be the one that takes a key away.
// Threads: any.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_KEY_RING_HPP
#define AIAUDIT_GATEWAY_KEY_RING_HPP

#include <aiaudit/detail/string_hash.hpp>   // string_hash
#include <aiaudit/error.hpp>                // result
#include <aiaudit/gateway/gateway_key.hpp>  // opens
#include <aiaudit/gateway/key_file.hpp>     // key_file

#include <openssl/rand.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

class key_ring {
public:
    using clock = std::function<steady_time()>;
    static constexpr std::chrono::milliseconds look_every{250};

    // Of a file that may not be there yet: then there are no keys. Errors: those of key_file::read.
    [[nodiscard]] static result<key_ring> open(
        std::string path, clock now = [] { return std::chrono::steady_clock::now(); }) {
        auto made = std::make_unique<shared>(key_file(std::move(path)), std::move(now));
        if (RAND_bytes(made->nobody.salt.data(), static_cast<int>(made->nobody.salt.size())) != 1)
            return fail(errc::storage_failed, "the operating system gave no random bytes");
        made->look();
        if (made->keys->trouble) return *made->keys->trouble;
        return key_ring(std::move(made));
    }

    // The key of a secret; null where there is none such, or it was revoked. The time it takes does
    // not tell whether the id that a wrong secret names is there.
    [[nodiscard]] std::shared_ptr<gateway_key const> find(std::string_view secret) const {
        shared_->look_if_due();
        auto const keys = shared_->current();
        auto const id = detail::id_in_secret(secret);
        auto const found = id ? keys->by_id.find(*id) : keys->by_id.end();
        bool const there = found != keys->by_id.end();
        bool const good = opens(there ? *found->second : shared_->nobody,
                                secret.substr(0, detail::key_secret_bytes));
        return there && good ? found->second : nullptr;
    }

    // Whether the file could be read when it was last looked at; if not, nothing is opened.
    [[nodiscard]] result<void> state() const {
        shared_->look_if_due();
        auto const keys = shared_->current();
        if (keys->trouble) return *keys->trouble;
        return {};
    }

    // Those that were not revoked.
    [[nodiscard]] std::size_t size() const {
        shared_->look_if_due();
        return shared_->current()->by_id.size();
    }

private:
    struct key_table {
        std::unordered_map<std::string, std::shared_ptr<gateway_key const>, detail::string_hash,
                           std::equal_to<>>
            by_id{};
        detail::file_identity identity{};
        std::optional<error> trouble{};
    };

    struct shared {
        shared(key_file of, clock time) : file(std::move(of)), now(std::move(time)) {
            next_look = (now() + look_every).time_since_epoch().count();
        }

        [[nodiscard]] std::shared_ptr<key_table const> current() const {
            std::shared_lock const reading(mutex);
            return keys;
        }

        void look_if_due() {
            auto const at = now().time_since_epoch().count();
            if (at < next_look.load(std::memory_order_relaxed)) return;
            // One thread looks; the others go on with what there is.
            std::unique_lock const looking(look_mutex, std::try_to_lock);
            if (!looking || at < next_look.load(std::memory_order_relaxed)) return;
            auto const before = current();
            if (before->trouble || before->identity != detail::file_identity::at(file.path()))
                look();
            next_look = (now() + look_every).time_since_epoch().count();
        }

        // Under look_mutex, or before anybody else knows of this.
        void look() {
            auto made = std::make_shared<key_table>();
            auto content = file.read();
            if (content) {
                made->identity = content->identity;
                for (gateway_key& key : content->keys) {
                    if (key.revoked_at) continue;
                    std::string id = key.id;
                    made->by_id.emplace(std::move(id),
                                        std::make_shared<gateway_key const>(std::move(key)));
                }
            } else {
                made->trouble = content.error();
            }
            std::lock_guard const writing(mutex);
            keys = std::move(made);
        }

        key_file file;
        clock now;
        gateway_key nobody{};  // compared with where there is no such key
        std::atomic<steady_time::rep> next_look{0};
        std::mutex look_mutex{};
        mutable std::shared_mutex mutex{};  // of `keys`
        std::shared_ptr<key_table const> keys{};
    };

    explicit key_ring(std::unique_ptr<shared> made) : shared_(std::move(made)) {}

    std::unique_ptr<shared> shared_;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_KEY_RING_HPP
