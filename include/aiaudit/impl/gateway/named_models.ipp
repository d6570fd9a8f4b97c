// SPDX-License-Identifier: MIT
//
// named_models.ipp: the definitions of named_models.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_NAMED_MODELS_IPP
#define AIAUDIT_IMPL_GATEWAY_NAMED_MODELS_IPP

#include <aiaudit/config.hpp>          // AIAUDIT_INLINE
#include <aiaudit/detail/ascii.hpp>    // lower_case
#include <aiaudit/gateway/caller.hpp>  // has_prefix
#include <aiaudit/gateway/named_models.hpp>
#include <aiaudit/gateway/request_target.hpp>  // for_each_parameter
#include <aiaudit/providers/dialect.hpp>       // percent_decoded
#include <aiaudit/providers/json_fields.hpp>   // text_at

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view preset_mark = "@preset/";

// A name as the laxest reader compares it: in small letters, without '_' and '-'.
AIAUDIT_INLINE std::string lax_name(std::string_view name) {
    std::string text = lower_case(name);
    std::erase_if(text, [](char c) { return c == '_' || c == '-'; });
    return text;
}

// What a member, a parameter of a query or a header of that lax name says of models.
enum class naming : std::uint8_t { nothing, model, choice, preset, prose };

// `prose`: what people, tools and schemas say, where a "model" may be a car's. It names nothing.
AIAUDIT_INLINE naming naming_of(std::string_view lax) {
    constexpr std::array<std::string_view, 31> proses{"messages",
                                                      "input",
                                                      "inputs",
                                                      "prompt",
                                                      "contents",
                                                      "content",
                                                      "parts",
                                                      "system",
                                                      "systemprompt",
                                                      "instructions",
                                                      "systeminstruction",
                                                      "documents",
                                                      "query",
                                                      "metadata",
                                                      "labels",
                                                      "responseformat",
                                                      "text",
                                                      "format",
                                                      "schema",
                                                      "jsonschema",
                                                      "responseschema",
                                                      "inputschema",
                                                      "outputschema",
                                                      "responsejsonschema",
                                                      "function",
                                                      "functions",
                                                      "functiondeclarations",
                                                      "parameters",
                                                      "variables",
                                                      "chattemplatekwargs",
                                                      "stop"};
    constexpr std::array<std::string_view, 8> choices{
        "fallbacks",    "fallback",       "deployment", "deployments",
        "deploymentid", "deploymentname", "agent",      "agentid"};
    if (lax == "model") return naming::model;
    if (lax == "preset" || lax == "presets") return naming::preset;
    if (std::find(proses.begin(), proses.end(), lax) != proses.end()) return naming::prose;
    bool const is_choice = lax.ends_with("model") || lax.ends_with("models") ||
                           lax.ends_with("modelid") || lax.ends_with("modelname") ||
                           std::find(choices.begin(), choices.end(), lax) != choices.end();
    return is_choice ? naming::choice : naming::nothing;
}

AIAUDIT_INLINE gateway_problem models_problem(std::string said, std::string_view member) {
    return {403, "invalid_request_error", "model_not_allowed", std::move(said),
            {},  std::string(member)};
}

AIAUDIT_INLINE gateway_problem missing_model_problem() {
    return models_problem(
        "the API key may use some models alone, and the request names none: say which, in 'model'",
        "model");
}

// Looks at one request for one key, until something is not allowed.
class model_search {
public:
    model_search(gateway_key const& key, model_question const& of) : key_(key), of_(of) {}

    [[nodiscard]] std::optional<gateway_problem> run();

private:
    static constexpr int deepest = 16;

    // "a,b" are two for servers that take a list; "a@preset/p" is a model, and what p makes of it.
    void look_at(std::string_view name);
    void look_at_one(std::string_view name);
    // In the place where the API has its model: all such places name the same one.
    void choose(std::string_view name);
    void look_into(boost::json::value const& value, int depth);
    void look_at_member(std::string_view name, boost::json::value const& value, int depth);
    // Texts are names; of what is in objects their members say.
    void look_at_names(std::string_view member, boost::json::value const& value,
                       std::string_view before, int depth);
    void look_at_choice(std::string_view member, boost::json::object const& choice,
                        std::string_view before, int depth);
    void look_at_request_line();
    // Tools that stand in the prompt of Responses may run a model of their own, as others.
    void look_at_input_tools();
    void refuse(std::string said, std::string_view member = "model") {
        if (!problem_) problem_ = models_problem(std::move(said), member);
    }

    void refuse_choice(std::string_view member) {
        refuse("'" + printable(member) +
                   "' chooses models in a way that cannot be compared with those that the API key "
                   "may use",
               member);
    }

    gateway_key const& key_;
    model_question const& of_;
    std::string chosen_{};
    std::optional<gateway_problem> problem_{};
};

AIAUDIT_INLINE void model_search::look_at_one(std::string_view name) {
    constexpr std::string_view blanks = " \t";
    name.remove_prefix((std::min)(name.find_first_not_of(blanks), name.size()));
    name = without_collection(name.substr(0, name.find_last_not_of(blanks) + 1));
    if (!problem_ && !may_use(key_, name)) problem_ = model_refused_problem(name);
}

AIAUDIT_INLINE void model_search::look_at(std::string_view name) {
    for (;;) {
        auto const comma = name.find(',');
        std::string_view const one = name.substr(0, comma);
        auto const mark = one.find(preset_mark);
        if (mark != 0) look_at_one(one.substr(0, mark));
        if (mark != std::string_view::npos) look_at_one(one.substr(mark));
        if (comma == std::string_view::npos) return;
        name.remove_prefix(comma + 1);
    }
}

AIAUDIT_INLINE void model_search::choose(std::string_view name) {
    look_at(name);
    std::string_view const plain = without_collection(name);
    if (chosen_.empty()) chosen_ = plain;
    if (chosen_ != plain)
        refuse("the request names two models, '" + printable(chosen_) + "' and '" +
               printable(plain) + "'; the API key may use some models alone, so name one");
}

AIAUDIT_INLINE void model_search::look_at_names(std::string_view member,
                                                boost::json::value const& value,
                                                std::string_view before, int depth) {
    if (value.is_string()) {
        look_at(std::string(before) + std::string(text_of(value.get_string())));
    } else if (depth > deepest || value.is_number() || (value.is_bool() && value.get_bool())) {
        refuse_choice(member);
    } else if (auto const* list = value.if_array()) {
        for (auto const& each : *list) look_at_names(member, each, before, depth + 1);
    } else if (auto const* object = value.if_object()) {
        look_at_choice(member, *object, before, depth + 1);
    }
}

// {"id": "gpt-4.1"}, or {"gpt-4": ["gpt-4.1"]}: from one to others.
AIAUDIT_INLINE void model_search::look_at_choice(std::string_view member,
                                                 boost::json::object const& choice,
                                                 std::string_view before, int depth) {
    bool understood = false;
    for (auto const& [name, inside] : choice) {
        std::string const lax = lax_name(name);
        bool const is_name = lax == "id" || lax == "name" || lax == "slug";
        auto const what = naming_of(lax);
        bool const is_map = what == naming::nothing && inside.is_array();
        understood = understood || is_name || is_map || what == naming::model;
        if (is_name || is_map)
            look_at_names(member, inside, before, depth);
        else
            look_at_member(name, inside, depth);
    }
    if (!understood) refuse_choice(member);
}

AIAUDIT_INLINE void model_search::look_at_member(std::string_view name,
                                                 boost::json::value const& value, int depth) {
    switch (naming_of(lax_name(name))) {
    case naming::prose: return;
    case naming::model:
    case naming::choice: return look_at_names(name, value, {}, depth);
    case naming::preset: return look_at_names(name, value, preset_mark, depth);
    case naming::nothing: return look_into(value, depth);
    }
}

AIAUDIT_INLINE void model_search::look_into(boost::json::value const& value, int depth) {
    if (problem_) return;
    if (depth > deepest) return refuse("the body is nested too deeply to be searched for models");
    if (auto const* list = value.if_array()) {
        for (auto const& each : *list) look_into(each, depth + 1);
    } else if (auto const* object = value.if_object()) {
        for (auto const& [name, inside] : *object) look_at_member(name, inside, depth + 1);
    }
}

AIAUDIT_INLINE void model_search::look_at_input_tools() {
    auto const* const input = at_path(&of_.body, "input");
    auto const* const items = input == nullptr ? nullptr : input->if_array();
    if (items == nullptr) return;
    for (auto const& item : *items) {
        if (auto const* const tools = at_path(&item, "tools")) look_into(*tools, 3);
    }
}

AIAUDIT_INLINE void model_search::look_at_request_line() {
    for_each_parameter(query_of(of_.request.target), [this](std::string_view parameter) {
        auto const equals = parameter.find('=');
        std::string name = percent_decoded(parameter.substr(0, equals));
        std::string value = equals == std::string_view::npos
                                ? std::string{}
                                : percent_decoded(parameter.substr(equals + 1));
        std::replace(value.begin(), value.end(), '+', ' ');
        auto const what = naming_of(lax_name(name.substr(0, name.find('['))));
        if (what == naming::model) choose(value);
        if (what == naming::choice) look_at(value);
        if (what == naming::preset) look_at(std::string(preset_mark) + value);
        return !problem_;
    });
    for (auto const& [name, value] : of_.request.headers) {
        if (has_prefix(name, own_header_prefix)) continue;
        std::string const lax = lax_name(name);
        bool const names =
            lax.find("model") != std::string::npos || lax.find("fallback") != std::string::npos;
        if (names && !problem_) look_at(value);
    }
}

AIAUDIT_INLINE std::optional<gateway_problem> model_search::run() {
    std::string_view const in_body = text_at(&of_.body, "model");
    if (of_.needs_model && of_.model_in_path.empty() && in_body.empty())
        return missing_model_problem();
    if (!of_.model_in_path.empty()) choose(of_.model_in_path);
    if (!of_.body.is_object()) {
        look_at_request_line();
        return problem_;
    }
    if (!in_body.empty()) choose(in_body);
    for (auto const& [name, value] : of_.body.get_object()) {
        if (std::string_view(name) != "model") look_at_member(name, value, 1);
        if (lax_name(name) == "engine") look_at_names(name, value, {}, 1);
    }
    look_at_input_tools();
    auto const* const route = at_path(&of_.body, "route");
    auto const* const models = at_path(&of_.body, "models");
    bool const chooses = models != nullptr && models->is_array() && !models->get_array().empty();
    if (route != nullptr && !route->is_null() && !chooses)
        refuse(
            "'route' without 'models' lets the provider choose, and the API key may use some "
            "models alone",
            "route");
    look_at_request_line();
    return problem_;
}

AIAUDIT_INLINE std::optional<gateway_problem> check_models(gateway_key const& key,
                                                           model_question const& of) {
    if (!has_model_list(key)) return std::nullopt;
    return model_search(key, of).run();
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_NAMED_MODELS_IPP
