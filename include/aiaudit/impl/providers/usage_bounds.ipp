// SPDX-License-Identifier: MIT
//
// usage_bounds.ipp: the definitions of usage_bounds.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_USAGE_BOUNDS_IPP
#define AIAUDIT_IMPL_PROVIDERS_USAGE_BOUNDS_IPP

#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/detail/ascii.hpp>           // lower_case
#include <aiaudit/providers/json_fields.hpp>  // parse_json
#include <aiaudit/providers/usage_bounds.hpp>

#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Notes what a request holds.
class shape_reader {
public:
    explicit shape_reader(unsigned api) : api_(api) { shape_.bounded = true; }

    [[nodiscard]] request_shape read(boost::json::value const& request) && {
        auto const* object = request.if_object();
        if (object == nullptr) return {};
        shape_.endless = false;
        shape_.draws = api_ == apis::pictures;
        shape_.tools = !shape_.draws && has_tools(request);
        for (auto const& field : *object) {
            if (!field.value().is_null()) top(text_of(field.key()), field.value());
        }
        for (std::string_view const path : endless_paths) {
            if (at_path(&request, path) != nullptr) endless(path);
        }
        shape_.distant_pictures_alone = shape_.bounded && shape_.distant_pictures != 0;
        if (shape_.distant_pictures != 0) outside(distant_);
        bool const elsewhere = !shape_.bounded;
        if (!drawing_.empty()) outside(drawing_);
        limit_tools(request);
        note_rates(request);
        // Of pictures of the conversation, of those made before, and a mask.
        std::uint64_t const known = elsewhere ? originals_max : shape_.pictures + shape_.drawings;
        if (shape_.drawings != 0) shape_.originals = (std::min)(known, originals_max) + 1;
        return std::move(shape_);
    }

private:
    [[nodiscard]] static std::string_view text_of(boost::json::string_view text) noexcept {
        return {text.data(), text.size()};
    }
    void note_rates(boost::json::value const& value) {
        if (auto const* object = value.if_object()) {
            for (auto const& field : *object) {
                note_rate(text_of(field.key()), field.value());
                note_rates(field.value());
            }
        } else if (auto const* list = value.if_array()) {
            for (auto const& each : *list) note_rates(each);
        } else if (auto const* text = value.if_string()) {
            if (text->size() == 2 && same_name(text_of(*text), "1h"))
                shape_.rates.hour_writes = true;
        }
    }
    void note_rate(std::string_view name, boost::json::value const& value) {
        if (same_name(name, "speed") && !(value.is_string() && value.get_string() == "standard"))
            shape_.rates.speed = true;
        if (same_name(name, "cache_control") || same_name(name, "cachePoint"))
            shape_.rates.cache_writes = true;
    }
    void outside(std::string_view path) {
        if (shape_.bounded) shape_.outside = path.substr(0, 200);
        shape_.bounded = false;
    }
    void endless(std::string_view path) {
        if (!shape_.endless) shape_.outside = path.substr(0, 200);
        shape_.bounded = false;
        shape_.endless = true;
    }
    void top(std::string_view name, boost::json::value const& value) {
        if (is_one_of(endless_members, name)) return endless(name);
        if (name == "tools" || name == "functions") return tools(std::string(name), value);
        if (name == "context_management") return edits(value);
        if (shape_.draws && is_one_of(drawing_members, name)) return;
        if (shape_.draws && is_one_of(drawn_members, name)) return originals(value);
        if (name == "input") input_tools(value);
        if (name == "prompt" && value.is_object()) return outside(name);  // a stored one
        if (is_one_of(prompt_members, name)) return text({nullptr, name, 0}, value);
        if (!is_one_of(plain_members, name)) outside(name);
    }
    // Whether an object stands for what a provider has stored: it has an id, and no words.
    [[nodiscard]] static bool is_reference(boost::json::object const& object,
                                           std::string_view type) noexcept {
        auto const has = [&object](char const* name) {
            auto const* value = object.if_contains(name);
            return value != nullptr && !value->is_null();
        };
        if (!has("id")) return false;
        if (type == "reasoning") return !has("encrypted_content");
        if (!type.empty()) return false;
        for (char const* name : {"role", "text", "content", "parts", "function", "name"}) {
            if (has(name)) return false;
        }
        return true;
    }
    void add_picture(std::size_t bytes) {
        ++shape_.pictures;
        shape_.picture_bytes += bytes;
    }
    // Pictures to make others of, wherever they are: here, in a file, or at an address.
    void originals(boost::json::value const& of) {
        auto const* list = of.if_array();
        if (list == nullptr) return add_picture(picture_in(of, "image_url").value_or(0));
        for (boost::json::value const& each : *list) originals(each);
    }
    // How long the base64 of a part is that is a picture; nothing for one that is elsewhere, or may
    // be something else.
    [[nodiscard]] static std::optional<std::size_t> picture_in(boost::json::value const& part,
                                                               std::string_view type) {
        if (type == "image") {
            auto const* source = member(&part, "source");
            bool const here = text_at(source, "type") == "base64";
            if (!here || !is_one_of(picture_types, text_at(source, "media_type")))
                return std::nullopt;
            return text_at(source, "data").size();
        }
        if ((type != "image_url" && type != "input_image") || member(&part, "file_id") != nullptr)
            return std::nullopt;
        auto const* said = member(&part, "image_url");
        if (said != nullptr && said->is_object()) said = member(said, "url");
        if (said == nullptr || !said->is_string()) return std::nullopt;
        std::string_view const url = text_of(said->get_string());
        auto const end = url.find(";base64,");
        if (!url.starts_with("data:") || end == std::string_view::npos ||
            !is_one_of(picture_types, url.substr(5, end - 5)))
            return std::nullopt;
        return url.size();
    }
    // Whether a part is a picture that is elsewhere; no document, which other sellers take there.
    [[nodiscard]] static bool is_distant_picture(boost::json::value const& part,
                                                 std::string_view type) {
        if (type == "image") {
            auto const* source = member(&part, "source");
            std::string_view const kind = text_at(source, "type");
            return (kind == "url" && !text_at(source, "url").empty()) ||
                   (kind == "file" && !text_at(source, "file_id").empty());
        }
        if (type != "image_url" && type != "input_image") return false;
        std::string_view address = text_at(&part, "image_url");
        if (address.empty()) address = text_at(&part, "image_url.url");
        bool const in_file = !text_at(&part, "file_id").empty();
        bool const at_address = address.starts_with("https://") || address.starts_with("http://");
        return in_file ? address.empty() : at_address;
    }
    // Gemini's, of both spellings.
    [[nodiscard]] static std::optional<std::size_t> inline_picture(boost::json::value const& of) {
        std::string_view kind = text_at(&of, "mimeType");
        if (kind.empty()) kind = text_at(&of, "mime_type");
        auto const* data = member(&of, "data");
        if (data == nullptr || !data->is_string() || !is_one_of(picture_types, kind))
            return std::nullopt;
        return data->get_string().size();
    }
    // Where a part of a prompt stands; written out where it is to be named.
    struct place {
        place const* in = nullptr;
        std::string_view name{};  // empty: a part of a list
        std::size_t at = 0;
        [[nodiscard]] std::string text() const {
            std::string path = in == nullptr ? std::string{} : in->text();
            if (name.empty()) return path + "[" + std::to_string(at) + "]";
            return (path.empty() ? path : path + ".") + printable(name);
        }
    };
    // A prompt, or a part of one. The depth is bounded by the parser.
    void text(place const& here, boost::json::value const& prompt) {
        if (!shape_.bounded) return;  // it is as large as the context already
        if (auto const* list = prompt.if_array()) {
            for (std::size_t at = 0; at < list->size(); ++at) text({&here, {}, at}, (*list)[at]);
            return;
        }
        auto const* object = prompt.if_object();
        if (object == nullptr) return;
        std::string_view const type = text_at(&prompt, "type");
        if (auto const bytes = picture_in(prompt, type)) return add_picture(*bytes);
        if (is_distant_picture(prompt, type)) {
            if (distant_.empty()) distant_ = here.text() + ": " + printable(type);
            ++shape_.distant_pictures;
            return;
        }
        if (!type.empty() && !is_one_of(text_types, type))
            return outside(here.text() + ": " + printable(type));
        if (is_reference(*object, type)) return outside(here.text() + ".id");
        for (auto const& field : *object) {
            std::string_view const name = text_of(field.key());
            place const inner{&here, name, 0};
            bool const mistaken = (same_name(name, "type") && name != "type") ||
                                  (name == "type" && !field.value().is_string());
            auto const is_name = [name](std::string_view each) { return same_name(name, each); };
            bool const linked =
                type.empty() && std::any_of(linked_members.begin(), linked_members.end(), is_name);
            bool const media = std::any_of(media_members.begin(), media_members.end(), is_name);
            if (auto const bytes = media ? inline_picture(field.value()) : std::nullopt) {
                add_picture(*bytes);
                continue;
            }
            if (mistaken || media || linked) return outside(inner.text());
            if (name == "functionResponse" || name == "function_response") {
                answer(inner, field.value());
                continue;
            }
            bool const data = is_one_of(data_members, name) ||
                              (type == "tool_use" && name == "input") ||
                              (type == "additional_tools" && name == "tools");
            if (!data) text(inner, field.value());
        }
    }
    // What a caller's function gave Gemini: data, and in `parts` what may be pictures and files.
    void answer(place const& here, boost::json::value const& of) {
        auto const* object = of.if_object();
        if (object == nullptr) return;
        for (auto const& field : *object) {
            std::string_view const name = text_of(field.key());
            if (same_name(name, "parts")) text({&here, name, 0}, field.value());
        }
    }
    // Tools that stand in the prompt of Responses, where Codex has all of its own.
    void input_tools(boost::json::value const& input) {
        auto const* list = input.if_array();
        if (list == nullptr) return;
        for (std::size_t at = 0; at < list->size(); ++at) {
            auto const* inner = member(&(*list)[at], "tools");
            if (inner == nullptr || inner->is_null()) continue;
            shape_.tools = true;
            tools("input[" + std::to_string(at) + "].tools", *inner);
        }
    }
    void tools(std::string const& path, boost::json::value const& of) {
        auto const* list = of.if_array();
        if (list == nullptr) return endless(path);
        for (std::size_t at = 0; at < list->size(); ++at)
            tool(path + "[" + std::to_string(at) + "]", (*list)[at]);
    }
    void tool(std::string const& path, boost::json::value const& of) {
        auto const* object = of.if_object();
        if (object == nullptr) return endless(path);
        auto const type = text_at(&of, "type");
        if (type == "function" || type == "custom") return;
        if (type == "namespace") {
            auto const* inner = member(&of, "tools");
            return inner == nullptr ? endless(path) : tools(path + ".tools", *inner);
        }
        if (!type.empty()) return provided(path, type, of);
        // Anthropic's, Mistral's, and the older "functions".
        for (char const* name : {"input_schema", "function", "parameters", "name"}) {
            if (api_ != apis::gemini && object->contains(name)) return;
        }
        for (auto const& field : *object) {
            std::string_view const name = text_of(field.key());
            if (name != "functionDeclarations" && name != "function_declarations")
                return endless(path + "." + printable(name));
        }
    }
    // OpenAI's tool for pictures. What they are like is said once for all of them.
    void drawing(std::string const& name, boost::json::value const& of) {
        for (auto const& field : of.get_object()) {
            bool const known = is_one_of(drawing_tool_members, text_of(field.key()));
            if (!known && !field.value().is_null())
                return endless(name + "." + printable(text_of(field.key())));
        }
        auto const* count = at_path(&of, "n");
        shape_.drawing_model = text_at(&of, "model").substr(0, 64);
        shape_.drawing = picture_wish_of(of);
        bool const one = drawing_.empty() && (count == nullptr || whole_number(*count) == 1U);
        if (!one || drawing_models(shape_.drawing_model, shape_.drawing).empty())
            return endless(name);
        drawing_ = name;
        unlimited_.push_back(name);
        searches_.push_back({&shape_.drawings, std::nullopt});
    }
    void provided(std::string const& path, std::string_view type, boost::json::value const& of) {
        if (type == "image_generation" && api_ == apis::responses)
            return drawing(path + ": " + printable(type), of);
        auto const found = std::find_if(
            provider_tools.begin(), provider_tools.end(),
            [type](provider_tool const& each) { return type.starts_with(each.prefix); });
        std::string const name = path + ": " + printable(type);
        if (found == provider_tools.end()) return endless(name);
        if (found->runs == tool_runner::caller) {
            ++shape_.client_tools;
            return;
        }
        outside(name);
        auto const* uses = (api_ & apis::messages) != 0 ? member(&of, "max_uses") : nullptr;
        auto const limit = uses == nullptr ? std::nullopt : whole_number(*uses);
        std::uint64_t const most = limit.value_or(0);
        if (limit) shape_.tool_uses += most;
        if (!limit) {
            unlimited_.push_back(name);
            // Who has a word for a limit.
            limitable_ = limitable_ && ((api_ & apis::responses) != 0 ||
                                        ((api_ & apis::messages) != 0 && type.starts_with("web_")));
        }
        if (found->charged == unit::web_searches)
            searches_.push_back({&shape_.web_searches, limit});
        if (found->charged == unit::file_searches)
            searches_.push_back({&shape_.file_searches, limit});
        if (found->charged == unit::code_executions)
            searches_.push_back({&shape_.code_executions, limit});
    }
    // OpenAI's tools have one limit in all.
    void limit_tools(boost::json::value const& request) {
        auto const* all =
            (api_ & apis::responses) != 0 ? at_path(&request, "max_tool_calls") : nullptr;
        auto const in_all = all == nullptr ? std::nullopt : whole_number(*all);
        if (!unlimited_.empty() && in_all) shape_.tool_uses += *in_all;
        if (!unlimited_.empty() && !in_all) {
            bool const had = shape_.endless;
            endless(unlimited_.front());
            shape_.tool_limit_missing = limitable_ && !had;
        }
        std::uint64_t const shared = in_all ? *in_all : 0;
        for (auto const& [count, own] : searches_) *count += own ? *own : shared;
    }
    // What only takes away adds nothing; to compact is another run of the model.
    void edits(boost::json::value const& of) {
        auto const* list = of.if_array();
        if (auto const* object = of.if_object(); object != nullptr && object->size() == 1) {
            auto const* edits = object->if_contains("edits");
            list = edits == nullptr ? nullptr : edits->if_array();
        } else if (object != nullptr && object->empty()) {
            return;
        }
        if (list == nullptr) return endless("context_management");
        for (std::size_t at = 0; at < list->size(); ++at) {
            std::string_view const type = text_at(&(*list)[at], "type");
            if (type.starts_with("clear_")) continue;
            std::string const path = "context_management.edits[" + std::to_string(at) + "]";
            if (!type.starts_with("compact")) return endless(path);
            outside(path);
            ++shape_.compactions;
        }
    }

    unsigned api_;
    request_shape shape_{};
    std::vector<std::string> unlimited_{};  // tools that name no limit
    bool limitable_ = true;
    std::string distant_{};  // the first picture that is elsewhere
    std::string drawing_{};  // the tool that makes pictures
    std::vector<std::pair<std::uint64_t*, std::optional<std::uint64_t>>> searches_{};
};

AIAUDIT_INLINE picture_wish picture_wish_of(boost::json::value const& from) {
    picture_wish wish;
    auto const named = [&from](std::string_view name) {
        std::string_view const text = text_at(&from, name);
        return text == "auto" ? std::string{} : std::string(text.substr(0, 64));
    };
    wish.size = named("size");
    wish.quality = named("quality");
    if (auto const* partial = member(&from, "partial_images"))
        wish.partial = whole_number(*partial).value_or(0);
    return wish;
}

AIAUDIT_INLINE bool has_tools(boost::json::value const& request) noexcept {
    for (char const* name :
         {"tools", "response_format", "text.format", "output_config", "output_format",
          "generationConfig.responseSchema", "generationConfig.responseJsonSchema"}) {
        if (at_path(&request, name) != nullptr) return true;
    }
    return false;
}

// What goes into a cache may cost more than other input: where the request asks for that, all that
// was not read from it counts as written; for an hour, the dearest, where the request names that.
AIAUDIT_INLINE void bound_cache_writes(rate_words const& words, usage const& known, usage& upper) {
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

AIAUDIT_INLINE request_shape shape_of(boost::json::value const& request, unsigned api) {
    return detail::shape_reader{api}.read(request);
}

AIAUDIT_INLINE request_shape shape_of(std::string_view request_body) {
    boost::json::monotonic_resource memory;
    auto const request = detail::parse_json(request_body, "request", &memory);
    return request ? shape_of(*request) : request_shape{};
}

AIAUDIT_INLINE usage_range bounds_of(usage const& known, std::string_view request_body,
                                     request_shape const& shape, request_parameters const& asked,
                                     std::uint64_t output_ceiling, std::uint64_t context_tokens,
                                     std::uint64_t picture_tokens) {
    bool const by_pictures = shape.distant_pictures_alone && !shape.endless &&
                             shape.tool_uses == 0 && picture_tokens < picture_tokens_max;
    bool const by_context = !shape.bounded && !by_pictures && !shape.endless && context_tokens != 0;
    usage_range range{known, known, shape.bounded || by_pictures || by_context};
    std::uint64_t const pictures = shape.pictures + (by_pictures ? shape.distant_pictures : 0);
    for (unit const whole : {unit::input_tokens, unit::output_tokens}) {
        if (!known.has(whole)) range.lower.set(whole, 0, provenance::estimated);
    }
    std::uint64_t const text =
        request_body.size() - std::min<std::uint64_t>(request_body.size(), shape.picture_bytes);
    std::uint64_t input =
        text + template_tokens_max +
        detail::saturated_product(pictures, shape.draws ? original_tokens_max : picture_tokens);
    if (shape.tools) input += tool_prompt_tokens_max * (1 + shape.client_tools);
    if (pictures != 0 && context_tokens != 0) input = (std::min)(input, context_tokens);
    if (by_context)
        input = detail::saturated_product(context_tokens, 1 + shape.tool_uses + shape.compactions);
    std::uint64_t const choices = std::max<std::uint64_t>(asked.choices.value_or(1), 1);
    if (shape.draws) input = detail::saturated_product(input, choices);
    std::uint64_t output =
        detail::saturated_product(asked.max_output_tokens.value_or(output_ceiling), choices);
    output += detail::saturated_product(output_ceiling, shape.compactions);
    auto const raise = [&](unit which, std::uint64_t bound) {
        bound = (std::min)(bound, usage::count_max);
        if (!known.has(which) || known.count(which) < bound) {
            range.upper.set(which, bound, provenance::estimated);
        }
    };
    raise(unit::input_tokens, input);
    raise(unit::output_tokens, output);
    if (shape.web_searches != 0) raise(unit::web_searches, shape.web_searches);
    if (shape.file_searches != 0) raise(unit::file_searches, shape.file_searches);
    if (shape.code_executions != 0) raise(unit::code_executions, shape.code_executions);
    detail::bound_cache_writes(shape.rates, known, range.upper);
    return range;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_USAGE_BOUNDS_IPP
