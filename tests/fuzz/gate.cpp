// SPDX-License-Identifier: MIT
//
// gate.cpp: any bytes as the state of a gate whose checksum is right, and as the record of a
// budget. What is read must be written back the same, and can be used.
#include "require.hpp"

#include <aiaudit/budget/gate.hpp>
#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/detail/crc32c.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace aiaudit;
using namespace aiaudit_fuzz;

void use(budget_gate gate, record_view intent) {
    for (timestamp const at : {timestamp{}, timestamp{INT64_MAX}, timestamp{INT64_MIN}}) {
        static_cast<void>(gate.states(at));
        intent.started_at = at;
        intent.operation_id.bytes[0] ^= 1U;
        auto const said = gate.reserve(intent);
        if (!said.admitted)
            require(refusal_text(gate.describe(said, intent)).find('\n') == std::string::npos);
        require(gate.apply(sequence{UINT64_MAX}, intent).has_value());
    }
    static_cast<void>(gate.open());
    static_cast<void>(gate.take_crossings());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string bytes(reinterpret_cast<char const*>(data), size);
    record_view intent;
    intent.kind = record_kind::intent;
    intent.user = "alice";
    intent.cost_status = cost_status::priced;
    intent.cost = money::from_pico(7);
    record entry;
    if (decode_record(std::string_view(bytes), entry)) {
        auto const change = read_budget_change(entry);
        if (change && change->set) {
            auto const again = to_record(*change->set, entry.started_at);
            require(again.has_value() &&
                    read_budget_change(*again)->set->name == change->set->name);
        }
    }
    if (bytes.size() < detail::gate_head_bytes) return 0;
    bytes.replace(0, 3, detail::gate_magic);
    bytes[3] = static_cast<char>(detail::gate_version);
    detail::store_little_endian(
        bytes.data() + 4, detail::crc32c(std::string_view(bytes).substr(detail::gate_head_bytes)));
    auto const gate = budget_gate::from_snapshot(bytes);
    if (!gate) return 0;
    require(gate->snapshot() == bytes);
    use(*gate, intent);
    return 0;
}
