// SPDX-License-Identifier: MIT
//
// log_policy.hpp: which logs are known, which witnesses, and how many of these must have cosigned a
// checkpoint before it is believed (c2sp.org/tlog-policy).
//
//     log example.com/node1+3de5...+AeG... https://node1.example.com/tlog
//     witness w1 witness.example/w1+8d66...+BJ... https://witness.example
//     witness w2 other.example/w+77aa...+BD...
//     group both all w1 w2
//     quorum both
//
// Keys of logs are Ed25519 (type 1), of witnesses Ed25519 cosigners (type 4); other kinds, and
// lines that are none of these, are refused by their number.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_LOG_POLICY_HPP
#define AIAUDIT_INTEGRITY_LOG_POLICY_HPP

#include <aiaudit/integrity/checkpoint.hpp>   // verified_checkpoint, trusted_log
#include <aiaudit/integrity/cosignature.hpp>  // cosigner_verification_key

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// A checkpoint of a log that a policy knows, and which of its witnesses cosigned it.
struct witnessed_checkpoint {
    verified_checkpoint state;
    std::vector<cosignature> cosigned{};  // `key` is a place in log_policy::witnesses()
};

class log_policy {
public:
    static constexpr std::size_t text_bytes_max = std::size_t{1} << 20;
    static constexpr std::size_t names_max = 1'024;  // of each kind of line

    struct log_line {
        note_verification_key key;
        std::string url{};  // empty: none was given
    };
    struct witness_line {
        std::string name{};
        cosigner_verification_key key;
        std::string url{};
    };

    // Errors: bad_input, which names the line; too_large.
    [[nodiscard]] static result<log_policy> parse(std::string_view text);

    [[nodiscard]] std::vector<log_line> const& logs() const noexcept { return logs_; }
    [[nodiscard]] std::vector<witness_line> const& witnesses() const noexcept { return witnesses_; }
    // The keys of the witnesses, in their order.
    [[nodiscard]] std::vector<cosigner_verification_key> const& witness_keys() const noexcept {
        return witness_keys_;
    }
    [[nodiscard]] bool needs_witnesses() const noexcept { return quorum_ != none; }

    // The origins, in the order of their first lines. A log whose key changes has several keys.
    [[nodiscard]] std::vector<trusted_log> trusted_logs() const;
    // Errors: not_found.
    [[nodiscard]] result<trusted_log> log_named(std::string_view origin) const;

    // Whether the witnesses with true in `cosigned`, by their places, are a quorum.
    [[nodiscard]] bool is_quorum(std::vector<bool> const& cosigned) const;

    // A checkpoint that one of the logs signed, with what witnesses say of it; a quorum is not
    // asked for. Errors: as open_checkpoint and cosignatures_of; not_found for an unknown origin.
    [[nodiscard]] result<witnessed_checkpoint> open_log(std::string_view note) const;
    // The same, if it has the quorum: what this policy believes. Errors: verification_failed too.
    [[nodiscard]] result<witnessed_checkpoint> open(std::string_view note) const;

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    // A name: a witness by its place, or a group of other names.
    struct member {
        std::string name{};
        bool is_member = false;            // of some group; at most once
        std::size_t witness = none;        // its place, or none: a group
        std::size_t least = 0;             // how many of `names`
        std::vector<std::size_t> names{};  // places in names_, all before this one
    };
    using words = std::vector<std::string_view>;

    [[nodiscard]] result<void> take_line(words const& line);
    [[nodiscard]] result<void> take_log(words const& line);
    [[nodiscard]] result<void> take_witness(words const& line);
    [[nodiscard]] result<void> take_group(words const& line);
    [[nodiscard]] result<void> take_quorum(words const& line);
    [[nodiscard]] result<void> define(std::string_view name);
    // Its place in names_, or none.
    [[nodiscard]] std::size_t place_of(std::string_view name) const noexcept;
    // Which names count, by what the witnesses did.
    [[nodiscard]] std::vector<bool> counted(std::vector<bool> const& cosigned) const;

    std::vector<log_line> logs_{};
    std::vector<witness_line> witnesses_{};
    std::vector<cosigner_verification_key> witness_keys_{};
    std::vector<member> names_{};
    std::size_t quorum_ = none;
    bool has_quorum_ = false;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/log_policy.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_LOG_POLICY_HPP
