// SPDX-License-Identifier: MIT
//
// model_list.hpp: the models that a key may use, of all upstreams of an API, as that API lists
// them.
//
// Threads: pure functions.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_MODEL_LIST_HPP
#define AIAUDIT_GATEWAY_MODEL_LIST_HPP

#include <aiaudit/error.hpp>                     // result
#include <aiaudit/providers/provider_table.hpp>  // api_family

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Some pages of an upstream's are one of ours.
struct model_page {
    std::vector<boost::json::value> models{};
    std::string next{};  // the query's parameters for the next page; empty: there is none
};

// The model that an entry of a list is of, as a call names it; empty where it does not say.
[[nodiscard]] std::string_view model_of_entry(api_family shape, boost::json::value const& entry);

// Errors: bad_json, bad_response.
[[nodiscard]] result<model_page> read_model_page(api_family shape, std::string_view body);

// What an upstream is asked for: a client's query without its pages, with the largest ones there
// are; `next` as above.
[[nodiscard]] std::string model_list_query(api_family shape, std::string_view query,
                                           std::string_view next);

// The page of a list that a client's query asks for.
[[nodiscard]] std::string model_list_text(api_family shape,
                                          std::vector<boost::json::value> const& models,
                                          std::string_view query);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/model_list.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_MODEL_LIST_HPP
