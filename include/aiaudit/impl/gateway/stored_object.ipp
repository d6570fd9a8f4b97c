// SPDX-License-Identifier: MIT
//
// stored_object.ipp: the definitions of stored_object.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_STORED_OBJECT_IPP
#define AIAUDIT_IMPL_GATEWAY_STORED_OBJECT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/stored_object.hpp>
#include <aiaudit/providers/deciding_members.hpp>  // value_of
#include <aiaudit/providers/json_fields.hpp>       // text_of

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct stored_root {
    std::string_view path;
    std::string_view kind;
    bool is_open;  // things of it are made and changed without a call that is billed
};
inline constexpr std::array stored_roots{stored_root{"/responses", "response", false},
                                         stored_root{"/conversations", "conversation", true},
                                         stored_root{"/interactions", "interaction", false}};

// What a POST on an object does; nothing where the API has no such call.
AIAUDIT_INLINE std::optional<storage_change> change_of_post(stored_root const& root,
                                                            std::string_view rest) {
    if (rest == "/cancel" && !root.is_open) return storage_change::cancel;
    if (root.is_open && (rest.empty() || rest == "/items")) return storage_change::change;
    return std::nullopt;
}

AIAUDIT_INLINE std::optional<stored_path> stored_path_of(std::string_view method,
                                                         std::string_view path) {
    for (stored_root const& root : stored_roots) {
        if (!path.starts_with(root.path)) continue;
        stored_path found{std::string(root.kind), {}, storage_change::none};
        std::string_view rest = path.substr(root.path.size());
        if (rest.empty() && root.is_open && method == "POST") {
            found.change = storage_change::create;
            return found;
        }
        if (rest.size() < 2 || rest.front() != '/') return std::nullopt;
        rest.remove_prefix(1);
        std::string_view const id = rest.substr(0, rest.find('/'));
        rest.remove_prefix(id.size());
        found.id = percent_decoded(id);
        if (method == "GET") return found;
        if (method == "DELETE") {
            bool const whole = rest.empty();
            if (!whole && !root.is_open) return std::nullopt;
            found.change = whole ? storage_change::remove : storage_change::change;
            return found;
        }
        auto const change = method == "POST" ? change_of_post(root, rest) : std::nullopt;
        if (!change) return std::nullopt;
        found.change = *change;
        return found;
    }
    return std::nullopt;
}

AIAUDIT_INLINE std::vector<stored_reference> references_of(boost::json::value const& body,
                                                           dialect which) {
    std::vector<stored_reference> found;
    auto const add = [&found](std::string_view kind, std::string_view id, std::string_view member) {
        // As a server reads it that takes blanks away.
        constexpr std::string_view blanks = " \t\r\n";
        id.remove_prefix((std::min)(id.find_first_not_of(blanks), id.size()));
        id = id.substr(0, id.find_last_not_of(blanks) + 1);
        if (!id.empty()) found.push_back({std::string(kind), std::string(id), std::string(member)});
    };
    add("response", text_at(&body, "previous_response_id"), "previous_response_id");
    if (which == dialect::openai_responses) {
        add("conversation", text_at(&body, "conversation"), "conversation");
        add("conversation", text_at(&body, "conversation.id"), "conversation");
    }
    if (which == dialect::gemini_interactions) {
        auto const* const before = value_of(body, "previousInteractionId", api_of(which));
        if (before != nullptr && before->is_string())
            add("interaction", text_of(before->get_string()), "previous_interaction_id");
    }
    return found;
}

AIAUDIT_INLINE gateway_problem no_object_problem(stored_reference const& of) {
    gateway_problem made{404,
                         "invalid_request_error",
                         "not_found",
                         of.kind + " '" + printable(of.id) + "' is none of this API key's",
                         {}};
    // OpenAI's clients send the whole conversation again at this code.
    if (of.member == "previous_response_id") made.code = "previous_response_not_found";
    made.param = of.member;
    made.message[0] = static_cast<char>(made.message[0] - 'a' + 'A');
    return made;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_STORED_OBJECT_IPP
