// SPDX-License-Identifier: MIT
//
// router.hpp: to which upstream a request to the gateway goes, and under which path.
//
// Only what this library can meter is let through: a path that is not known may cost money past
// every budget, so it is refused rather than passed on.
// Threads: a router does not change; any thread may ask it.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_ROUTER_HPP
#define AIAUDIT_GATEWAY_ROUTER_HPP

#include <aiaudit/core/http.hpp>  // check_request
#include <aiaudit/error.hpp>      // result
#include <aiaudit/gateway/model_pattern.hpp>
#include <aiaudit/gateway/request_target.hpp>
#include <aiaudit/providers/dialect.hpp>         // endpoint_of
#include <aiaudit/providers/provider_table.hpp>  // provider_entry

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct gateway_upstream {
    std::string name{};  // 1 to 64 of A-Z a-z 0-9 _ -; clients may write it before the path
    provider_entry entry{};
    std::string key{};                    // the provider's; never shown
    std::vector<std::string> models{};    // names, or "prefix*"; empty: any that nobody else has
    std::vector<std::string> fallback{};  // names of upstreams of the same API, tried in order
};

struct route {
    api_family family = api_family::openai;  // whose API the client speaks
    std::size_t upstream = 0;
    // As the provider's API has it, without the entry's prefix: "/chat/completions?x=y". A key in
    // the query is taken out.
    std::string path{};
    std::string model{};    // of the path where that names one, else as it was given
    bool billable = false;  // false: asks for what costs nothing, such as the list of models
    bool named = false;     // the path names the upstream
};

namespace detail {

inline constexpr std::size_t upstream_name_bytes = 64;
// The gateway's own first segments.
inline constexpr std::array<std::string_view, 14> reserved_segments{
    "v1",  "v1beta", "v1alpha",   "metrics", "health", "healthz", "readyz",
    "api", "assets", "dashboard", "login",   "logout", "upload",  "aiaudit"};

// Whether an upstream's or a gateway key's name is made of what fits in a path and a log.
[[nodiscard]] constexpr bool is_plain_name(std::string_view name, std::size_t longest) noexcept {
    return !name.empty() && name.size() <= longest &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; });
}

// A query may hold anything that cannot end the line it is sent on.
[[nodiscard]] constexpr bool is_clean_query(std::string_view query) noexcept {
    return std::none_of(query.begin(), query.end(),
                        [](char c) { return c == ' ' || c == '#' || is_control_byte(c); });
}

// The path after `segment`, or nothing where it does not begin with that: "/v1/models" after "/v1".
[[nodiscard]] constexpr std::optional<std::string_view> after(std::string_view path,
                                                              std::string_view segment) noexcept {
    if (!path.starts_with(segment) || path.size() == segment.size() || path[segment.size()] != '/')
        return std::nullopt;
    return path.substr(segment.size());
}

struct versioned_path {
    bool google = false;      // "/v1beta": only Gemini has that
    std::string_view rest{};  // begins with '/'
};

[[nodiscard]] constexpr std::optional<versioned_path> without_version(
    std::string_view path) noexcept {
    if (auto const rest = after(path, "/v1")) return versioned_path{false, *rest};
    if (auto const rest = after(path, "/v1beta")) return versioned_path{true, *rest};
    if (auto const rest = after(path, "/v1alpha")) return versioned_path{true, *rest};
    return std::nullopt;
}

// "/models/MODEL:generateContent".
[[nodiscard]] constexpr bool is_gemini_call(std::string_view path) noexcept {
    for (std::string_view const ending : {":generateContent", ":streamGenerateContent",
                                          ":embedContent", ":batchEmbedContents", ":countTokens"}) {
        if (path.ends_with(ending)) return true;
    }
    return false;
}

[[nodiscard]] constexpr bool is_anthropic_call(std::string_view path) noexcept {
    return path == "/messages" || path.starts_with("/messages/");
}

// What a method and a path ask for; nothing where the path is not known, or not to be passed on.
// Read without a version or a prefix, so that the whole path is compared, not its end alone.
struct path_meaning {
    std::string model{};
    bool billable = false;
};

// What a route's path asks for at a provider. One that costs nothing may be unknown to who reads
// answers, or be that of a stored answer, whose usage was counted when it was made.
[[nodiscard]] result<endpoint> point_of(route const& of, provider_entry const& at,
                                        std::string_view path);

// `meant`: where it was meant to go (router::meant_path); empty where nobody knows.
[[nodiscard]] inline error no_route(std::string_view method, std::string_view target,
                                    std::string_view meant) {
    std::string text =
        "the gateway has no route for " + printable(method) + " " + printable(path_of(target));
    if (!meant.empty())
        text += "; did you mean " + printable(meant) + "? It is the client's base_url that says";
    return fail(errc::not_found, std::move(text));
}

}  // namespace detail

class router {
public:
    // Errors: bad_argument for a name that is not plain, is the gateway's own, or stands twice; for
    // an address or a pattern that is none; for a fallback that is unknown, or of another API.
    [[nodiscard]] static result<router> make(std::vector<gateway_upstream> upstreams);

    [[nodiscard]] std::vector<gateway_upstream> const& upstreams() const noexcept {
        return upstreams_;
    }
    // Where else a request to that upstream may go, in order.
    [[nodiscard]] std::vector<std::size_t> const& fallbacks(std::size_t upstream) const noexcept {
        return fallbacks_[upstream];
    }

    // Whose API a target looks like, whether there is a route for it or not: for errors.
    [[nodiscard]] static api_family family_of(std::string_view target, header_list const& headers);

    // What a path that has no route was meant to be, where it is one that newcomers write: without
    // its version or with two, with "//" or a '/' at the end, with a prefix of another gateway's,
    // in the singular, in other letters. Empty where it is none of these.
    [[nodiscard]] std::string meant_path(std::string_view method, std::string_view path) const;
    // "/v1/chat/completions" goes by model: the first upstream of that API whose patterns match,
    // else the first of it without patterns; what names no model and costs nothing goes to the
    // first of it. "/NAME/v1/..." goes to that upstream; there the upstream's own prefix may stand
    // for "/v1". Errors: not_found.
    [[nodiscard]] result<route> find(std::string_view method, std::string_view target,
                                     std::string_view model, header_list const& headers = {}) const;

    // Whether such a request has a route where it names some model.
    [[nodiscard]] bool wants_model(std::string_view method, std::string_view target,
                                   header_list const& headers) const;
    // Whether a list of models that an upstream gives may show one: not where calls that name it go
    // to another one's patterns.
    [[nodiscard]] bool shows(std::size_t upstream, std::string_view model) const {
        auto const place = serving(upstreams_[upstream].entry.family, model, true);
        if (!upstreams_[upstream].models.empty()) return place == upstream;
        return !place || upstreams_[*place].models.empty();
    }

private:
    router() = default;

    [[nodiscard]] result<void> validate(gateway_upstream const& each) const;

    [[nodiscard]] std::optional<std::size_t> named(std::string_view name) const noexcept;

    [[nodiscard]] result<std::vector<std::size_t>> fallbacks_of(gateway_upstream const& each) const;

    // An error without a text: no such route.
    [[nodiscard]] result<route> by_model(std::string_view method,
                                         detail::versioned_path const& path, std::string_view model,
                                         header_list const& headers) const;

    [[nodiscard]] std::optional<std::size_t> serving(api_family family, std::string_view model,
                                                     bool billable) const;

    // As above.
    [[nodiscard]] result<route> by_name(std::string_view method, std::string_view path,
                                        std::string_view model, header_list const& headers) const;

    std::vector<gateway_upstream> upstreams_{};
    std::vector<std::vector<std::size_t>> fallbacks_{};  // of each upstream
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/router.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_ROUTER_HPP
