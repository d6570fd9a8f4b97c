// SPDX-License-Identifier: MIT
//
// key_ring.hpp: the gateway's keys in memory, as they are on disk now.
//
// At most every 250 ms a look-up looks whether the file has changed, so that a key that was revoked
// by another process opens nothing a moment later. A secret that no key has makes it look at once:
// a key opens as soon as it is created. A large file is looked at by a thread of its own, every
// 250 ms, also while nobody asks, and look-ups go on with what there is. A file that cannot be
// read, that somebody else may have written, or that is gone, changes nothing: the last good set
// stays, and state() says why, for who must mend it; were no key to open any more, one slip of an
// editor would shut out everybody.
// Threads: any.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_KEY_RING_HPP
#define AIAUDIT_GATEWAY_KEY_RING_HPP

#include <aiaudit/clock/clock.hpp>          // system_clock
#include <aiaudit/clock/thread.hpp>         // thread
#include <aiaudit/detail/string_hash.hpp>   // string_hash
#include <aiaudit/error.hpp>                // result
#include <aiaudit/gateway/gateway_key.hpp>  // opens
#include <aiaudit/gateway/key_file.hpp>     // key_file
#include <aiaudit/gateway/key_uses.hpp>     // key_use_map

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
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
    using calendar = std::function<timestamp()>;
    static constexpr std::chrono::milliseconds look_every{250};
    // Between looks at a file that is as it was when it could not be read.
    static constexpr std::chrono::milliseconds retry_every{2'000};
    // Of a file that a look-up reads itself: a millisecond.
    static constexpr std::int64_t bytes_read_at_once = 128 << 10;

    // Of a file that may not be there yet: then there are no keys. Errors: those of key_file::read.
    [[nodiscard]] static result<key_ring> open(
        std::string path, clock now = [] { return std::chrono::steady_clock::now(); },
        calendar today = [] { return system_clock{}.now(); });

    // The key of a secret; null where there is none such, or it was revoked or has expired. The
    // time it takes does not tell whether the id that a wrong secret names is there. What is found
    // is used now (uses()).
    [[nodiscard]] std::shared_ptr<gateway_key const> find(std::string_view secret) const;

    // Whether the file could be read when it was last looked at; if not, the last good set is in
    // use. Errors: those of key_file::read; not_found for a file that is gone.
    [[nodiscard]] result<void> state() const;

    // When each key was last found, by its id, since the ring was opened: to the second.
    [[nodiscard]] key_use_map uses() const;

    // Of the set in use: the record of the log that its file names, and the digest of its keys.
    [[nodiscard]] std::pair<std::uint64_t, digest> stamp() const {
        auto const keys = shared_->current();
        return {keys->recorded, keys->of_keys};
    }

    // Those that were not revoked.
    [[nodiscard]] std::size_t size() const {
        shared_->look_if_due();
        return shared_->current()->by_id->size();
    }

private:
    struct kept_key {
        gateway_key key{};
        mutable std::atomic<std::int64_t> used_s{0};  // 0: never
    };
    using key_map = std::unordered_map<std::string, std::shared_ptr<kept_key const>,
                                       detail::string_hash, std::equal_to<>>;
    // Of those that were not revoked, with what is known of their use.
    [[nodiscard]] static std::shared_ptr<key_map const> live_keys(std::vector<gateway_key> keys,
                                                                  key_map const& before);
    struct key_table {
        std::shared_ptr<key_map const> by_id = std::make_shared<key_map const>();
        detail::file_identity identity{};  // of the file that was looked at last
        std::uint64_t recorded = 0;        // the record of the log that the set's file names
        digest of_keys{};
        std::optional<error> trouble{};
    };

    // The key that has this secret; null: none.
    [[nodiscard]] std::shared_ptr<kept_key const> match(std::string_view secret,
                                                        timestamp now) const;

    struct shared {
        shared(key_file of, clock time, calendar day)
            : file(std::move(of)), now(std::move(time)), today(std::move(day)) {
            next_look = (now() + look_every).time_since_epoch().count();
        }
        shared(shared const&) = delete;
        shared& operator=(shared const&) = delete;
        ~shared();

        [[nodiscard]] std::shared_ptr<key_table const> current() const {
            std::shared_lock const reading(mutex);
            return keys;
        }

        void look_if_due();
        // Looks whenever the last look was. A large file is left to the thread.
        void look_now();

        // Reads the file where it is another, or could not be read a while ago. `at_once`: the most
        // that is read here; what is larger is left to the thread. Under look_mutex.
        void look_if_changed(std::int64_t at_once);
        // Under look_mutex, or before anybody else knows of this.
        void look();
        // Has a thread look from now on. False: there is none to be had.
        [[nodiscard]] bool watch();
        void look_until_the_end();

        key_file file;
        clock now;
        calendar today;
        gateway_key nobody{};  // compared with where there is no such key
        std::atomic<steady_time::rep> next_look{0};
        std::mutex look_mutex{};
        steady_time looked_at{};            // under look_mutex
        mutable std::shared_mutex mutex{};  // of `keys`
        std::shared_ptr<key_table const> keys{};
        std::mutex end_mutex{};
        std::condition_variable ends{};
        bool ended = false;  // under end_mutex
        std::atomic<bool> watched{false};
        detail::thread watcher{};  // under look_mutex
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
