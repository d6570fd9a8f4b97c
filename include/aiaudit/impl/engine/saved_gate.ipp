// SPDX-License-Identifier: MIT
//
// saved_gate.ipp: the definitions of saved_gate.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_SAVED_GATE_IPP
#define AIAUDIT_IMPL_ENGINE_SAVED_GATE_IPP

#include <aiaudit/config.hpp>         // AIAUDIT_INLINE
#include <aiaudit/detail/crc32c.hpp>  // crc32c
#include <aiaudit/engine/saved_gate.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string write_gate_of(std::uint64_t through, budget_gate const& gate,
                                         alert_book const& book) {
    std::string const bytes = gate.snapshot();
    std::string body = to_little_endian(through);
    append_field(body, bytes);
    body += book.snapshot();
    return to_little_endian(crc32c(body)) + body;
}

AIAUDIT_INLINE std::uint64_t through_of_gate(std::string_view bytes) noexcept {
    return bytes.size() < 12 ? 0 : load_little_endian<std::uint64_t>(bytes.data() + 4);
}

AIAUDIT_INLINE std::optional<saved_gate> read_saved_gate(std::string_view bytes) {
    byte_reader in{bytes};
    auto const checksum = in.little_endian<std::uint32_t>();
    if (!in.ok() || checksum != crc32c(in.rest())) return std::nullopt;
    auto const through = in.little_endian<std::uint64_t>();
    std::string_view const gate_bytes = in.take(in.little_endian<std::uint64_t>());
    if (!in.ok()) return std::nullopt;
    auto gate = budget_gate::from_snapshot(gate_bytes);
    auto book = alert_book::from_snapshot(in.rest());
    if (!gate || !book) return std::nullopt;
    return saved_gate{through, std::move(*gate), std::move(*book)};
}

AIAUDIT_INLINE bool may_have_rules(std::string_view block, block_header const& header) noexcept {
    byte_reader in{block.substr(block_header::size + header.records_size)};
    for (std::uint32_t i = 0; i < header.names_count && in.ok(); ++i) {
        std::string_view const entry = in.take(in.varint());
        if (entry.empty()) continue;
        // A shape begins with its kind; a name that begins so costs a look.
        auto const kind = static_cast<record_kind>(static_cast<std::uint8_t>(entry.front()));
        if (kind == record_kind::budget || kind == record_kind::alert) return true;
    }
    return !in.ok();
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_SAVED_GATE_IPP
