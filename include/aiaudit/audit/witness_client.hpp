// SPDX-License-Identifier: MIT
//
// witness_client.hpp: how a log has its checkpoints cosigned by a witness (c2sp.org/tlog-witness).
//
// Threads: one at a time.
// Floor 8.
#ifndef AIAUDIT_AUDIT_WITNESS_CLIENT_HPP
#define AIAUDIT_AUDIT_WITNESS_CLIENT_HPP

#include <aiaudit/audit/log_source.hpp>       // exchange_function
#include <aiaudit/core/digest.hpp>            // digest
#include <aiaudit/integrity/cosignature.hpp>  // cosigner_verification_key

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

class witness_client {
public:
    // The proof that the log of the new checkpoint continues its first `old_size` records.
    using prove_function = std::function<result<std::vector<digest>>(std::uint64_t old_size)>;

    // `url` is the witness's submission prefix. Errors: bad_argument for a URL that is none.
    [[nodiscard]] static result<witness_client> open(cosigner_verification_key key,
                                                     std::string_view url,
                                                     log_source_options const& options = {});

    [[nodiscard]] std::string const& name() const noexcept { return key_.name(); }

    // The witness's signature line on a checkpoint's note, verified. It asks at most three times,
    // since the witness may know of another size than we do. Errors: verification_failed, where the
    // witness knows of a larger log, or refuses the proof: the log was rolled back or written anew;
    // bad_response; those of the transport and of prove().
    [[nodiscard]] result<std::string> cosign(std::string_view note, std::uint64_t size,
                                             prove_function const& prove);

private:
    witness_client(cosigner_verification_key key, detail::log_url at,
                   detail::exchange_function exchange)
        : key_(std::move(key)), at_(std::move(at)), exchange_(std::move(exchange)) {}

    [[nodiscard]] result<std::string> read_answer(detail::fetched const& answer,
                                                  std::string_view note) const;

    cosigner_verification_key key_;
    detail::log_url at_;
    detail::exchange_function exchange_;
    std::uint64_t known_ = 0;  // what it cosigned last, as far as we know
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/audit/witness_client.ipp>
#endif

#endif  // AIAUDIT_AUDIT_WITNESS_CLIENT_HPP
