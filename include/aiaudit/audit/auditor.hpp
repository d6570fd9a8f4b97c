// SPDX-License-Identifier: MIT
//
// auditor.hpp: whether each log of a policy only grew since it was looked at last: what it signs is
// held to a mirror of what it signed before, cosigned where it continues that, and kept as evidence
// where it does not.
//
//     auto policy = aiaudit::log_policy::parse(text).value();
//     auto audit = aiaudit::auditor::open(policy, {.directory = "audit"}).value();
//     for (auto const& log : policy.trusted_logs())
//         for (auto const& each : audit.look(log.origin).findings) tell(each.text);
//
// Threads: one at a time.
// Floor 8.
#ifndef AIAUDIT_AUDIT_AUDITOR_HPP
#define AIAUDIT_AUDIT_AUDITOR_HPP

#include <aiaudit/audit/audit_directory.hpp>  // audit_directory
#include <aiaudit/audit/log_mirror.hpp>       // log_mirror
#include <aiaudit/audit/log_source.hpp>       // log_source
#include <aiaudit/core/timestamp.hpp>         // timestamp
#include <aiaudit/integrity/fork_file.hpp>    // fork_file
#include <aiaudit/integrity/log_policy.hpp>   // log_policy

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

enum class audit_kind : std::uint8_t {
    unreachable,     // the log, or a tile of it, could not be read
    bad_checkpoint,  // what it shows is no checkpoint that its key signed
    rolled_back,     // it shows fewer records than before
    forked,          // it has signed two histories: there is a file of evidence
    bad_tiles,       // its tiles are not those of the checkpoint that it signed
    bad_records,     // its records are not those under its leaves
    silent,          // nothing new for longer than it may be
    no_quorum,       // too few witnesses have cosigned what it shows
    damaged,         // the auditor's own mirror of it
};
[[nodiscard]] std::string_view name_of(audit_kind kind) noexcept;

struct audit_finding {
    audit_kind kind{};
    std::string origin{};
    std::string text{};      // one line: what, which log, what to do
    std::string evidence{};  // the path of a file, where there is one
};

// What was seen of one log.
struct log_look {
    std::string origin{};
    std::uint64_t before = 0;  // records that were mirrored before
    std::uint64_t size = 0;    // and are now
    digest root{};
    bool cosigned = false;
    std::uint64_t dropped =
        0;  // bundles of records that the log has no more; 0 too if none is asked
    std::vector<audit_finding> findings{};
};

// A checkpoint of whom the log does not control: a witness, a sink, a colleague.
struct checkpoint_view {
    std::string via{};
    std::string note{};
};

struct auditor_options {
    // The cosigner that the mirror signs as; null: it does not. Not used as a witness's: one key is
    // of one role.
    std::shared_ptr<cosigner_signing_key const> key{};
    std::int64_t silent_seconds = 0;  // 0: a log may be silent for as long as it likes
    bool copies_records = false;      // the mirrors have the records too; http.token opens them
    log_source_options http{};
    std::function<timestamp()> now{};  // empty: the system's clock
    // In place of HTTP: for tests, and for logs that lie in files.
    std::function<result<log_source>(std::string_view url)> source{};
};

class auditor {
public:
    // Errors: bad_argument for a URL of a log or witness that is none, and for a key that is a
    // log's too.
    [[nodiscard]] static result<auditor> open(log_policy policy, audit_directory in,
                                              auditor_options options);

    [[nodiscard]] log_policy const& policy() const noexcept { return policy_; }

    // Looks at a log of the policy once: what it serves, what its witnesses show (those of the
    // policy that have a URL), and these views. What is wrong is a finding; the rest goes on.
    [[nodiscard]] log_look look(std::string_view origin,
                                std::vector<checkpoint_view> const& views = {});

    // The mirror of a log. Errors: not_found for an unknown origin; those of log_mirror::open.
    [[nodiscard]] result<log_mirror*> mirror(std::string_view origin);

private:
    struct watched_log {
        trusted_log log;
        std::vector<log_source> sources{};  // the first has the tiles
        std::optional<log_mirror> mirror{};
        std::uint64_t grown_at = 0;  // seconds since 1970, when it was first seen as it is now
    };
    struct signed_view {
        std::string via{};
        std::string note{};
        witnessed_checkpoint state;
        bool is_own = false;  // the log itself shows it
    };
    struct looking {
        watched_log& at;
        log_look& seen;
        std::vector<signed_view> views{};
    };

    auditor(log_policy policy, audit_directory in, auditor_options options)
        : policy_(std::move(policy)), directory_(std::move(in)), options_(std::move(options)) {}

    [[nodiscard]] result<void> add_log(trusted_log log);
    [[nodiscard]] result<log_source> source_of(std::string_view url) const;
    [[nodiscard]] std::uint64_t now_seconds() const;
    [[nodiscard]] result<void> open_mirror(watched_log& of);

    static void find(looking& in, audit_kind kind, std::string text, std::string evidence = {});
    void fetch_views(looking& in, std::vector<checkpoint_view> const& given);
    void take_view(looking& in, std::string via, std::string note, bool is_own);
    void judge(looking& in, signed_view const& view);
    void judge_older(looking& in, signed_view const& view);
    void judge_newer(looking& in, signed_view const& view);
    void explain_tiles(looking& in, signed_view const& view);
    void keep_fork(looking& in, fork_file const& evidence, std::string const& via);
    void judge_end(looking& in);
    void copy_records(looking& in);
    void judge_silence(looking& in, signed_view const& own);
    [[nodiscard]] result<std::string> cosigned(std::string_view note) const;
    [[nodiscard]] result<void> keep_seen(watched_log& of, signed_view const& view);
    [[nodiscard]] result<void> accept(looking& in, signed_view const& view);

    log_policy policy_;
    audit_directory directory_;
    auditor_options options_;
    std::vector<watched_log> logs_{};
    std::vector<std::pair<std::string, log_source>> witnesses_{};  // name, monitoring prefix
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/audit/auditor.ipp>
#endif

#endif  // AIAUDIT_AUDIT_AUDITOR_HPP
