// SPDX-License-Identifier: MIT
//
// local_provider.hpp: what the examples need besides the library: a provider on loopback, so that
// they run without a network and without a key, and a directory that is removed at the end.
//
// Threads: calls() from any; the rest belongs to one.
#ifndef AIAUDIT_EXAMPLES_LOCAL_PROVIDER_HPP
#define AIAUDIT_EXAMPLES_LOCAL_PROVIDER_HPP

#include <aiaudit/aiaudit.hpp>  // provider_entry

#include <httplib.h>

#include <atomic>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include <stdlib.h>

namespace examples {

// Answers OpenAI's chat completions, whole and as streams, as gpt-4.1 with 1,200 tokens in and 80
// out. The first `failures` requests get a 503.
class local_provider {
public:
    explicit local_provider(int failures = 0) : failures_(failures) {
        server_.set_tcp_nodelay(true);
        server_.set_keep_alive_timeout(1);
        server_.Post("/v1/chat/completions", [this](auto const& request, auto& response) {
            if (calls_++ < failures_) {
                response.status = 503;
                return response.set_content(R"({"error":{"type":"server_error"}})", json);
            }
            bool const stream = request.body.find(R"("stream":true)") != std::string::npos;
            response.set_content(stream ? stream_text() : answer,
                                 stream ? "text/event-stream" : json);
        });
        port_ = server_.bind_to_any_port("127.0.0.1");
        if (port_ <= 0) throw std::runtime_error("no port on loopback");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield();
    }
    local_provider(local_provider const&) = delete;
    local_provider& operator=(local_provider const&) = delete;
    ~local_provider() {
        server_.stop();
        thread_.join();
    }

    // Stands in for the real address, so that the built-in prices hold. It wants no key.
    [[nodiscard]] aiaudit::provider_entry entry() const {
        return {.name = "openai",
                .origin = "http://127.0.0.1:" + std::to_string(port_),
                .prefix = "/v1"};
    }
    [[nodiscard]] int calls() const { return calls_; }

private:
    static constexpr auto json = "application/json";
    static constexpr auto answer =
        R"({"model":"gpt-4.1-2025-04-14","choices":[{"index":0,"finish_reason":"stop",)"
        R"("message":{"role":"assistant","content":"Hello from loopback."}}],)"
        R"("usage":{"prompt_tokens":1200,"completion_tokens":80}})";

    [[nodiscard]] static std::string stream_text() {
        std::string const head = R"(data: {"model":"gpt-4.1-2025-04-14","choices":[)";
        std::string text;
        for (std::string const piece : {"Hello ", "from ", "loopback."})
            text += head + R"({"index":0,"delta":{"content":")" + piece + "\"}}]}\n\n";
        text += head + R"({"index":0,"delta":{},"finish_reason":"stop"}]})" + "\n\n";
        text += head + R"(],"usage":{"prompt_tokens":1200,"completion_tokens":80}})" + "\n\n";
        return text + "data: [DONE]\n\n";
    }

    int const failures_;
    std::atomic<int> calls_ = 0;
    httplib::Server server_{};
    int port_ = 0;
    std::thread thread_{};
};

class temporary_directory {
public:
    temporary_directory() {
        if (::mkdtemp(name_.data()) == nullptr) throw std::runtime_error("no temporary directory");
    }
    temporary_directory(temporary_directory const&) = delete;
    temporary_directory& operator=(temporary_directory const&) = delete;
    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(name_, ignored);
    }
    [[nodiscard]] std::string file(std::string const& name) const { return name_ + '/' + name; }

private:
    std::string name_ = std::filesystem::temp_directory_path() / "aiaudit_example_XXXXXX";
};

}  // namespace examples

#endif  // AIAUDIT_EXAMPLES_LOCAL_PROVIDER_HPP
