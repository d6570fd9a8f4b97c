// SPDX-License-Identifier: MIT
//
// dashboard_records.hpp: single records for the dashboard: a page of them, one with the proof that
// it is in the log, the alerts, and those that have just come, as server-sent events.
//
// A page is found block by block from its end, and no search looks at more than a bounded number of
// records.
// Threads: all members may be called from any thread at once.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_DASHBOARD_RECORDS_HPP
#define AIAUDIT_GATEWAY_DASHBOARD_RECORDS_HPP

#include <aiaudit/codec/record_codec.hpp>  // encode_record
#include <aiaudit/core/alert.hpp>
#include <aiaudit/engine/alert_book.hpp>
#include <aiaudit/engine/ledger_share.hpp>
#include <aiaudit/engine/log_reader.hpp>        // log_reader
#include <aiaudit/export/record_text.hpp>       // to_json
#include <aiaudit/export/report_text.hpp>       // milliseconds
#include <aiaudit/gateway/dashboard_query.hpp>  // api_parameters
#include <aiaudit/integrity/proof.hpp>          // inclusion_proof

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Which records a page has; an empty filter lets all pass.
struct record_filter {
    std::optional<std::string> user{};
    std::optional<std::string> model{};
    std::string_view kind{};

    [[nodiscard]] bool passes(record_view const& entry) const {
        if (!kind.empty() && name_of(entry.kind) != kind) return false;
        if (user && entry.user != *user) return false;
        return !model || entry.model() == *model || entry.model_requested == *model;
    }
};

struct record_page {
    std::vector<std::string> newest_first{};  // JSON
    std::uint64_t next_before = 0;            // where the next page begins; 0: there is none
};

// Adds the newest of a block's records from `begin` to before `end` that pass, up to `limit` in
// all, and sets next_before to the oldest that was looked at.
[[nodiscard]] result<void> add_newest(std::string_view block, record_filter const& filter,
                                      std::uint64_t begin, std::uint64_t end, std::size_t limit,
                                      record_page& to);

// What a record says that rollups do not keep.
struct recent_outcome {
    std::uint64_t number = 0;
    timestamp started_at{};
    std::optional<money> saved{};
    std::optional<std::uint64_t> first_token_ns{};
};

[[nodiscard]] std::string json_of(alert const& of, std::vector<alert_failure> const& failures);

}  // namespace detail

template <class Ledger>
class dashboard_records {
public:
    static constexpr std::uint64_t page_most = 200;
    static constexpr std::uint64_t looked_at_most = 20'000;  // of one page, and of recent()
    static constexpr std::uint64_t behind_most = 10'000;     // of events: what is older is left out

    explicit dashboard_records(Ledger& of) : of_(of) {}

    [[nodiscard]] gateway_response page(api_parameters& in);
    // `number` is the last part of the path.
    [[nodiscard]] gateway_response one(std::string_view number, api_parameters& in);
    [[nodiscard]] gateway_response alerts(api_parameters& in);
    [[nodiscard]] gateway_response recent(api_parameters& in);

    // Server-sent events for the records after `last`, which is moved; "" where there are none.
    [[nodiscard]] std::string events_after(sequence& last, std::size_t records_most);

private:
    [[nodiscard]] result<detail::record_page> find(detail::record_filter const& filter,
                                                   std::uint64_t before, std::uint64_t limit);
    [[nodiscard]] result<std::string> proof_of(std::uint64_t number, record const& entry);
    [[nodiscard]] result<void> look_at_recent();

    detail::ledger_share<Ledger> const of_;
    std::mutex mutex_{};
    // Under mutex_: the outcomes among the last records, so that each is read once, however often
    // a browser asks.
    std::deque<detail::recent_outcome> recent_{};
    std::uint64_t recent_end_ = 1;  // the first record that was not looked at yet
};

template <class Ledger>
gateway_response dashboard_records<Ledger>::page(api_parameters& in) {
    constexpr std::uint64_t most = (std::numeric_limits<std::int64_t>::max)();
    std::uint64_t const before = in.number("before", 1, most).value_or(most);
    std::uint64_t const limit = in.number("limit", 1, page_most).value_or(50);
    detail::record_filter filter{in.text("user"), in.text("model"), {}};
    filter.kind = in.word("kind", {"", "intent", "outcome", "retention", "circuit", "budget",
                                   "refusal", "alert", "correction", "prices", "key", "storage"});
    if (auto const wrong = in.problem()) return detail::problem_response(*wrong);
    auto const found = find(filter, before, limit);
    if (!found) return detail::failure_response(found.error());
    detail::json_writer out;
    out.raw("records", detail::json_list_of(found->newest_first));
    out.raw("next_before", found->next_before == 0 ? "null" : std::to_string(found->next_before));
    return detail::json_response(out.finish());
}

template <class Ledger>
result<detail::record_page> dashboard_records<Ledger>::find(detail::record_filter const& filter,
                                                            std::uint64_t before,
                                                            std::uint64_t limit) {
    auto const first = of_->first_sequence();
    if (!first) return first.error();
    auto const last = of_->last_sequence();
    if (!last) return last.error();
    detail::record_page made;
    std::uint64_t const oldest = std::max<std::uint64_t>(value_of(*first), 1);
    std::uint64_t end = (std::min)(before, value_of(*last) + 1);
    std::uint64_t const stop = (std::max)(oldest, end > looked_at_most ? end - looked_at_most : 1);
    while (end > stop && made.newest_first.size() < limit) {
        made.next_before = 0;
        auto const read = of_->log().blocks(end - 1, [&](std::string_view block) -> result<bool> {
            auto const added = detail::add_newest(block, filter, stop, end, limit, made);
            if (!added) return added.error();
            return false;
        });
        // Retention has dropped the rest in the meantime: there is no next page.
        if (!read && read.error().code == errc::not_found) return made;
        if (!read) return read.error();
        end = made.next_before;
    }
    made.next_before = end > oldest ? end : 0;
    return made;
}

template <class Ledger>
gateway_response dashboard_records<Ledger>::one(std::string_view number, api_parameters& in) {
    if (auto const wrong = in.problem()) return detail::problem_response(*wrong);
    api_problem const none{404, "there is no such record", {}};
    auto const wanted = detail::decimal_of(number);
    if (!wanted || *wanted == 0) return detail::problem_response(none);
    auto const last = of_->last_sequence();
    if (!last) return detail::failure_response(last.error());
    if (*wanted > value_of(*last)) return detail::problem_response(none);
    std::optional<record> found;
    auto const read = of_->read(sequence{*wanted}, [&found](sequence, record&& entry) {
        found = std::move(entry);
        return false;
    });
    if (!read && read.error().code == errc::not_found)
        return detail::problem_response({404, "retention has dropped this record", {}});
    if (!read) return detail::failure_response(read.error());
    if (!found) return detail::problem_response(none);
    auto const proof = proof_of(*wanted, *found);
    if (!proof) return detail::failure_response(proof.error());
    detail::json_writer out;
    out.raw("record", to_json(sequence{*wanted}, *found));
    out.raw("proof", *proof);
    return detail::json_response(out.finish());
}

// In the tree of the log as it is now. A proof that does not hold is not given out: the record is
// then not what was committed.
template <class Ledger>
result<std::string> dashboard_records<Ledger>::proof_of(std::uint64_t number, record const& entry) {
    auto const tree = of_->log().tree();
    if (!tree) return tree.error();
    std::uint64_t const index = number - 1;
    auto node = of_->log().nodes();
    auto const path = inclusion_proof(index, tree->size(), node);
    if (!path) return path.error();
    std::string const leaf = encode_record(entry);
    digest const hash = leaf_hash(leaf);
    digest const root = tree->root();
    if (!detail::inclusion_holds(index, tree->size(), hash, *path, root))
        return fail(errc::verification_failed, "the record is not the one that was committed");
    std::vector<std::string> hashes;
    for (digest const& each : *path) hashes.push_back(detail::json_string(each.to_string()));
    detail::json_writer out;
    out.number("index", index);
    out.number("tree_size", tree->size());
    out.text("root", root.to_string());
    out.text("leaf_hash", hash.to_string());
    out.raw("hashes", detail::json_list_of(hashes));
    // What the leaf's hash is of, so that a browser need believe nobody.
    out.text("leaf_base64", detail::base64_encode(leaf));
    return out.finish();
}

template <class Ledger>
gateway_response dashboard_records<Ledger>::alerts(api_parameters& in) {
    std::uint64_t const limit = in.number("limit", 1, 1'024).value_or(page_most);
    if (auto const wrong = in.problem()) return detail::problem_response(*wrong);
    struct found_alerts {
        std::vector<alert> raised{};  // oldest first
        std::vector<alert_failure> failures{};
    };
    timestamp const now = of_->time().now();
    auto const found = of_->alerts([now](detail::alert_book const& book) {
        // No sink has an empty name, and before the first alert none is too old to be delivered:
        // so these are all whose texts are known.
        timestamp const earliest{(std::numeric_limits<std::int64_t>::min)()};
        return found_alerts{book.undelivered({}, earliest), book.failures(now)};
    });
    if (!found) return detail::failure_response(found.error());
    std::vector<std::string> objects;
    for (std::size_t i = found->raised.size(); i > 0 && objects.size() < limit; --i)
        objects.push_back(detail::json_of(found->raised[i - 1], found->failures));
    return detail::json_response("{\"alerts\":" + detail::json_list_of(objects) + "}");
}

// Under mutex_.
template <class Ledger>
result<void> dashboard_records<Ledger>::look_at_recent() {
    auto const first = of_->first_sequence();
    if (!first) return first.error();
    auto const last = of_->last_sequence();
    if (!last) return last.error();
    std::uint64_t const newest = value_of(*last);
    std::uint64_t const begin =
        (std::max)(value_of(*first), newest > looked_at_most ? newest - looked_at_most + 1 : 1);
    while (!recent_.empty() && recent_.front().number < begin) recent_.pop_front();
    recent_end_ = (std::max)(recent_end_, begin);
    if (recent_end_ > newest) return {};
    auto const read = of_->log().views(recent_end_, [&](sequence number, record_view const& entry) {
        if (entry.kind == record_kind::outcome)
            recent_.push_back(
                {value_of(number), entry.started_at, entry.saved, entry.time_to_first_token_ns});
        recent_end_ = value_of(number) + 1;
        return recent_end_ <= newest;
    });
    // Retention may have dropped them in the meantime.
    if (!read && read.error().code != errc::not_found) return read.error();
    return {};
}

// What the cache saved, and the time to the first token, of the last outcomes.
template <class Ledger>
gateway_response dashboard_records<Ledger>::recent(api_parameters& in) {
    if (auto const wrong = in.problem()) return detail::problem_response(*wrong);
    std::lock_guard const lock(mutex_);
    if (auto const ok = look_at_recent(); !ok) return detail::failure_response(ok.error());
    std::uint64_t from_cache = 0;
    std::optional<timestamp> since;
    money saved;
    std::vector<std::uint64_t> first_token_ns;
    for (detail::recent_outcome const& each : recent_) {
        if (!since || each.started_at < *since) since = each.started_at;
        if (each.saved) ++from_cache;
        if (each.saved) saved += *each.saved;
        if (each.first_token_ns) first_token_ns.push_back(*each.first_token_ns);
    }
    detail::json_writer out;
    out.number("outcomes", recent_.size());
    out.raw("since", since ? detail::json_string(since->to_string()) : "null");
    out.number("from_cache", from_cache);
    out.text("saved_usd", saved.to_string());
    out.number("streamed", first_token_ns.size());
    auto sorted_to = first_token_ns.begin();
    for (std::size_t const percent : latency_percentiles::percents) {
        // Nearest rank, as in the reports.
        std::size_t const rank = (first_token_ns.size() * percent + 99) / 100;
        std::string const name = "p" + std::to_string(percent) + "_time_to_first_token_ms";
        if (rank == 0) {
            out.raw(name, "null");
            continue;
        }
        auto const at = first_token_ns.begin() + static_cast<std::ptrdiff_t>(rank - 1);
        std::nth_element(sorted_to, at, first_token_ns.end());
        sorted_to = at;
        out.raw(name, detail::milliseconds(*at));
    }
    return detail::json_response(out.finish());
}

template <class Ledger>
std::string dashboard_records<Ledger>::events_after(sequence& last, std::size_t records_most) {
    auto const first = of_->first_sequence();
    auto const newest = of_->last_sequence();
    if (!first || !newest || *newest == last) return {};
    // An id of another ledger's.
    if (*newest < last) {
        last = *newest;
        return {};
    }
    std::uint64_t const next = value_of(last) + 1;
    std::uint64_t const end = value_of(*newest);
    std::uint64_t const begin =
        (std::max)({next, value_of(*first), end > behind_most ? end - behind_most + 1 : 1});
    std::string out;
    if (begin > next) {
        last = sequence{begin - 1};
        out = "id: " + std::to_string(begin - 1) +
              "\nevent: gap\ndata: {\"from\":" + std::to_string(next) +
              ",\"to\":" + std::to_string(begin - 1) + "}\n\n";
    }
    std::size_t count = 0;
    if (begin > end || records_most == 0) return out;
    auto const read = of_->read(sequence{begin}, [&](sequence number, record&& entry) {
        out.append("id: ").append(std::to_string(value_of(number)));
        out.append("\nevent: record\ndata: ");
        out.append(to_json(number, entry)).append("\n\n");
        last = number;
        return ++count < records_most;
    });
    // What could not be read comes with the next poll, which begins where this one ended.
    static_cast<void>(read);
    return out;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/dashboard_records.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_DASHBOARD_RECORDS_HPP
