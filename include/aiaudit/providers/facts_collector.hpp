// SPDX-License-Identifier: MIT
//
// facts_collector.hpp: what the JSON documents of one response say, taken together.
//
// A plain body is one document, a stream is many. Each field of a later usage object takes the
// place of its elder, and nothing is ever added up over events. A later zero, and less output than
// before, replace nothing: they are placeholders. Anthropic's input falls only where the cache,
// counted beside it in the end, makes up for it. Of Gemini the last object stands.
// Threads: one collector by one thread at a time; no I/O.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_FACTS_COLLECTOR_HPP
#define AIAUDIT_PROVIDERS_FACTS_COLLECTOR_HPP

#include <aiaudit/core/call.hpp>          // attempt_facts
#include <aiaudit/providers/dialect.hpp>  // endpoint
#include <aiaudit/providers/json_fields.hpp>
#include <aiaudit/providers/tool_runs.hpp>     // tool_runs
#include <aiaudit/providers/usage_reader.hpp>  // read_usage

#include <boost/json.hpp>

#include <initializer_list>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline void keep_text(std::string& to, std::string_view text) {
    if (!text.empty()) to = text;
}

// Every non-null field of `later` overwrites that of `counts`, at every depth, but for
// placeholders. `total` is the name of the sum of both: it does not fall beside a count that was
// held.
void merge_fields(boost::json::object const& later, std::string_view total,
                  boost::json::object& counts);

class facts_collector {
public:
    facts_collector(dialect which, attempt_facts& facts) : dialect_(which), facts_(facts) {}

    // One whole JSON document: a body, or the data of one event.
    void take(boost::json::value const& document);

    // The stream said that it is over.
    void take_end() noexcept { terminal_ = true; }
    void take_error_type(std::string_view type, std::string_view message) {
        if (is_machine_code(type)) facts_.error_type = type;
        keep_text(facts_.error_message, message);
    }
    // An error that is the whole body, as some gateways write it: {"message": ...}.
    void take_bare_error(boost::json::value const& body);

    [[nodiscard]] bool terminal() const noexcept { return terminal_; }
    // Whether a document held a piece of an answer.
    [[nodiscard]] bool answered() const noexcept { return answered_; }
    [[nodiscard]] tool_runs const& tools() const noexcept { return tools_; }
    [[nodiscard]] bool tier_told() const noexcept { return tier_told_; }
    [[nodiscard]] std::string const& status() const noexcept { return status_; }
    // An object; empty where there was no usage.
    [[nodiscard]] boost::json::value const& usage() const noexcept { return usage_; }
    // The model of OpenAI's tool for pictures, as the answer names it.
    [[nodiscard]] std::string const& drawing_model() const noexcept { return drawing_model_; }
    // What Bedrock's last event says beside the model's own usage; null where it said nothing.
    [[nodiscard]] boost::json::value const& metrics() const noexcept { return metrics_; }

private:
    void take_one(boost::json::value const& document);

    // {"error": {"code", "type", "status", "message"}} in its many variants.
    void take_error(boost::json::value const& document);

    void merge_usage(boost::json::value const* found);
    void replace_usage(boost::json::value const* found);
    void merge_anthropic_usage(boost::json::value const* found);
    // The numbers of `names` beside the answer.
    void merge_counts(boost::json::value const& document,
                      std::initializer_list<std::string_view> names);
    void take_id(std::string_view id) {
        if (facts_.provider_request_id.empty()) keep_text(facts_.provider_request_id, id);
    }
    void take_tier(std::string_view tier) {
        if (tier.empty()) return;
        facts_.service_tier = tier_named(tier);
        tier_told_ = true;
    }

    static boost::json::value const* first_of(boost::json::value const& document,
                                              std::string_view name) noexcept {
        auto const* value = at_path(&document, name);
        auto const* list = value == nullptr ? nullptr : value->if_array();
        return list == nullptr || list->empty() ? nullptr : &list->front();
    }

    void take_openai(boost::json::value const& document);

    void take_responses(boost::json::value const& document);

    // The tools that an answer repeats.
    void take_tools(boost::json::value const& response);

    void take_anthropic(boost::json::value const& document);

    void take_gemini(boost::json::value const& document);

    void take_converse(boost::json::value const& document);

    // {"throttlingException": {"message": ...}} as an event of a Bedrock stream.
    void take_exception(boost::json::value const& document);

    void take_invoke(boost::json::value const& document);

    void take_cohere(boost::json::value const& document);

    void take_ollama(boost::json::value const& document);

    void take_dashscope(boost::json::value const& document);

    void take_interactions(boost::json::value const& document);

    dialect dialect_;
    attempt_facts& facts_;
    boost::json::value usage_ = boost::json::object{};
    boost::json::value metrics_ = nullptr;
    std::string status_{};
    std::string drawing_model_{};
    tool_runs tools_{};
    bool terminal_ = false;
    bool answered_ = false;
    bool tier_told_ = false;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/facts_collector.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_FACTS_COLLECTOR_HPP
