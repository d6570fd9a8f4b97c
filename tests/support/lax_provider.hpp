// SPDX-License-Identifier: MIT
//
// lax_provider.hpp: a provider that reads requests as lax servers do, takes all that they may mean,
// and bills as much as that allows.
//
// What it reads it reads with a parser of its own, and what it bills comes from a table of its own,
// so that it can be wrong only by itself.
#ifndef AIAUDIT_TESTS_SUPPORT_LAX_PROVIDER_HPP
#define AIAUDIT_TESTS_SUPPORT_LAX_PROVIDER_HPP

#include "loopback_http_server.hpp"

#include <aiaudit/detail/ascii.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit_tests {

// JSON with each member as often as it stands there, in its order.
struct lax_value {
    enum class kind : std::uint8_t { nothing, flag, number, text, list, object };
    kind type = kind::nothing;
    double number = 0;  // of a flag: 0 or 1
    std::string text{};
    std::vector<std::pair<std::string, lax_value>> inside{};  // of a list: without names

    // All text in it, and all names, in bytes.
    [[nodiscard]] std::size_t size() const {
        std::size_t all = text.size();
        for (auto const& [name, value] : inside) all += name.size() + value.size();
        return all;
    }
    // How often a text stands in it.
    [[nodiscard]] std::size_t count(std::string_view words) const {
        std::size_t all = text == words ? 1 : 0;
        for (auto const& [name, value] : inside) all += value.count(words);
        return all;
    }
    // Whether a text, or a name, stands anywhere in it.
    [[nodiscard]] bool mentions(std::string_view words) const {
        return text == words || std::any_of(inside.begin(), inside.end(), [&](auto const& member) {
                   return member.first == words || member.second.mentions(words);
               });
    }
};

class lax_handler {
public:
    static constexpr std::size_t max_object_size = std::size_t(-1);
    static constexpr std::size_t max_array_size = std::size_t(-1);
    static constexpr std::size_t max_key_size = std::size_t(-1);
    static constexpr std::size_t max_string_size = std::size_t(-1);
    using error_code = boost::system::error_code;
    using view = boost::json::string_view;

    static bool on_document_begin(error_code&) { return true; }
    static bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return begin(lax_value::kind::object); }
    bool on_object_end(std::size_t, error_code&) { return end(); }
    bool on_array_begin(error_code&) { return begin(lax_value::kind::list); }
    bool on_array_end(std::size_t, error_code&) { return end(); }
    bool on_key_part(view part, std::size_t, error_code&) { return collect(part); }
    bool on_key(view part, std::size_t, error_code&) {
        collect(part);
        key_ = std::exchange(text_, {});
        return true;
    }
    bool on_string_part(view part, std::size_t, error_code&) { return collect(part); }
    bool on_string(view part, std::size_t, error_code&) {
        collect(part);
        return add({lax_value::kind::text, 0, std::exchange(text_, {}), {}});
    }
    static bool on_number_part(view, error_code&) { return true; }
    bool on_int64(std::int64_t value, view, error_code&) {
        return add_number(static_cast<double>(value));
    }
    bool on_uint64(std::uint64_t value, view, error_code&) {
        return add_number(static_cast<double>(value));
    }
    bool on_double(double value, view, error_code&) { return add_number(value); }
    bool on_bool(bool value, error_code&) {
        return add({lax_value::kind::flag, value ? 1.0 : 0.0, {}, {}});
    }
    bool on_null(error_code&) { return add({}); }
    static bool on_comment_part(view, error_code&) { return true; }
    static bool on_comment(view, error_code&) { return true; }

    [[nodiscard]] lax_value const& whole() const { return root_; }

private:
    bool collect(view part) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool add_number(double value) { return add({lax_value::kind::number, value, {}, {}}); }
    bool add(lax_value value) {
        if (open_.empty())
            root_ = std::move(value);
        else
            open_.back().second.inside.emplace_back(std::exchange(key_, {}), std::move(value));
        return true;
    }
    bool begin(lax_value::kind type) {
        open_.emplace_back(std::exchange(key_, {}), lax_value{type, 0, {}, {}});
        return true;
    }
    bool end() {
        auto member = std::move(open_.back());
        open_.pop_back();
        key_ = std::move(member.first);
        return add(std::move(member.second));
    }

    std::vector<std::pair<std::string, lax_value>> open_{};
    lax_value root_{};
    std::string key_{};
    std::string text_{};
};

[[nodiscard]] inline std::optional<lax_value> lax_parse(std::string_view text) {
    boost::json::basic_parser<lax_handler> parser({});
    boost::system::error_code failed;
    std::size_t const read = parser.write_some(false, text.data(), text.size(), failed);
    if (failed || read != text.size()) return std::nullopt;
    return parser.handler().whole();
}

// What servers do with a member that stands twice. any_case takes names in any case too, and the
// members of objects that stand twice together.
enum class lax_reader : std::uint8_t { first_wins, last_wins, any_case };

class lax_request {
public:
    // `underlines`: a_b is the same name as aB, as in Google's API.
    lax_request(lax_value const& body, lax_reader reader, bool underlines)
        : body_(body), reader_(reader), underlines_(underlines) {}

    // All values of a path "a.b" that the reader may take, in their order; null is none.
    [[nodiscard]] std::vector<lax_value const*> all(std::string_view path) const {
        std::vector<lax_value const*> found{&body_};
        while (!path.empty()) {
            auto const dot = path.find('.');
            std::string_view const name = path.substr(0, dot);
            path = dot == std::string_view::npos ? "" : path.substr(dot + 1);
            std::vector<lax_value const*> next;
            for (lax_value const* const each : found) add_members(*each, name, next);
            found = std::move(next);
        }
        return found;
    }
    [[nodiscard]] lax_value const* value(std::string_view path) const {
        auto const found = all(path);
        return found.empty() ? nullptr : found.back();
    }
    [[nodiscard]] std::string text(std::string_view path) const {
        lax_value const* const found = value(path);
        return found != nullptr ? found->text : std::string{};
    }
    // Text, fractions, flags and lists of one are numbers too. The largest that it may be.
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view path) const {
        std::optional<std::uint64_t> most;
        for (lax_value const* const each : all(path)) {
            auto const amount = number_of(*each);
            if (amount) most = (std::max)(most.value_or(0), *amount);
        }
        return most;
    }
    [[nodiscard]] bool is_true(std::string_view path) const {
        lax_value const* const found = value(path);
        if (found == nullptr) return false;
        return number_of(*found).value_or(0) != 0 ||
               aiaudit::detail::lower_case(found->text) == "true";
    }

private:
    [[nodiscard]] static std::optional<std::uint64_t> number_of(lax_value const& value) {
        double found = value.number;
        if (value.type == lax_value::kind::list)
            return value.inside.size() == 1 ? number_of(value.inside[0].second) : std::nullopt;
        if (value.type == lax_value::kind::text) {
            bool const digits = !value.text.empty() && value.text.size() < 12 &&
                                std::all_of(value.text.begin(), value.text.end(),
                                            [](char c) { return c >= '0' && c <= '9'; });
            if (!digits) return std::nullopt;
            return std::stoull(value.text);
        }
        if (value.type != lax_value::kind::number && value.type != lax_value::kind::flag)
            return std::nullopt;
        if (found < 0) return std::nullopt;
        return found > 1e15 ? std::uint64_t{1'000'000'000'000'000}
                            : static_cast<std::uint64_t>(found + 0.999'999);
    }
    [[nodiscard]] bool is_same(std::string_view written, std::string_view name) const {
        return folded(written) == folded(name);
    }
    [[nodiscard]] std::string folded(std::string_view name) const {
        bool const folds = reader_ == lax_reader::any_case;
        std::string spelling;
        for (std::size_t index = 0; index < name.size(); ++index) {
            if (underlines_ && name[index] == '_' && index + 1 < name.size() &&
                name[index + 1] != '_') {
                ++index;
                char const c = name[index];
                spelling.push_back(folds || c < 'a' || c > 'z' ? c
                                                               : static_cast<char>(c - 'a' + 'A'));
            } else if (folds && name.substr(index, 2) == "\xC5\xBF") {
                spelling.push_back('s');
                ++index;
            } else if (folds && name.substr(index, 3) == "\xE2\x84\xAA") {
                spelling.push_back('k');
                index += 2;
            } else {
                spelling.push_back(name[index]);
            }
        }
        return folds ? aiaudit::detail::lower_case(spelling) : spelling;
    }
    void add_members(lax_value const& container, std::string_view name,
                     std::vector<lax_value const*>& found) const {
        if (container.type == lax_value::kind::list) {
            for (auto const& [none, each] : container.inside) add_members(each, name, found);
            return;
        }
        lax_value const* winner = nullptr;
        for (auto const& [written, value] : container.inside) {
            if (value.type == lax_value::kind::nothing || !is_same(written, name)) continue;
            if (reader_ == lax_reader::any_case)
                found.push_back(&value);
            else if (winner == nullptr || reader_ == lax_reader::last_wins)
                winner = &value;
        }
        if (winner != nullptr) found.push_back(winner);
    }

    lax_value const& body_;
    lax_reader const reader_;
    bool const underlines_;
};

// Pico-dollars a token, and tokens.
struct lax_model {
    std::string_view name{};
    std::uint64_t input = 0;     // at the dearest tier
    std::uint64_t output = 0;    // at the dearest tier
    std::uint64_t standard = 0;  // percent of that, at the standard tier
    std::uint64_t search = 0;    // a search of the provider's own
    std::uint64_t context = 0;
    std::uint64_t most = 0;     // of an answer
    std::uint64_t picture = 0;  // tokens of one that it is shown
};
// As the providers' pages had them in November 2026.
inline constexpr std::array lax_models{
    lax_model{"gpt-4.1", 3'500'000, 14'000'000, 57, 25'000'000'000, 1'047'576, 32'768, 1445},
    lax_model{"gpt-4.1-nano", 200'000, 800'000, 50, 25'000'000'000, 1'047'576, 32'768, 3779},
    lax_model{"claude-opus-4-5", 5'000'000, 25'000'000, 100, 10'000'000'000, 200'000, 64'000, 1600},
    lax_model{"claude-haiku-4-5", 1'000'000, 5'000'000, 100, 10'000'000'000, 200'000, 64'000, 1600},
    lax_model{"gemini-2.5-flash", 540'000, 4'500'000, 55, 35'000'000'000, 1'048'576, 65'536,
              1048576},
    lax_model{"gemini-2.5-flash-lite", 180'000, 720'000, 55, 35'000'000'000, 1'048'576, 65'536,
              1048576},
};

// The most that a request may cost, in pico-dollars, as one reader reads it; nothing where there is
// no such model.
class lax_bill {
public:
    lax_bill(std::string_view target, lax_value const& body, lax_reader reader)
        : target_(target),
          google_(has(":")),
          anthropic_(has("/messages")),
          read_(body, reader, google_) {}

    [[nodiscard]] std::optional<std::uint64_t> amount() const {
        auto const model = find_model();
        if (!model) return std::nullopt;
        std::uint64_t const percent = is_dear() ? 100 : model->standard;
        std::uint64_t const uses = searches();
        std::uint64_t const runs = 1 + uses;
        std::uint64_t const input =
            uses != 0 || brings_in_more()
                ? model->context * runs
                : (std::min)(model->context, text_size() + pictures() * model->picture);
        std::uint64_t const tokens =
            input * model->input * input_factor() / 100 + output_of(*model) * model->output;
        return tokens * percent / 100 + uses * model->search;
    }
    [[nodiscard]] bool streams() const {
        return google_ ? has(":stream") : read_.is_true("stream");
    }

private:
    [[nodiscard]] bool has(std::string_view part) const {
        return target_.find(part) != std::string_view::npos;
    }
    [[nodiscard]] std::optional<lax_model> find_model() const {
        std::string name = read_.text("model");
        if (google_) {
            name = target_.substr(target_.rfind("/") + 1);
            name.resize((std::min)(name.size(), name.find(':')));
        }
        for (lax_model const& each : lax_models)
            if (each.name == name) return each;
        return std::nullopt;
    }
    // Who names no tier may have a dear one by his account's settings.
    [[nodiscard]] bool is_dear() const {
        std::string const tier =
            aiaudit::detail::lower_case(read_.text(google_ ? "serviceTier" : "service_tier"));
        return tier == "priority" || tier == "auto" || tier.empty();
    }
    [[nodiscard]] std::uint64_t text_size() const {
        std::uint64_t all = 0;
        for (char const* const name :
             {"messages", "prompt", "input", "instructions", "system", "contents",
              "systemInstruction", "tools", "functions", "response_format", "text"}) {
            if (lax_value const* const found = read_.value(name)) all += found->size();
        }
        return all;
    }
    [[nodiscard]] bool brings_in_more() const {
        for (char const* const name : {"previous_response_id", "conversation", "prompt.id",
                                       "cachedContent", "container", "mcp_servers"}) {
            if (read_.value(name) != nullptr) return true;
        }
        return any_prompt([](lax_value const& prompt) {
            return prompt.mentions("file_data") || prompt.mentions("fileData") ||
                   prompt.mentions("input_file") || prompt.mentions("document");
        });
    }
    [[nodiscard]] std::uint64_t pictures() const {
        std::uint64_t all = 0;
        static_cast<void>(any_prompt([&all](lax_value const& prompt) {
            for (char const* const type : {"image_url", "input_image", "image"})
                all += prompt.count(type);
            return false;
        }));
        return all;
    }
    template <class Is>
    [[nodiscard]] bool any_prompt(Is const& is) const {
        for (char const* const name : {"messages", "input", "contents"}) {
            lax_value const* const found = read_.value(name);
            if (found != nullptr && is(*found)) return true;
        }
        return false;
    }
    // Percent. Anthropic asks a quarter more for what is to be kept, double where it is for an
    // hour.
    [[nodiscard]] std::uint64_t input_factor() const {
        std::uint64_t percent = 100;
        if (!anthropic_) return percent;
        for (char const* const name : {"messages", "system", "tools", "cache_control"}) {
            lax_value const* const found = read_.value(name);
            if (found == nullptr || !found->mentions("ephemeral")) continue;
            percent = (std::max)(percent, std::uint64_t{found->mentions("1h") ? 200U : 125U});
        }
        return percent;
    }
    [[nodiscard]] std::uint64_t searches() const {
        auto const types = read_.all("tools.type");
        auto const has_tool = [&](std::string_view name) {
            return std::any_of(types.begin(), types.end(),
                               [&](lax_value const* each) { return each->text == name; });
        };
        constexpr std::uint64_t endless = 1'000;
        if (has("/responses") && has_tool("web_search"))
            return read_.number("max_tool_calls").value_or(endless);
        if (anthropic_ && has_tool("web_search_20250305"))
            return read_.number("tools.max_uses").value_or(endless);
        return 0;
    }
    [[nodiscard]] std::uint64_t output_of(lax_model const& model) const {
        std::optional<std::uint64_t> most;
        std::uint64_t answers = 1;
        auto const take = [&](char const* path) {
            if (auto const found = read_.number(path)) most = (std::max)(most.value_or(0), *found);
        };
        auto const times = [&](char const* path) {
            answers = (std::max)(answers, read_.number(path).value_or(1));
        };
        if (google_) {
            take("generationConfig.maxOutputTokens");
            times("generationConfig.candidateCount");
        } else if (has("/responses")) {
            take("max_output_tokens");
        } else {
            take("max_tokens");
            if (!anthropic_) {
                take("max_completion_tokens");
                times("n");
                times("best_of");
            }
        }
        return (std::min)(most.value_or(model.most), model.most) *
               (std::min)(answers, std::uint64_t{1'000});
    }

    std::string_view target_;
    bool const google_;
    bool const anthropic_;
    lax_request const read_;
};

// On loopback. Its answers' ids are the numbers of its bills.
class lax_provider {
public:
    explicit lax_provider(lax_reader reader) : reader_(reader) {}
    [[nodiscard]] std::string origin() const { return server_.origin(); }
    // By their numbers.
    [[nodiscard]] std::vector<std::uint64_t> bills() const {
        std::lock_guard const hold(mutex_);
        return bills_;
    }

private:
    using http_request = loopback_http_server::request;
    using http_response = loopback_http_server::response;

    [[nodiscard]] http_response answer(http_request const& request) {
        http_response response;
        auto const body = lax_parse(request.body());
        std::string_view const target(request.target().data(), request.target().size());
        std::optional<std::uint64_t> amount;
        bool streams = false;
        if (body) {
            lax_bill const bill(target, *body, reader_);
            amount = bill.amount();
            streams = bill.streams();
        }
        if (!amount) {
            response.result(boost::beast::http::status::bad_request);
            response.set(boost::beast::http::field::content_type, "application/json");
            response.body() = R"({"error":{"message":"I cannot read that"}})";
            response.prepare_payload();
            return response;
        }
        std::lock_guard const hold(mutex_);
        std::string const id = std::to_string(bills_.size());
        bills_.push_back(*amount);
        std::string const words = R"({"id":")" + id + R"(","responseId":")" + id + R"("})";
        response.set(boost::beast::http::field::content_type,
                     streams ? "text/event-stream" : "application/json");
        response.body() = streams ? "data: " + words + "\n\ndata: [DONE]\n\n" : words;
        response.prepare_payload();
        return response;
    }

    lax_reader const reader_;
    mutable std::mutex mutex_{};
    std::vector<std::uint64_t> bills_{};
    loopback_http_server server_{[this](http_request const& request) { return answer(request); }};
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_LAX_PROVIDER_HPP
