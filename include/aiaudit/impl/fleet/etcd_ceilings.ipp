// SPDX-License-Identifier: MIT
//
// etcd_ceilings.ipp: the definitions of etcd_ceilings.hpp.
#ifndef AIAUDIT_IMPL_FLEET_ETCD_CEILINGS_IPP
#define AIAUDIT_IMPL_FLEET_ETCD_CEILINGS_IPP

#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/fleet/ceiling_text.hpp>  // budget_lines
#include <aiaudit/fleet/etcd_ceilings.hpp>
#include <aiaudit/integrity/text_form.hpp>     // base64
#include <aiaudit/resilience/retry_after.hpp>  // http_date_reader

#include <boost/json.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <stop_token>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

[[nodiscard]] inline error bad_rows() {
    return fail(errc::corrupt, "etcd: the fleet's value cannot be read");
}

AIAUDIT_INLINE result<std::string> rows_text(ceiling_rows const& of, timestamp at) {
    namespace json = boost::json;
    json::object all{{"format", 1},
                     {"version", std::to_string(of.version)},
                     {"system", of.system},
                     {"server", of.server},
                     {"trust", static_cast<int>(of.trust)},
                     {"recovery", std::to_string(of.recovery)},
                     {"doubts_until", std::to_string(of.doubts_until.ns)}};
    json::array budgets;
    for (auto const& each : of.budgets) {
        auto const lines = budget_lines(each.second.budget, at);
        if (!lines) return lines.error();
        budgets.push_back(
            json::array{*lines, std::to_string(each.second.revision), each.second.removed});
    }
    json::array nodes;
    for (auto const& each : of.nodes) {
        node_row const& node = each.second;
        nodes.push_back(json::array{each.first, node.id.to_string(), std::to_string(node.number),
                                    std::to_string(node.recovery), std::to_string(node.seen.ns),
                                    node.written_off});
    }
    json::array windows;
    for (auto const& each : of.windows)
        windows.push_back(json::array{each.first.budget, std::to_string(each.first.window),
                                      std::to_string(each.second.begins.ns),
                                      std::to_string(each.second.ends.ns),
                                      whole_text(each.second.sum)});
    json::array ceilings;
    for (auto const& each : of.ceilings)
        ceilings.push_back(json::array{
            each.first.first.budget, std::to_string(each.first.first.window), each.first.second,
            whole_text(each.second.ceiling), whole_text(each.second.used)});
    all["budgets"] = std::move(budgets);
    all["nodes"] = std::move(nodes);
    all["windows"] = std::move(windows);
    all["ceilings"] = std::move(ceilings);
    return json::serialize(all);
}

// Reads members of rows; `good` is false once one is not what it should be.
class rows_reader {
public:
    [[nodiscard]] bool good() const noexcept { return good_; }
    [[nodiscard]] std::string_view text(boost::json::value const* of) {
        auto const* const found = of == nullptr ? nullptr : of->if_string();
        if (found == nullptr) return spoil();
        return {found->data(), found->size()};
    }
    template <class Integer>
    [[nodiscard]] Integer number(boost::json::value const* of) {
        std::string_view const digits = text(of);
        Integer value{};
        auto const [end, failure] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (failure != std::errc{} || end != digits.data() + digits.size()) spoil();
        return value;
    }
    [[nodiscard]] int128 whole(boost::json::value const* of) {
        auto const value = parse_whole(text(of));
        if (!value) spoil();
        return value.value_or(0);
    }
    [[nodiscard]] bool flag(boost::json::value const* of) {
        bool const* const found = of == nullptr ? nullptr : of->if_bool();
        if (found == nullptr) spoil();
        return found != nullptr && *found;
    }
    // Calls visit(row) for each row of an array of rows that have so many members.
    template <class Visitor>
    void rows(boost::json::object const& in, std::string_view name, std::size_t members,
              Visitor&& visit) {
        auto const* const all = in.if_contains({name.data(), name.size()});
        auto const* const list = all == nullptr ? nullptr : all->if_array();
        if (list == nullptr) spoil();
        for (std::size_t i = 0; list != nullptr && good_ && i < list->size(); ++i) {
            auto const* const row = (*list)[i].if_array();
            if (row == nullptr || row->size() != members)
                spoil();
            else
                visit(*row);
        }
    }

private:
    std::string_view spoil() {
        good_ = false;
        return {};
    }
    bool good_ = true;
};

AIAUDIT_INLINE void read_nodes(rows_reader& in, boost::json::object const& all,
                               ceiling_rows& rows) {
    in.rows(all, "nodes", 6, [&](boost::json::array const& row) {
        node_row& node = rows.nodes[std::string(in.text(&row[0]))];
        if (auto const id = operation_id::parse(in.text(&row[1]))) node.id = *id;
        node.number = in.number<std::uint64_t>(&row[2]);
        node.recovery = in.number<std::uint64_t>(&row[3]);
        node.seen = {in.number<std::int64_t>(&row[4])};
        node.written_off = in.flag(&row[5]);
    });
}

AIAUDIT_INLINE void read_ceilings(rows_reader& in, boost::json::object const& all,
                                  ceiling_rows& rows) {
    in.rows(all, "windows", 5, [&](boost::json::array const& row) {
        window_row& window =
            rows.windows[{std::string(in.text(&row[0])), in.number<std::int64_t>(&row[1])}];
        window.begins = {in.number<std::int64_t>(&row[2])};
        window.ends = {in.number<std::int64_t>(&row[3])};
        window.sum = in.whole(&row[4]);
    });
    in.rows(all, "ceilings", 5, [&](boost::json::array const& row) {
        window_key const key{std::string(in.text(&row[0])), in.number<std::int64_t>(&row[1])};
        ceiling_row& ceiling = rows.ceilings[{key, std::string(in.text(&row[2]))}];
        ceiling.ceiling = in.whole(&row[3]);
        ceiling.used = in.whole(&row[4]);
    });
}

AIAUDIT_INLINE result<ceiling_rows> parse_rows(std::string_view text) {
    boost::system::error_code failed;
    auto const parsed = boost::json::parse({text.data(), text.size()}, failed);
    auto const* const all = failed ? nullptr : parsed.if_object();
    if (all == nullptr) return bad_rows();
    auto const* const format = all->if_contains("format");
    if (format == nullptr || *format != 1)
        return fail(errc::newer_format,
                    "etcd: another program wrote the fleet's value: use a newer one");
    rows_reader in;
    ceiling_rows rows;
    rows.version = in.number<std::uint64_t>(all->if_contains("version"));
    rows.system = in.text(all->if_contains("system"));
    rows.server = in.text(all->if_contains("server"));
    rows.recovery = in.number<std::uint64_t>(all->if_contains("recovery"));
    rows.doubts_until = {in.number<std::int64_t>(all->if_contains("doubts_until"))};
    auto const* const trust = all->if_contains("trust");
    bool const known =
        trust != nullptr && trust->is_int64() && trust->get_int64() >= 0 && trust->get_int64() <= 2;
    if (!known) return bad_rows();
    rows.trust = static_cast<store_trust>(trust->get_int64());
    bool budgets_are_good = true;
    in.rows(*all, "budgets", 3, [&](boost::json::array const& row) {
        auto read = parse_budget_lines(in.text(&row[0]));
        budgets_are_good = budgets_are_good && read.has_value();
        if (!read) return;
        std::string const name = read->name;
        rows.budgets[name] = {std::move(*read), in.number<std::uint64_t>(&row[1]),
                              in.flag(&row[2])};
    });
    read_nodes(in, *all, rows);
    read_ceilings(in, *all, rows);
    if (!in.good() || !budgets_are_good) return bad_rows();
    return rows;
}

}  // namespace detail

AIAUDIT_INLINE result<etcd_ceilings::answer> etcd_ceilings::post(std::string target,
                                                                 std::string body) {
    http_request request{"POST", options_.origin, std::move(target), options_.headers,
                         std::move(body)};
    request.headers.emplace_back("Content-Type", "application/json");
    transfer_limits limits;
    limits.deadline = std::chrono::steady_clock::now() + options_.answer_max;
    limits.response_bytes_max = std::size_t{8} << 20;
    http_response_head head;
    answer got;
    auto const sent = transport_.exchange(
        request, limits, std::stop_token{},
        [&head](http_response_head const& of) {
            head = of;
            return true;
        },
        [&got](std::string_view piece) {
            got.body.append(piece);
            return true;
        });
    if (!sent) return sent.error();
    if (head.status != 200) {
        error refused = fail(errc::storage_failed, "etcd answered " + std::to_string(head.status));
        refused.remote = got.body;
        return refused;
    }
    auto const seconds = detail::http_date_reader(header_of(head.headers, "Date")).read({});
    if (!seconds) return fail(errc::bad_response, "etcd does not say what time it is");
    got.now = timestamp{*seconds * nanoseconds_per_second};
    return got;
}

AIAUDIT_INLINE result<etcd_ceilings::read_rows> etcd_ceilings::read() {
    auto const got =
        post("/v3/kv/range", "{\"key\":\"" + detail::base64_encode(options_.key) + "\"}");
    if (!got) return got.error();
    boost::system::error_code failed;
    auto const parsed = boost::json::parse(got->body, failed);
    detail::rows_reader in;
    auto const* const all = failed ? nullptr : parsed.if_object();
    auto const* const header = all == nullptr ? nullptr : all->if_contains("header");
    if (header == nullptr || !header->is_object())
        return fail(errc::bad_response, "etcd: the answer is none of etcd's");
    read_rows found;
    found.moment.now = got->now;
    found.moment.quarantine_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(options_.quarantine).count();
    found.moment.system = in.text(header->get_object().if_contains("cluster_id"));
    auto const* const list = all->if_contains("kvs");
    if (list != nullptr && list->is_array() && !list->get_array().empty()) {
        auto const* const one = list->get_array()[0].if_object();
        if (one == nullptr) return detail::bad_rows();
        auto const value = detail::base64_decode(in.text(one->if_contains("value")));
        found.revision = in.text(one->if_contains("mod_revision"));
        if (!value || !in.good()) return detail::bad_rows();
        auto rows = detail::parse_rows(*value);
        if (!rows) return rows.error();
        found.rows = std::move(*rows);
    }
    if (!in.good()) return fail(errc::bad_response, "etcd: the answer is none of etcd's");
    return found;
}

AIAUDIT_INLINE result<bool> etcd_ceilings::write(read_rows const& what) {
    auto const text = detail::rows_text(what.rows, what.moment.now);
    if (!text) return text.error();
    namespace json = boost::json;
    std::string const key = detail::base64_encode(options_.key);
    json::object const transaction{
        {"compare", json::array{json::object{{"key", key},
                                             {"target", "MOD"},
                                             {"result", "EQUAL"},
                                             {"mod_revision", what.revision}}}},
        {"success", json::array{json::object{
                        {"request_put",
                         json::object{{"key", key}, {"value", detail::base64_encode(*text)}}}}}}};
    auto const got = post("/v3/kv/txn", json::serialize(transaction));
    if (!got) return got.error();
    boost::system::error_code failed;
    auto const parsed = json::parse(got->body, failed);
    if (failed || !parsed.is_object())
        return fail(errc::bad_response, "etcd: the answer is none of etcd's");
    auto const* const done = parsed.get_object().if_contains("succeeded");
    return done != nullptr && done->is_bool() && done->get_bool();
}

template <class Change>
result<void> etcd_ceilings::change_rows(Change&& change) {
    for (int tries = 0; tries < options_.tries_most; ++tries) {
        auto found = read();
        if (!found) return found.error();
        if (result<void> const changed = change(found->rows, found->moment); !changed)
            return changed;
        auto const written = write(*found);
        if (!written) return written.error();
        if (*written) return {};
    }
    return fail(errc::storage_failed, "etcd: others write the fleet's value all the time");
}

AIAUDIT_INLINE result<sync_reply> etcd_ceilings::sync(sync_request const& request) {
    sync_reply reply;
    auto const done = change_rows([&](ceiling_rows& rows, store_moment const& at) -> result<void> {
        reply = take_sync(rows, request, at);
        return {};
    });
    if (!done) return done.error();
    return reply;
}

AIAUDIT_INLINE result<std::vector<stored_budget>> etcd_ceilings::budgets() {
    auto const found = read();
    if (!found) return found.error();
    std::vector<stored_budget> all;
    for (auto const& each : found->rows.budgets) all.push_back(each.second);
    return all;
}

AIAUDIT_INLINE result<void> etcd_ceilings::set(budget const& wanted) {
    return change_rows(
        [&](ceiling_rows& rows, store_moment const&) { return set_budget_row(rows, wanted); });
}

AIAUDIT_INLINE result<void> etcd_ceilings::remove(std::string_view name) {
    return change_rows(
        [&](ceiling_rows& rows, store_moment const&) { return remove_budget_row(rows, name); });
}

AIAUDIT_INLINE result<std::vector<stored_ceiling>> etcd_ceilings::ceilings() {
    auto const found = read();
    if (!found) return found.error();
    return ceilings_of(found->rows);
}

AIAUDIT_INLINE result<void> etcd_ceilings::write_off(node_write_off const& of) {
    return change_rows(
        [&](ceiling_rows& rows, store_moment const&) { return write_off_node(rows, of); });
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_FLEET_ETCD_CEILINGS_IPP
