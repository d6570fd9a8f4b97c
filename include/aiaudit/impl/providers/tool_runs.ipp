// SPDX-License-Identifier: MIT
//
// tool_runs.ipp: the definitions of tool_runs.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_TOOL_RUNS_IPP
#define AIAUDIT_IMPL_PROVIDERS_TOOL_RUNS_IPP

#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/json_fields.hpp>  // at_path, text_at
#include <aiaudit/providers/tool_runs.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Which unit a run of a hosted tool is; a function's call, a computer's action and a call of an MCP
// server cost tokens only.
struct hosted_tool {
    std::string_view item;
    unit charge;
};
inline constexpr std::array hosted_tools{
    hosted_tool{"web_search_call", unit::web_searches},
    hosted_tool{"file_search_call", unit::file_searches},
    hosted_tool{"code_interpreter_call", unit::code_executions},
    hosted_tool{"image_generation_call", unit::output_images},
};

AIAUDIT_INLINE void tool_runs::take_item(boost::json::value const& item) {
    auto const type = text_at(&item, "type");
    for (hosted_tool const& tool : hosted_tools) {
        if (type != tool.item) continue;
        // A page that is opened, or searched in, is no search.
        auto const action = text_at(&item, "action.type");
        if (tool.charge == unit::web_searches && !action.empty() && action != "search") return;
        items_.add(tool.charge, 1);
    }
}

AIAUDIT_INLINE void tool_runs::take_items(boost::json::value const& list) {
    auto const* items = list.if_array();
    if (items == nullptr || items->empty()) return;
    items_ = {};
    for (boost::json::value const& item : *items) take_item(item);
}

AIAUDIT_INLINE void tool_runs::take_grounding(boost::json::value const& metadata) {
    auto const* queries = at_path(&metadata, "webSearchQueries");
    auto const* list = queries == nullptr ? nullptr : queries->if_array();
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        auto const* text = (*list)[i].if_string();
        if (text == nullptr || text->empty()) continue;
        searched_ = true;
        if (queries_.size() < queries_max) queries_.emplace(text_of(*text));
    }
    auto const* chunks = at_path(&metadata, "groundingChunks");
    auto const* pieces = chunks == nullptr ? nullptr : chunks->if_array();
    for (std::size_t i = 0; pieces != nullptr && i < pieces->size(); ++i) {
        searched_ = searched_ || member(&(*pieces)[i], "web") != nullptr;
        mapped_ = mapped_ || member(&(*pieces)[i], "maps") != nullptr;
    }
}

// "gemini-3.1-pro", "publishers/google/models/gemini-3-flash"; false for a name without a number.
AIAUDIT_INLINE bool charges_by_query(std::string_view model) noexcept {
    constexpr std::string_view family = "gemini-";
    auto const start = model.find(family);
    if (start == std::string_view::npos) return false;
    std::string_view const version = model.substr(start + family.size());
    bool const two_digits = version.size() > 1 && version[1] >= '0' && version[1] <= '9';
    return !version.empty() && version[0] >= '0' && version[0] <= '9' &&
           (version[0] >= '3' || two_digits);
}

AIAUDIT_INLINE void tool_runs::add_to(usage& counts, std::string_view model) const {
    auto const note = [&counts](unit kind, std::uint64_t count) {
        if (count > counts.count(kind)) counts.set(kind, count);
    };
    // A count of the provider's own (`tool_usage`) says better which items are charged.
    for_each_count(items_, [&](unit kind, std::uint64_t count) {
        if (!counts.has(kind)) note(kind, count);
    });
    bool const by_query = charges_by_query(model);
    if (searched_) note(unit::web_searches, by_query && !queries_.empty() ? queries_.size() : 1);
    if (mapped_) note(unit::map_searches, 1);
}

// Members that hold a piece of an answer where they are a text, and those that lead to one.
inline constexpr std::array answer_texts{
    std::string_view{"text"},       std::string_view{"content"},
    std::string_view{"delta"},      std::string_view{"partial_json"},
    std::string_view{"arguments"},  std::string_view{"thinking"},
    std::string_view{"reasoning"},  std::string_view{"reasoning_content"},
    std::string_view{"refusal"},    std::string_view{"b64_json"},
    std::string_view{"url"},        std::string_view{"audio"},
    std::string_view{"transcript"}, std::string_view{"generation"},
    std::string_view{"outputText"}, std::string_view{"completion"},
    std::string_view{"response"},   std::string_view{"output_text"},
    std::string_view{"data"},       std::string_view{"result"},
};
inline constexpr std::array answer_places{
    std::string_view{"choices"},      std::string_view{"message"},
    std::string_view{"delta"},        std::string_view{"content"},
    std::string_view{"parts"},        std::string_view{"candidates"},
    std::string_view{"output"},       std::string_view{"outputs"},
    std::string_view{"item"},         std::string_view{"content_block"},
    std::string_view{"contentBlock"}, std::string_view{"contentBlockDelta"},
    std::string_view{"response"},     std::string_view{"data"},
    std::string_view{"results"},      std::string_view{"generations"},
    std::string_view{"tool_calls"},   std::string_view{"function"},
    std::string_view{"functionCall"}, std::string_view{"inlineData"},
    std::string_view{"toolUse"},      std::string_view{"embedding"},
    std::string_view{"embeddings"},   std::string_view{"float"},
    std::string_view{"values"},       std::string_view{"contentBlockStart"},
    std::string_view{"start"},        std::string_view{"audio"},
};

AIAUDIT_INLINE bool holds_answer(boost::json::value const& value, int depth) {
    if (depth == 0) return false;
    if (auto const* list = value.if_array()) {
        return std::any_of(list->begin(), list->end(), [&](boost::json::value const& each) {
            return each.is_number() || holds_answer(each, depth - 1);
        });
    }
    auto const* object = value.if_object();
    if (object == nullptr) return false;
    auto const is_one_of = [](auto const& names, std::string_view name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (auto const& field : *object) {
        std::string_view const name{field.key().data(), field.key().size()};
        auto const* text = field.value().if_string();
        if (text != nullptr && !text->empty() && is_one_of(answer_texts, name)) return true;
        // A call may have no arguments: its name is an answer too.
        if (text != nullptr && name == "type" && (*text == "tool_use" || *text == "function_call"))
            return true;
        bool const leads = text == nullptr && is_one_of(answer_places, name);
        if (leads && holds_answer(field.value(), depth - 1)) return true;
    }
    return false;
}

AIAUDIT_INLINE bool has_answer(boost::json::value const& document) {
    constexpr int depth_max = 12;
    return holds_answer(document, depth_max);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_TOOL_RUNS_IPP
