// SPDX-License-Identifier: MIT
//
// usage_bounds.ipp: the definitions of usage_bounds.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_USAGE_BOUNDS_IPP
#define AIAUDIT_IMPL_PROVIDERS_USAGE_BOUNDS_IPP

#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/json_fields.hpp>  // parse_json
#include <aiaudit/providers/usage_bounds.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// True where a prompt holds text alone. The depth is bounded by the parser.
AIAUDIT_INLINE bool is_text_alone(boost::json::value const& prompt) noexcept {
    if (auto const* list = prompt.if_array()) {
        return std::all_of(list->begin(), list->end(), is_text_alone);
    }
    auto const* object = prompt.if_object();
    if (object == nullptr) return true;
    std::string_view const type = text_at(&prompt, "type");
    if (!type.empty() && !is_one_of(text_types, type)) return false;
    for (auto const& field : *object) {
        std::string_view const name{field.key().data(), field.key().size()};
        if (is_one_of(media_members, name)) return false;
        bool const data = is_one_of(data_members, name) || (type == "tool_use" && name == "input");
        if (!data && !is_text_alone(field.value())) return false;
    }
    return true;
}

// True where each tool is a function of the caller's.
AIAUDIT_INLINE bool are_functions(boost::json::value const* tools) noexcept {
    auto const* list = tools == nullptr ? nullptr : tools->if_array();
    if (list == nullptr) return tools == nullptr;
    return std::all_of(list->begin(), list->end(), [](boost::json::value const& tool) {
        auto const* object = tool.if_object();
        if (object == nullptr) return false;
        auto const type = text_at(&tool, "type");
        if (!type.empty()) return type == "function" || type == "custom";
        // Anthropic's, and Mistral's.
        if (object->contains("input_schema") || object->contains("function")) return true;
        return object->size() == 1 && (object->contains("functionDeclarations") ||
                                       object->contains("function_declarations"));
    });
}

AIAUDIT_INLINE bool is_bounded_by_bytes(boost::json::value const& request) noexcept {
    auto const* object = request.if_object();
    if (object == nullptr || !are_functions(at_path(&request, "tools"))) return false;
    for (auto const& field : *object) {
        if (field.value().is_null()) continue;
        std::string_view const name{field.key().data(), field.key().size()};
        if (is_one_of(outside_members, name)) return false;
        if (is_one_of(prompt_members, name) && !is_text_alone(field.value())) return false;
    }
    return std::all_of(outside_paths.begin(), outside_paths.end(),
                       [&](std::string_view path) { return at_path(&request, path) == nullptr; });
}

AIAUDIT_INLINE bool has_tools(boost::json::value const& request) noexcept {
    for (char const* name :
         {"tools", "response_format", "text.format", "output_config", "output_format",
          "generationConfig.responseSchema", "generationConfig.responseJsonSchema"}) {
        if (at_path(&request, name) != nullptr) return true;
    }
    return false;
}

AIAUDIT_INLINE rate_words rate_words_of(std::string_view request_body) noexcept {
    rate_words found;
    for (std::size_t quote = request_body.find('"'); quote != std::string_view::npos;
         quote = request_body.find('"', quote + 1)) {
        auto const rest = request_body.substr(quote + 1);
        char const first = rest.empty() ? '\0' : rest.front();
        if (first == 'c') {
            found.cache_writes = found.cache_writes || rest.starts_with("cache_control\"") ||
                                 rest.starts_with("cachePoint\"");
        }
        if (first == '1') found.hour_writes = found.hour_writes || rest.starts_with("1h\"");
        if (first == 's') found.speed = found.speed || rest.starts_with("speed\"");
    }
    return found;
}

// What goes into a cache may cost more than other input: where the request asks for that, all that
// was not read from it counts as written; for an hour, the dearest, where the request names that.
AIAUDIT_INLINE void bound_cache_writes(std::string_view request_body, usage const& known,
                                       usage& upper) {
    rate_words const words = rate_words_of(request_body);
    if (!words.cache_writes) return;
    auto const all = upper.count(unit::input_tokens);
    auto const written = all - (std::min)(all, known.count(unit::cache_read_tokens));
    auto const raise = [&](unit which, std::uint64_t bound) {
        if (!known.has(which) || known.count(which) < bound) {
            upper.set(which, bound, provenance::estimated);
        }
    };
    raise(unit::cache_write_tokens, written);
    if (!words.hour_writes) return;
    raise(unit::cache_write_1h_tokens,
          written - (std::min)(written, known.count(unit::cache_write_5m_tokens)));
}

}  // namespace detail

AIAUDIT_INLINE bool is_billed_by_tokens(operation what, vendor who,
                                        std::string_view model) noexcept {
    if (what != operation::chat && what != operation::responses && what != operation::embeddings)
        return false;
    if (who == vendor::perplexity) return false;
    for (std::string_view const word : {"search-preview", "search-api", "compound", ":online"}) {
        if (model.find(word) != std::string_view::npos) return false;
    }
    return true;
}

AIAUDIT_INLINE request_shape shape_of(std::string_view request_body) {
    boost::json::monotonic_resource memory;
    auto const request = detail::parse_json(request_body, "request", &memory);
    return request ? shape_of(*request) : request_shape{};
}

AIAUDIT_INLINE usage_range bounds_of(usage const& known, std::string_view request_body,
                                     request_shape shape, request_parameters const& asked,
                                     std::uint64_t output_ceiling) {
    usage_range range{known, known, shape.bounded};
    for (unit const whole : {unit::input_tokens, unit::output_tokens}) {
        if (!known.has(whole)) range.lower.set(whole, 0, provenance::estimated);
    }
    std::uint64_t input = request_body.size() + template_tokens_max;
    if (shape.tools) input += tool_prompt_tokens_max;
    std::uint64_t const choices = std::max<std::uint64_t>(asked.choices.value_or(1), 1);
    std::uint64_t const output =
        detail::saturated_product(asked.max_output_tokens.value_or(output_ceiling), choices);
    auto const raise = [&](unit which, std::uint64_t bound) {
        bound = (std::min)(bound, usage::count_max);
        if (!known.has(which) || known.count(which) < bound) {
            range.upper.set(which, bound, provenance::estimated);
        }
    };
    raise(unit::input_tokens, input);
    raise(unit::output_tokens, output);
    detail::bound_cache_writes(request_body, known, range.upper);
    return range;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_USAGE_BOUNDS_IPP
