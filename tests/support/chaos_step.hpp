// SPDX-License-Identifier: MIT
//
// chaos_step.hpp: one scripted answer of a chaos_provider, and the bytes that it becomes.
//
// A step is turned into a plan (pieces of bytes, pauses, how it ends) without any socket, so that
// what is sent can be tested byte by byte.
#ifndef AIAUDIT_TESTS_SUPPORT_CHAOS_STEP_HPP
#define AIAUDIT_TESTS_SUPPORT_CHAOS_STEP_HPP

#include <aiaudit/core/http.hpp>  // header_list, header_of

#include <boost/beast/zlib/deflate_stream.hpp>
#include <boost/crc.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit_tests {

enum class chaos_trouble {
    none,
    refuse_then_close,  // the request is read, then the connection ends without a byte
    close_mid_head,     // the connection ends in the middle of a header line
    close_mid_body,     // ... after `body_bytes_sent` bytes of the body
    stall_before_head,  // nothing for as long as `stall`, then the answer
    stall_mid_body,     // nothing for as long as `stall` after `body_bytes_sent` bytes of the body
    // Content-Length promises 10 bytes more than come before the connection ends.
    content_length_too_long,
    // ... says half of the bytes that come; the connection stays open and what is over stands
    // before the next answer.
    content_length_too_short,
    not_http,  // `body`, or some bytes where it is empty, in place of a status line
    // A whole answer which says keep-alive, then the end of the server's direction: what the client
    // sends next on this connection is taken and never answered.
    close_after_answer_without_saying,
    endless_head,         // header lines without end
    endless_header_line,  // one header line without end
    endless_body,         // a chunked body without end: `body` again and again
    chunked_broken,       // after `body_bytes_sent` bytes a chunk whose size is no number
};

// One answer. The default is a good one.
struct chaos_step {
    int status = 200;
    // Written as they stand. One of the names that the server would write itself takes its place.
    aiaudit::header_list headers{};
    std::string content_type = "application/json";
    std::string body = "{}";
    chaos_trouble trouble = chaos_trouble::none;
    std::optional<std::size_t> body_bytes_sent{};  // before the trouble; half of them by default
    std::chrono::milliseconds stall{60'000};       // ends early when the client hangs up
    bool reset = false;  // the troubles that end a connection end it with a TCP reset
    std::chrono::milliseconds delay_before_head{0};
    std::chrono::milliseconds delay_between_pieces{0};
    std::size_t piece_bytes =
        0;  // 0: the body in one send; else in sends (and chunks) of this size
    std::uint32_t piece_seed = 0;  // not 0: of a random size from 1 to `piece_bytes` (64 where 0)
    bool chunked = false;
    bool until_close = false;  // no length at all: the body ends with the connection
    bool gzip = false;         // Content-Encoding: gzip
};

// One request as it came.
struct seen_request {
    std::string method{};
    std::string target{};
    aiaudit::header_list headers{};
    std::string body{};
    std::size_t connection = 0;  // counted from 0 in the order of their acceptance
    std::chrono::steady_clock::time_point arrived_at{};

    [[nodiscard]] std::string path() const { return target.substr(0, target.find('?')); }
    [[nodiscard]] std::string_view header(std::string_view name) const {
        return aiaudit::header_of(headers, name);
    }
};

// What an endless answer ends at if its client never hangs up.
inline constexpr std::size_t endless_bytes_max = std::size_t{64} << 20;

enum class chaos_ending {
    keep_open,   // the next request may come
    half_close,  // the server's direction ends; what comes is read and dropped
    close,       // in order, in TLS too
    cut,         // without TLS's goodbye
    reset,       // a TCP reset
};

struct chaos_piece {
    std::string bytes{};
    std::chrono::milliseconds delay_before{0};
    std::chrono::milliseconds stall_before{0};
};

struct chaos_plan {
    std::vector<chaos_piece> pieces{};
    std::size_t repeat_last_bytes = 0;  // the last piece again until so many bytes have gone
    chaos_ending ending = chaos_ending::keep_open;
};

// The sizes of the pieces of a body: all `piece_bytes`, or pseudo-random ones from the seed, the
// same on every machine.
class piece_sizes {
public:
    explicit piece_sizes(chaos_step const& step)
        : bytes_(step.piece_bytes), random_(step.piece_seed), is_random_(step.piece_seed != 0) {}
    [[nodiscard]] std::size_t next() {
        if (is_random_) return 1 + random_() % (bytes_ != 0 ? bytes_ : 64);
        return bytes_ != 0 ? bytes_ : std::string::npos;
    }

private:
    std::size_t bytes_;
    std::minstd_rand random_;
    bool is_random_;
};

[[nodiscard]] inline std::string gzip_of(std::string_view text) {
    namespace zlib = boost::beast::zlib;
    zlib::deflate_stream deflater;
    std::string packed(deflater.upper_bound(text.size()) + 16, '\0');
    zlib::z_params call;
    call.next_in = text.data();
    call.avail_in = text.size();
    call.next_out = packed.data();
    call.avail_out = packed.size();
    boost::beast::error_code problem;
    deflater.write(call, zlib::Flush::finish, problem);
    if (problem != zlib::error::end_of_stream) throw std::runtime_error("deflate failed");
    packed.resize(call.total_out);
    boost::crc_32_type sum;
    sum.process_bytes(text.data(), text.size());
    std::string out{"\x1F\x8B\x08\0\0\0\0\0\0\xFF", 10};
    out += packed;
    for (std::uint32_t const number :
         {std::uint32_t{sum.checksum()}, static_cast<std::uint32_t>(text.size())}) {
        for (int shift = 0; shift < 32; shift += 8)
            out.push_back(static_cast<char>(static_cast<unsigned char>(number >> shift)));
    }
    return out;
}

[[nodiscard]] inline std::string chunk_of(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string size;
    for (std::size_t rest = bytes.size(); rest != 0; rest /= 16)
        size.insert(size.begin(), digits[rest % 16]);
    return size + "\r\n" + std::string{bytes} + "\r\n";
}

namespace provider_detail {

// Builds the plan of one answer.
class chaos_planner {
public:
    chaos_planner(chaos_step const& step, seen_request const& request)
        : step_(step),
          body_(step.gzip ? gzip_of(step.body) : step.body),
          has_body_(request.method != "HEAD" && step.status != 204 && step.status != 304),
          chunked_(step.chunked || step.trouble == chaos_trouble::chunked_broken ||
                   step.trouble == chaos_trouble::endless_body),
          closing_(step.until_close || aiaudit::header_of(step.headers, "Connection") == "close" ||
                   request.header("Connection") == "close"),
          stall_next_(step.trouble == chaos_trouble::stall_before_head),
          sizes_(step) {}

    [[nodiscard]] chaos_plan plan() {
        using enum chaos_trouble;
        if (step_.trouble == refuse_then_close) return add("").ended(abrupt());
        if (step_.trouble == not_http) {
            return add(body_.empty() ? "\x01\x02SSH-2.0-no_http_here\r\n" : body_)
                .ended(chaos_ending::close);
        }
        std::string const head = head_text();
        switch (step_.trouble) {
        case close_mid_head: return add(head.substr(0, head.size() - 6)).ended(abrupt());
        case endless_head:
            return add(head.substr(0, head.size() - 2))
                .repeat("X-Without-End: " + std::string(1000, 'x') + "\r\n");
        case endless_header_line:
            return add(head.substr(0, head.size() - 2) + "X-Without-End: ")
                .repeat(std::string(1000, 'x'));
        case endless_body: return add(head).repeat(chunk_of(body_.empty() ? "x" : body_));
        case close_mid_body: return add(head).add_body(0, sent()).ended(abrupt());
        case chunked_broken:
            return add(head).add_body(0, sent()).add("no size\r\n").ended(chaos_ending::close);
        case content_length_too_long:
            return add(head).add_body(0, body_.size()).ended(chaos_ending::close);
        case stall_mid_body:
            add(head).add_body(0, sent());
            stall_next_ = true;
            return add_body(sent(), body_.size()).finished();
        case close_after_answer_without_saying:
            return add(head)
                .add_body(0, body_.size())
                .add_last_chunk()
                .ended(chaos_ending::half_close);
        default: return add(head).add_body(0, body_.size()).finished();
        }
    }

private:
    [[nodiscard]] std::size_t sent() const {
        return std::min(step_.body_bytes_sent.value_or(body_.size() / 2), body_.size());
    }
    [[nodiscard]] chaos_ending abrupt() const {
        return step_.reset ? chaos_ending::reset : chaos_ending::cut;
    }
    [[nodiscard]] std::string head_text() const {
        std::string text = "HTTP/1.1 " + std::to_string(step_.status) +
                           (step_.status < 400 ? " Fine\r\n" : " Not Fine\r\n");
        auto const add_line = [&](std::string_view name, std::string const& value) {
            if (aiaudit::header_of(step_.headers, name).empty())
                text.append(name).append(": ").append(value).append("\r\n");
        };
        if (!step_.content_type.empty()) add_line("Content-Type", step_.content_type);
        if (step_.gzip) add_line("Content-Encoding", "gzip");
        if (chunked_) {
            add_line("Transfer-Encoding", "chunked");
        } else if (!step_.until_close && step_.status != 204) {
            add_line("Content-Length", std::to_string(promised_bytes()));
        }
        add_line("Connection", closing_ ? "close" : "keep-alive");
        for (auto const& [name, value] : step_.headers)
            text.append(name).append(": ").append(value).append("\r\n");
        return text + "\r\n";
    }
    [[nodiscard]] std::size_t promised_bytes() const {
        if (step_.trouble == chaos_trouble::content_length_too_long) return body_.size() + 10;
        if (step_.trouble == chaos_trouble::content_length_too_short) return body_.size() / 2;
        return body_.size();
    }

    chaos_planner& add(std::string bytes) {
        chaos_piece piece{.bytes = std::move(bytes)};
        if (plan_.pieces.empty()) piece.delay_before = step_.delay_before_head;
        if (std::exchange(stall_next_, false)) piece.stall_before = step_.stall;
        plan_.pieces.push_back(std::move(piece));
        return *this;
    }
    chaos_planner& add_body(std::size_t from, std::size_t to) {
        while (has_body_ && from < to) {
            std::size_t const count = std::min(sizes_.next(), to - from);
            std::string const part = body_.substr(from, count);
            add(chunked_ ? chunk_of(part) : part);
            if (!std::exchange(first_body_piece_, false))
                plan_.pieces.back().delay_before = step_.delay_between_pieces;
            from += count;
        }
        return *this;
    }
    chaos_planner& add_last_chunk() { return chunked_ && has_body_ ? add("0\r\n\r\n") : *this; }
    [[nodiscard]] chaos_plan repeat(std::string bytes) {
        add(std::move(bytes));
        plan_.repeat_last_bytes = endless_bytes_max;
        return ended(chaos_ending::close);
    }
    [[nodiscard]] chaos_plan finished() {
        return add_last_chunk().ended(closing_ ? chaos_ending::close : chaos_ending::keep_open);
    }
    [[nodiscard]] chaos_plan ended(chaos_ending ending) {
        plan_.ending = ending;
        return std::move(plan_);
    }

    chaos_step const& step_;
    std::string body_;
    bool has_body_;
    bool chunked_;
    bool closing_;
    bool first_body_piece_ = true;
    bool stall_next_;  // the next piece comes after the stall
    piece_sizes sizes_;
    chaos_plan plan_{};
};

}  // namespace provider_detail

[[nodiscard]] inline chaos_plan plan_of(chaos_step const& step, seen_request const& request = {}) {
    return provider_detail::chaos_planner(step, request).plan();
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_CHAOS_STEP_HPP
