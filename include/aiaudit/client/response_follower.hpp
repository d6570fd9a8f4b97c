// SPDX-License-Identifier: MIT
//
// response_follower.hpp: reads a response while it comes, and hands on what the caller wants of it.
//
// One parse of each document serves the usage, the answer and the caller.
// Threads: one.
// Floor 7.
#ifndef AIAUDIT_CLIENT_RESPONSE_FOLLOWER_HPP
#define AIAUDIT_CLIENT_RESPONSE_FOLLOWER_HPP

#include <aiaudit/client/stream_listener.hpp>   // stream_listener
#include <aiaudit/core/http.hpp>                // http_response_head
#include <aiaudit/providers/answer_reader.hpp>  // answer_reader
#include <aiaudit/providers/exchange.hpp>       // exchange
#include <aiaudit/providers/reader.hpp>         // stream_reader
#include <aiaudit/providers/reading.hpp>        // reading
#include <aiaudit/providers/request_body.hpp>   // prepared_request

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The output of a stream as far as it came, in text, reasoning, refusals and calls of tools.
struct seen_output {
    std::uint64_t pieces = 0;
    // Those of them that are no summary of what is thought: that is billed, and not shown.
    std::uint64_t whole_pieces = 0;
    std::uint64_t bytes = 0;   // so many tokens at the most
    std::uint64_t tokens = 0;  // high_token_count() of each piece
};

class response_follower {
public:
    // `head`: the exchange without its bodies; `where`: what its path asks for. Keeps up to
    // `body_bytes_kept` of the body. What is referred to outlives the follower.
    response_follower(exchange head, prepared_request const& request, endpoint const& where,
                      stream_listener const& to, std::size_t body_bytes_kept,
                      answer_text text = answer_text::kept)
        : exchange_(std::move(head)),
          request_(request),
          where_(where),
          to_(to),
          body_bytes_kept_(body_bytes_kept),
          answer_(request.dialect, text) {}
    response_follower(response_follower const&) = delete;
    response_follower& operator=(response_follower const&) = delete;

    void begin(http_response_head const& head);
    // False where the caller wants no more. Precondition: begin().
    [[nodiscard]] bool feed(std::string_view bytes);
    // Reads the end: nothing may be fed any more.
    void conclude() {
        if (!reader_) start();
        if (!reading_) reading_ = reader_->finish();
    }
    // Used up afterwards.
    [[nodiscard]] reading finish() {
        conclude();
        return std::move(*reading_);
    }
    // The id that the provider gives the answer, as soon as it is known: of a whole body at
    // conclude(). Not to be asked after finish().
    [[nodiscard]] std::string answer_id() const {
        if (reading_) return reading_->facts.provider_request_id;
        return reader_ ? reader_->id_so_far() : std::string{};
    }

    [[nodiscard]] int status() const noexcept { return exchange_.status; }
    [[nodiscard]] std::string const& content_type() const noexcept {
        return exchange_.content_type;
    }
    // Whether it is one, whatever was asked for.
    [[nodiscard]] bool is_stream() const {
        std::string const type = lower_case(exchange_.content_type);
        return type.starts_with("text/event-stream") || type.starts_with("application/vnd.amazon");
    }
    [[nodiscard]] header_list const& headers() const noexcept { return exchange_.headers; }
    // The body; nothing where it was longer than what is kept.
    [[nodiscard]] std::optional<std::string> take_body() {
        if (!whole_) return std::nullopt;
        return std::move(body_);
    }
    [[nodiscard]] answer take_answer() { return answer_.finish(); }

    // What a stream has used so far: as reported, and output that was seen to come, reckoned low:
    // a token each piece, or each eight bytes. Absent where nothing is known.
    [[nodiscard]] usage used_so_far() const;

    [[nodiscard]] seen_output const& seen() const noexcept { return seen_; }
    // Whether it was told how much the input is.
    [[nodiscard]] bool input_told() const {
        return reader_ && reader_->usage_so_far().has(unit::input_tokens);
    }

    // Whether a stream has said that it is over; what comes then is only its connection's end.
    [[nodiscard]] bool said_end() const noexcept { return reader_ && reader_->said_end(); }
    // Set at the first piece that says something.
    [[nodiscard]] bool begun() const noexcept { return begun_; }
    [[nodiscard]] bool handed_on() const noexcept { return handed_on_; }
    [[nodiscard]] bool ended_by_caller() const noexcept { return ended_by_caller_; }
    // What the caller's function threw: to be thrown again once the record is written.
    [[nodiscard]] std::exception_ptr thrown() const noexcept { return thrown_; }

private:
    void start();
    void keep(std::string_view bytes);
    void count(answer_delta const& added) noexcept;
    void hear(boost::json::value const& document, std::string_view text);

    exchange exchange_;
    prepared_request const& request_;
    endpoint const& where_;
    stream_listener const& to_;
    std::size_t const body_bytes_kept_;
    answer_reader answer_;
    std::optional<stream_reader> reader_{};
    std::optional<reading> reading_{};  // once it has ended
    std::string body_{};
    seen_output seen_{};
    bool counts_ = false;  // what is seen: of a stream
    bool whole_ = true;
    bool begun_ = false;
    bool handed_on_ = false;
    bool ended_by_caller_ = false;
    std::exception_ptr thrown_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/client/response_follower.ipp>
#endif

#endif  // AIAUDIT_CLIENT_RESPONSE_FOLLOWER_HPP
