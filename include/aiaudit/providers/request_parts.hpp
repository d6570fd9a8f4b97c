// SPDX-License-Identifier: MIT
//
// request_parts.hpp: the parts that bodies of requests are made of.
//
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_REQUEST_PARTS_HPP
#define AIAUDIT_PROVIDERS_REQUEST_PARTS_HPP

#include <aiaudit/error.hpp>                   // result
#include <aiaudit/providers/chat_request.hpp>  // chat_message
#include <aiaudit/providers/json_fields.hpp>   // parse_json

#include <boost/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

[[nodiscard]] inline error no_word_for(std::string_view what, std::string_view api) {
    return fail(errc::bad_argument, std::string(api) + " has no word for " + std::string(what));
}

[[nodiscard]] inline bool is_choice_word(std::string_view choice) noexcept {
    return choice == "auto" || choice == "none" || choice == "required";
}

// An object of one member. (In braces it could as well be a list of one list.)
[[nodiscard]] boost::json::object object_of(std::string_view name, boost::json::value value);

[[nodiscard]] result<void> lay_over(std::string_view extra, boost::json::value& body);

// What a message says: its text, or its JSON. Checks its role as well.
[[nodiscard]] result<boost::json::value> content_of(chat_message const& from, std::size_t at);

[[nodiscard]] inline std::string arguments_text(tool_call const& call) {
    return call.arguments_json.empty() ? "{}" : call.arguments_json;
}
[[nodiscard]] inline result<boost::json::value> arguments_object(tool_call const& call,
                                                                 std::size_t at) {
    return parse_json(arguments_text(call),
                      "messages[" + std::to_string(at) + "].tool_calls: arguments");
}

// A tool's name, description, and schema under the API's name for it.
[[nodiscard]] result<boost::json::object> function_of(chat_tool const& from,
                                                      std::string_view schema_name);

// Appends a content as Anthropic's blocks.
void add_blocks(boost::json::value content, boost::json::array& to);

// `joins`: the result of a tool that belongs into the message before, as the API wants the results
// of parallel calls.
[[nodiscard]] result<void> add_anthropic_message(chat_message const& from, std::size_t at,
                                                 bool joins, boost::json::array& system,
                                                 boost::json::array& messages);

[[nodiscard]] result<void> add_gemini_content(std::vector<chat_message> const& messages,
                                              std::size_t at, boost::json::array& system,
                                              boost::json::array& contents);

// "/v1beta/models/NAME:verb". A name is one segment of the path, whatever stands in it.
[[nodiscard]] std::string gemini_target(std::string_view prefix, std::string_view model,
                                        std::string_view verb);

// A request for each input, which names the model again.
[[nodiscard]] boost::json::array gemini_embeddings(embedding_request const& from);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/request_parts.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_REQUEST_PARTS_HPP
