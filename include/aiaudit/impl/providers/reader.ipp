// SPDX-License-Identifier: MIT
//
// reader.ipp: the definitions of reader.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_READER_IPP
#define AIAUDIT_IMPL_PROVIDERS_READER_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/limits.hpp>  // response_bytes
#include <aiaudit/providers/reader.hpp>
#include <aiaudit/providers/unread_counts.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE attempt_facts facts_before(endpoint const& where, request_facts const& asked) {
    attempt_facts facts;
    facts.operation = where.operation;
    facts.parameters = asked.parameters;
    facts.parameters.stream = asked.parameters.stream || where.stream;
    facts.model_requested = asked.model.empty() ? where.model : asked.model;
    facts.region = where.region;
    return facts;
}

AIAUDIT_INLINE stream_reader::stream_reader(exchange const& head, request_facts const& asked,
                                            result<endpoint> const& where)
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

AIAUDIT_INLINE result<void> stream_reader::feed(std::string_view bytes) {
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

AIAUDIT_INLINE reading stream_reader::finish() {
    bool stream = framing_ != framing::whole;
    if (framing_ == framing::events) {
        events_.finish([this](sse_event const& event) { take(event); });
    } else if (framing_ == framing::whole) {
        stream = !sound_ && take_whole();
    }
    if (facts_.model_served.empty()) {
        facts_.model_served = where_.model.empty() ? facts_.model_requested : where_.model;
    }
    facts_.provider_request_id = request_id();
    facts_.complete = !cut_ && (!stream || collector_.terminal() || failed());
    auto problem = failed() ? provider_failed() : judge(stream);
    told_.tier = told_.tier || collector_.tier_told();
    return {std::move(facts_), std::move(problem), told_};
}

AIAUDIT_INLINE std::string_view stream_reader::sniff(std::string_view bytes) {
    // A byte order mark says nothing, and may come in pieces.
    while (mark_seen_ < mark.size() && bytes.starts_with(mark[mark_seen_])) {
        bytes.remove_prefix(1);
        ++mark_seen_;
    }
    if (!bytes.empty()) mark_seen_ = mark.size();
    if (is_sound() && !bytes.empty() && head_.content_type.starts_with("audio/")) {
        framing_ = framing::whole;
        return bytes;
    }
    auto const first = bytes.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    char const c = bytes[first];
    // How lines of a stream start: data, event, id, retry, a comment.
    bool const events = head_.content_type.find("event-stream") != std::string::npos ||
                        std::string_view{"deir:"}.find(c) != std::string_view::npos;
    framing_ = c == '{' || c == '[' || !events ? framing::whole : framing::events;
    return bytes.substr(first);
}

AIAUDIT_INLINE result<void> stream_reader::hold(std::string_view bytes) {
    if (is_sound()) {  // there is nothing in it to read
        sound_ = sound_ || !bytes.empty();
        return {};
    }
    if (body_.size() + bytes.size() > limits::response_bytes) {
        return note(fail(errc::too_large, "response body over 128 MiB"));
    }
    body_.append(bytes);
    return {};
}

AIAUDIT_INLINE void stream_reader::take(aws_event const& event) {
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

AIAUDIT_INLINE void stream_reader::take_text(std::string_view text, bool complete) {
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

AIAUDIT_INLINE void stream_reader::take_document(boost::json::value const& document,
                                                 std::string_view text) {
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

AIAUDIT_INLINE bool stream_reader::take_whole() {
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

AIAUDIT_INLINE std::string stream_reader::request_id() const {
    if (!facts_.provider_request_id.empty()) return facts_.provider_request_id;
    for (char const* name : {"x-request-id", "request-id", "x-amzn-requestid", "apim-request-id",
                             "x-goog-request-id"}) {
        if (auto const id = header_of(head_, name); !id.empty()) return std::string(id);
    }
    return {};
}

AIAUDIT_INLINE error stream_reader::provider_failed() {
    if (facts_.error_type.empty()) {
        std::string_view const type = header_of(head_, "x-amzn-errortype");
        collector_.take_error_type(type.substr(0, type.find(':')), {});
    }
    if (facts_.error_type.empty()) facts_.error_type = "http_" + std::to_string(head_.status);
    return provider_error("HTTP " + std::to_string(head_.status) + ", " + facts_.error_type);
}

AIAUDIT_INLINE std::optional<error> stream_reader::judge(bool stream) {
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

AIAUDIT_INLINE std::string stream_reader::why_no_usage(bool stream) {
    if (framing_ == framing::unknown) return "the response has no body";
    if (sound_) return "sound reports no usage";
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

AIAUDIT_INLINE result<detail::counts_read> stream_reader::reported_counts() const {
    auto read = detail::read_counts(where_.dialect, where_.vendor, collector_.usage());
    if (read && read->usage.empty() && collector_.metrics().is_object())
        read = detail::read_counts(dialect::bedrock_invoke, where_.vendor, collector_.metrics());
    if (read && read->usage.empty()) read->usage = counts_of_headers();
    if (!read) return read.error();
    // The other calls of this API count one thing; half of a conversation's usage is none.
    bool const half = read->usage.has(unit::input_tokens) != read->usage.has(unit::output_tokens) &&
                      where_.dialect == dialect::cohere && where_.operation == operation::chat;
    if (half) return fail(errc::no_usage, "the usage counts input or output alone");
    return read;
}

AIAUDIT_INLINE result<void> stream_reader::read_counts() {
    auto const counts = reported_counts();
    if (!counts) return counts.error();
    auto const charge = detail::read_provider_cost(collector_.usage(), where_.vendor);
    facts_.provider_cost = charge.total;
    facts_.upstream_cost = charge.upstream;
    if (counts->usage.empty()) return {};
    facts_.unread =
        detail::unread_counts(where_.dialect, where_.vendor, collector_.usage(), counts->usage);
    bool const google =
        where_.vendor == vendor::google || facts_.model_served.find("gemini") != std::string::npos;
    if (counts->derived && !google) note_unread("total_tokens");
    facts_.usage = counts->usage;
    collector_.tools().add_to(facts_.usage, facts_.model_served);
    auto done = check_request();
    if (done && where_.dialect == dialect::anthropic_messages) done = read_anthropic_terms();
    if (done && where_.dialect == dialect::openai_responses)
        done = detail::bill_drawings(collector_.usage(), where_.vendor, collector_.drawing_model(),
                                     facts_);
    if (!done) facts_.usage = {};
    note_missing();
    return done;
}

// What the price of Anthropic's models depends on stands in their usage.
AIAUDIT_INLINE result<void> stream_reader::read_anthropic_terms() {
    boost::json::value const& source = collector_.usage();
    if (auto const tier = detail::text_at(&source, "service_tier"); !tier.empty()) {
        facts_.service_tier = detail::tier_named(tier);
        told_.tier = true;
    }
    std::string_view const geo = detail::text_at(&source, "inference_geo");
    told_.region = !geo.empty();
    if (!geo.empty() && geo != "global" && geo != "not_available") facts_.region = geo;
    std::string_view const speed = detail::text_at(&source, "speed");
    told_.speed = !speed.empty();
    if (speed != "standard") facts_.speed = speed;
    return detail::bill_iterations(source, where_.vendor, facts_);
}

// Before the others: the list may be cut.
AIAUDIT_INLINE void stream_reader::note_unread(std::string_view name) {
    std::string const rest = std::move(facts_.unread);
    facts_.unread = name;
    if (!rest.empty()) facts_.unread.append(" ").append(rest);
}

// Some tokens past a limit are the habit of some servers; what reasons beside the answer, and the
// runs that the provider makes on its own, have limits of their own. More than that is charged, and
// named as a count that cannot be right; many times the limit is no count.
AIAUDIT_INLINE result<void> stream_reader::check_request() {
    auto const& asked = facts_.parameters;
    if (!asked.max_output_tokens || *asked.max_output_tokens == 0) return {};
    auto const reasoning = facts_.usage.count(unit::output_reasoning_tokens);
    auto const output = facts_.usage.count(unit::output_tokens);
    auto const visible = output - (std::min)(output, reasoning);
    auto const limit = static_cast<int128>(*asked.max_output_tokens) * asked.choices.value_or(1);
    bool const own_runs = collector_.usage().get_object().contains("iterations") ||
                          facts_.usage.count(unit::web_searches) > 0 ||
                          facts_.usage.count(unit::code_executions) > 0;
    if (own_runs || visible <= limit + limit / 4 + 64) return {};
    note_unread("output_tokens");
    if (visible <= limit * 4 + 4096) return {};
    return fail(errc::bad_usage, "the output is " + std::to_string(visible) +
                                     " tokens, where the request allows " +
                                     std::to_string(static_cast<std::uint64_t>(limit)));
}

// An answer was made of something, from something.
AIAUDIT_INLINE void stream_reader::note_missing() {
    if (facts_.usage.empty() || !collector_.answered()) return;
    usage const& counts = facts_.usage;
    bool const input = counts.count(unit::input_tokens) > 0;
    bool const output = counts.count(unit::output_tokens) > 0;
    switch (where_.operation) {
    case operation::chat:
    case operation::responses:
    case operation::images: facts_.usage_missing = !input || !output; break;
    case operation::embeddings:
        facts_.usage_missing = !input && counts.count(unit::input_images) == 0;
        break;
    case operation::rerank:
        facts_.usage_missing = !input && counts.count(unit::search_units) == 0;
        break;
    case operation::audio:
        facts_.usage_missing = !input && counts.count(unit::input_audio_milliseconds) == 0;
        break;
    default: break;
    }
}

AIAUDIT_INLINE usage stream_reader::counts_of_headers() const {
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

AIAUDIT_INLINE result<attempt_facts> read_exchange(exchange const& from) {
    reading read = describe_exchange(from);
    if (read.problem) return std::move(*read.problem);
    return std::move(read.facts);
}

AIAUDIT_INLINE reading describe_exchange(exchange const& from) {
    stream_reader reader{from};
    // What it cannot follow, finish() reports.
    static_cast<void>(reader.feed(from.response));
    return reader.finish();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_READER_IPP
