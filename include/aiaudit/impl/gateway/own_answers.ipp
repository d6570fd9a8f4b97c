// SPDX-License-Identifier: MIT
//
// own_answers.ipp: the definitions of own_answers.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_OWN_ANSWERS_IPP
#define AIAUDIT_IMPL_GATEWAY_OWN_ANSWERS_IPP

#include <aiaudit/config.hpp>                // AIAUDIT_INLINE
#include <aiaudit/export/budget_report.hpp>  // to_text
#include <aiaudit/export/record_text.hpp>    // json_writer
#include <aiaudit/gateway/own_answers.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE gateway_problem no_such_call() {
    return {404,
            "invalid_request_error",
            "not_found",
            "no call of this key with that operation has ended; the header x-aiaudit-operation of "
            "an answer names it",
            {}};
}

AIAUDIT_INLINE gateway_problem no_such_answer(std::string_view method, std::string_view target) {
    return {404,
            "invalid_request_error",
            "not_found",
            "the gateway has no " + printable(method) + " " + printable(path_of(target)) +
                "; there are GET " + std::string(own_budget_path) + " and GET " +
                std::string(own_calls_prefix) + "OPERATION",
            {}};
}

AIAUDIT_INLINE std::string budgets_json(record const& who,
                                        std::vector<budget_state> const& states) {
    json_writer out;
    out.text("key", who.key_id);
    out.text("user", who.user);
    out.text("project", who.project);
    // The least that budgets of a kind leave, if they do not let through what is over.
    for (budget_unit const unit : {budget_unit::usd, budget_unit::tokens, budget_unit::requests}) {
        std::optional<int128> left;
        for (budget_state const& each : states) {
            if (each.budget.unit != unit || each.budget.then == budget_action::warn ||
                each.budget.window.period == budget_period::minute)
                continue;
            left = left ? (std::min)(*left, each.left) : each.left;
        }
        std::string const name = "left_" + std::string(name_of(unit));
        if (left)
            out.text(name, amount_text(*left, unit));
        else
            out.raw(name, "null");
    }
    std::string budgets = to_text(states, text_format::json);
    while (budgets.ends_with('\n')) budgets.pop_back();
    out.raw("budgets", budgets);
    return out.finish();
}

AIAUDIT_INLINE result<record> subject_of_request(gateway_request const& request,
                                                 gateway_key const& key) {
    auto const who = caller_of(request, key, {});
    if (!who) return who.error();
    record made;
    made.user = who->user;
    made.project = who->project;
    made.key_id = key.id;
    made.tags = who->tags;
    // A key in the query is looked at elsewhere.
    api_parameters in(query_of(request.target));
    static_cast<void>(in.text("key"));
    if (auto model = in.text("model")) made.model_requested = std::move(*model);
    if (auto const wrong = in.problem()) return fail(errc::bad_argument, wrong->detail);
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_OWN_ANSWERS_IPP
