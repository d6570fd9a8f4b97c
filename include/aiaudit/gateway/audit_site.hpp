// SPDX-License-Identifier: MIT
//
// audit_site.hpp: a witness, and an auditor's mirrors, as a site (c2sp.org/tlog-witness,
// c2sp.org/tlog-mirror).
//
//     POST /add-checkpoint                 to the witness
//     GET  /HASH/checkpoint                what it cosigned last; HASH is SHA-256 of the origin
//     GET  /mirror/HASH/checkpoint         the mirror's, cosigned by the mirror
//     GET  /mirror/HASH/tile/...           its tiles
//
// Threads: its functions are called by any thread.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_AUDIT_SITE_HPP
#define AIAUDIT_GATEWAY_AUDIT_SITE_HPP

#include <aiaudit/audit/witness.hpp>         // witness
#include <aiaudit/gateway/gateway_site.hpp>  // gateway_site

#include <memory>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {

// `by` is null where there is no witness; `mirrors` is the directory of mirrors, or empty.
[[nodiscard]] gateway_site audit_site(std::shared_ptr<witness> by, std::string mirrors);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/audit_site.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_AUDIT_SITE_HPP
