// SPDX-License-Identifier: MIT
//
// mock_provider.hpp: a provider of OpenAI's kind that answers at once, or as late as it is told, in
// a thread of its own. It must be much quicker than what is measured in front of it.
#ifndef AIAUDIT_BENCHMARKS_SUPPORT_MOCK_PROVIDER_HPP
#define AIAUDIT_BENCHMARKS_SUPPORT_MOCK_PROVIDER_HPP

#include "http_framing.hpp"

#include <boost/asio.hpp>

#include <atomic>
#include <deque>
#include <memory>

namespace benchmark_support {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

// What each of its answers says.
constexpr std::string_view mock_model = "gpt-4o-mini";
constexpr std::uint64_t mock_input_tokens = 42;
constexpr std::uint64_t mock_output_tokens = 250;

// Where the number of an answer is, in a text made once.
class numbered_text {
public:
    explicit numbered_text(std::string text) : text_(std::move(text)), place_(text_.find(blank)) {
        if (place_ == std::string::npos) stop("a text of the mock has no place for its number");
    }
    [[nodiscard]] std::string with(std::uint64_t number) const {
        std::string made = text_;
        for (std::size_t i = blank.size(); i > 0; --i, number /= 10)
            made[place_ + i - 1] = static_cast<char>('0' + number % 10);
        return made;
    }
    static constexpr std::string_view blank = "################";

private:
    std::string text_;
    std::size_t place_;
};

inline std::string mock_id() { return "chatcmpl-" + std::string(numbered_text::blank); }

inline std::string mock_usage() {
    return R"({"prompt_tokens":)" + std::to_string(mock_input_tokens) + R"(,"completion_tokens":)" +
           std::to_string(mock_output_tokens) + R"(,"total_tokens":)" +
           std::to_string(mock_input_tokens + mock_output_tokens) +
           R"(,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},)"
           R"("completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,)"
           R"("accepted_prediction_tokens":0,"rejected_prediction_tokens":0}})";
}

inline std::string prose(std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text.append("The heron waits where the river bends, and waits. ");
    text.resize(bytes);
    return text;
}

constexpr std::size_t mock_body_bytes = 1'400;

inline std::string mock_body() {
    std::string const before =
        R"({"id":")" + mock_id() +
        R"(","object":"chat.completion","created":1795000000,"model":")" + std::string(mock_model) +
        R"(","choices":[{"index":0,"message":{"role":"assistant","content":")";
    std::string const after = R"(","refusal":null,"annotations":[]},"logprobs":null,)"
                              R"("finish_reason":"stop"}],"usage":)" +
                              mock_usage() +
                              R"(,"service_tier":"default","system_fingerprint":"fp_b0c"})";
    return before + prose(mock_body_bytes - before.size() - after.size()) + after;
}

// How it answers those who ask from now on.
struct mock_behaviour {
    std::chrono::microseconds delay{0};
    std::size_t chunks = 20;  // of a stream, with text; its first is on its way after the delay
    std::chrono::microseconds pause{0};  // between two
    bool knows_models = true;            // else each is refused, as one that does not exist
};

class mock_provider {
public:
    mock_provider() : acceptor_(io_, {asio::ip::address_v4::loopback(), 0}), answers_() {
        accept();
        thread_ = std::thread([this] { serve(); });
    }
    ~mock_provider() {
        io_.stop();
        thread_.join();
    }
    mock_provider(mock_provider const&) = delete;
    mock_provider& operator=(mock_provider const&) = delete;

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
    [[nodiscard]] std::string origin() const {
        return "http://127.0.0.1:" + std::to_string(port());
    }
    void behave(mock_behaviour how) {
        delay_us_ = how.delay.count();
        chunks_ = how.chunks;
        pause_us_ = how.pause.count();
        knows_models_ = how.knows_models;
    }
    // Chat completions that it was asked for.
    [[nodiscard]] std::uint64_t requests() const { return requests_; }
    // Others, and connections that broke within a request.
    [[nodiscard]] std::uint64_t faults() const { return faults_; }

private:
    static std::string whole_answer(std::string const& status, std::string const& body) {
        return "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    static std::string chunk_of(std::string const& event) {
        std::ostringstream size;
        size << std::hex << event.size();
        return size.str() + "\r\n" + event + "\r\n";
    }
    static numbered_text stream_event(std::string const& choices, std::string const& usage) {
        return numbered_text(chunk_of(R"(data: {"id":")" + mock_id() +
                                      R"(","object":"chat.completion.chunk","created":1795000000,)"
                                      R"("model":")" +
                                      std::string(mock_model) + R"(","choices":[)" + choices +
                                      R"(],"usage":)" + usage + "}\n\n"));
    }
    static std::string delta(std::string const& added, std::string const& why) {
        return R"({"index":0,"delta":)" + added + R"(,"logprobs":null,"finish_reason":)" + why +
               "}";
    }

    // Made once.
    struct answers {
        numbered_text whole{whole_answer("200 OK", mock_body())};
        std::string stream_head{
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
            "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"};
        numbered_text first =
            stream_event(delta(R"({"role":"assistant","content":""})", "null"), "null");
        numbered_text text =
            stream_event(delta(R"({"content":" the river bends, and waits."})", "null"), "null");
        numbered_text finish = stream_event(delta("{}", "\"stop\""), "null");
        numbered_text usage = stream_event("", mock_usage());
        std::string done = chunk_of("data: [DONE]\n\n") + "0\r\n\r\n";
        std::string no_model = whole_answer(
            "404 Not Found", R"({"error":{"message":"The model does not exist","type":)"
                             R"("invalid_request_error","param":null,)"
                             R"("code":"model_not_found"}})");
        std::string not_found =
            whole_answer("404 Not Found", R"({"error":{"message":"no such path","type":)"
                                          R"("invalid_request_error","param":null,"code":null}})");
    };

    class connection : public std::enable_shared_from_this<connection> {
    public:
        connection(mock_provider& of, tcp::socket socket)
            : of_(of), socket_(std::move(socket)), timer_(of.io_) {
            socket_.set_option(tcp::no_delay(true));
        }
        void read() {
            socket_.async_read_some(
                asio::buffer(bytes_),
                [self = shared_from_this()](boost::system::error_code broken, std::size_t count) {
                    if (broken) {
                        if (self->request_.begun()) ++self->of_.faults_;
                        return;
                    }
                    if (!self->request_.take({self->bytes_.data(), count})) return self->read();
                    self->answer();
                });
        }

    private:
        void answer() {
            auto const line = request_.start_line();
            bool const chat = line.starts_with("POST ") &&
                              line.find("/chat/completions ") != std::string_view::npos;
            if (!chat) {
                ++of_.faults_;
                request_.clear();
                return write(of_.answers_.not_found, [this] { read(); });
            }
            number_ = of_.requests_.fetch_add(1) + 1;
            auto const body = request_.body();
            bool const stream = body.find(R"("stream":true)") != std::string_view::npos ||
                                body.find(R"("stream": true)") != std::string_view::npos;
            request_.clear();
            after(of_.delay_us_, [this, stream] {
                if (!of_.knows_models_) return write(of_.answers_.no_model, [this] { read(); });
                if (stream) return begin_stream();
                write(of_.answers_.whole.with(number_), [this] { read(); });
            });
        }
        void begin_stream() {
            chunks_left_ = of_.chunks_;
            write(of_.answers_.stream_head + of_.answers_.first.with(number_), [this] { go_on(); });
        }
        void go_on() {
            if (chunks_left_-- > 0) {
                return after(of_.pause_us_, [this] {
                    write(of_.answers_.text.with(number_), [this] { go_on(); });
                });
            }
            write(of_.answers_.finish.with(number_) + of_.answers_.usage.with(number_) +
                      of_.answers_.done,
                  [this] { read(); });
        }
        template <class Then>
        void after(std::int64_t delay_us, Then then) {
            if (delay_us == 0) return then();
            timer_.expires_after(std::chrono::microseconds(delay_us));
            timer_.async_wait([self = shared_from_this(), then](boost::system::error_code ended) {
                if (!ended) then();
            });
        }
        // Nobody to write to any more: the connection is left, and so goes.
        template <class Then>
        void write(std::string bytes, Then then) {
            out_ = std::move(bytes);
            asio::async_write(
                socket_, asio::buffer(out_),
                [self = shared_from_this(), then](boost::system::error_code broken, std::size_t) {
                    if (!broken) then();
                });
        }

        mock_provider& of_;
        tcp::socket socket_;
        asio::steady_timer timer_;
        message_reader request_{message_kind::request};
        std::array<char, 16'384> bytes_{};
        std::string out_{};
        std::uint64_t number_ = 0;
        std::size_t chunks_left_ = 0;
    };

    void accept() {
        acceptor_.async_accept([this](boost::system::error_code broken, tcp::socket socket) {
            if (!broken) std::make_shared<connection>(*this, std::move(socket))->read();
            accept();
        });
    }
    // A request that cannot be read ends its connection alone.
    void serve() {
        while (!io_.stopped()) {
            try {
                io_.run();
            } catch (std::exception const&) {
                ++faults_;
            }
        }
    }

    asio::io_context io_{1};
    tcp::acceptor acceptor_;
    answers answers_;
    std::atomic<std::int64_t> delay_us_ = 0;
    std::atomic<std::size_t> chunks_ = 20;
    std::atomic<std::int64_t> pause_us_ = 0;
    std::atomic<bool> knows_models_{true};
    std::atomic<std::uint64_t> requests_ = 0;
    std::atomic<std::uint64_t> faults_ = 0;
    std::thread thread_{};
};

}  // namespace benchmark_support

#endif  // AIAUDIT_BENCHMARKS_SUPPORT_MOCK_PROVIDER_HPP
