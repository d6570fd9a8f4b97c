// SPDX-License-Identifier: MIT
//
// usage_reader.ipp: the definitions of usage_reader.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_USAGE_READER_IPP
#define AIAUDIT_IMPL_PROVIDERS_USAGE_READER_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/providers/json_fields.hpp>
#include <aiaudit/providers/usage_reader.hpp>

#include <algorithm>
#include <span>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Adds with a bound instead of a clamp: a count that does not fit is a contradiction.
AIAUDIT_INLINE result<void> add_count(usage& to, unit which, std::uint64_t count) {
    if (to.count(which) + count > usage::count_max) return bad_count(name_of(which));
    to.add(which, count);
    return {};
}

AIAUDIT_INLINE result<void> add_counts(usage& to, usage const& from) {
    result<void> done;
    for_each_count(from, [&](unit which, std::uint64_t count) {
        if (done) done = add_count(to, which, count);
    });
    return done;
}

AIAUDIT_INLINE std::uint64_t sum_of(usage const& counts, std::initializer_list<unit> parts) {
    std::uint64_t sum = 0;
    for (unit const part : parts) sum += counts.count(part);
    return sum;
}

// A breakdown by time to live without the scalar that it breaks down: the scalar is its sum.
// `beside` says that the provider's input count leaves it out.
AIAUDIT_INLINE result<void> derive_cache_write(usage& counts, bool beside) {
    bool const parts =
        counts.has(unit::cache_write_5m_tokens) || counts.has(unit::cache_write_1h_tokens);
    if (!parts || counts.has(unit::cache_write_tokens)) return {};
    auto const sum = sum_of(counts, {unit::cache_write_5m_tokens, unit::cache_write_1h_tokens});
    if (auto done = add_count(counts, unit::cache_write_tokens, sum); !done) return done;
    return beside ? add_count(counts, unit::input_tokens, sum) : result<void>{};
}

// Bedrock's input count leaves out what came from the cache and what went into it.
AIAUDIT_INLINE result<void> include_bedrock_cache(usage& counts) {
    if (auto done = derive_cache_write(counts, false); !done) return done;
    return add_count(counts, unit::input_tokens,
                     sum_of(counts, {unit::cache_read_tokens, unit::cache_write_tokens}));
}

// What the printed total says beyond the two counts. It is what the API counts beside them: the
// reasoning (xAI, whoever resells it), a cache that the input leaves out, or else output that was
// not itemised (thoughts behind a relay). xAI adds its reasoning where there is no total.
// `derived` says that the rest had no name. Errors: bad_usage for a total below its parts.
AIAUDIT_INLINE result<void> include_rest(dialect which, boost::json::value const& from, vendor who,
                                         counts_read& read) {
    usage& counts = read.usage;
    auto const* printed = at_path(&from, total_path(which));
    auto const total = printed == nullptr ? std::nullopt : whole_number(*printed);
    auto const reasoning = counts.count(unit::output_reasoning_tokens);
    if (!total || *total == 0) {
        bool const beside = which == dialect::openai_chat && who == vendor::xai;
        return beside ? add_count(counts, unit::output_tokens, reasoning) : result<void>{};
    }
    if (*total <= counts.total_tokens()) return {};
    auto const rest = *total - counts.total_tokens();
    auto const cached = sum_of(counts, {unit::cache_read_tokens, unit::cache_write_tokens});
    if (which == dialect::openai_embeddings) return {};  // it counts no output
    if (rest != reasoning && rest == cached) return add_count(counts, unit::input_tokens, rest);
    read.derived = rest != reasoning;
    return add_count(counts, unit::output_tokens, rest);
}

// The two counts that a total adds up, as they are printed: what the rules add beside them
// (Perplexity's citations) need not be in it.
AIAUDIT_INLINE result<void> check_total(dialect which, boost::json::value const& from,
                                        usage const& counts) {
    auto const* printed = at_path(&from, total_path(which));
    auto const total = printed == nullptr ? std::nullopt : whole_number(*printed);
    if (!total || *total == 0) return {};
    auto const needed = counts_needed(which);
    auto const count_at = [&](std::string_view path) {
        auto const* value = path.empty() ? nullptr : at_path(&from, path);
        return value == nullptr ? std::uint64_t{0} : whole_number(*value).value_or(0);
    };
    auto const parts = needed.total.empty() ? counts.total_tokens()
                                            : count_at(needed.input) + count_at(needed.output);
    if (*total >= parts) return {};
    return fail(errc::bad_usage, std::string(total_path(which)) + " is " + std::to_string(*total) +
                                     ", less than its parts, which are " + std::to_string(parts));
}

// A usage without one of its two counts would be billed as if that were zero. Where the total is
// there, the other is the difference (Gemini behind OpenAI's API leaves completion_tokens out when
// it only thought); else there is no usage to bill.
AIAUDIT_INLINE result<void> require_counts(dialect which, boost::json::value const& from,
                                           usage& counts) {
    auto const needed = counts_needed(which);
    bool const input = at_path(&from, needed.input) != nullptr;
    bool const output = at_path(&from, needed.output) != nullptr;
    if (needed.input.empty() || counts.empty() || (input && output)) return {};
    auto const* printed = at_path(&from, needed.total);
    auto const total = printed == nullptr ? std::nullopt : whole_number(*printed);
    if (total && input != output && *total >= counts.total_tokens()) {
        auto const rest = *total - counts.total_tokens();
        counts.set(input ? unit::output_tokens : unit::input_tokens, rest);
        return {};
    }
    return fail(errc::no_usage,
                "the usage has no " + std::string(input ? needed.output : needed.input));
}

// No part may exceed its whole. Reasoning is not checked: it is a part that is billed with its
// whole, and relays recount it with another tokenizer (OpenRouter reports 11 of 10).
AIAUDIT_INLINE result<void> check_parts(usage const& counts, vendor who) {
    for (whole_and_parts const& check : wholes) {
        if (check.except.has(who)) continue;
        std::uint64_t sum = 0;
        for (unit const part : check.parts) sum += part == check.whole ? 0 : counts.count(part);
        if (sum <= counts.count(check.whole)) continue;
        std::string where = "the parts of " + std::string(name_of(check.whole)) + " are ";
        where.append(std::to_string(sum)).append(", more than the whole of ");
        return fail(errc::bad_usage, where + std::to_string(counts.count(check.whole)));
    }
    return {};
}

AIAUDIT_INLINE std::span<usage_rule const> rules_of(dialect which,
                                                    boost::json::value const& from) noexcept {
    switch (which) {
    case dialect::openai_chat: return chat_rules;
    case dialect::openai_responses: return responses_rules;
    case dialect::openai_embeddings: return embeddings_rules;
    case dialect::openai_images: return images_rules;
    case dialect::openai_audio:
    case dialect::openai_speech: return audio_rules;
    case dialect::anthropic_messages: return anthropic_rules;
    case dialect::gemini: return gemini_rules;
    case dialect::bedrock_converse: return bedrock_rules;
    case dialect::gemini_interactions: return interactions_rules;
    case dialect::bedrock_invoke: return invoke_rules;
    case dialect::ollama: return ollama_rules;
    case dialect::dashscope: return dashscope_rules;
    case dialect::cohere:
        if (at_path(&from, "billed_units") == nullptr) return cohere_tokens_rules;
        return cohere_billed_rules;
    }
    return {};
}

AIAUDIT_INLINE std::span<usage_rule const> more_rules_of(dialect which, vendor who) noexcept {
    bool const openai = which == dialect::openai_chat || which == dialect::openai_responses;
    if (openai && who == vendor::xai) return xai_tool_rules;
    return {};
}

// What an API's output is where nobody says: a picture of the images API, sound of speech.
AIAUDIT_INLINE void name_output(dialect which, usage& counts) {
    constexpr std::array<unit, 4> parts = output_units;
    bool const itemised = sum_of(counts, {parts[0], parts[1], parts[2], parts[3]}) != 0;
    if (itemised || !counts.has(unit::output_tokens)) return;
    auto const output = counts.count(unit::output_tokens);
    if (which == dialect::openai_images) counts.set(unit::output_image_tokens, output);
    if (which == dialect::openai_speech) counts.set(unit::output_audio_tokens, output);
}

// The few rules of an API that are no look-up.
AIAUDIT_INLINE result<void> complete_counts(dialect which, boost::json::value const& from,
                                            vendor who, counts_read& read) {
    usage& counts = read.usage;
    bool const bedrock = which == dialect::bedrock_converse || which == dialect::bedrock_invoke;
    result<void> done = require_counts(which, from, counts);
    if (done) done = check_total(which, from, counts);
    if (done && bedrock && !counts.empty()) done = include_bedrock_cache(counts);
    if (done && !bedrock) done = derive_cache_write(counts, which == dialect::anthropic_messages);
    if (done && !counts.empty()) done = include_rest(which, from, who, read);
    if (done) name_output(which, counts);
    if (done) done = check_parts(counts, who);
    return done;
}

AIAUDIT_INLINE result<counts_read> read_counts(dialect which, vendor who,
                                               boost::json::value const& from) {
    counts_read read;
    auto done = apply_rules(rules_of(which, from), from, who, read.usage);
    if (done) done = apply_rules(more_rules_of(which, who), from, who, read.usage);
    if (done && which == dialect::gemini) done = apply_gemini_details(from, who, read.usage);
    if (done && which == dialect::gemini_interactions) {
        done = apply_interactions_details(from, who, read.usage);
    }
    if (done) done = complete_counts(which, from, who, read);
    if (!done) return done.error();
    return read;
}

}  // namespace detail

AIAUDIT_INLINE result<usage> read_usage(dialect which, vendor who, boost::json::value const& from) {
    auto read = detail::read_counts(which, who, from);
    if (!read) return read.error();
    return read->usage;
}

namespace detail {

// Anthropic's `iterations`, each a billed run; empty where the object has none.
AIAUDIT_INLINE result<std::vector<iteration>> read_iterations(boost::json::value const& from,
                                                              vendor who,
                                                              std::string_view model_served) {
    std::vector<iteration> runs;
    auto const* value = at_path(&from, "iterations");
    auto const* list = value == nullptr ? nullptr : value->if_array();
    if (list == nullptr) return runs;
    for (boost::json::value const& element : *list) {
        auto counts = read_usage(dialect::anthropic_messages, who, element);
        if (!counts) {
            return fail(counts.error().code, "iterations: " + counts.error().where);
        }
        iteration run;
        run.kind = text_at(&element, "type");
        std::string_view const model = text_at(&element, "model");
        run.model = model.empty() ? model_served : model;
        run.usage = *counts;
        runs.push_back(std::move(run));
    }
    return runs;
}

// A declined run, whose answer another run gave instead, is listed but not billed.
AIAUDIT_INLINE void drop_declined(std::vector<iteration>& runs) {
    auto const answered = [](iteration const& run) {
        return run.usage.count(unit::output_tokens) > 0;
    };
    if (std::none_of(runs.begin(), runs.end(), answered)) return;
    std::erase_if(runs, [&](iteration const& run) { return !answered(run); });
}

// What only the top level counts (reasoning, searches) belongs to the runs of the model that
// answered: reasoning fills their outputs in order, anything else goes to the first of them. What
// finds no such run goes to the first of all, so that nothing is lost.
AIAUDIT_INLINE void share_top_level(usage const& top, std::string_view model_served,
                                    std::vector<iteration>& runs) {
    for_each_count(top, [&](unit which, std::uint64_t count) {
        for (iteration const& run : runs) {
            if (run.usage.has(which)) return;
        }
        for (iteration& run : runs) {
            if (run.model != model_served) continue;
            bool const reasoning = which == unit::output_reasoning_tokens;
            auto const room = reasoning ? run.usage.count(unit::output_tokens) : count;
            run.usage.set(which, (std::min)(room, count));
            count -= (std::min)(room, count);
            if (count == 0) return;
        }
        runs.front().usage.add(which, count);
    });
}

AIAUDIT_INLINE result<void> bill_iterations(boost::json::value const& from, vendor who,
                                            attempt_facts& facts) {
    auto runs = read_iterations(from, who, facts.model_served);
    if (!runs) return runs.error();
    usage listed;
    for (iteration const& run : *runs) {
        if (auto done = add_counts(listed, run.usage); !done) return done;
    }
    if (runs->empty()) return {};
    for (unit const which : {unit::input_tokens, unit::output_tokens}) {
        if (listed.count(which) < facts.usage.count(which)) {
            return fail(errc::bad_usage, "iterations: their " + std::string(name_of(which)) +
                                             " are fewer than the whole's");
        }
    }
    drop_declined(*runs);
    bool const one = runs->size() == 1 && runs->front().model == facts.model_served &&
                     runs->front().usage.total_tokens() == facts.usage.total_tokens();
    if (one) return {};
    share_top_level(facts.usage, facts.model_served, *runs);
    usage billed;
    for (iteration const& run : *runs) {
        if (auto done = add_counts(billed, run.usage); !done) return done;
    }
    facts.usage = billed;
    facts.iterations = std::move(*runs);
    return {};
}

// OpenRouter's `cost`. With the caller's own key the model's provider charges him, and `cost` is a
// fee on top; without both figures the charge is not known.
AIAUDIT_INLINE provider_charge read_openrouter_cost(boost::json::value const& from) {
    auto const* cost = at_path(&from, "cost");
    auto const charged = cost == nullptr ? std::nullopt : printed_amount(*cost);
    if (!charged || !true_at(&from, "is_byok")) return {charged, std::nullopt};
    auto const* upstream = at_path(&from, "cost_details.upstream_inference_cost");
    auto const passed_on = upstream == nullptr ? std::nullopt : printed_amount(*upstream);
    if (!passed_on) return {};
    return {*charged + *passed_on, passed_on};
}

AIAUDIT_INLINE provider_charge read_provider_cost(boost::json::value const& from, vendor who) {
    if (auto const* ticks = at_path(&from, "cost_in_usd_ticks")) {  // xAI: 10^-10 USD
        auto const count = whole_number(*ticks);
        if (!count) return {};
        return {money::from_pico(static_cast<int128>(*count) * 100), std::nullopt};
    }
    if (auto const* total = at_path(&from, "cost.total_cost")) {  // Perplexity
        return {printed_amount(*total), std::nullopt};
    }
    return who == vendor::openrouter ? read_openrouter_cost(from) : provider_charge{};
}

AIAUDIT_INLINE std::string tier_named(std::string_view name) {
    std::string tier = lower_case(name);
    if (tier.starts_with("on_demand_")) tier.erase(0, std::string_view{"on_demand_"}.size());
    if (tier == "provisioned_throughput") return "provisioned";
    for (char const* standard : {"default", "standard", "standard_only", "auto", "on_demand",
                                 "unspecified", "traffic_type_unspecified"}) {
        if (tier == standard) return {};
    }
    return is_machine_code(tier) ? tier : std::string{};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_USAGE_READER_IPP
