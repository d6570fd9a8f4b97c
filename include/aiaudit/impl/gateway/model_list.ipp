// SPDX-License-Identifier: MIT
//
// model_list.ipp: the definitions of model_list.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_MODEL_LIST_IPP
#define AIAUDIT_IMPL_GATEWAY_MODEL_LIST_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/model_list.hpp>
#include <aiaudit/gateway/named_models.hpp>    // without_collection
#include <aiaudit/gateway/request_target.hpp>  // for_each_parameter
#include <aiaudit/providers/dialect.hpp>       // percent_decoded
#include <aiaudit/providers/json_fields.hpp>   // text_at

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The parameters by which an API pages; none of OpenAI's does.
AIAUDIT_INLINE bool is_page_parameter(std::string_view name) {
    constexpr std::array<std::string_view, 7> names{
        "limit", "after_id", "before_id", "pageSize", "pageToken", "page_size", "page_token"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

// Of either spelling; nothing where the query has none.
AIAUDIT_INLINE std::optional<std::string> parameter_of(std::string_view query,
                                                       std::string_view name,
                                                       std::string_view other) {
    std::optional<std::string> found;
    for_each_parameter(query, [&](std::string_view parameter) {
        auto const equals = parameter.find('=');
        std::string_view const own = parameter.substr(0, equals);
        if (equals == std::string_view::npos || (own != name && own != other)) return true;
        found = percent_decoded(parameter.substr(equals + 1));
        return false;
    });
    return found;
}

AIAUDIT_INLINE std::size_t count_in(std::optional<std::string> const& text, std::size_t otherwise) {
    std::size_t number = 0;
    if (!text) return otherwise;
    auto const [end, code] = std::from_chars(text->data(), text->data() + text->size(), number);
    return code == std::errc{} && end == text->data() + text->size() ? number : otherwise;
}

AIAUDIT_INLINE std::string_view model_of_entry(api_family shape, boost::json::value const& entry) {
    return without_collection(text_at(&entry, shape == api_family::gemini ? "name" : "id"));
}

AIAUDIT_INLINE std::string query_escaped(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string escaped;
    for (char const c : text) {
        if (is_letter_or_digit(c) || std::string_view("-_.~").find(c) != std::string_view::npos) {
            escaped.push_back(c);
            continue;
        }
        auto const byte = static_cast<unsigned char>(c);
        escaped.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
    return escaped;
}

AIAUDIT_INLINE result<model_page> read_model_page(api_family shape, std::string_view body) {
    auto const parsed = parse_json(body, "the list of models");
    if (!parsed) return parsed.error();
    auto const* const list = at_path(&*parsed, shape == api_family::gemini ? "models" : "data");
    // Google leaves out what is empty.
    bool const is_empty = shape == api_family::gemini && list == nullptr && parsed->is_object();
    if (!is_empty && (list == nullptr || !list->is_array()))
        return fail(errc::bad_response, "there is no list of models in it");
    model_page page;
    if (list != nullptr) page.models.assign(list->get_array().begin(), list->get_array().end());
    std::string_view const token = text_at(&*parsed, "nextPageToken");
    std::string_view const last = text_at(&*parsed, "last_id");
    if (shape == api_family::gemini && !token.empty())
        page.next = "pageToken=" + query_escaped(token);
    if (shape == api_family::anthropic && true_at(&*parsed, "has_more") && !last.empty())
        page.next = "after_id=" + query_escaped(last);
    return page;
}

AIAUDIT_INLINE std::string model_list_query(api_family shape, std::string_view query,
                                            std::string_view next) {
    std::string kept;
    auto const add = [&kept](std::string_view parameter) {
        if (!parameter.empty()) kept.append(kept.empty() ? "?" : "&").append(parameter);
    };
    for_each_parameter(query, [&](std::string_view parameter) {
        bool const pages = shape != api_family::openai &&
                           is_page_parameter(parameter.substr(0, parameter.find('=')));
        if (!pages) add(parameter);
        return true;
    });
    if (shape == api_family::anthropic) add("limit=1000");
    if (shape == api_family::gemini) add("pageSize=1000");
    add(next);
    return kept;
}

// Of `models`, from one place to another.
AIAUDIT_INLINE boost::json::array piece_of(std::vector<boost::json::value> const& models,
                                           std::size_t from, std::size_t to) {
    boost::json::array piece;
    for (std::size_t i = from; i < to; ++i) piece.push_back(models[i]);
    return piece;
}

AIAUDIT_INLINE std::string anthropic_list(std::vector<boost::json::value> const& models,
                                          std::string_view query) {
    std::size_t const limit =
        (std::max)(count_in(parameter_of(query, "limit", "limit"), models.size()), std::size_t{1});
    auto const place_of = [&models](std::optional<std::string> const& id) {
        return static_cast<std::size_t>(std::find_if(models.begin(), models.end(),
                                                     [&id](boost::json::value const& each) {
                                                         return id && text_at(&each, "id") == *id;
                                                     }) -
                                        models.begin());
    };
    auto const after = parameter_of(query, "after_id", "after_id");
    auto const before = parameter_of(query, "before_id", "before_id");
    std::size_t from = after ? (std::min)(place_of(after) + 1, models.size()) : 0;
    std::size_t to = before ? place_of(before) : models.size();
    bool const more = to > from && to - from > limit;
    if (more && before) from = to - limit;
    if (more && !before) to = from + limit;
    to = (std::max)(from, to);
    auto data = piece_of(models, from, to);
    boost::json::object made;
    made["first_id"] = nullptr;
    made["last_id"] = nullptr;
    if (!data.empty()) {
        made["first_id"] = text_at(&data.front(), "id");
        made["last_id"] = text_at(&data.back(), "id");
    }
    made["has_more"] = more;
    made["data"] = std::move(data);
    return boost::json::serialize(made);
}

AIAUDIT_INLINE std::string gemini_list(std::vector<boost::json::value> const& models,
                                       std::string_view query) {
    std::size_t const size = (std::max)(
        count_in(parameter_of(query, "pageSize", "page_size"), models.size()), std::size_t{1});
    std::size_t const from =
        (std::min)(count_in(parameter_of(query, "pageToken", "page_token"), 0), models.size());
    std::size_t const to = from + (std::min)(size, models.size() - from);
    boost::json::object made;
    made["models"] = piece_of(models, from, to);
    if (to < models.size()) made["nextPageToken"] = std::to_string(to);
    return boost::json::serialize(made);
}

AIAUDIT_INLINE std::string model_list_text(api_family shape,
                                           std::vector<boost::json::value> const& models,
                                           std::string_view query) {
    if (shape == api_family::anthropic) return anthropic_list(models, query);
    if (shape == api_family::gemini) return gemini_list(models, query);
    boost::json::object made;
    made["object"] = "list";
    made["data"] = piece_of(models, 0, models.size());
    return boost::json::serialize(made);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_MODEL_LIST_IPP
