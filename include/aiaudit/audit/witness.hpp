// SPDX-License-Identifier: MIT
//
// witness.hpp: cosigns what logs send, if it continues what was cosigned before
// (c2sp.org/tlog-witness). It knows no server: whoever has one hands requests over.
//
// What is answered is on disk: the check of the old size and the writing of the new one are one
// step, and no answer leaves before it.
// Threads: any number at once; they wait for one another.
// Floor 8.
#ifndef AIAUDIT_AUDIT_WITNESS_HPP
#define AIAUDIT_AUDIT_WITNESS_HPP

#include <aiaudit/audit/audit_directory.hpp>     // audit_directory
#include <aiaudit/core/timestamp.hpp>            // timestamp
#include <aiaudit/integrity/add_checkpoint.hpp>  // add_checkpoint_body
#include <aiaudit/integrity/log_policy.hpp>      // log_policy

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

// What a request is answered.
struct witness_answer {
    int status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body{};
};

class witness {
public:
    // It has the logs of the policy. Errors: bad_argument, where the key is that of a log too;
    // corrupt, where what it cosigned before cannot be read: it must not begin anew; those of the
    // file system.
    [[nodiscard]] static result<witness> open(log_policy const& policy, audit_directory in,
                                              cosigner_signing_key key,
                                              std::function<timestamp()> now = {});

    [[nodiscard]] cosigner_verification_key const& verification_key() const noexcept {
        return state_->key.verification_key();
    }

    // POST /add-checkpoint: 200 with the cosignature; 400, 403, 404, 409 with the size that it
    // knows, 422; 500, where it cannot be kept, and then nothing is cosigned.
    [[nodiscard]] witness_answer add_checkpoint(std::string_view body);
    // GET /HASH/checkpoint: the last one that was cosigned, or 404.
    [[nodiscard]] witness_answer checkpoint_at(std::string_view origin_hash);

private:
    struct watched_log {
        trusted_log log;
        std::string directory{};
        std::string note{};  // cosigned; empty: none yet
        checkpoint state{};
    };
    struct shared {
        shared(audit_directory in, cosigner_signing_key with, std::function<timestamp()> clock)
            : directory(std::move(in)), key(std::move(with)), now(std::move(clock)) {}
        audit_directory const directory;
        cosigner_signing_key const key;
        std::function<timestamp()> const now;
        std::mutex mutex{};
        std::map<std::string, watched_log, std::less<>> logs{};  // by origin; under mutex
    };

    explicit witness(std::unique_ptr<shared> state) : state_(std::move(state)) {}

    [[nodiscard]] result<void> load(watched_log& of) const;
    [[nodiscard]] witness_answer cosign(watched_log& log, checkpoint const& state,
                                        std::string_view note);
    // What is wrong with the step from what was cosigned; nothing where it may be cosigned.
    [[nodiscard]] static std::optional<witness_answer> refuse_step(watched_log const& log,
                                                                   add_checkpoint_body const& body,
                                                                   checkpoint const& state);

    std::unique_ptr<shared> state_;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/audit/witness.ipp>
#endif

#endif  // AIAUDIT_AUDIT_WITNESS_HPP
