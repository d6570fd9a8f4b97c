// SPDX-License-Identifier: MIT
//
// usage_asked.ipp: the definitions of usage_asked.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_USAGE_ASKED_IPP
#define AIAUDIT_IMPL_PROVIDERS_USAGE_ASKED_IPP

#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/json_fields.hpp>  // parse_json
#include <aiaudit/providers/usage_asked.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool ask_for_usage(boost::json::object& body) {
    auto& options = body["stream_options"];
    if (!options.is_object()) options = boost::json::object{};
    auto& flag = options.get_object()["include_usage"];
    bool const asked = flag.is_bool() && flag.get_bool();
    flag = true;
    return !asked;
}

}  // namespace detail

AIAUDIT_INLINE result<usage_asked> with_usage_asked(dialect which, vendor who,
                                                    std::string_view body) {
    boost::json::monotonic_resource memory;
    auto parsed = detail::parse_json(body, "request", &memory);
    if (!parsed) return parsed.error();
    auto* object = parsed->if_object();
    if (object == nullptr) return fail(errc::bad_json, "request: not a JSON object");
    if (!must_ask_for_usage(which, who) || !detail::true_at(&*parsed, "stream")) {
        return usage_asked{std::string(body), false};
    }
    if (object->if_contains("stream_options") == nullptr) {
        std::string longer{body};
        // The last brace closes the object, which has a member: "stream".
        longer.insert(longer.rfind('}'), R"(,"stream_options":{"include_usage":true})");
        return usage_asked{std::move(longer), true};
    }
    bool const injected = detail::ask_for_usage(*object);
    return usage_asked{injected ? boost::json::serialize(*parsed) : std::string(body), injected};
}

AIAUDIT_INLINE bool is_usage_only(dialect which, boost::json::value const& chunk) noexcept {
    if (which != dialect::openai_chat) return false;
    auto const* choices = detail::at_path(&chunk, "choices");
    auto const* list = choices == nullptr ? nullptr : choices->if_array();
    auto const* usage = detail::at_path(&chunk, "usage");
    return list != nullptr && list->empty() && usage != nullptr && usage->is_object();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_USAGE_ASKED_IPP
