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
AIAUDIT_INLINE result<void> add_count(usage& to, unit kind, std::uint64_t count) {
    if (to.count(kind) + count > usage::count_max) return bad_count(name_of(kind));
    to.add(kind, count);
    return {};
}

AIAUDIT_INLINE result<void> add_counts(usage& to, usage const& from) {
    result<void> done;
    for_each_count(from, [&](unit kind, std::uint64_t count) {
        if (done) done = add_count(to, kind, count);
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

// Nothing where there is none, or a placeholder.
AIAUDIT_INLINE std::optional<std::uint64_t> printed_total(dialect api,
                                                          boost::json::value const& source) {
    auto const* printed = at_path(&source, total_path(api));
    auto const total = printed == nullptr ? std::nullopt : whole_number(*printed);
    return total && *total != 0 ? total : std::nullopt;
}

// What the printed total says beyond the two counts. It is what the API counts beside them: the
// reasoning (xAI, whoever resells it), a cache that the input leaves out, or else output that was
// not itemised (thoughts behind a relay). xAI adds its reasoning where there is no total.
// `derived` says that the rest had no name. Errors: bad_usage for a total below its parts.
AIAUDIT_INLINE result<void> include_rest(dialect api, boost::json::value const& source,
                                         vendor seller, counts_read& read) {
    usage& counts = read.usage;
    auto const total = printed_total(api, source);
    auto const reasoning = counts.count(unit::output_reasoning_tokens);
    if (!total) {
        bool const beside = api == dialect::openai_chat && seller == vendor::xai;
        return beside ? add_count(counts, unit::output_tokens, reasoning) : result<void>{};
    }
    if (*total <= counts.total_tokens()) return {};
    auto const rest = *total - counts.total_tokens();
    auto const cached = sum_of(counts, {unit::cache_read_tokens, unit::cache_write_tokens});
    if (api == dialect::openai_embeddings) return {};  // it counts no output
    if (rest != reasoning && rest == cached) return add_count(counts, unit::input_tokens, rest);
    read.derived = rest != reasoning;
    return add_count(counts, unit::output_tokens, rest);
}

// The two counts that a total adds up, as they are printed: what the rules add beside them
// (Perplexity's citations) need not be in it.
AIAUDIT_INLINE result<void> check_total(dialect api, boost::json::value const& source,
                                        usage const& counts) {
    auto const total = printed_total(api, source);
    if (!total) return {};
    auto const needed = counts_needed(api);
    auto const count_at = [&](std::string_view path) {
        auto const* value = path.empty() ? nullptr : at_path(&source, path);
        return value == nullptr ? std::uint64_t{0} : whole_number(*value).value_or(0);
    };
    auto const parts = needed.total.empty() ? counts.total_tokens()
                                            : count_at(needed.input) + count_at(needed.output);
    if (*total >= parts) return {};
    return fail(errc::bad_usage, std::string(total_path(api)) + " is " + std::to_string(*total) +
                                     ", less than its parts, which are " + std::to_string(parts));
}

// A usage without one of its two counts would be billed as if that were zero. Where the total is
// there, the other is the difference (Gemini behind OpenAI's API leaves completion_tokens out when
// it only thought); else there is no usage to bill.
AIAUDIT_INLINE result<void> require_counts(dialect api, boost::json::value const& source,
                                           usage& counts) {
    auto const needed = counts_needed(api);
    bool const input = at_path(&source, needed.input) != nullptr;
    bool const output = at_path(&source, needed.output) != nullptr;
    if (needed.input.empty() || counts.empty() || (input && output)) return {};
    auto const* printed = at_path(&source, needed.total);
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
AIAUDIT_INLINE result<void> check_parts(usage const& counts, vendor seller) {
    for (whole_and_parts const& check : wholes) {
        if (check.except.has(seller)) continue;
        std::uint64_t sum = 0;
        for (unit const part : check.parts) sum += part == check.whole ? 0 : counts.count(part);
        if (sum <= counts.count(check.whole)) continue;
        std::string where = "the parts of " + std::string(name_of(check.whole)) + " are ";
        where.append(std::to_string(sum)).append(", more than the whole of ");
        return fail(errc::bad_usage, where + std::to_string(counts.count(check.whole)));
    }
    return {};
}

AIAUDIT_INLINE std::span<usage_rule const> rules_of(dialect api,
                                                    boost::json::value const& source) noexcept {
    switch (api) {
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
        if (at_path(&source, "billed_units") == nullptr) return cohere_tokens_rules;
        return cohere_billed_rules;
    }
    return {};
}

AIAUDIT_INLINE std::span<usage_rule const> more_rules_of(dialect api, vendor seller) noexcept {
    bool const openai = api == dialect::openai_chat || api == dialect::openai_responses;
    if (openai && seller == vendor::xai) return xai_tool_rules;
    return {};
}

// What an API's output is where nobody says: a picture of the images API, sound of speech.
AIAUDIT_INLINE void name_output(dialect api, usage& counts) {
    constexpr std::array<unit, 4> parts = output_units;
    bool const itemised = sum_of(counts, {parts[0], parts[1], parts[2], parts[3]}) != 0;
    if (itemised || !counts.has(unit::output_tokens)) return;
    auto const output = counts.count(unit::output_tokens);
    if (api == dialect::openai_images) counts.set(unit::output_image_tokens, output);
    if (api == dialect::openai_speech) counts.set(unit::output_audio_tokens, output);
}

// The few rules of an API that are no look-up.
AIAUDIT_INLINE result<void> complete_counts(dialect api, boost::json::value const& source,
                                            vendor seller, counts_read& read) {
    usage& counts = read.usage;
    bool const bedrock = api == dialect::bedrock_converse || api == dialect::bedrock_invoke;
    result<void> done = require_counts(api, source, counts);
    if (done) done = check_total(api, source, counts);
    if (done && bedrock && !counts.empty()) done = include_bedrock_cache(counts);
    if (done && !bedrock) done = derive_cache_write(counts, api == dialect::anthropic_messages);
    if (done && !counts.empty()) done = include_rest(api, source, seller, read);
    if (done) name_output(api, counts);
    if (done) done = check_parts(counts, seller);
    return done;
}

AIAUDIT_INLINE result<counts_read> read_counts(dialect api, vendor seller,
                                               boost::json::value const& source) {
    counts_read read;
    auto done = apply_rules(rules_of(api, source), source, seller, read.usage);
    if (done) done = apply_rules(more_rules_of(api, seller), source, seller, read.usage);
    if (done) done = apply_modality_lists(modality_lists_of(api), source, seller, read.usage);
    if (done) done = complete_counts(api, source, seller, read);
    if (!done) return done.error();
    return read;
}

}  // namespace detail

AIAUDIT_INLINE result<usage> read_usage(dialect api, vendor seller,
                                        boost::json::value const& source) {
    auto read = detail::read_counts(api, seller, source);
    if (!read) return read.error();
    return read->usage;
}

namespace detail {

// Anthropic's `iterations`, each a billed run; empty where the object has none.
AIAUDIT_INLINE result<std::vector<iteration>> read_iterations(boost::json::value const& source,
                                                              vendor seller,
                                                              std::string_view model_served) {
    std::vector<iteration> runs;
    auto const* value = at_path(&source, "iterations");
    auto const* list = value == nullptr ? nullptr : value->if_array();
    if (list == nullptr) return runs;
    for (boost::json::value const& element : *list) {
        auto counts = read_usage(dialect::anthropic_messages, seller, element);
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
    for_each_count(top, [&](unit kind, std::uint64_t count) {
        for (iteration const& run : runs) {
            if (run.usage.has(kind)) return;
        }
        for (iteration& run : runs) {
            if (run.model != model_served) continue;
            bool const reasoning = kind == unit::output_reasoning_tokens;
            auto const room = reasoning ? run.usage.count(unit::output_tokens) : count;
            run.usage.set(kind, (std::min)(room, count));
            count -= (std::min)(room, count);
            if (count == 0) return;
        }
        runs.front().usage.add(kind, count);
    });
}

AIAUDIT_INLINE result<void> bill_iterations(boost::json::value const& source, vendor seller,
                                            attempt_facts& facts) {
    auto runs = read_iterations(source, seller, facts.model_served);
    if (!runs) return runs.error();
    usage listed;
    for (iteration const& run : *runs) {
        if (auto done = add_counts(listed, run.usage); !done) return done;
    }
    if (runs->empty()) return {};
    for (unit const kind : {unit::input_tokens, unit::output_tokens}) {
        if (listed.count(kind) < facts.usage.count(kind)) {
            return fail(errc::bad_usage, "iterations: their " + std::string(name_of(kind)) +
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

AIAUDIT_INLINE result<void> bill_drawings(boost::json::value const& source, vendor seller,
                                          std::string_view model, attempt_facts& facts) {
    auto const* counted = at_path(&source, "tool_usage.image_gen");
    std::uint64_t const pictures = facts.usage.count(unit::output_images);
    usage drawn;
    if (counted != nullptr) {
        auto const read = read_usage(dialect::openai_images, seller, *counted);
        if (!read) return fail(read.error().code, "tool_usage.image_gen: " + read.error().where);
        drawn = *read;
    }
    bool const has_tokens = drawn.total_tokens() != 0;
    if (!has_tokens && (counted != nullptr || pictures == 0)) return {};
    iteration answer{"response", facts.model_served, facts.usage};
    answer.usage.clear(unit::output_images);
    if (pictures != 0) drawn.set(unit::output_images, pictures);
    std::string_view const maker = has_tokens ? model : std::string_view{};
    usage all = answer.usage;
    if (auto done = add_counts(all, drawn); !done) return done;
    facts.usage = all;
    facts.iterations = {
        std::move(answer),
        {"image_generation", std::string(maker.empty() ? "image_generation" : maker), drawn}};
    return {};
}

// OpenRouter's `cost`. With the caller's own key the model's provider charges him, and `cost` is a
// fee on top; without both figures the charge is not known.
AIAUDIT_INLINE provider_charge read_openrouter_cost(boost::json::value const& source) {
    auto const* cost = at_path(&source, "cost");
    auto const charged = cost == nullptr ? std::nullopt : printed_amount(*cost);
    if (!charged || !true_at(&source, "is_byok")) return {charged, std::nullopt};
    auto const* upstream = at_path(&source, "cost_details.upstream_inference_cost");
    auto const passed_on = upstream == nullptr ? std::nullopt : printed_amount(*upstream);
    if (!passed_on) return {};
    return {*charged + *passed_on, passed_on};
}

AIAUDIT_INLINE provider_charge read_provider_cost(boost::json::value const& source, vendor seller) {
    if (auto const* ticks = at_path(&source, "cost_in_usd_ticks")) {  // xAI: 10^-10 USD
        auto const count = whole_number(*ticks);
        if (!count) return {};
        return {money::from_pico(static_cast<int128>(*count) * 100), std::nullopt};
    }
    if (auto const* total = at_path(&source, "cost.total_cost")) {  // Perplexity
        return {printed_amount(*total), std::nullopt};
    }
    return seller == vendor::openrouter ? read_openrouter_cost(source) : provider_charge{};
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
