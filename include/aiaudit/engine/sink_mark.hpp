// SPDX-License-Identifier: MIT
//
// sink_mark.hpp: which sinks a ledger has, and what they have confirmed, so that retention drops
// nothing that one of them lacks.
//
// A mark is a small file, PATH/sinks/NAME, that the shipper replaces whole after what it shipped.
// It is a note for retention alone: where a sink really stands, its own cursor says. A mark that is
// lost or behind keeps records longer, or lets some go unshipped; no report depends on it.
// Threads: functions without state. Processes: a mark has one writer, the sink's shipper.
// Floor 6.
#ifndef AIAUDIT_ENGINE_SINK_MARK_HPP
#define AIAUDIT_ENGINE_SINK_MARK_HPP

#include <aiaudit/error.hpp>  // result

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct sink_mark {
    std::string name{};         // 1 to 64 letters, digits, '-', '_' and '.'; not a '.' first
    std::string address{};      // for people, without secrets
    std::string origin{};       // under which the sink knows this log
    std::uint64_t shipped = 0;  // the sink has this record, and those before it

    friend bool operator==(sink_mark const&, sink_mark const&) = default;
};

// The most sinks of one ledger.
inline constexpr std::size_t sink_marks_max = 64;

// By name. Errors: corrupt, for a file that is no mark; those of the file system.
[[nodiscard]] result<std::vector<sink_mark>> read_sink_marks(std::string const& ledger_path);
// Durable when it returns. Errors: bad_argument for a name, or where there are too many; those of
// the file system.
[[nodiscard]] result<void> write_sink_mark(std::string const& ledger_path, sink_mark const& mark);
// Errors: not_found.
[[nodiscard]] result<void> remove_sink_mark(std::string const& ledger_path, std::string_view name);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/sink_mark.ipp>
#endif

#endif  // AIAUDIT_ENGINE_SINK_MARK_HPP
