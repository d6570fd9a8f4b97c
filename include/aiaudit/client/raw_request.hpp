// SPDX-License-Identifier: MIT
//
// raw_request.hpp: a caller's own JSON for a path of a provider's.
//
// Threads: pure functions.
// Floor 7.
#ifndef AIAUDIT_CLIENT_RAW_REQUEST_HPP
#define AIAUDIT_CLIENT_RAW_REQUEST_HPP

#include <aiaudit/providers/dialect.hpp>         // endpoint
#include <aiaudit/providers/provider_table.hpp>  // provider_entry
#include <aiaudit/providers/request_body.hpp>    // prepared_request

#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct raw_request {
    endpoint point{};
    std::string body{};
    std::string model{};
    bool model_in_path = false;
    bool stream = false;
    std::optional<api_family> family{};  // of the provider that it was written for
    request_facts facts{};

    // Errors: bad_json where the body is no JSON object.
    [[nodiscard]] static result<raw_request> of(endpoint point, std::string json);

    // The first time for the provider that the request was written for. After that for a fallback,
    // whose model may be another; errors: bad_argument where the model is named in the path, or the
    // other provider has another family's API.
    [[nodiscard]] result<prepared_request> prepared(provider_entry const& where,
                                                    std::string_view path,
                                                    std::string const& other);
    // For a path of which nothing needs to be known, since it costs nothing.
    [[nodiscard]] result<prepared_request> as_it_came(provider_entry const& where,
                                                      std::string_view path) const;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/client/raw_request.ipp>
#endif

#endif  // AIAUDIT_CLIENT_RAW_REQUEST_HPP
