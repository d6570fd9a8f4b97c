// SPDX-License-Identifier: MIT
//
// gateway_prober.hpp: sends a gateway any bytes whatever, and judges what becomes of them.
//
// What the bytes are is read a second time, by a reader that knows nothing of the gateway's: the
// provider must never be asked more often than there are whole requests in them.
#ifndef AIAUDIT_TESTS_SUPPORT_GATEWAY_PROBER_HPP
#define AIAUDIT_TESTS_SUPPORT_GATEWAY_PROBER_HPP

#include "loopback_http_server.hpp"

#include <aiaudit/gateway.hpp>
#include <aiaudit/impl/gateway.tpp>
#include <aiaudit/providers/json_fields.hpp>
#include <aiaudit/storage/memory_store.hpp>
#include <aiaudit/templates.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

namespace aiaudit_tests {

// How many whole requests stand at the beginning of some bytes (RFC 9112), where each of them can
// be read in one way only.
class request_counter {
public:
    [[nodiscard]] static std::size_t in(std::string_view bytes) {
        request_counter counter(bytes);
        std::size_t count = 0;
        while (counter.take_request()) ++count;
        return count;
    }

private:
    explicit request_counter(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] bool take_request() {
        auto const end = rest_.find("\r\n\r\n");
        if (end == std::string_view::npos) return false;
        std::string_view head = rest_.substr(0, end + 2);
        rest_.remove_prefix(end + 4);
        length_.reset();
        codings_ = 0;
        if (!take_first_line(line_of(head))) return false;
        while (!head.empty()) {
            if (!take_header(line_of(head))) return false;
        }
        if (codings_ != 0) return codings_ == 1 && !length_ && !old_ && take_chunks();
        return take(length_.value_or(0));
    }
    // Without its end; the head is a sequence of lines.
    [[nodiscard]] static std::string_view line_of(std::string_view& head) {
        auto const end = head.find("\r\n");
        std::string_view const line = head.substr(0, end);
        head.remove_prefix(end + 2);
        return line;
    }
    [[nodiscard]] bool take_first_line(std::string_view line) {
        old_ = line.ends_with(" HTTP/1.0");
        if (!old_ && !line.ends_with(" HTTP/1.1")) return false;
        line.remove_suffix(9);
        auto const space = line.find(' ');
        return space != std::string_view::npos && is_token(line.substr(0, space)) &&
               is_visible(line.substr(space + 1)) && space + 1 < line.size();
    }
    [[nodiscard]] bool take_header(std::string_view line) {
        auto const colon = line.find(':');
        if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
        std::string_view value = line.substr(colon + 1);
        for (char const c : value) {
            if (c != '\t' && (aiaudit::detail::is_control_byte(c))) return false;
        }
        while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
        while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
        if (aiaudit::detail::same_name(line.substr(0, colon), "transfer-encoding")) {
            ++codings_;
            return aiaudit::detail::same_name(value, "chunked");
        }
        if (!aiaudit::detail::same_name(line.substr(0, colon), "content-length")) return true;
        auto const length = number(value, 10);
        bool const same = length && length_.value_or(*length) == *length;
        length_ = length;
        return same;
    }
    [[nodiscard]] bool take_chunks() {
        for (;;) {
            auto const end = rest_.find("\r\n");
            if (end == std::string_view::npos) return false;
            std::string_view line = rest_.substr(0, end);
            if (line.find_first_of("\r\n") != std::string_view::npos) return false;
            auto const size = number(line.substr(0, line.find_first_of("; \t")), 16);
            if (!size) return false;
            rest_.remove_prefix(end + 2);
            if (*size == 0) break;
            if (!take(*size) || !rest_.starts_with("\r\n")) return false;
            rest_.remove_prefix(2);
        }
        while (!rest_.starts_with("\r\n")) {
            auto const end = rest_.find("\r\n");
            if (end == std::string_view::npos) return false;
            rest_.remove_prefix(end + 2);
        }
        rest_.remove_prefix(2);
        return true;
    }
    [[nodiscard]] bool take(std::uint64_t size) {
        if (size > rest_.size()) return false;
        rest_.remove_prefix(static_cast<std::size_t>(size));
        return true;
    }
    [[nodiscard]] static std::optional<std::uint64_t> number(std::string_view text, int base) {
        std::uint64_t value = 0;
        auto const [end, wrong] =
            std::from_chars(text.data(), text.data() + text.size(), value, base);
        if (wrong != std::errc{} || end != text.data() + text.size()) return std::nullopt;
        return value;
    }
    [[nodiscard]] static bool is_visible(std::string_view text) {
        for (char const c : text) {
            if (c == ' ' || aiaudit::detail::is_control_byte(c)) return false;
        }
        return true;
    }
    [[nodiscard]] static bool is_token(std::string_view text) {
        constexpr std::string_view apart = "\"(),/:;<=>?@[\\]{}";
        return !text.empty() && is_visible(text) &&
               text.find_first_of(apart) == std::string_view::npos;
    }

    std::string_view rest_;
    std::optional<std::uint64_t> length_{};
    int codings_ = 0;
    bool old_ = false;
};

// A provider that counts what it is asked, and what it was sent that is no request.
class counting_provider {
public:
    [[nodiscard]] std::string origin() const { return server_.origin(); }
    [[nodiscard]] std::size_t asked() const noexcept { return asked_; }
    [[nodiscard]] std::size_t faults() const noexcept { return faults_; }

    static constexpr std::string_view json =
        R"({"id":"a","object":"chat.completion","model":"gpt-4.1","choices":[{"index":0,"message":)"
        R"({"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":)"
        R"({"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}})";
    static constexpr std::string_view stream =
        "data: {\"id\":\"a\",\"model\":\"gpt-4.1\",\"choices\":[{\"index\":0,\"delta\":"
        "{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

private:
    [[nodiscard]] loopback_http_server::response answer(
        loopback_http_server::request const& request) {
        ++asked_;
        bool const streams = request.body().find(R"("stream":true)") != std::string::npos;
        loopback_http_server::response reply;
        reply.set(boost::beast::http::field::content_type,
                  streams ? "text/event-stream" : "application/json");
        reply.body() = streams ? stream : json;
        reply.prepare_payload();
        return reply;
    }
    void note(boost::beast::error_code why) {
        namespace http = boost::beast::http;
        bool const ended = why == http::error::end_of_stream || why == http::error::partial_message;
        if (!ended && why.category() == make_error_code(http::error::bad_method).category())
            ++faults_;
    }

    std::atomic<std::size_t> asked_ = 0;
    std::atomic<std::size_t> faults_ = 0;
    loopback_http_server server_{
        [this](loopback_http_server::request const& request) { return answer(request); },
        [this](boost::beast::error_code why) { note(why); }};
};

class gateway_prober {
public:
    struct in_memory : aiaudit::default_policies {
        using storage = aiaudit::memory_store;
    };

    gateway_prober()
        : log_(aiaudit::basic_ledger<in_memory>::open({}).value()),
          at_(aiaudit::basic_gateway<in_memory>::open(log_, options()).value()) {
        at_.start().value();
    }
    // What is wrong with the answer; empty where nothing is.
    [[nodiscard]] std::string probe(std::string_view bytes) {
        std::size_t const most = request_counter::in(bytes);
        std::size_t const before = provider_.asked();
        auto const told = exchange(bytes, most != 0 ? moment_ms : 0);
        if (!told) return "the gateway does not end the connection";
        if (!told->empty() && !has_status(*told)) return "no answer of HTTP: " + *told;
        std::size_t const asked = provider_.asked() - before;
        if (asked > most)
            return "the provider was asked " + std::to_string(asked) + " times, by " +
                   std::to_string(most) + " requests";
        return provider_.faults() == 0 ? "" : "the provider was sent what is no request";
    }
    [[nodiscard]] std::size_t asked() const noexcept { return provider_.asked(); }
    // Whether it still answers.
    [[nodiscard]] bool answers() {
        std::string const body = R"({"model":"gpt-4.1","messages":[]})";
        auto const told = exchange(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"
            "Content-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body,
            patience_ms);
        return told && told->starts_with("HTTP/1.1 200 ") && told->ends_with(provider_.json);
    }

private:
    [[nodiscard]] aiaudit::gateway_options options() const {
        aiaudit::gateway_options made;
        for (std::string_view const name : {"openai", "anthropic", "google"}) {
            aiaudit::gateway_upstream each;
            each.name = name;
            each.entry = aiaudit::provider_named(name).value();
            each.entry.origin = provider_.origin();
            each.key = "sk-of-the-provider";
            made.upstreams.push_back(std::move(each));
        }
        made.listen.port = 0;
        made.keys_required = false;
        made.threads = 1;
        made.waiting_threads = 1;
        made.calls.intent = aiaudit::intent_mode::none;
        // So that the provider has been asked for all that it will be when the connection ends.
        made.on_client_gone = aiaudit::client_gone::drain;
        made.limits.head_bytes_max = 4'096;
        made.limits.body_bytes_max = 16'384;
        return made;
    }
    [[nodiscard]] static bool has_status(std::string_view text) {
        return text.size() > 12 && text.starts_with("HTTP/1.1 ") && text[9] >= '1' &&
               text[9] <= '5' && text[10] >= '0' && text[10] <= '9' && text[11] >= '0' &&
               text[11] <= '9' && text[12] == ' ' &&
               text.find("\r\n\r\n") != std::string_view::npos;
    }
    static constexpr int moment_ms = 5;
    static constexpr int patience_ms = 20'000;

    // All that comes back; nothing where the connection does not end. When nothing has come for a
    // moment, the end of what is sent is told: not before, since a gateway takes a client that ends
    // for one that has gone.
    [[nodiscard]] std::optional<std::string> exchange(std::string_view bytes, int until_end_ms) {
        boost::asio::ip::tcp::socket socket(io_);
        socket.connect({boost::asio::ip::address_v4::loopback(), at_.port()});
        int const fd = socket.native_handle();
        ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        bool ended = until_end_ms == 0;
        if (ended) ::shutdown(fd, SHUT_WR);
        std::string all;
        std::array<char, 4096> room;
        for (;;) {
            pollfd ready{fd, POLLIN, 0};
            int const found = ::poll(&ready, 1, ended ? patience_ms : until_end_ms);
            if (found == 0 && ended) return std::nullopt;
            if (found == 0) {
                ended = true;
                ::shutdown(fd, SHUT_WR);
                continue;
            }
            auto const got = ::recv(fd, room.data(), room.size(), 0);
            if (got <= 0) return all;
            all.append(room.data(), static_cast<std::size_t>(got));
        }
    }

    boost::asio::io_context io_{};
    counting_provider provider_{};
    aiaudit::basic_ledger<in_memory> log_;
    aiaudit::basic_gateway<in_memory> at_;
};

// Good requests of every API, framed in every way.
[[nodiscard]] inline std::vector<std::string> gateway_seeds() {
    constexpr std::array<std::string_view, 10> targets{
        "POST /v1/chat/completions",
        "POST /v1/chat/completions?x=y",
        "POST /v1/responses",
        "POST /v1/embeddings",
        "POST /v1/messages",
        "POST /v1beta/models/gemini-2.5-flash:generateContent?key=abc",
        "POST /openai/v1/chat/completions",
        "POST /google/v1beta/openai/chat/completions",
        "GET /v1/models",
        "GET /metrics",
    };
    std::vector<std::string> all;
    for (std::string_view const target : targets) {
        bool const streams = all.size() % 12 < 6;
        std::string const body =
            target.starts_with("GET") ? ""
            : streams ? R"({"model":"gpt-4.1","stream":true,"messages":[],"user":"ana"})"
                      : R"({"model":"gpt-4.1","max_tokens":7,"messages":[{"role":"user"}]})";
        std::string const first = std::string(target) + " HTTP/1.1\r\nHost: here\r\n";
        std::string const close = "Connection: close\r\n";
        std::string const length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
        std::string const coding = "Transfer-Encoding: chunked\r\n";
        std::array<char, 8> size{};
        auto const* const end =
            std::to_chars(size.data(), size.data() + size.size(), body.size(), 16).ptr;
        std::string const chunk = body.empty() ? ""
                                               : std::string(std::as_const(size).data(), end) +
                                                     ";a=b\r\n" + body + "\r\n";
        all.push_back(first + close + length + "\r\n" + body);
        all.push_back(first + close + coding + "\r\n" + chunk + "0\r\n\r\n");
        all.push_back(first + close + coding + "\r\n" + chunk + "0\r\nX-Trailer: a\r\n\r\n");
        all.push_back(first + close + "Expect: 100-continue\r\nx-api-key: abc\r\n" +
                      "x-aiaudit-user: ana\r\nx-aiaudit-tag-team: red\r\n" + length + "\r\n" +
                      body);
        all.push_back(std::string(target) + " HTTP/1.0\r\n" + length + "\r\n" + body);
        all.push_back(first + length + "\r\n" + body + first + close + length + "\r\n" + body);
    }
    return all;
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_GATEWAY_PROBER_HPP
