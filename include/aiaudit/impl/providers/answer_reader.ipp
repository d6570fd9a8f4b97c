// SPDX-License-Identifier: MIT
//
// answer_reader.ipp: the definitions of answer_reader.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_ANSWER_READER_IPP
#define AIAUDIT_IMPL_PROVIDERS_ANSWER_READER_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/providers/answer_reader.hpp>

#include <array>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE answer_delta answer_reader::take(boost::json::value const& document) {
    answer_delta added;
    auto const* list = document.if_array();
    if (list != nullptr) {  // Gemini's stream without server-sent events
        for (boost::json::value const& element : *list) take_one(element, added);
    } else {
        take_one(document, added);
    }
    return added;
}

AIAUDIT_INLINE answer answer_reader::finish() {
    for (tool_call& call : answer_.tool_calls) {
        if (call.id.empty()) call.id = call.name;
        if (call.arguments_json.empty()) call.arguments_json = "{}";
    }
    return std::move(answer_);
}

AIAUDIT_INLINE void answer_reader::take_one(json const& document, answer_delta& added) {
    if (!document.is_object()) return;
    switch (dialect_) {
    case dialect::openai_chat: return take_chat(document, added);
    case dialect::openai_responses: return take_responses(document, added);
    case dialect::anthropic_messages: return take_anthropic(document, added);
    case dialect::gemini: return take_gemini(document, added);
    default: return;
    }
}

AIAUDIT_INLINE boost::json::array const& answer_reader::list_at(json const* from,
                                                                std::string_view path) {
    static boost::json::array const none{};
    auto const* value = detail::at_path(from, path);
    auto const* list = value == nullptr ? nullptr : value->if_array();
    return list == nullptr ? none : *list;
}

AIAUDIT_INLINE answer_reader::json const* answer_reader::first_choice(json const& document,
                                                                      std::string_view name) {
    for (json const& choice : list_at(&document, name)) {
        if (number_at(choice, "index") == 0) return &choice;
    }
    return nullptr;
}

AIAUDIT_INLINE std::string answer_reader::arguments_of(json const* value) {
    if (value == nullptr || value->is_null()) return {};
    auto const* text = value->if_string();
    return text != nullptr ? std::string(detail::text_of(*text)) : boost::json::serialize(*value);
}

AIAUDIT_INLINE bool answer_reader::room_for(std::size_t bytes) noexcept {
    if (bytes > answer_bytes_max - bytes_) {
        answer_.truncated = true;
        return false;
    }
    bytes_ += bytes;
    return true;
}

AIAUDIT_INLINE std::optional<std::size_t> answer_reader::open_call(answer_delta& added,
                                                                   std::string_view id,
                                                                   std::string_view name) {
    std::size_t const at = answer_.tool_calls.size();
    if (at == tool_calls_max || !room_for(id.size() + name.size())) {
        answer_.truncated = true;
        return std::nullopt;
    }
    answer_.tool_calls.push_back({std::string(id), std::string(name), {}, {}});
    added.tool_calls.push_back({at, std::string(id), std::string(name), {}});
    return at;
}

AIAUDIT_INLINE tool_call_piece& answer_reader::piece_of(answer_delta& added, std::size_t call) {
    if (added.tool_calls.empty() || added.tool_calls.back().index != call) {
        added.tool_calls.push_back({call, {}, {}, {}});
    }
    return added.tool_calls.back();
}

AIAUDIT_INLINE answer_reader::slot* answer_reader::open_slot(answer_delta& added,
                                                             std::uint64_t number,
                                                             std::string_view id,
                                                             std::string_view name) {
    auto const call = open_call(added, id, name);
    if (!call) return nullptr;
    slots_.push_back({number, *call, {}, false});
    return &slots_.back();
}

AIAUDIT_INLINE void answer_reader::take_chat(json const& document, answer_delta& added) {
    keep(answer_.model, detail::text_at(&document, "model"));
    auto const* choice = first_choice(document, "choices");
    if (choice == nullptr) return;
    keep(answer_.finish_reason, detail::text_at(choice, "finish_reason"));
    say_text(added, detail::text_at(choice, "text"));  // the older /completions
    // Perplexity's chunks repeat the whole message beside each delta.
    auto const* message = detail::at_path(choice, "delta");
    bool const streamed = message != nullptr;
    if (!streamed && !streamed_) message = detail::at_path(choice, "message");
    streamed_ = streamed_ || streamed;
    if (message == nullptr) return;
    auto const* content = detail::at_path(message, "content");
    if (content != nullptr) take_chat_content(*content, added);
    auto reasoning = detail::text_at(message, "reasoning_content");
    if (reasoning.empty()) reasoning = detail::text_at(message, "reasoning");
    say_reasoning(added, reasoning);
    say_refusal(added, detail::text_at(message, "refusal"));
    for (json const& call : list_at(message, "tool_calls")) {
        take_chat_call(call, streamed, added);
    }
}

AIAUDIT_INLINE void answer_reader::take_chat_content(json const& content, answer_delta& added) {
    if (auto const* text = content.if_string()) return say_text(added, detail::text_of(*text));
    auto const* parts = content.if_array();
    if (parts == nullptr) return;
    for (json const& part : *parts) {
        say_text(added, detail::text_at(&part, "text"));
        for (json const& thought : list_at(&part, "thinking")) {
            say_reasoning(added, detail::text_at(&thought, "text"));
        }
    }
}

AIAUDIT_INLINE void answer_reader::take_chat_call(json const& call, bool streamed,
                                                  answer_delta& added) {
    auto const id = detail::text_at(&call, "id");
    auto const name = detail::text_at(&call, "function.name");
    auto const arguments = arguments_of(detail::at_path(&call, "function.arguments"));
    if (!streamed) return whole_call(added, id, name, arguments);
    slot* to = nullptr;
    auto const* index = detail::at_path(&call, "index");
    if (index != nullptr) {
        to = slot_of(number_at(call, "index"));
    } else if (!slots_.empty()) {
        to = &slots_.back();
    }
    // Some servers number every call 0, or none: another id is another call.
    std::string const* known = to == nullptr ? nullptr : &answer_.tool_calls[to->call].id;
    if (known != nullptr && !id.empty() && !known->empty() && *known != id) to = nullptr;
    if (to == nullptr) {
        to = open_slot(added, number_at(call, "index"), id, name);
    } else {
        complete_call(*to, id, name, added);
    }
    if (to != nullptr) add_arguments(added, to->call, arguments);
}

AIAUDIT_INLINE void answer_reader::complete_call(slot const& to, std::string_view id,
                                                 std::string_view name, answer_delta& added) {
    tool_call& call = answer_.tool_calls[to.call];
    if (call.id.empty() && !id.empty() && room_for(id.size())) {
        call.id = piece_of(added, to.call).id = id;
    }
    if (call.name.empty() && !name.empty() && room_for(name.size())) {
        call.name = piece_of(added, to.call).name = name;
    }
}

AIAUDIT_INLINE void answer_reader::take_responses(json const& document, answer_delta& added) {
    auto const type = detail::text_at(&document, "type");
    auto const* response = detail::at_path(&document, "response");
    if (response == nullptr && type.starts_with("response.")) {
        return take_responses_piece(document, type, added);
    }
    if (response == nullptr) response = &document;
    keep(answer_.model, detail::text_at(response, "model"));
    auto const why = detail::text_at(response, "incomplete_details.reason");
    keep(answer_.finish_reason, why.empty() ? detail::text_at(response, "status") : why);
    if (streamed_) return;  // the last event repeats what came in pieces
    for (json const& item : list_at(response, "output")) take_item(item, added);
}

AIAUDIT_INLINE void answer_reader::take_responses_piece(json const& event, std::string_view type,
                                                        answer_delta& added) {
    constexpr std::array pieces{
        std::pair{std::string_view{"response.output_text.delta"}, &answer_reader::say_text},
        std::pair{std::string_view{"response.refusal.delta"}, &answer_reader::say_refusal},
        std::pair{std::string_view{"response.reasoning_text.delta"}, &answer_reader::say_reasoning},
        std::pair{std::string_view{"response.reasoning_summary_text.delta"},
                  &answer_reader::say_reasoning},
    };
    auto const number = number_at(event, "output_index");
    for (auto const& [name, speak] : pieces) {
        if (type != name) continue;
        streamed_ = true;
        spoken_ = number;
        return (this->*speak)(added, detail::text_at(&event, "delta"));
    }
    if (type == "response.output_item.added") {
        auto const* item = detail::at_path(&event, "item");
        if (detail::text_at(item, "type") != "function_call") return;
        streamed_ = true;
        open_slot(added, number, detail::text_at(item, "call_id"), detail::text_at(item, "name"));
    } else if (type == "response.function_call_arguments.delta") {
        if (slot* const to = slot_of(number)) {
            auto const piece = detail::text_at(&event, "delta");
            to->has_pieces = to->has_pieces || !piece.empty();
            add_arguments(added, to->call, piece);
        }
    } else if (type == "response.output_item.done") {
        auto const* item = detail::at_path(&event, "item");
        if (item != nullptr) take_done_item(*item, number, added);
    }
}

AIAUDIT_INLINE void answer_reader::take_done_item(json const& item, std::uint64_t number,
                                                  answer_delta& added) {
    if (slot const* to = slot_of(number)) {
        if (to->has_pieces) return;
        return add_arguments(added, to->call, detail::text_at(&item, "arguments"));
    }
    if (spoken_ == number) return;
    auto const type = detail::text_at(&item, "type");
    if (type == "message" || type == "function_call") streamed_ = true;
    take_item(item, added);
}

AIAUDIT_INLINE void answer_reader::take_item(json const& item, answer_delta& added) {
    auto const type = detail::text_at(&item, "type");
    if (type == "message") {
        for (json const& part : list_at(&item, "content")) {
            say_text(added, detail::text_at(&part, "text"));
            say_refusal(added, detail::text_at(&part, "refusal"));
        }
    } else if (type == "reasoning") {
        for (char const* list : {"summary", "content"}) {
            for (json const& part : list_at(&item, list)) {
                say_reasoning(added, detail::text_at(&part, "text"));
            }
        }
    } else if (type == "function_call") {
        whole_call(added, detail::text_at(&item, "call_id"), detail::text_at(&item, "name"),
                   detail::text_at(&item, "arguments"));
    }
}

AIAUDIT_INLINE void answer_reader::take_anthropic(json const& document, answer_delta& added) {
    auto const type = detail::text_at(&document, "type");
    if (type == "content_block_start") {
        auto const* block = detail::at_path(&document, "content_block");
        if (block != nullptr) start_block(*block, number_at(document, "index"), added);
    } else if (type == "content_block_delta") {
        say_text(added, detail::text_at(&document, "delta.text"));
        say_reasoning(added, detail::text_at(&document, "delta.thinking"));
        auto const arguments = detail::text_at(&document, "delta.partial_json");
        slot* const to = slot_of(number_at(document, "index"));
        if (to == nullptr || arguments.empty()) return;  // the input of a provider's own tool
        to->in_advance.clear();
        add_arguments(added, to->call, arguments);
    } else if (type == "content_block_stop") {
        slot* const to = slot_of(number_at(document, "index"));
        if (to != nullptr) add_arguments(added, to->call, std::exchange(to->in_advance, {}));
    } else {
        take_anthropic_message(document, added);
    }
}

AIAUDIT_INLINE void answer_reader::take_anthropic_message(json const& document,
                                                          answer_delta& added) {
    auto const* message = detail::at_path(&document, "message");
    if (message == nullptr || !message->is_object()) message = &document;
    keep(answer_.model, detail::text_at(message, "model"));
    keep(answer_.finish_reason, detail::text_at(message, "stop_reason"));
    keep(answer_.finish_reason, detail::text_at(&document, "delta.stop_reason"));
    for (json const& block : list_at(message, "content")) {
        say_text(added, detail::text_at(&block, "text"));
        say_reasoning(added, detail::text_at(&block, "thinking"));
        if (detail::text_at(&block, "type") != "tool_use") continue;
        whole_call(added, detail::text_at(&block, "id"), detail::text_at(&block, "name"),
                   arguments_of(detail::at_path(&block, "input")));
    }
}

AIAUDIT_INLINE void answer_reader::start_block(json const& block, std::uint64_t number,
                                               answer_delta& added) {
    say_text(added, detail::text_at(&block, "text"));
    say_reasoning(added, detail::text_at(&block, "thinking"));
    if (detail::text_at(&block, "type") != "tool_use") return;
    slot* const to =
        open_slot(added, number, detail::text_at(&block, "id"), detail::text_at(&block, "name"));
    // An empty object here, which the pieces replace; a call without arguments has no pieces.
    if (to != nullptr) to->in_advance = arguments_of(detail::at_path(&block, "input"));
}

AIAUDIT_INLINE void answer_reader::take_gemini(json const& document, answer_delta& added) {
    keep(answer_.model, detail::text_at(&document, "modelVersion"));
    keep(answer_.finish_reason, detail::text_at(&document, "promptFeedback.blockReason"));
    auto const* candidate = first_choice(document, "candidates");
    keep(answer_.finish_reason, detail::text_at(candidate, "finishReason"));
    for (json const& part : list_at(candidate, "content.parts")) {
        auto const text = detail::text_at(&part, "text");
        if (detail::true_at(&part, "thought")) {
            say_reasoning(added, text);
        } else {
            say_text(added, text);
        }
        auto const* call = detail::at_path(&part, "functionCall");
        if (call == nullptr || !call->is_object()) continue;
        auto const opened =
            open_call(added, detail::text_at(call, "id"), detail::text_at(call, "name"));
        if (!opened) continue;
        add_arguments(added, *opened, arguments_of(detail::at_path(call, "args")));
        auto const signature = detail::text_at(&part, "thoughtSignature");
        if (room_for(signature.size())) answer_.tool_calls[*opened].signature = signature;
    }
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_ANSWER_READER_IPP
