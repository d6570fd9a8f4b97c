// SPDX-License-Identifier: MIT
//
// client: what the client adds to a call: to one that its cache answers, to one that a provider
// answers at once, to a long stream, and to one over loopback.
//
// cache_hit_us ...        client.chat() that the cache on disk answers, record included: 1.4 kB
//                         asked, 1.4 kB answered, ledger and cache in LMDB
// call_cpu_us             processor time of the process, the ledger's threads included, that a call
//                         takes above the bare transport: body made, intent and outcome recorded,
//                         usage read, priced. The transport hands over a constant answer, the store
//                         keeps nothing, and nobody waits for the commits: see the next
// call_committed_cpu_us   the same by client.chat(), whose two records are waited for: two batches
//                         of one record, and threads that sleep and are woken
// call_committed_cpu_16_us  with 16 callers at once, who share batches
// call_allocations        operator new of all threads a call, over calls 1,000 to 2,000; that it is
//                         the same over calls 100,000 to 101,000 is checked
// stream_mb_s ...         a stream of 20,000 events through client.stream()
// loopback_call_us ...    client.chat() over HTTP to a server in this process, connection kept
//                         alive; plain_call_us is httplib::Client's own call of the same server,
//                         measured in turn with it, loopback_overhead_us the difference of the
//                         medians, and transport_call_us httplib_transport's call without a client.
//                         The store keeps nothing; loopback_durable_us is with LMDB, whose two
//                         commits wait for the disk
// Usage: client [--json FILE] [--only cache|cpu|stream|loopback]

#include "support.hpp"

#include <aiaudit/aiaudit.hpp>
#include <aiaudit/templates.hpp>

#include <httplib.h>

#include <atomic>
#include <ctime>
#include <memory>
#include <new>
#include <stop_token>

namespace {
std::atomic<bool> counting = false;  // else it would cost what is measured elsewhere
std::atomic<std::uint64_t> allocations = 0;
}  // namespace

// Counted, for this program alone. Not inlined: g++ would take each free() for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
    if (counting.load(std::memory_order_relaxed))
        allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* const room = std::malloc(bytes == 0 ? 1 : bytes)) return room;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* room) noexcept { std::free(room); }
[[gnu::noinline]] void operator delete(void* room, std::size_t) noexcept { std::free(room); }

namespace {

using namespace benchmark_support;

std::string prose(std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text.append("The heron waits where the river bends, and waits. ");
    text.resize(bytes);
    return text;
}

std::string usage_json(int output) {
    return R"("usage":{"prompt_tokens":300,"completion_tokens":)" + std::to_string(output) +
           R"(,"total_tokens":)" + std::to_string(300 + output) +
           R"(,"prompt_tokens_details":{"cached_tokens":0},)"
           R"("completion_tokens_details":{"reasoning_tokens":0}})";
}

std::string const answer_text = prose(1'000);

std::string const answer_body =
    R"({"id":"chatcmpl-D4f8Kq2Zc7Lw9Xb1","object":"chat.completion","created":1786000000,)"
    R"("model":"gpt-4.1-2025-04-14","choices":[{"index":0,"message":{"role":"assistant",)"
    R"("content":")" +
    answer_text + R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],)" +
    usage_json(250) + R"(,"service_tier":"default","system_fingerprint":"fp_3b1c"})";

std::string stream_event(std::string const& choices, std::string const& rest) {
    return R"(data: {"id":"chatcmpl-D4f8Kq2Zc7Lw9Xb1","object":"chat.completion.chunk",)"
           R"("created":1786000000,"model":"gpt-4.1-2025-04-14","service_tier":"default",)"
           R"("system_fingerprint":"fp_3b1c","choices":[)" +
           choices + "]" + rest + "}\n\n";
}

constexpr int stream_events = 20'000;
constexpr std::string_view stream_word = " heron";

std::string stream_body() {
    std::string body;
    for (int i = 0; i < stream_events; ++i)
        body += stream_event(
            R"({"index":0,"delta":{"content":" heron"},"logprobs":null,"finish_reason":null})",
            R"(,"usage":null)");
    body += stream_event(R"({"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"})",
                         R"(,"usage":null)");
    return body + stream_event("", "," + usage_json(stream_events)) + "data: [DONE]\n\n";
}

// A provider that has answered before it is asked.
class constant_transport {
public:
    constant_transport() = default;
    constant_transport(std::string const& content_type, std::string body)
        : head_{200, {{"content-type", content_type}, {"x-request-id", "req_01"}}},
          body_(std::move(body)) {}

    template <class OnHead, class OnBody>
    aiaudit::result<void> exchange(aiaudit::http_request const& request,
                                   aiaudit::transfer_limits const&, std::stop_token,
                                   OnHead&& on_head, OnBody&& on_body) {
        if (auto const checked = aiaudit::check_request(request); !checked) return checked;
        constexpr std::size_t piece = 16'384;
        bool more = on_head(head_);
        for (std::string_view rest = body_; more && !rest.empty();) {
            more = on_body(rest.substr(0, piece));
            rest.remove_prefix(std::min(piece, rest.size()));
        }
        if (!more) return aiaudit::fail(aiaudit::errc::cancelled, "the caller wanted no more");
        return {};
    }

private:
    aiaudit::http_response_head head_{};
    std::string body_{};
};

struct on_disk : aiaudit::default_policies {
    using transport = constant_transport;
};
struct in_memory : on_disk {
    using storage = aiaudit::memory_store;
};
using memory_ledger = aiaudit::basic_ledger<in_memory>;
struct in_memory_by_http : aiaudit::default_policies {
    using storage = aiaudit::memory_store;
};

constant_transport answering_transport() { return {"application/json", answer_body}; }

// 1.4 kB as it is sent.
aiaudit::chat_request question() {
    aiaudit::chat_request asked;
    asked.provider = "openai";
    asked.model = "gpt-4.1";
    asked.system = "Answer in one short paragraph.";
    asked.messages = {{"user", prose(1'220)}};
    asked.max_tokens = 500;
    asked.temperature = 0;
    return asked;
}

char const* const nowhere = "http://127.0.0.1:1";

aiaudit::client_options options_for(std::string const& origin) {
    aiaudit::client_options options;
    options.providers.push_back({.name = "openai", .origin = origin, .prefix = "/v1"});
    return options;
}

void check_reply(aiaudit::chat_reply const& reply, bool paid) {
    using aiaudit::money;
    check(reply.text == answer_text, "the answer's text");
    // 300 at 2 USD and 250 at 8 USD a million.
    check(reply.cost == (paid ? money::from_pico(2'600'000'000) : money{}), "its cost");
}

double processor_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void measure_cache(std::string const& directory, figure_table& figures) {
    auto ledger = must(aiaudit::basic_ledger<on_disk>::open({.path = directory + "/hits"}));
    auto options = options_for(nowhere);
    options.cache.path = directory + "/cache";
    auto client = must(aiaudit::basic_client<on_disk>::open(
        ledger, std::move(options), aiaudit::builtin_book(), answering_transport()));
    auto const asked = question();
    check_reply(must(client.chat(asked, {.user = "ana"})), true);
    aiaudit::chat_reply reply;
    constexpr int hits = 20'000;
    auto const times = times_us(hits, [&] { reply = must(client.chat(asked, {.user = "ana"})); });
    check_reply(reply, false);
    auto const saved = must(ledger.report({.kind = aiaudit::report_kind::daily})).sum;
    check(saved.cost == aiaudit::money::from_pico(2'600'000'000), "what was paid, once");
    figures.add("cache_hit_us", percentile(times, 50), "us");
    figures.add("cache_hit_p99_us", percentile(times, 99), "us");
}

// Calls by some threads at once: processor time of the process for each, all records written.
template <class Ledger, class Call>
double cpu_us_of(Ledger& ledger, int threads, int calls_each, Call const& call) {
    double const start = processor_seconds();
    std::vector<std::jthread> callers;
    for (int i = 1; i < threads; ++i)
        callers.emplace_back([&] {
            for (int n = 0; n < calls_each; ++n) call();
        });
    for (int n = 0; n < calls_each; ++n) call();
    callers.clear();
    must(ledger.flush());
    return (processor_seconds() - start) * 1e6 / (threads * calls_each);
}

// What several ways take, measured in turn.
class cpu_rounds {
public:
    static constexpr int calls = 4'000;
    static constexpr int rounds = 7;

    template <class Ledger, class... Calls>
    cpu_rounds(Ledger& ledger, int threads, Calls const&... of) : times_(sizeof...(of)) {
        for (int round = 0; round < rounds; ++round) {
            std::size_t way = 0;
            (times_[way++].push_back(cpu_us_of(ledger, threads, calls / threads, of)), ...);
        }
    }
    [[nodiscard]] double median_us(std::size_t way) const { return percentile(times_[way], 50); }

private:
    std::vector<std::vector<double>> times_;
};

// A call of the transport alone.
template <class Transport>
void call_bare(Transport& by, aiaudit::http_request const& request) {
    std::string body;
    must(by.exchange(
        request, {}, {}, [](aiaudit::http_response_head const& head) { return head.status == 200; },
        [&body](std::string_view bytes) {
            body.append(bytes);
            return true;
        }));
    check(body == answer_body, "the bare answer");
}

aiaudit::http_request bare_request(std::string const& origin) {
    auto const to = must(aiaudit::provider_named("openai"));
    aiaudit::http_request request;
    request.origin = origin;
    request.target = "/v1/chat/completions";
    request.headers = {{"Content-Type", "application/json"}};
    request.body = must(aiaudit::prepare(question(), to, false)).body;
    return request;
}

// A ledger that nobody waits for, and client.chat() into it.
class relaxed_runner {
    struct relaxed_ledger {
        memory_ledger* into;
        [[nodiscard]] auto append(aiaudit::record const& entry, aiaudit::durability = {}) {
            return into->append(entry, aiaudit::durability::relaxed);
        }
        [[nodiscard]] bool has_budgets() const { return into->has_budgets(); }
        [[nodiscard]] bool has_stepwise_budgets() const { return into->has_stepwise_budgets(); }
        [[nodiscard]] auto admit(aiaudit::record const& intent, aiaudit::durability) {
            return into->admit(intent, aiaudit::durability::relaxed);
        }
        [[nodiscard]] auto enqueue(aiaudit::record const& entry) { return into->enqueue(entry); }
        [[nodiscard]] auto time() const { return into->time(); }
        [[nodiscard]] relaxed_ledger share() const { return *this; }
    };
    using runner = aiaudit::detail::call_runner<relaxed_ledger, in_memory>;

public:
    static aiaudit::result<relaxed_runner> make(memory_ledger& into, aiaudit::chat_request asked) {
        relaxed_ledger ledger{&into};
        auto made = runner::make(ledger, options_for(nowhere), aiaudit::builtin_book(),
                                 answering_transport());
        if (!made) return made.error();
        return relaxed_runner(std::move(*made), std::move(asked));
    }
    [[nodiscard]] aiaudit::chat_reply chat() {
        aiaudit::call_options const options{.user = "ana"};
        aiaudit::detail::call made;
        made.options = &options;
        made.target = {asked_.provider, asked_.model};
        made.make = [this](aiaudit::provider_entry const& where, std::string const&) {
            return aiaudit::prepare(asked_, where, false);
        };
        aiaudit::chat_reply reply;
        static_cast<aiaudit::answer&>(reply) = must(runner_->run(made, reply));
        return reply;
    }

private:
    relaxed_runner(aiaudit::detail::process_owned<runner> opened, aiaudit::chat_request asked)
        : runner_(std::move(opened)), asked_(std::move(asked)) {}

    aiaudit::detail::process_owned<runner> runner_;
    aiaudit::chat_request asked_;
};

void measure_cpu(figure_table& figures) {
    auto ledger = must(memory_ledger::open({}));
    auto client = must(aiaudit::basic_client<in_memory>::open(
        ledger, options_for(nowhere), aiaudit::builtin_book(), answering_transport()));
    auto const asked = question();
    std::atomic<std::uint64_t> calls = 0;
    auto const call = [&] {
        check_reply(must(client.chat(asked, {.user = "ana"})), true);
        calls.fetch_add(1, std::memory_order_relaxed);
    };
    auto const allocations_over = [&](std::uint64_t from, std::uint64_t count) {
        while (calls < from) call();
        must(ledger.flush());
        allocations = 0;
        counting = true;
        for (std::uint64_t i = 0; i < count; ++i) call();
        must(ledger.flush());
        counting = false;
        return static_cast<double>(allocations.load()) / static_cast<double>(count);
    };
    double const early = allocations_over(1'000, 1'000);

    auto bare = answering_transport();
    auto const request = bare_request(nowhere);
    auto const bare_call = [&] { call_bare(bare, request); };
    auto relaxed = must(relaxed_runner::make(ledger, asked));
    auto const relaxed_call = [&] {
        check_reply(relaxed.chat(), true);
        calls.fetch_add(1, std::memory_order_relaxed);
    };
    cpu_rounds const one(ledger, 1, relaxed_call, call, bare_call);
    cpu_rounds const sixteen(ledger, 16, call, bare_call);
    double const late = allocations_over(100'000, 1'000);
    check(late < early * 1.05,
          "allocations a call grew from " + std::to_string(early) + " to " + std::to_string(late));
    auto const sum = must(ledger.report({.kind = aiaudit::report_kind::daily})).sum;
    check(sum.requests == calls, "every call is in the ledger");
    figures.add("request_bytes", static_cast<double>(request.body.size()), "B");
    figures.add("answer_bytes", static_cast<double>(answer_body.size()), "B");
    figures.add("call_cpu_us", one.median_us(0) - one.median_us(2), "us");
    figures.add("call_committed_cpu_us", one.median_us(1) - one.median_us(2), "us");
    figures.add("call_committed_cpu_16_us", sixteen.median_us(0) - sixteen.median_us(1), "us");
    figures.add("call_allocations", early, "new/call");
    figures.add("call_allocations_late", late, "new/call");
}

void measure_stream(figure_table& figures) {
    std::string const body = stream_body();
    auto ledger = must(memory_ledger::open({}));
    auto client = must(aiaudit::basic_client<in_memory>::open(
        ledger, options_for(nowhere), aiaudit::builtin_book(),
        constant_transport{"text/event-stream", body}));
    auto asked = question();
    asked.max_tokens = stream_events;
    std::size_t bytes = 0;
    aiaudit::chat_reply reply;
    double const us = median_us(9, [&] {
        bytes = 0;
        reply = must(client.stream(
            asked, [&](aiaudit::answer_delta const& delta) { bytes += delta.text.size(); }));
    });
    check(bytes == stream_word.size() * stream_events, "the deltas of a stream");
    check(reply.usage.count(aiaudit::unit::output_tokens) == stream_events, "a stream's usage");
    figures.add("stream_mb_s", static_cast<double>(body.size()) / us, "MB/s");
    figures.add("stream_event_ns", us * 1e3 / stream_events, "ns");
}

// A server of constant answers on loopback.
class loopback_server {
public:
    loopback_server() {
        server_.set_tcp_nodelay(true);
        server_.set_keep_alive_max_count(100'000'000);
        server_.Post("/v1/chat/completions", [](httplib::Request const&, httplib::Response& to) {
            to.set_content(answer_body, "application/json");
        });
        port_ = server_.bind_to_any_port("127.0.0.1");
        if (port_ <= 0) stop("cannot listen on loopback");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield();
    }
    ~loopback_server() {
        server_.stop();
        thread_.join();
    }
    loopback_server(loopback_server const&) = delete;
    loopback_server& operator=(loopback_server const&) = delete;
    [[nodiscard]] int port() const noexcept { return port_; }

private:
    httplib::Server server_{};
    int port_ = 0;
    std::thread thread_{};
};

void measure_loopback(std::string const& directory, figure_table& figures) {
    loopback_server const server;
    std::string const origin = "http://127.0.0.1:" + std::to_string(server.port());
    auto kept = must(aiaudit::ledger::open({.path = directory + "/calls"}));
    auto durable = must(aiaudit::client::open(kept, options_for(origin)));
    auto ledger = must(aiaudit::basic_ledger<in_memory_by_http>::open({}));
    auto client = must(aiaudit::basic_client<in_memory_by_http>::open(ledger, options_for(origin)));
    auto const asked = question();
    auto const request = bare_request(origin);
    aiaudit::httplib_transport transport;
    httplib::Client plain("127.0.0.1", server.port());
    plain.set_keep_alive(true);
    plain.set_tcp_nodelay(true);
    std::vector<double> ours;
    std::vector<double> with_disk;
    std::vector<double> theirs;
    std::vector<double> bare;
    auto const add = [](std::vector<double>& to, std::vector<double> const& times) {
        to.insert(to.end(), times.begin(), times.end());
    };
    constexpr int rounds = 20;
    for (int i = 0; i < rounds; ++i) {
        add(theirs, times_us(250, [&] {
                auto const got = plain.Post(request.target, request.body, "application/json");
                check(got && got->status == 200 && got->body == answer_body, "plain answer");
            }));
        add(bare, times_us(250, [&] { call_bare(transport, request); }));
        add(ours, times_us(250, [&] { check_reply(must(client.chat(asked)), true); }));
        add(with_disk, times_us(25, [&] { check_reply(must(durable.chat(asked)), true); }));
    }
    figures.add("loopback_call_us", percentile(ours, 50), "us");
    figures.add("loopback_call_p99_us", percentile(ours, 99), "us");
    figures.add("plain_call_us", percentile(theirs, 50), "us");
    figures.add("plain_call_p99_us", percentile(theirs, 99), "us");
    figures.add("transport_call_us", percentile(bare, 50), "us");
    figures.add("loopback_overhead_us", percentile(ours, 50) - percentile(theirs, 50), "us");
    figures.add("loopback_durable_us", percentile(with_disk, 50), "us");
}

void run(std::vector<std::string> const& words) {
    std::string json;
    std::string only;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size()) stop("no value for " + words[i]);
        if (words[i] == "--json")
            json = words[i + 1];
        else if (words[i] == "--only")
            only = words[i + 1];
        else
            stop("unknown option " + words[i]);
    }
    auto const wanted = [&only](char const* part) { return only.empty() || only == part; };
    scratch_directory const scratch(std::filesystem::current_path());
    figure_table figures(24, 1);
    if (wanted("cache")) measure_cache(scratch.path(), figures);
    if (wanted("cpu")) measure_cpu(figures);
    if (wanted("stream")) measure_stream(figures);
    if (wanted("loopback")) measure_loopback(scratch.path(), figures);
    figures.write_json(json);
}

}  // namespace

int main(int argc, char** argv) {
    return run_benchmark("client", [&] { run({argv + 1, argv + argc}); });
}
