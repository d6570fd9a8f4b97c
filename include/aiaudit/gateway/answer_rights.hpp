// SPDX-License-Identifier: MIT
//
// answer_rights.hpp: who may ask for what a provider keeps, and what is put on record of it.
//
// Threads: plain functions; the core is shared. check_owner() may wait for the disk.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_ANSWER_RIGHTS_HPP
#define AIAUDIT_GATEWAY_ANSWER_RIGHTS_HPP

#include <aiaudit/client/response_follower.hpp>    // response_follower
#include <aiaudit/gateway/answer_index.hpp>        // answer_owner
#include <aiaudit/gateway/gateway_core.hpp>        // gateway_core
#include <aiaudit/gateway/stored_object.hpp>       // stored_path
#include <aiaudit/gateway/understood_request.hpp>  // understood_request

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Whether a request is about what one upstream keeps, so that no other one can answer it.
[[nodiscard]] inline bool is_of_store(understood_request const& asked) noexcept {
    return asked.stored.has_value() || !asked.refers.empty();
}

// The upstreams of the API that is asked, first the one that the request goes to.
template <class Core>
[[nodiscard]] std::vector<std::size_t> keepers_of(Core const& core,
                                                  understood_request const& asked) {
    auto const& upstreams = core.routes.upstreams();
    std::vector<std::size_t> places{asked.to.upstream};
    for (std::size_t i = 0; i < upstreams.size(); ++i) {
        bool const same_api = upstreams[i].entry.family == upstreams[places[0]].entry.family;
        if (same_api && i != places[0]) places.push_back(i);
    }
    return places;
}

// Why nobody can say whose an answer is.
[[nodiscard]] inline gateway_problem unread_problem(error const& reason) {
    if (reason.code != errc::timed_out) return problem_of(reason, {});
    return {503, "server_error", "starting", reason.where, 5};
}

// Of one object. What a path asks for goes to the upstream that keeps it. A problem: it is
// another's, at whatever upstream, which may be the same account; or nobody's, and no text to go on
// from.
template <class Core>
[[nodiscard]] std::optional<gateway_problem> check_owner_of(Core& core, understood_request& asked,
                                                            stored_reference const& of) {
    auto const& upstreams = core.routes.upstreams();
    std::size_t const goes_to = asked.to.upstream;
    bool const in_path = of.member.empty();
    bool is_others = false;
    for (std::size_t const place : keepers_of(core, asked)) {
        auto const owner = core.answers->find(upstreams[place].entry.name, of.id);
        if (!owner) return unread_problem(owner.error());
        if (!*owner) continue;
        bool const counts = place == goes_to || !in_path || !asked.to.named;
        if ((*owner)->admits(*asked.key) && counts) {
            if (in_path) asked.to.upstream = place;
            return std::nullopt;
        }
        is_others = is_others || !(*owner)->admits(*asked.key);
    }
    // The provider looks at the key that comes with it.
    bool const has_own_key = asked.is_nobodys() && upstreams[goes_to].key.empty();
    bool const passes = has_own_key || (!in_path && core.options.continues_unknown);
    if (!is_others && passes) return std::nullopt;
    core.metrics.refused("owner");
    return no_object_problem(of);
}

// Whether a request may have what it asks for, and go on from what it names. Where the gateway has
// no keys, all is everybody's. Precondition: is_of_store().
template <class Core>
[[nodiscard]] std::optional<gateway_problem> check_owner(Core& core, understood_request& asked) {
    if (!core.answers) return std::nullopt;
    if (asked.stored && !asked.stored->id.empty()) {
        auto problem = check_owner_of(core, asked, {asked.stored->kind, asked.stored->id, {}});
        if (problem) return problem;
    }
    for (stored_reference const& each : asked.refers) {
        if (auto problem = check_owner_of(core, asked, each)) return problem;
    }
    return std::nullopt;
}

// Whether an answer has an id that somebody may ask for later.
template <class Core>
[[nodiscard]] bool keeps_answer(Core const& core, understood_request const& asked,
                                endpoint const& where) noexcept {
    if (!core.answers) return false;
    if (asked.stored) return asked.stored->change == storage_change::create;
    return where.billable && keeps_answers(where.dialect);
}

// Notes whose an answer is while it passes, before its client has the id and may ask for it: a
// stream says it first, and the end of a whole body waits until it is read.
template <class Core>
class answer_watch {
public:
    // The provider's name outlives the watch.
    answer_watch(Core& core, understood_request const& asked, std::string_view provider,
                 endpoint const& where)
        : core_(core),
          asked_(asked),
          provider_(provider),
          waits_(keeps_answer(core, asked, where)) {}

    // What goes on now that the follower has the piece; there until the next call, as the piece is.
    [[nodiscard]] std::string_view next(response_follower const& follower, std::string_view piece,
                                        bool is_stream) {
        note(follower);
        if (!waits_ && behind_.empty()) return piece;
        out_ = std::exchange(behind_, {});
        if (waits_ && !is_stream)
            behind_.assign(piece);
        else
            out_.append(piece);
        return out_;
    }
    // What is left at the end.
    [[nodiscard]] std::string_view rest(response_follower& follower) {
        if (waits_) follower.conclude();
        note(follower);
        if (core_.answers && core_.answers->counts_call()) core_.read_answers();
        return behind_;
    }

private:
    void note(response_follower const& follower) {
        if (!waits_) return;
        std::string const id = follower.answer_id();
        // What failed made nothing, whatever id its failure has.
        if (id.empty() || follower.status() >= 300) return;
        waits_ = false;
        auto const owner = answer_owner::of(asked_.key->id, asked_.who.user, asked_.who.project);
        if (core_.answers->note(provider_, id, owner)) core_.read_answers();
    }

    Core& core_;
    understood_request const& asked_;
    std::string_view provider_;
    bool waits_;
    std::string behind_{};
    std::string out_{};
};

// Puts on record what a request without a cost did to what is stored; of a look there is none.
template <class Core>
void record_storage(Core& core, understood_request const& asked, record entry) {
    if (!asked.stored || asked.stored->change == storage_change::none) return;
    entry.kind = record_kind::storage;
    entry.operation = operation::other;
    entry.started_at = core.ledger.time().now();
    // What the answer tells of the call that made it is on record there.
    entry.model_served.clear();
    entry.finish_reason.clear();
    entry.cost_status = cost_status::no_charge;
    entry.cost = {};
    entry.usage = {};
    entry.iterations.clear();
    entry.complete = true;
    entry.tags.emplace_back("change", name_of(asked.stored->change));
    if (!asked.stored->id.empty()) {
        entry.provider_request_id = asked.stored->id;
        make_name_text(entry.provider_request_id, stored_id_bytes);
    }
    if (auto kept = core.ledger.enqueue(entry); !kept) core.metrics.refused("log");
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_ANSWER_RIGHTS_HPP
