// SPDX-License-Identifier: MIT
//
// client_connection.hpp: a client's connection: its requests are read within bounds of size and
// time, and answered whole or piece by piece.
//
// A request that can be understood in two ways, so that another server on the way may see another
// one in it, is refused (RFC 9112, section 6.3), and the connection closed.
// Threads: one connection for one thread.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_CLIENT_CONNECTION_HPP
#define AIAUDIT_GATEWAY_CLIENT_CONNECTION_HPP

#include <aiaudit/gateway/asio_result.hpp>      // as_value
#include <aiaudit/gateway/body_room.hpp>        // body_room
#include <aiaudit/gateway/gateway_options.hpp>  // gateway_limits
#include <aiaudit/gateway/http_messages.hpp>    // gateway_request

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include <sys/socket.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Why a request could not be read. Status 0: there is nobody to tell, or the time is over, which
// closes the connection.
struct unreadable_request {
    int status = 0;
    std::string why{};
    std::string target{};                      // where its head was read
    std::optional<gateway_response> answer{};  // to a head alone: its body is not wanted
};

// Asked of a head whose body is still to come: what is answered in place of reading it, or nothing.
using doorkeeper = std::function<std::optional<gateway_response>(gateway_request const&)>;

// What of a head that Beast takes another server may take otherwise; empty where nothing. Beast
// passes over a coding that it does not know, so that a body in it would be a request of its own,
// and joins lines that are folded.
template <class Head>
[[nodiscard]] std::string ambiguity_of(Head const& head, std::string_view bytes) {
    using beast::http::field;
    for (std::string_view const fold : {"\r\n ", "\r\n\t"}) {
        if (bytes.find(fold) != std::string_view::npos) return "a header line that is folded";
    }
    if (head.count(field::host) > 1) return "more than one Host";
    if (head.version() >= 11 && head.count(field::host) == 0) return "no Host";
    if (head.count(field::transfer_encoding) == 0) return {};
    if (head.version() < 11) return "HTTP/1.0 has no Transfer-Encoding";
    bool const chunked = head.count(field::transfer_encoding) == 1 &&
                         same_name(std::string_view(head[field::transfer_encoding]), "chunked");
    return chunked ? std::string{} : "a Transfer-Encoding other than chunked";
}

// What of a body in chunks is no data: too much of it is refused.
class framing_budget {
public:
    explicit framing_budget(std::size_t bytes_most) noexcept : most_(bytes_most) {}
    void add_chunk() noexcept { most_ += chunk_bytes; }
    // `read`: bytes that were just read; `data`: all of the body so far.
    [[nodiscard]] bool holds(std::size_t read, std::size_t data) noexcept {
        read_ += read;
        return read_ <= data || read_ - data <= most_;
    }

private:
    static constexpr std::size_t chunk_bytes = 32;  // its size in 16 digits, and the ends of lines
    std::size_t most_;
    std::size_t read_ = 0;
};

class client_connection : public std::enable_shared_from_this<client_connection> {
public:
    using tcp = asio::ip::tcp;

    // The limits and the room outlive the connection.
    client_connection(tcp::socket socket, gateway_limits const& limits, body_room& room);

    // The next request. Nothing, with a status of 0, where the client closed or said nothing; with
    // 503 where there is no room for its body; with an answer where `door` has one. Its body's
    // room is held until the next, or give_back_room().
    [[nodiscard]] asio::awaitable<std::optional<gateway_request>> read(unreadable_request& why,
                                                                       doorkeeper const& door);
    void give_back_room() noexcept { room_.give_back(); }

    // A whole answer.
    [[nodiscard]] asio::awaitable<bool> respond(gateway_response const& answer);
    // An answer in pieces: its head, then write() as often as wanted, then end(). Without a length
    // it is sent in chunks, or up to the connection's end where the client knows no better. False:
    // the client has gone. The head waits for the first piece, or for flush(), so that both are
    // sent at once, and may be taken back until then.
    void begin(int status, header_list const& headers, std::optional<std::uint64_t> length);
    void take_back() noexcept { begun_ = held_ = false; }
    [[nodiscard]] asio::awaitable<bool> flush();
    [[nodiscard]] asio::awaitable<bool> write(std::string_view piece);
    // With trailers, where it is sent in chunks.
    [[nodiscard]] asio::awaitable<bool> end(header_list const& trailers = {});

    // Watches, until unwatch(), whether the client goes away; then calls on_gone(at_once), where
    // at_once is true if it was close() that ended it. Called again, it only changes who is told;
    // one that has gone already is told at once.
    void watch(std::function<void(bool)> on_gone);
    void unwatch() {
        on_gone_ = nullptr;  // what was seen already, but not yet told, is not told any more
        watched_ = false;
        watching_.emit(asio::cancellation_type::all);
    }
    [[nodiscard]] bool gone() const noexcept { return gone_; }
    // Whether another request may follow.
    [[nodiscard]] bool stays_open() const noexcept { return keep_alive_ && !gone_; }
    void close_after_this() noexcept { keep_alive_ = false; }
    [[nodiscard]] bool has_begun() const noexcept { return begun_; }  // an answer
    [[nodiscard]] bool has_sent() const noexcept { return begun_ && !held_; }
    [[nodiscard]] bool is_idle() const noexcept { return idle_; }
    [[nodiscard]] std::string const& remote() const noexcept { return remote_; }
    [[nodiscard]] auto executor() { return stream_.get_executor(); }
    // Says that nothing more comes, so that what was sent is not lost with what was not read.
    void shut_down() {
        beast::error_code ignored;
        stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    }
    void close() {
        gone_ = true;
        stream_.close();
        if (on_gone_) on_gone_(true);
    }
    // Reads and forgets for a moment what the client still sends: were the connection closed at
    // once, its own system might drop our last words.
    [[nodiscard]] asio::awaitable<void> linger();

private:
    using parser = beast::http::request_parser<beast::http::string_body>;

    [[nodiscard]] asio::awaitable<bool> await_first_byte();
    [[nodiscard]] asio::awaitable<bool> read_head(parser& from, unreadable_request& why);
    [[nodiscard]] asio::awaitable<bool> read_body(parser& from, unreadable_request& why);
    [[nodiscard]] unreadable_request unreadable_of(beast::error_code why) const;
    [[nodiscard]] std::string head_text(int status, header_list const& headers,
                                        std::string_view framing) const;
    template <class Buffers>
    [[nodiscard]] asio::awaitable<bool> send(Buffers const& buffers);

    beast::tcp_stream stream_;
    gateway_limits const& limits_;
    body_room::share room_;
    beast::flat_buffer buffer_{};
    std::string remote_{};
    std::string head_{};
    std::function<void(bool)> on_gone_{};
    asio::cancellation_signal watching_{};
    bool keep_alive_ = true;
    bool http_1_0_ = false;
    bool is_head_ = false;
    bool chunked_ = false;
    bool begun_ = false;
    bool held_ = false;  // the head, for the first piece
    bool gone_ = false;
    bool idle_ = false;
    bool watched_ = false;
};

// Idle connections cost a wait each, and no time of the head's.
inline asio::awaitable<bool> client_connection::await_first_byte() {
    constexpr std::size_t read_bytes = std::size_t{4} << 10;
    if (buffer_.size() != 0) co_return true;
    // A long body has left much room.
    if (buffer_.capacity() > 2 * read_bytes) buffer_.shrink_to_fit();
    idle_ = true;
    stream_.expires_after(limits_.idle_time);
    auto const [why, bytes] =
        co_await stream_.async_read_some(buffer_.prepare(read_bytes), as_value);
    idle_ = false;
    buffer_.commit(bytes);
    co_return !why;
}

inline asio::awaitable<bool> client_connection::read_head(parser& from, unreadable_request& why) {
    stream_.expires_after(limits_.head_time);
    for (;;) {
        // It takes a head whole, or nothing of it.
        beast::error_code failed;
        std::size_t const used = from.put(buffer_.data(), failed);
        if (!failed) {
            std::string ambiguous = ambiguity_of(
                from.get(),
                std::string_view(static_cast<char const*>(buffer_.data().data()), used));
            buffer_.consume(used);
            if (!ambiguous.empty()) {
                why.status = 400;
                why.why = std::move(ambiguous);
            }
            co_return why.status == 0;
        }
        if (failed != beast::http::error::need_more) {
            why = unreadable_of(failed);
            co_return false;
        }
        auto const [broken, bytes] =
            co_await stream_.async_read_some(buffer_.prepare(std::size_t{4} << 10), as_value);
        if (broken) co_return false;
        buffer_.commit(bytes);
    }
}

inline asio::awaitable<bool> client_connection::read_body(parser& from, unreadable_request& why) {
    namespace http = beast::http;
    if (from.is_done()) co_return true;
    if (same_name(std::string_view(from.get()[http::field::expect]), "100-continue")) {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!co_await send(asio::buffer(go_on))) co_return false;
    }
    // Beast reads as much at once as there is room.
    constexpr std::uint64_t read_bytes_max = std::uint64_t{64} << 10;
    auto const rest = from.content_length_remaining();
    buffer_.reserve((std::min)(rest ? *rest : read_bytes_max, read_bytes_max));
    from.eager(true);
    // Beast wants the head of a chunk, and all trailers, whole in the buffer, and sets no limit.
    buffer_.max_size(buffer_.capacity());
    framing_budget framing(limits_.framing_bytes_max);
    auto count_chunk = [&framing](auto, auto, auto&) { framing.add_chunk(); };
    if (from.chunked()) from.on_chunk_header(count_chunk);
    stream_.expires_after(limits_.body_time);
    while (!from.is_done()) {
        auto const left = from.content_length_remaining();
        std::size_t const most = (std::max)(buffer_.capacity(), std::size_t{read_bytes_max});
        std::size_t const step =
            left ? static_cast<std::size_t>((std::min)(*left, std::uint64_t{most})) : most;
        if (!room_.hold(from.get().body().size() + step)) {
            why.status = 503;
            why.why = "requests under way fill the memory that the gateway has for bodies";
            co_return false;
        }
        auto const [failed, bytes] =
            co_await http::async_read_some(stream_, buffer_, from, as_value);
        bool const fits = !from.chunked() || framing.holds(bytes, from.get().body().size());
        if (!failed && fits) continue;
        auto const told =
            unreadable_of(failed ? failed : make_error_code(http::error::buffer_overflow));
        why.status = told.status;
        why.why = told.why;
        co_return false;
    }
    static_cast<void>(room_.hold(from.get().body().size()));  // it is no more than before
    co_return true;
}

inline asio::awaitable<std::optional<gateway_request>> client_connection::read(
    unreadable_request& why, doorkeeper const& door) {
    namespace http = beast::http;
    take_back();
    room_.give_back();
    buffer_.max_size(beast::flat_buffer{}.max_size());  // that of a body was less
    if (!co_await await_first_byte()) co_return std::nullopt;
    parser from;
    from.header_limit(static_cast<std::uint32_t>(limits_.head_bytes_max));
    from.body_limit(limits_.body_bytes_max);
    if (!co_await read_head(from, why)) co_return std::nullopt;
    auto const& head = from.get();
    http_1_0_ = head.version() < 11;
    is_head_ = head.method() == http::verb::head;
    keep_alive_ = head.keep_alive();
    gateway_request made;
    made.method = head.method_string();
    made.target = head.target();
    // Before the body is read: behind it trailers may come, and Beast takes them for headers.
    for (auto const& field : head)
        made.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    made.remote = remote_;
    why.target = made.target;
    if (!from.is_done() && door) {
        why.answer = door(made);
        if (why.answer) co_return std::nullopt;
    }
    if (!co_await read_body(from, why)) co_return std::nullopt;
    made.body = std::move(from.get().body());
    co_return made;
}

template <class Buffers>
asio::awaitable<bool> client_connection::send(Buffers const& buffers) {
    if (gone_) co_return false;
    stream_.expires_after(limits_.write_time);
    auto const [why, bytes] = co_await asio::async_write(stream_, buffers, as_value);
    if (why) gone_ = true;
    co_return !why;
}

inline asio::awaitable<bool> client_connection::respond(gateway_response const& answer) {
    begun_ = true;
    head_ = head_text(answer.status, answer.headers,
                      answer.status == 204 || answer.status == 304
                          ? std::string{}
                          : "Content-Length: " + std::to_string(answer.body.size()) + "\r\n");
    std::array<asio::const_buffer, 2> const parts{asio::buffer(head_), asio::buffer(answer.body)};
    if (is_head_) co_return co_await send(parts[0]);
    co_return co_await send(parts);
}

inline asio::awaitable<bool> client_connection::flush() {
    if (!std::exchange(held_, false)) co_return !gone_;
    co_return co_await send(asio::buffer(head_));
}

inline asio::awaitable<bool> client_connection::write(std::string_view piece) {
    if (piece.empty() || is_head_) co_return !gone_;
    std::string_view const head = std::exchange(held_, false) ? head_ : std::string_view{};
    std::array<char, 20> size{};
    char* end = size.data();
    if (chunked_) {
        end = std::to_chars(size.data(), size.data() + 16, piece.size(), 16).ptr;
        *end++ = '\r';
        *end++ = '\n';
    }
    std::array<asio::const_buffer, 4> const parts{
        asio::buffer(head), asio::buffer(size.data(), static_cast<std::size_t>(end - size.data())),
        asio::buffer(piece), asio::buffer("\r\n", chunked_ ? 2 : 0)};
    co_return co_await send(parts);
}

inline asio::awaitable<bool> client_connection::end(header_list const& trailers) {
    bool const flushed = co_await flush();
    if (!flushed || !chunked_ || is_head_) co_return flushed;
    std::string last = "0\r\n";
    for (auto const& [name, value] : trailers)
        last.append(name).append(": ").append(value).append("\r\n");
    last += "\r\n";
    co_return co_await send(asio::buffer(last));
}

inline asio::awaitable<void> client_connection::linger() {
    // What it was about to send, so that it comes to read what it is told.
    std::size_t const most = limits_.body_bytes_max + (std::size_t{1} << 20);
    shut_down();
    stream_.expires_after(std::chrono::seconds(2));
    std::array<char, 4096> room;
    for (std::size_t read = 0; read < most;) {
        auto const [why, bytes] = co_await stream_.async_read_some(asio::buffer(room), as_value);
        if (why) break;
        read += bytes;
    }
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/client_connection.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_CLIENT_CONNECTION_HPP
