// SPDX-License-Identifier: MIT
//
// dashboard_records.ipp: the definitions of dashboard_records.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_DASHBOARD_RECORDS_IPP
#define AIAUDIT_IMPL_GATEWAY_DASHBOARD_RECORDS_IPP

#include <aiaudit/basic_ledger.hpp>  // basic_ledger
#include <aiaudit/codec/block.hpp>   // view_block, read_block
#include <aiaudit/config.hpp>        // AIAUDIT_INLINE
#include <aiaudit/gateway/dashboard_records.hpp>

#include <iterator>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<void> add_newest(std::string_view block, record_filter const& filter,
                                       std::uint64_t begin, std::uint64_t end, std::size_t limit,
                                       record_page& to) {
    std::vector<sequence> passed;
    auto const looked = view_block(block, [&](sequence number, record_view const& entry) {
        bool const is_asked = value_of(number) >= begin && value_of(number) < end;
        if (is_asked && filter.passes(entry)) passed.push_back(number);
        return value_of(number) + 1 < end;
    });
    if (!looked) return looked.error();
    to.next_before = (std::max)(begin, value_of(looked->first));
    std::size_t const wanted = (std::min)(passed.size(), limit - to.newest_first.size());
    if (wanted == 0) return {};
    auto next = passed.end() - static_cast<std::ptrdiff_t>(wanted);
    if (to.newest_first.size() + wanted == limit) to.next_before = value_of(*next);
    std::vector<std::string> texts;
    auto const read = read_block(block, [&](sequence number, record&& entry) {
        if (number != *next) return true;
        texts.push_back(to_json(number, entry));
        return ++next != passed.end();
    });
    if (!read) return read.error();
    to.newest_first.insert(to.newest_first.end(), std::make_move_iterator(texts.rbegin()),
                           std::make_move_iterator(texts.rend()));
    return {};
}

AIAUDIT_INLINE std::string json_of(alert const& of, std::vector<alert_failure> const& failures) {
    json_writer out;
    out.text("key", of.key);
    out.text("kind", name_of(of.kind));
    out.text("at", of.at.to_string());
    out.text("text", of.text);
    // A list of pairs: a name may stand more than once.
    std::vector<std::string> facts;
    for (auto const& [name, value] : of.facts) {
        json_writer one;
        one.text("name", name);
        one.text("value", value);
        facts.push_back(one.finish());
    }
    out.raw("facts", json_list_of(facts));
    std::vector<std::string> failed;
    for (alert_failure const& each : failures) {
        if (each.key != of.key) continue;
        json_writer one;
        one.text("sink", each.sink);
        one.number("failures", each.last.failures);
        one.text("error", each.last.error);
        one.text("why", each.last.why);
        failed.push_back(one.finish());
    }
    out.raw("undelivered", json_list_of(failed));
    return out.finish();
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_DASHBOARD_RECORDS_IPP
