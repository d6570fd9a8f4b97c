// SPDX-License-Identifier: MIT
//
// tlog_publisher.hpp: signs the log's checkpoint in a thread of its own, has it cosigned by
// witnesses, and holds the one that is served. No call waits for it.
//
// A log must sign no two checkpoints that are inconsistent. What was signed last is kept in a file,
// and nothing is signed that does not continue it.
// Threads: all members may be called from any thread.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_TLOG_PUBLISHER_HPP
#define AIAUDIT_GATEWAY_TLOG_PUBLISHER_HPP

#include <aiaudit/audit/witness_client.hpp>   // witness_client
#include <aiaudit/clock/thread.hpp>           // thread
#include <aiaudit/core/timestamp.hpp>         // steady_time
#include <aiaudit/gateway/tlog_log.hpp>       // tlog_log
#include <aiaudit/integrity/checkpoint.hpp>   // sign_checkpoint
#include <aiaudit/integrity/cosignature.hpp>  // with_signature_lines

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct tlog_witness {
    cosigner_verification_key key;
    std::string url{};  // its submission prefix
};

struct tlog_options {
    std::string token{};  // opens the records; empty: nobody gets them. At least 16 characters
    std::string prefix = "/tlog";
    std::string signed_file{};  // where the last checkpoint that was signed is kept; empty: nowhere
    std::vector<tlog_witness> witnesses{};
    std::chrono::milliseconds between{1'000};     // looks at the log's size
    std::chrono::milliseconds heartbeat{60'000};  // witnesses are asked again for the same size
    log_source_options http{{}, {}, std::chrono::milliseconds(5'000)};  // to witnesses
};

namespace detail {

class tlog_publisher {
public:
    // Signs the first checkpoint. Errors: verification_failed, where the log does not continue what
    // was signed before; bad_argument for a witness's URL that is none; those of reading and
    // writing.
    [[nodiscard]] static result<std::unique_ptr<tlog_publisher>> open(tlog_log log,
                                                                      note_signing_key key,
                                                                      tlog_options const& options);
    ~tlog_publisher() { stop(); }
    tlog_publisher(tlog_publisher const&) = delete;
    tlog_publisher& operator=(tlog_publisher const&) = delete;

    [[nodiscard]] result<void> start();
    void stop();

    // The note that is served, and the size that it is of.
    [[nodiscard]] std::pair<std::string, std::uint64_t> published() const;
    // What hinders it now, in one line; empty: nothing.
    [[nodiscard]] std::string trouble() const;

private:
    struct asked_witness {
        witness_client client;
        std::string line{};            // its cosignature on what was signed last
        steady_time again{};           // when it is asked at the earliest
        std::chrono::seconds wait{0};  // after a failure
        std::string trouble{};
    };

    tlog_publisher(tlog_log log, note_signing_key key, tlog_options const& options)
        : log_(std::move(log)), key_(std::move(key)), options_(options) {}

    void run();
    [[nodiscard]] result<void> sign();
    [[nodiscard]] result<void> check_grows(compact_range const& now) const;
    void ask_witnesses();
    void ask(asked_witness& one, std::string const& note, std::uint64_t size);
    void publish();

    tlog_log const log_;
    note_signing_key const key_;
    tlog_options const options_;
    std::vector<asked_witness> witnesses_{};  // of the thread, once it runs
    std::string signed_note_{};
    std::uint64_t signed_size_ = 0;
    steady_time asked_at_{};

    mutable std::mutex mutex_{};
    std::condition_variable changed_{};
    bool stopping_ = false;  // these under mutex_
    std::string note_{};
    std::uint64_t size_ = 0;
    std::string trouble_{};
    thread thread_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/tlog_publisher.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_TLOG_PUBLISHER_HPP
