// SPDX-License-Identifier: MIT
//
// sinks.hpp: the definitions behind <aiaudit/sinks/...> that need no library, for the one source
// that compiles them.
// Floor 11.
#ifndef AIAUDIT_IMPL_SINKS_HPP
#define AIAUDIT_IMPL_SINKS_HPP

#include <aiaudit/impl/sinks/held_rows.ipp>
#include <aiaudit/impl/sinks/json_lines_sink.ipp>
#include <aiaudit/impl/sinks/line_rows.ipp>
#include <aiaudit/impl/sinks/record_columns.ipp>
#include <aiaudit/impl/sinks/row_batch.ipp>
#include <aiaudit/impl/sinks/shipper.tpp>

#ifdef AIAUDIT_SEPARATE
namespace aiaudit {
inline namespace v0_1_0 {

template class basic_shipper<default_policies>;
template result<std::string> log_name(ledger const&);

}  // namespace v0_1_0
}  // namespace aiaudit
#endif

#endif  // AIAUDIT_IMPL_SINKS_HPP
