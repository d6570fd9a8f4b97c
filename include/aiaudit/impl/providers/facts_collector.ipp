// SPDX-License-Identifier: MIT
//
// facts_collector.ipp: the definitions of facts_collector.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_FACTS_COLLECTOR_IPP
#define AIAUDIT_IMPL_PROVIDERS_FACTS_COLLECTOR_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/providers/facts_collector.hpp>

#include <algorithm>
#include <array>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Output grows while it is made; input may be an estimate at first, and may fall.
AIAUDIT_INLINE bool is_output_count(std::string_view name) noexcept {
    constexpr std::array words{std::string_view{"output"}, std::string_view{"completion"},
                               std::string_view{"candidates"}, std::string_view{"thought"},
                               std::string_view{"reasoning"}};
    return std::any_of(words.begin(), words.end(), [name](std::string_view word) {
        return name.find(word) != std::string_view::npos;
    });
}

// Whether a later number says nothing: a zero after a count, or less output than before.
AIAUDIT_INLINE bool is_placeholder(std::string_view name, boost::json::value const& old,
                                   boost::json::value const& value) noexcept {
    if (!old.is_number() || !value.is_number()) return false;
    double const before = number_of(old);
    double const after = number_of(value);
    return after >= 0 && after < before && (after == 0 || is_output_count(name));
}

AIAUDIT_INLINE void merge_fields(boost::json::object const& later, std::string_view total,
                                 boost::json::object& counts) {
    bool held = false;
    for (auto const& field : later) {
        boost::json::value const& value = field.value();
        if (value.is_null()) continue;
        std::string_view const name{field.key().data(), field.key().size()};
        auto* old = counts.if_contains(field.key());
        if (old == nullptr) {
            counts[field.key()] = value;
        } else if (old->is_object() && value.is_object()) {
            merge_fields(value.get_object(), total, old->get_object());
        } else if (is_placeholder(name, *old, value)) {
            held = true;
        } else if (!(value.is_array() && value.get_array().empty())) {
            if (name != total || !held || number_of(value) > number_of(*old)) *old = value;
        }
    }
}

// Adds the counts of an object to those of another, those of the objects in it too.
AIAUDIT_INLINE void add_fields(boost::json::object const& more, boost::json::object& counts) {
    for (auto const& field : more) {
        auto* old = counts.if_contains(field.key());
        if (old == nullptr) {
            counts[field.key()] = field.value();
        } else if (old->is_object() && field.value().is_object()) {
            add_fields(field.value().get_object(), old->get_object());
        } else {
            auto const had = whole_number(*old);
            auto const has = whole_number(field.value());
            if (had && has && *had <= usage::count_max && *has <= usage::count_max)
                *old = *had + *has;
        }
    }
}

AIAUDIT_INLINE void facts_collector::merge_usage(boost::json::value const* found) {
    auto const* later = found == nullptr ? nullptr : found->if_object();
    if (later == nullptr) return;
    boost::json::object& counts = usage_.get_object();
    if (counts.empty()) {
        counts = *later;
        return;
    }
    // A total is of the counts beside it: it goes where later counts come without one.
    std::string_view const total = total_path(dialect_);
    if (!later->empty() && at_path(found, total) == nullptr) counts.erase(total);
    merge_fields(*later, total, counts);
}

// Gemini's counts within a stream are of the turn so far, and the last object is of all: it stands
// as a whole, but for zeros in the place of counts.
AIAUDIT_INLINE void facts_collector::replace_usage(boost::json::value const* found) {
    auto const* fields = found == nullptr ? nullptr : found->if_object();
    if (fields == nullptr || fields->empty()) return;
    boost::json::object next = *fields;
    bool any = usage_.get_object().empty();
    for (auto const& field : *fields) {
        auto const* old = usage_.get_object().if_contains(field.key());
        bool const held = old != nullptr && number_of(*old) > 0 && field.value().is_number() &&
                          number_of(field.value()) == 0;
        if (held) next[field.key()] = *old;
        any = any || number_of(field.value()) > 0;
    }
    if (any) usage_ = std::move(next);
}

// A relay may count the whole input at the start, and in the end what is left of it beside the
// cache: a lower input_tokens stands where the cache makes up for it.
AIAUDIT_INLINE void facts_collector::merge_anthropic_usage(boost::json::value const* found) {
    if (found == nullptr || !found->is_object()) return;
    auto const count = [found](std::string_view name) {
        auto const* value = at_path(found, name);
        return value == nullptr ? 0.0 : number_of(*value);
    };
    auto const* input = at_path(&usage_, "input_tokens");
    boost::json::value const old = input == nullptr ? boost::json::value{} : *input;
    double const before = number_of(old);
    double const after = count("input_tokens");
    double const cached = count("cache_read_input_tokens") + count("cache_creation_input_tokens");
    merge_usage(found);
    bool const moved = at_path(found, "input_tokens") != nullptr && after + cached >= before;
    if (after < before)
        usage_.get_object()["input_tokens"] = moved ? *at_path(found, "input_tokens") : old;
}

AIAUDIT_INLINE void facts_collector::merge_counts(boost::json::value const& document,
                                                  std::initializer_list<std::string_view> names) {
    boost::json::object counts;
    for (std::string_view const name : names) {
        if (auto const* value = at_path(&document, name); value != nullptr && value->is_number())
            counts[name] = *value;
    }
    merge_fields(counts, total_path(dialect_), usage_.get_object());
}

AIAUDIT_INLINE void facts_collector::take(boost::json::value const& document) {
    auto const* list = document.if_array();
    if (list != nullptr) {  // Gemini's stream without server-sent events
        for (boost::json::value const& element : *list) take_one(element);
    } else {
        take_one(document);
    }
}

AIAUDIT_INLINE void facts_collector::take_bare_error(boost::json::value const& body) {
    if (!facts_.error_type.empty()) return;
    for (char const* name : {"code", "type", "__type", "status"}) {
        auto type = text_at(&body, name);
        type = type.substr(type.rfind('#') + 1);  // "com.amazon.coral#ValidationException"
        if (facts_.error_type.empty() && type != "error") take_error_type(type, {});
    }
    for (char const* name : {"message", "Message", "detail"}) {
        if (facts_.error_message.empty()) keep_text(facts_.error_message, text_at(&body, name));
    }
}

AIAUDIT_INLINE void facts_collector::take_one(boost::json::value const& document) {
    if (!document.is_object()) return;
    take_error(document);
    answered_ = answered_ || has_answer(document);
    if (auto const* metrics = member(&document, "amazon-bedrock-invocationMetrics")) {
        metrics_ = *metrics;
        terminal_ = true;  // they are in the last event
    }
    switch (dialect_) {
    case dialect::openai_responses: return take_responses(document);
    case dialect::anthropic_messages: return take_anthropic(document);
    case dialect::gemini: return take_gemini(document);
    case dialect::bedrock_converse: return take_converse(document);
    case dialect::bedrock_invoke: return take_invoke(document);
    case dialect::cohere: return take_cohere(document);
    case dialect::ollama: return take_ollama(document);
    case dialect::dashscope: return take_dashscope(document);
    case dialect::gemini_interactions: return take_interactions(document);
    case dialect::openai_chat:
    case dialect::openai_embeddings:
    case dialect::openai_images:
    case dialect::openai_audio:
    case dialect::openai_speech: return take_openai(document);
    }
}

AIAUDIT_INLINE void facts_collector::take_error(boost::json::value const& document) {
    auto const* found = at_path(&document, "error");
    if (found == nullptr || (!found->is_object() && !found->is_string())) return;
    if (auto const* text = found->if_string()) {
        take_error_type(text_of(*text), text_at(&document, "message"));
        keep_text(facts_.error_message, text_of(*text));
    } else {
        take_error_type({}, text_at(found, "message"));
        for (char const* name : {"code", "status", "type"}) {
            std::string_view const type = text_at(found, name);
            if (facts_.error_type.empty()) take_error_type(type, {});
        }
        if (auto const* code = at_path(found, "code");
            code != nullptr && code->is_int64() && facts_.error_type.empty()) {
            facts_.error_type = std::to_string(code->get_int64());
        }
    }
    if (facts_.error_type.empty()) facts_.error_type = "error";
}

AIAUDIT_INLINE void facts_collector::take_openai(boost::json::value const& document) {
    take_id(text_at(&document, "id"));
    keep_text(facts_.model_served, text_at(&document, "model"));
    take_tier(text_at(&document, "service_tier"));
    if (auto const* choice = first_of(document, "choices")) {
        keep_text(facts_.finish_reason, text_at(choice, "finish_reason"));
        take_error(*choice);
        merge_usage(at_path(choice, "usage"));  // Moonshot's place for it
    }
    merge_usage(at_path(&document, "x_groq.usage"));
    std::string_view const type = text_at(&document, "type");
    auto const* counts = at_path(&document, "usage");
    // Each of several pictures in a stream is finished, and counted, by itself.
    bool const another = dialect_ == dialect::openai_images && terminal_ && counts != nullptr &&
                         counts->is_object() && type.ends_with(".completed");
    if (another) {
        add_fields(counts->get_object(), usage_.get_object());
    } else {
        merge_usage(counts);
    }
    take_id(text_at(&document, "request_id"));
    if (type.ends_with(".completed") || type.ends_with(".done")) terminal_ = true;
}

AIAUDIT_INLINE void facts_collector::take_responses(boost::json::value const& document) {
    std::string_view const type = text_at(&document, "type");
    if (type == "error") take_bare_error(document);
    auto const* response = at_path(&document, "response");
    if (response == nullptr && type.starts_with("response.")) {  // a piece of the answer
        auto const* item = at_path(&document, "item");
        if (item != nullptr && type == "response.output_item.done") tools_.take_item(*item);
        return;
    }
    if (response == nullptr) response = &document;
    for (char const* end :
         {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}) {
        if (type == end) terminal_ = true;
    }
    take_id(text_at(response, "id"));
    keep_text(facts_.model_served, text_at(response, "model"));
    take_tier(text_at(response, "service_tier"));
    keep_text(status_, text_at(response, "status"));
    if (response != &document) take_error(*response);
    merge_usage(at_path(response, "usage"));
    if (auto const* tools = at_path(response, "tool_usage")) {
        boost::json::object beside;
        beside["tool_usage"] = *tools;
        merge_fields(beside, total_path(dialect_), usage_.get_object());
    }
    take_tools(*response);
    if (auto const* output = at_path(response, "output")) tools_.take_items(*output);
    std::string_view const why = text_at(response, "incomplete_details.reason");
    keep_text(facts_.finish_reason, why.empty() ? std::string_view{status_} : why);
}

AIAUDIT_INLINE void facts_collector::take_tools(boost::json::value const& response) {
    auto const* tools = at_path(&response, "tools");
    auto const* list = tools == nullptr ? nullptr : tools->if_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        if (text_at(&(*list)[i], "type") == "image_generation")
            keep_text(drawing_model_, text_at(&(*list)[i], "model"));
    }
}

AIAUDIT_INLINE void facts_collector::take_anthropic(boost::json::value const& document) {
    auto const* message = at_path(&document, "message");
    if (message == nullptr || !message->is_object()) message = &document;
    take_id(text_at(message, "id"));
    take_id(text_at(&document, "request_id"));
    keep_text(facts_.model_served, text_at(message, "model"));
    keep_text(facts_.finish_reason, text_at(message, "stop_reason"));
    keep_text(facts_.finish_reason, text_at(&document, "delta.stop_reason"));
    merge_anthropic_usage(at_path(message, "usage"));
    if (text_at(&document, "type") == "message_stop") terminal_ = true;
}

AIAUDIT_INLINE void facts_collector::take_gemini(boost::json::value const& document) {
    take_id(text_at(&document, "responseId"));
    keep_text(facts_.model_served, text_at(&document, "modelVersion"));
    std::string_view reason = text_at(first_of(document, "candidates"), "finishReason");
    if (reason.empty()) reason = text_at(&document, "promptFeedback.blockReason");
    keep_text(facts_.finish_reason, reason);
    if (!reason.empty()) terminal_ = true;
    if (auto const* grounding = at_path(first_of(document, "candidates"), "groundingMetadata")) {
        tools_.take_grounding(*grounding);
    }
    replace_usage(at_path(&document, "usageMetadata"));
    take_tier(text_at(&usage_, "serviceTier"));
    if (auto const traffic = text_at(&usage_, "trafficType"); tier_named(traffic) != "") {
        take_tier(traffic);
    }
}

AIAUDIT_INLINE void facts_collector::take_converse(boost::json::value const& document) {
    auto const* event = at_path(&document, "metadata");
    if (event != nullptr) terminal_ = true;
    if (event == nullptr) event = &document;
    merge_usage(at_path(event, "usage"));
    take_tier(text_at(event, "serviceTier.type"));
    keep_text(facts_.model_served, text_at(event, "trace.promptRouter.invokedModelId"));
    keep_text(facts_.finish_reason, text_at(&document, "stopReason"));
    keep_text(facts_.finish_reason, text_at(&document, "messageStop.stopReason"));
    take_exception(document);
}

AIAUDIT_INLINE void facts_collector::take_exception(boost::json::value const& document) {
    for (auto const& field : document.get_object()) {
        std::string_view const name{field.key().data(), field.key().size()};
        if (name.ends_with("Exception")) {
            take_error_type(name, text_at(&field.value(), "message"));
        }
    }
}

AIAUDIT_INLINE void facts_collector::take_invoke(boost::json::value const& document) {
    boost::json::object counts;
    for (auto const& field : document.get_object()) {
        if (field.value().is_number()) counts[field.key()] = field.value();
    }
    merge_fields(counts, total_path(dialect_), usage_.get_object());
    merge_usage(at_path(&document, "usage"));
    keep_text(facts_.finish_reason, text_at(&document, "stop_reason"));
    take_exception(document);
}

AIAUDIT_INLINE void facts_collector::take_cohere(boost::json::value const& document) {
    std::string_view const type = text_at(&document, "type");
    std::string_view const old_type = text_at(&document, "event_type");
    boost::json::value const* body = &document;
    if (auto const* delta = at_path(&document, "delta"); type == "message-end" && delta) {
        body = delta;
    }
    if (auto const* whole = at_path(&document, "response"); old_type == "stream-end" && whole) {
        body = whole;
    }
    if (body != &document) terminal_ = true;
    take_id(text_at(&document, "id"));
    keep_text(facts_.finish_reason, text_at(&document, "finish_reason"));
    keep_text(facts_.finish_reason, text_at(body, "finish_reason"));
    merge_usage(at_path(body, "meta"));
    merge_usage(at_path(body, "usage"));
}

AIAUDIT_INLINE void facts_collector::take_ollama(boost::json::value const& document) {
    keep_text(facts_.model_served, text_at(&document, "model"));
    keep_text(facts_.finish_reason, text_at(&document, "done_reason"));
    if (true_at(&document, "done")) terminal_ = true;
    merge_counts(document, {"prompt_eval_count", "eval_count"});
}

AIAUDIT_INLINE void facts_collector::take_dashscope(boost::json::value const& document) {
    take_id(text_at(&document, "request_id"));
    take_bare_error(document);
    keep_text(facts_.finish_reason, text_at(&document, "output.finish_reason"));
    if (auto const* output = at_path(&document, "output")) {
        keep_text(facts_.finish_reason, text_at(first_of(*output, "choices"), "finish_reason"));
    }
    // Every event of a stream says "null" but the last.
    if (facts_.finish_reason == "null") facts_.finish_reason.clear();
    if (!facts_.finish_reason.empty()) terminal_ = true;
    merge_usage(at_path(&document, "usage"));
}

AIAUDIT_INLINE void facts_collector::take_interactions(boost::json::value const& document) {
    auto const* event = at_path(&document, "interaction");
    boost::json::value const& whole = event == nullptr ? document : *event;
    take_id(text_at(&whole, "id"));
    keep_text(facts_.model_served, text_at(&whole, "model"));
    keep_text(status_, text_at(&whole, "status"));
    keep_text(facts_.finish_reason, text_at(&whole, "status"));
    if (text_at(&document, "event_type") == "interaction.complete") terminal_ = true;
    merge_usage(at_path(&whole, "usage"));
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_FACTS_COLLECTOR_IPP
