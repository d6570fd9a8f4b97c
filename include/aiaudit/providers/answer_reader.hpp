// SPDX-License-Identifier: MIT
//
// answer_reader.hpp: the answer out of the JSON documents of a response.
//
// A plain body is one document, a stream is many; both come to the same answer, but for white space
// inside the arguments of a call. Only the first choice is read (index 0): the others are in the
// JSON. Known are OpenAI's two APIs, Anthropic Messages and Gemini; elsewhere the answer is empty.
// Threads: one reader by one thread at a time; no I/O.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_ANSWER_READER_HPP
#define AIAUDIT_PROVIDERS_ANSWER_READER_HPP

#include <aiaudit/providers/answer.hpp>       // answer, answer_delta
#include <aiaudit/providers/dialect.hpp>      // dialect
#include <aiaudit/providers/json_fields.hpp>  // text_at

#include <boost/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// The memory of an answer. Past either, pieces are still handed on, but no longer kept.
inline constexpr std::size_t answer_bytes_max = std::size_t{64} << 20;
inline constexpr std::size_t tool_calls_max = 1024;

// Whether what is said is kept, or only handed on: for who passes an answer through.
enum class answer_text : std::uint8_t { kept, passed };

class answer_reader {
public:
    explicit answer_reader(dialect which, answer_text text = answer_text::kept) noexcept
        : dialect_(which), text_(text) {}

    // One whole document: a body, or the data of one event. Never fails: what it does not know says
    // nothing.
    answer_delta take(boost::json::value const& document);

    [[nodiscard]] answer const& so_far() const noexcept { return answer_; }
    // The answer, with what a result of a call needs: where the provider gave no id the name stands
    // for it, and no arguments are an empty object. The reader is used up.
    [[nodiscard]] answer finish();

private:
    using json = boost::json::value;

    // Where the pieces of a call go, by the number that the stream gives it.
    struct slot {
        std::uint64_t number = 0;
        std::size_t call = 0;      // in answer_.tool_calls
        std::string in_advance{};  // arguments that stand until a piece comes
        bool has_pieces = false;   // of arguments
    };

    void take_one(json const& document, answer_delta& added);

    // --- what all dialects do ---

    static void keep(std::string& to, std::string_view text) {
        if (!text.empty()) to = text;
    }
    static std::uint64_t number_at(json const& from, std::string_view name) noexcept {
        auto const* value = detail::at_path(&from, name);
        return value == nullptr ? 0 : detail::whole_number(*value).value_or(0);
    }
    static boost::json::array const& list_at(json const* from, std::string_view path);
    // The choice or candidate that is read.
    static json const* first_choice(json const& document, std::string_view name);
    // Arguments: text, or an object from APIs that do not wrap it in text.
    static std::string arguments_of(json const* value);

    [[nodiscard]] bool room_for(std::size_t bytes) noexcept;
    void say(std::string& whole, std::string& piece, std::string_view text) {
        if (text.empty()) return;
        piece.append(text);
        if (text_ == answer_text::kept && room_for(text.size())) whole.append(text);
    }
    void say_text(answer_delta& added, std::string_view text) {
        say(answer_.text, added.text, text);
    }
    void say_reasoning(answer_delta& added, std::string_view text) {
        say(answer_.reasoning, added.reasoning, text);
    }
    void say_refusal(answer_delta& added, std::string_view text) {
        say(answer_.refusal, added.refusal, text);
    }

    // The place of a new call; nothing where there are too many.
    std::optional<std::size_t> open_call(answer_delta& added, std::string_view id,
                                         std::string_view name);
    // The delta's piece of a call, made where it has none yet at its end.
    static tool_call_piece& piece_of(answer_delta& added, std::size_t call);
    void add_arguments(answer_delta& added, std::size_t call, std::string_view text) {
        if (text.empty()) return;
        say(answer_.tool_calls[call].arguments_json, piece_of(added, call).arguments_json, text);
    }
    void whole_call(answer_delta& added, std::string_view id, std::string_view name,
                    std::string_view arguments) {
        if (auto const call = open_call(added, id, name)) add_arguments(added, *call, arguments);
    }

    [[nodiscard]] slot* slot_of(std::uint64_t number) noexcept {
        auto const found = std::find_if(slots_.rbegin(), slots_.rend(),
                                        [&](slot const& s) { return s.number == number; });
        return found == slots_.rend() ? nullptr : &*found;
    }
    slot* open_slot(answer_delta& added, std::uint64_t number, std::string_view id,
                    std::string_view name);

    // --- OpenAI chat completions ---

    void take_chat(json const& document, answer_delta& added);

    // Text, or Mistral's list of parts.
    void take_chat_content(json const& content, answer_delta& added);

    void take_chat_call(json const& call, bool streamed, answer_delta& added);

    // An id or a name that comes after the call's first piece.
    void complete_call(slot const& to, std::string_view id, std::string_view name,
                       answer_delta& added);

    // --- OpenAI responses ---

    void take_responses(json const& document, answer_delta& added);

    void take_responses_piece(json const& event, std::string_view type, answer_delta& added);

    // A whole item: only what its pieces did not bring.
    void take_done_item(json const& item, std::uint64_t number, answer_delta& added);

    void take_item(json const& item, answer_delta& added);

    // --- Anthropic Messages ---

    void take_anthropic(json const& document, answer_delta& added);

    void take_anthropic_message(json const& document, answer_delta& added);

    void start_block(json const& block, std::uint64_t number, answer_delta& added);

    // --- Gemini ---

    void take_gemini(json const& document, answer_delta& added);

    dialect dialect_;
    answer_text text_;
    answer answer_{};
    std::vector<slot> slots_{};
    std::size_t bytes_ = 0;                  // that answer_ holds
    bool streamed_ = false;                  // pieces came: a repeated whole says nothing new
    std::optional<std::uint64_t> spoken_{};  // the item that pieces of text came for last
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/answer_reader.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_ANSWER_READER_HPP
