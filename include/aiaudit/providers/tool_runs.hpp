// SPDX-License-Identifier: MIT
//
// tool_runs.hpp: what a response says of the provider's own tools, and whether it has an answer.
//
// Searches, code runs and pictures that a model orders are charged by the run, beside its tokens.
// The documents of a response list them as items of the output, or as grounding.
// Threads: one tool_runs by one thread at a time; no I/O.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_TOOL_RUNS_HPP
#define AIAUDIT_PROVIDERS_TOOL_RUNS_HPP

#include <aiaudit/core/usage.hpp>  // usage

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class tool_runs {
public:
    // An item of the output of OpenAI's Responses API. Each item is given once, or `whole` lists
    // take the place of the items that came before.
    void take_item(boost::json::value const& item);
    void take_items(boost::json::value const& list);

    // A candidate's groundingMetadata of Gemini; a later one repeats the earlier.
    void take_grounding(boost::json::value const& metadata);

    // Adds what was counted to a usage that does not count it itself. Gemini before 3 charges a
    // prompt that was grounded; later models charge each query that differs.
    void add_to(usage& counts, std::string_view model) const;

private:
    static constexpr std::size_t queries_max = 1024;

    usage items_{};
    std::set<std::string> queries_{};
    bool searched_ = false;  // the web, with or without the queries
    bool mapped_ = false;
};

// Whether a document holds a piece of an answer: a text, a call, a picture, a vector.
[[nodiscard]] bool has_answer(boost::json::value const& document);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/tool_runs.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_TOOL_RUNS_HPP
