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

namespace aiaudit {
inline namespace v0_1_0 {

class key_ring {
public:
    using clock = std::function<steady_time()>;
    static constexpr std::chrono::milliseconds look_every{250};

    // Of a file that may not be there yet: then there are no keys. Errors: those of key_file::read.
    [[nodiscard]] static result<key_ring> open(
        std::string path, clock now = [] { return std::chrono::steady_clock::now(); });

    // The key of a secret; null where there is none such, or it was revoked. The time it takes does
    // not tell whether the id that a wrong secret names is there.
    [[nodiscard]] std::shared_ptr<gateway_key const> find(std::string_view secret) const;

    // Whether the file could be read when it was last looked at; if not, nothing is opened.
    [[nodiscard]] result<void> state() const;

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

        void look_if_due();

        // Under look_mutex, or before anybody else knows of this.
        void look();

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

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/key_ring.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_KEY_RING_HPP
