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
#include <aiaudit/limits.hpp>                      // response_bytes
#include <aiaudit/providers/aws_event_stream.hpp>  // aws_event_parser
#include <aiaudit/providers/dialect.hpp>           // endpoint_of
#include <aiaudit/providers/exchange.hpp>          // exchange
#include <aiaudit/providers/facts_collector.hpp>   // facts_collector
#include <aiaudit/providers/request_facts.hpp>     // facts_of_request
#include <aiaudit/providers/sse.hpp>               // sse_parser

#include <array>
#include <charconv>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

// The facts, as far as they go, and what keeps them from being billed. A failed attempt is recorded
// like any other, so the facts are there even where there is a problem.
struct reading {
    attempt_facts facts{};
    std::optional<error> problem{};
};

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
[[nodiscard]] inline attempt_facts facts_before(endpoint const& where, request_facts const& asked) {
    attempt_facts facts;
    facts.operation = where.operation;
    facts.parameters = asked.parameters;
    facts.parameters.stream = asked.parameters.stream || where.stream;
    facts.model_requested = asked.model.empty() ? where.model : asked.model;
    return facts;
}

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
    stream_reader(exchange const& head, request_facts const& asked, result<endpoint> const& where)
        : head_{.provider = head.provider,
                .path = head.path,
                .status = head.status,
                .content_type = head.content_type,
                .headers = head.headers},
          where_(where ? *where : endpoint{dialect::openai_chat, vendor_of(head.provider)}),
          facts_(facts_before(where_, asked)) {
        if (!where) problem_ = where.error();
        if (head.content_type.starts_with("application/vnd.amazon.eventstream")) {
            framing_ = framing::aws;
        }
    }
    stream_reader(stream_reader const&) = delete;  // the collector refers to the facts beside it
    stream_reader& operator=(stream_reader const&) = delete;

    // Hands every document of the response to `hear` as it comes, parsed, with its text; a whole
    // body at finish(). For who wants more of it than the facts, without parsing it again. Call
    // before feed(). The document and its text live only as long as the call.
    void listen(std::function<void(boost::json::value const&, std::string_view)> hear) {
        hear_ = std::move(hear);
    }

    // too_large or bad_input where the bytes cannot be followed; finish() says so too.
    [[nodiscard]] result<void> feed(std::string_view bytes) {
        if (framing_ == framing::unknown) bytes = sniff(bytes);
        switch (framing_) {
        case framing::unknown: return {};
        case framing::whole: return hold(bytes);
        case framing::events:
            return note(events_.feed(bytes, [this](sse_event const& event) { take(event); }));
        case framing::aws:
            return note(frames_.feed(bytes, [this](aws_event const& event) { take(event); }));
        }
        return {};
    }

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

    // The answer. The reader is used up.
    [[nodiscard]] reading finish() {
        bool stream = framing_ != framing::whole;
        if (framing_ == framing::events) {
            events_.finish([this](sse_event const& event) { take(event); });
        } else if (framing_ == framing::whole) {
            stream = take_whole();
        }
        if (facts_.model_served.empty()) {
            facts_.model_served = where_.model.empty() ? facts_.model_requested : where_.model;
        }
        facts_.provider_request_id = request_id();
        facts_.complete = !cut_ && (!stream || collector_.terminal() || failed());
        auto problem = failed() ? provider_failed() : judge(stream);
        return {std::move(facts_), std::move(problem)};
    }

private:
    enum class framing : std::uint8_t { unknown, whole, events, aws };

    static constexpr std::string_view blank = " \t\r\n";
    static constexpr std::string_view mark = "\xEF\xBB\xBF";

    [[nodiscard]] bool failed() const noexcept { return head_.status >= 300; }

    // A body of JSON starts with a brace or a bracket, which no server-sent event does; providers
    // label streams as JSON and errors as streams, so the first character decides.
    std::string_view sniff(std::string_view bytes) {
        // A byte order mark says nothing, and may come in pieces.
        while (mark_seen_ < mark.size() && bytes.starts_with(mark[mark_seen_])) {
            bytes.remove_prefix(1);
            ++mark_seen_;
        }
        if (!bytes.empty()) mark_seen_ = mark.size();
        auto const first = bytes.find_first_not_of(blank);
        if (first == std::string_view::npos) return {};
        char const c = bytes[first];
        // How lines of a stream start: data, event, id, retry, a comment.
        bool const events = head_.content_type.find("event-stream") != std::string::npos ||
                            std::string_view{"deir:"}.find(c) != std::string_view::npos;
        framing_ = c == '{' || c == '[' || !events ? framing::whole : framing::events;
        return bytes.substr(first);
    }

    result<void> hold(std::string_view bytes) {
        if (body_.size() + bytes.size() > limits::response_bytes) {
            return note(fail(errc::too_large, "response body over 128 MiB"));
        }
        body_.append(bytes);
        return {};
    }

    result<void> note(result<void> done) {
        if (!done && !broken_) broken_ = done.error();
        return done;
    }

    void take(sse_event const& event) {
        std::string_view const data = event.data;
        if (data == "[DONE]") return collector_.take_end();
        take_text(data, event.complete);
    }

    void take(aws_event const& event) {
        std::string text{event.payload};
        if (event.message_type != "event" && !event.message_type.empty()) {
            auto const body = detail::parse_json(text, "exception");
            std::string_view const message =
                body ? detail::text_at(&*body, "message") : std::string_view{};
            return collector_.take_error_type(event.event_type, message);
        }
        // ConverseStream names the event in a header, where JSON events name it by a member.
        if (where_.dialect == dialect::bedrock_converse && event.event_type != "chunk") {
            text = "{\"" + std::string(event.event_type) + "\":" + text + "}";
        }
        take_text(text, true);
    }

    void take_text(std::string_view text, bool complete) {
        // Parsed apart from the facts, which copy what they keep; the values of most events fit.
        std::array<unsigned char, 4096> room;
        boost::json::monotonic_resource memory(room.data(), room.size());
        auto document = detail::parse_json(text, "event", &memory);
        if (!document) {
            // An event that the stream ended in is no fault of its own.
            if (complete && !malformed_) malformed_ = document.error();
            return;
        }
        take_document(*document, text);
    }

    void hand_on(boost::json::value const& document, std::string_view text) {
        collector_.take(document);
        if (hear_) hear_(document, text);
    }

    void take_document(boost::json::value const& document, std::string_view text) {
        // InvokeModelWithResponseStream wraps the model's own events in base64.
        auto bytes = detail::text_at(&document, "bytes");
        if (bytes.empty()) bytes = detail::text_at(&document, "chunk.bytes");
        if (bytes.empty() || head_.path.find("/invoke") == std::string::npos) {
            return hand_on(document, text);
        }
        std::string const inside = detail::from_base64(bytes);
        auto inner = detail::parse_json(inside, "chunk");
        if (inner) {
            hand_on(*inner, inside);
        } else if (!malformed_) {
            malformed_ = inner.error();
        }
    }

    // Reads a held body; true where it is a stream after all (JSON Lines, an array of chunks).
    bool take_whole() {
        std::array<unsigned char, 8192> room;
        boost::json::monotonic_resource memory(room.data(), room.size());
        auto document = detail::parse_json(body_, "response", &memory);
        bool const lines = head_.content_type.find("jsonl") != std::string::npos ||
                           head_.content_type.find("ndjson") != std::string::npos;
        bool const stream = facts_.parameters.stream || lines;
        if (document) {
            take_document(*document, body_);
            if (failed()) collector_.take_bare_error(*document);
            return stream && document->is_array();
        }
        malformed_ = document.error();
        if (!stream) return false;
        bool any = false;
        bool const whole = detail::for_each_object(body_, [&](std::string_view text) {
            if (!std::exchange(any, true)) malformed_.reset();
            take_text(text, true);
        });
        cut_ = !whole;
        return any;
    }

    [[nodiscard]] std::string request_id() const {
        if (!facts_.provider_request_id.empty()) return facts_.provider_request_id;
        for (char const* name : {"x-request-id", "request-id", "x-amzn-requestid",
                                 "apim-request-id", "x-goog-request-id"}) {
            if (auto const id = header_of(head_, name); !id.empty()) return std::string(id);
        }
        return {};
    }

    [[nodiscard]] error provider_failed() {
        if (facts_.error_type.empty()) {
            std::string_view const type = header_of(head_, "x-amzn-errortype");
            collector_.take_error_type(type.substr(0, type.find(':')), {});
        }
        if (facts_.error_type.empty()) facts_.error_type = "http_" + std::to_string(head_.status);
        return provider_error("HTTP " + std::to_string(head_.status) + ", " + facts_.error_type);
    }

    [[nodiscard]] error provider_error(std::string where) const {
        return {errc::provider_error, std::move(where), facts_.error_message};
    }

    // What keeps a response that the provider calls a success from being billed.
    [[nodiscard]] std::optional<error> judge(bool stream) {
        if (problem_) return problem_;
        if (!where_.billable) {
            std::string_view const path = head_.path;
            return fail(errc::not_billable,
                        std::string(name_of(where_.operation)) + " costs nothing: " +
                            detail::printable(path.substr(0, path.find_first_of("?#"))));
        }
        if (auto done = read_counts(); !done) return done.error();
        if (!facts_.usage.empty()) return std::nullopt;
        if (!facts_.error_type.empty()) return provider_error(facts_.error_type);
        if (broken_) return broken_;
        if (malformed_) return malformed_;
        return fail(errc::no_usage, why_no_usage(stream));
    }

    [[nodiscard]] std::string why_no_usage(bool stream) {
        if (framing_ == framing::unknown) return "the response has no body";
        std::string const& status = collector_.status();
        if (status == "queued" || status == "in_progress") {
            facts_.complete = false;
            facts_.under_way = !stream;
            return "background response still " + status;
        }
        if (stream && !collector_.terminal()) return "stream ended early, before its usage";
        if (!stream) return "the response reports no usage";
        return where_.dialect == dialect::openai_chat
                   ? "stream ended without usage (stream_options.include_usage asks for it)"
                   : "stream ended without usage";
    }

    [[nodiscard]] result<void> read_counts() {
        boost::json::value const& from = collector_.usage();
        auto counts = read_usage(where_.dialect, where_.vendor, from);
        if (!counts) return counts.error();
        if (counts->empty() && collector_.metrics().is_object()) {
            counts = read_usage(dialect::bedrock_invoke, where_.vendor, collector_.metrics());
            if (!counts) return counts.error();
        }
        if (counts->empty()) counts = counts_of_headers();
        // The other calls of this API count one thing; half of a conversation's usage is none.
        bool const half = counts->has(unit::input_tokens) != counts->has(unit::output_tokens) &&
                          where_.dialect == dialect::cohere && where_.operation == operation::chat;
        if (half) return fail(errc::no_usage, "the usage counts input or output alone");
        facts_.usage = *counts;
        facts_.provider_cost = detail::read_provider_cost(from, where_.vendor);
        if (where_.dialect != dialect::anthropic_messages) return {};
        if (auto const tier = detail::text_at(&from, "service_tier"); !tier.empty()) {
            facts_.service_tier = detail::tier_named(tier);
        }
        std::string_view const geo = detail::text_at(&from, "inference_geo");
        if (geo != "global" && geo != "not_available") facts_.region = geo;
        std::string_view const speed = detail::text_at(&from, "speed");
        if (speed != "standard") facts_.speed = speed;
        auto done = detail::bill_iterations(from, where_.vendor, facts_);
        if (!done) facts_.usage = {};
        return done;
    }

    // Bedrock repeats the counts of InvokeModel in headers, whatever the model's own body says.
    [[nodiscard]] usage counts_of_headers() const {
        usage counts;
        if (where_.vendor != vendor::aws) return counts;
        auto const read = [&](char const* name, unit to) {
            std::string_view const text = header_of(head_, name);
            std::uint64_t count = 0;
            auto const done = std::from_chars(text.data(), text.data() + text.size(), count);
            bool const good = done.ec == std::errc{} && done.ptr == text.data() + text.size();
            if (good && count <= usage::count_max) counts.set(to, count);
        };
        read("x-amzn-bedrock-input-token-count", unit::input_tokens);
        read("x-amzn-bedrock-output-token-count", unit::output_tokens);
        return counts;
    }

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
    bool cut_ = false;  // the body ended inside a document
    std::function<void(boost::json::value const&, std::string_view)> hear_{};
};

// Reads a whole exchange; the facts are there even where there is a problem.
[[nodiscard]] inline reading describe_exchange(exchange const& from) {
    stream_reader reader{from};
    // What it cannot follow, finish() reports.
    static_cast<void>(reader.feed(from.response));
    return reader.finish();
}

// Reads an exchange that is to be billed. Where there is no usage the error says why: bad_json,
// unknown_dialect, no_usage, bad_usage, provider_error, not_billable or too_large. A stream that
// was cut is read as far as it goes, with complete = false.
[[nodiscard]] inline result<attempt_facts> read_exchange(exchange const& from) {
    reading read = describe_exchange(from);
    if (read.problem) return std::move(*read.problem);
    return std::move(read.facts);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PROVIDERS_READER_HPP
