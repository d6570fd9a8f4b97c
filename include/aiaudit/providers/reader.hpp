// SPDX-License-Identifier: MIT
//
// reader.hpp: what one exchange says: its model, usage, outcome, and why there is none.
//
// The whole body at once (read_exchange), or its bytes as they arrive (stream_reader): the answer
// is the same however they are cut.
// Threads: one reader by one thread at a time; no I/O.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_READER_HPP
#define AIAUDIT_PROVIDERS_READER_HPP

#include <aiaudit/core/call.hpp>                   // attempt_facts
#include <aiaudit/providers/aws_event_stream.hpp>  // aws_event_parser
#include <aiaudit/providers/dialect.hpp>           // endpoint_of
#include <aiaudit/providers/exchange.hpp>          // exchange
#include <aiaudit/providers/facts_collector.hpp>   // facts_collector
#include <aiaudit/providers/reading.hpp>           // reading
#include <aiaudit/providers/request_facts.hpp>     // facts_of_request
#include <aiaudit/providers/sse.hpp>               // sse_parser

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

// Calls visit(object text) for every whole top-level object of a JSON array, of JSON Lines, or of
// objects that merely follow each other; false where text is left over that is none.
template <class Visit>
[[nodiscard]] bool for_each_object(std::string_view text, Visit&& visit) {
    std::size_t depth = 0;
    std::size_t start = 0;
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        char const c = text[at];
        if (in_string) {
            if (c == '\\') ++at;
            in_string = c != '"';
        } else if (c == '"') {
            if (depth == 0) return false;
            in_string = true;
        } else if (c == '{') {
            if (depth++ == 0) start = at;
        } else if (c == '}') {
            if (depth == 0) return false;
            if (--depth == 0) visit(text.substr(start, at + 1 - start));
        }
    }
    return depth == 0 && !in_string;
}

}  // namespace detail

// What is known of an attempt before there is a response: what is called, and what is asked.
[[nodiscard]] attempt_facts facts_before(endpoint const& where, request_facts const& asked);

// Reads a response as its bytes arrive: feed() each piece, then finish() once.
class stream_reader {
public:
    // The exchange without its response: who, what was asked, and the response's head.
    explicit stream_reader(exchange const& head)
        : stream_reader(head, facts_of_request(head.request)) {}
    // For who has read the request before: that of `head` is not looked at.
    stream_reader(exchange const& head, request_facts const& asked)
        : stream_reader(head, asked, endpoint_of(head.provider, head.path)) {}
    // For who knows what the path asks for, too.
    stream_reader(exchange const& head, request_facts const& asked, result<endpoint> const& where);
    stream_reader(stream_reader const&) = delete;  // the collector refers to the facts beside it
    stream_reader& operator=(stream_reader const&) = delete;

    // Hands every document of the response to `hear` as it comes, parsed, with its text; a whole
    // body at finish(). For who wants more of it than the facts, without parsing it again. Call
    // before feed(). The document and its text live only as long as the call.
    void listen(std::function<void(boost::json::value const&, std::string_view)> hear) {
        hear_ = std::move(hear);
    }

    // too_large or bad_input where the bytes cannot be followed; finish() says so too.
    [[nodiscard]] result<void> feed(std::string_view bytes);

    // As reported by the documents that have come; it may still change, in both directions. Empty
    // where nothing was reported, or what was makes no sense so far.
    [[nodiscard]] usage usage_so_far() const {
        if (collector_.usage().get_object().empty()) return {};
        auto const counts = read_usage(where_.dialect, where_.vendor, collector_.usage());
        return counts ? *counts : usage{};
    }

    // Whether a stream has said that it is over, however its connection ends.
    [[nodiscard]] bool said_end() const noexcept {
        return framing_ != framing::whole && collector_.terminal();
    }

    // The id that the provider gives the answer; empty as long as it did not come. Of a whole body
    // finish() has it.
    [[nodiscard]] std::string const& id_so_far() const noexcept {
        return facts_.provider_request_id;
    }

    // The answer. The reader is used up.
    [[nodiscard]] reading finish();

private:
    enum class framing : std::uint8_t { unknown, whole, events, aws };

    static constexpr std::string_view blank = " \t\r\n";
    static constexpr std::string_view mark = "\xEF\xBB\xBF";

    [[nodiscard]] bool failed() const noexcept { return head_.status >= 300; }

    // A body of JSON starts with a brace or a bracket, which no server-sent event does; providers
    // label streams as JSON and errors as streams, so the first character decides.
    std::string_view sniff(std::string_view bytes);

    result<void> hold(std::string_view bytes);

    result<void> note(result<void> done) {
        if (!done && !broken_) broken_ = done.error();
        return done;
    }

    void take(sse_event const& event) {
        std::string_view const data = event.data;
        if (data == "[DONE]") return collector_.take_end();
        take_text(data, event.complete);
    }

    void take(aws_event const& event);

    void take_text(std::string_view text, bool complete);

    void hand_on(boost::json::value const& document, std::string_view text) {
        collector_.take(document);
        if (hear_) hear_(document, text);
    }

    void take_document(boost::json::value const& document, std::string_view text);

    // Reads a held body; true where it is a stream after all (JSON Lines, an array of chunks).
    bool take_whole();

    [[nodiscard]] std::string request_id() const;

    [[nodiscard]] error provider_failed();

    [[nodiscard]] error provider_error(std::string where) const {
        return {errc::provider_error, std::move(where), facts_.error_message};
    }

    // What keeps a response that the provider calls a success from being billed.
    [[nodiscard]] std::optional<error> judge(bool stream);

    [[nodiscard]] std::string why_no_usage(bool stream);

    // By the body, else by Bedrock's metrics or headers.
    [[nodiscard]] result<detail::counts_read> reported_counts() const;
    [[nodiscard]] result<void> read_counts();
    [[nodiscard]] result<void> read_anthropic_terms();
    // bad_usage for more output than the request allows.
    [[nodiscard]] result<void> check_request();
    void note_unread(std::string_view name);
    void note_missing();

    // Speech that comes as sound has no document in it.
    [[nodiscard]] bool is_sound() const noexcept {
        bool const json = head_.content_type.find("json") != std::string::npos ||
                          head_.content_type.find("event-stream") != std::string::npos;
        return where_.dialect == dialect::openai_speech && !json && !failed();
    }

    // Bedrock repeats the counts of InvokeModel in headers, whatever the model's own body says.
    [[nodiscard]] usage counts_of_headers() const;

    exchange head_;
    std::optional<error> problem_{};    // known before the first byte
    std::optional<error> broken_{};     // the bytes could not be followed
    std::optional<error> malformed_{};  // a whole document was no JSON
    endpoint where_;
    attempt_facts facts_;
    detail::facts_collector collector_{where_.dialect, facts_};
    framing framing_ = framing::unknown;
    std::size_t mark_seen_ = 0;  // bytes of a byte order mark so far
    sse_parser events_{};
    aws_event_parser frames_{};
    std::string body_{};
    terms_told told_{};
    bool cut_ = false;  // the body ended inside a document
    bool sound_ = false;
    std::function<void(boost::json::value const&, std::string_view)> hear_{};
};

// Reads an exchange that is to be billed. Where there is no usage the error says why: bad_json,
// unknown_dialect, no_usage, bad_usage, provider_error, not_billable or too_large. A stream that
// was cut is read as far as it goes, with complete = false.
[[nodiscard]] result<attempt_facts> read_exchange(exchange const& from);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/reader.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_READER_HPP
