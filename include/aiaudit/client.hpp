// SPDX-License-Identifier: MIT
//
// client.hpp: audited calls. Every attempt is in the log, with what it cost.
//
//     auto ledger = aiaudit::ledger::open({.path = "calls.aiaudit"}).value();
//     auto client = aiaudit::client::open(ledger).value();
//     auto reply = client.chat({.provider = "openai", .model = "gpt-4.1-mini",
//                               .messages = {{"user", "Hello"}}}, {.user = "ana"});
//
// A call is one attempt or several, at one provider or, by a fallback, at another; each attempt is
// an intent that is on disk before a byte leaves (intent_mode) and an outcome that is on disk
// before the call returns, all under one operation id. Failed attempts are repeated while that can
// help (retry_policy), never after a part of a stream was handed on. While a provider's model keeps
// failing its circuit is open, and calls to it fail at once. An attempt whose usage is not known,
// because it was cut, is charged what it may have cost at the most.
// Where the ledger has budgets each attempt asks them first; what they do not let through is not
// sent (docs/client.md).
// With a cache (client_options::cache), identical calls that are under way at once are one request:
// those that wait are given its answer as one from the cache, or its failure; where that is the
// first caller's own (it was stopped, or its time was over) one of them asks anew.
// Errors of every call: provider_error (the provider's words apart, in `remote`); connect_failed,
// tls_failed, timed_out, connection_lost, bad_response, truncated, too_large; circuit_open;
// budget_exceeded, rate_limited, unbounded (call_options::on_refusal has the figures); cancelled;
// bad_argument, bad_json and unknown_dialect for a request that was not sent; those of the ledger
// where an attempt could not be recorded: it was then not sent, or its answer is lost.
// No text of ours holds a key, a prompt or a word of the provider's.
// Threads: all members may be called from any thread at once.
// The client keeps the log open: both may be moved, and destroyed in any order.
// Processes: a forked child's copy answers errc::closed; the child may open its own.
// Floor 8.
#ifndef AIAUDIT_CLIENT_HPP
#define AIAUDIT_CLIENT_HPP

#include <aiaudit/cache/lmdb_cache.hpp>    // lmdb_cache
#include <aiaudit/client/call_runner.hpp>  // call_runner
#include <aiaudit/client/raw_request.hpp>
#include <aiaudit/client/reply.hpp>                 // chat_reply
#include <aiaudit/basic_ledger.hpp>                       // basic_ledger
#include <aiaudit/pricing/builtin.hpp>              // builtin_book
#include <aiaudit/providers/embeddings.hpp>         // read_embeddings
#include <aiaudit/transport/httplib_transport.hpp>  // httplib_transport

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

template <class Policies = default_policies>
class basic_client {
public:
    using ledger_type = basic_ledger<Policies>;
    using transport = typename Policies::transport;
    using pricing = typename Policies::pricing;
    static_assert(transport_policy<transport>,
                  "Policies::transport is not a transport_policy (transport/transport.hpp)");
    static_assert(pricing_policy<pricing>,
                  "Policies::pricing is not a pricing_policy (pricing/pricing_policy.hpp)");
    static_assert(cache_policy<typename Policies::cache>,
                  "Policies::cache is not a cache_policy (cache/response_cache.hpp)");
    static_assert(timer_policy<typename Policies::timer>,
                  "Policies::timer is not a timer_policy (clock/timer.hpp)");

    // Reads the keys from the environment and opens the cache, if there is to be one. Errors:
    // bad_argument, and those of the cache.
    [[nodiscard]] static result<basic_client> open(ledger_type& into, client_options options,
                                                   pricing prices, transport by = transport()) {
        auto made = runner::make(into, std::move(options), std::move(prices), std::move(by));
        if (!made) return made.error();
        return basic_client(std::move(*made));
    }
    // With the prices that come with the library.
    [[nodiscard]] static result<basic_client> open(
        ledger_type& into, client_options options = {}) requires std::same_as<pricing, price_book> {
        return open(into, std::move(options), builtin_book());
    }

    // One question, one answer.
    [[nodiscard]] result<chat_reply> chat(chat_request const& request,
                                          call_options const& options = {}) {
        return answer_to(request, {}, options);
    }
    // The answer while it comes: on_delta(answer_delta const&) for each piece. It may return a
    // bool: false ends the call, and closes the connection at once; the reply then is what came.
    // What it throws is thrown on, after the attempt was recorded. An error after the first piece
    // is final.
    template <class OnDelta>
    [[nodiscard]] result<chat_reply> stream(chat_request const& request, OnDelta&& on_delta,
                                            call_options const& options = {}) {
        return answer_to(request, {hearing<answer_delta const&>(on_delta), {}}, options);
    }
    [[nodiscard]] result<embedding_reply> embed(embedding_request const& request,
                                                call_options const& options = {});
    // Any JSON to any path of a provider's, as long as the dialect is known; the body is sent as it
    // is, but for a limit of output where caps or budgets want one. `path` is without the
    // provider's prefix: "/chat/completions". Errors: unknown_dialect; bad_argument for a body that
    // asks for a stream.
    [[nodiscard]] result<reply> send(std::string_view provider, std::string_view path,
                                     std::string json, call_options const& options = {}) {
        return exchange(provider, path, std::move(json), {}, false, options);
    }
    // The same for a body (or a path) that asks for a stream: on_event(std::string_view), which
    // may return a bool, is given the JSON text of each event. OpenAI's chat streams are made to
    // report their usage; the chunk that only does that is not handed on unless it was asked for.
    template <class OnEvent>
    [[nodiscard]] result<reply> send_stream(std::string_view provider, std::string_view path,
                                            std::string json, OnEvent&& on_event,
                                            call_options const& options = {}) {
        return exchange(provider, path, std::move(json), {{}, hearing<std::string_view>(on_event)},
                        true, options);
    }

    // Of every provider's model that was called lately; none in a forked child.
    [[nodiscard]] std::vector<breaker_report> circuits() const { return runner_->circuits(); }
    // For who gives it a timer that has to be moved: a manual_timer begins at zero, long before the
    // time that a transport on a network measures its deadlines by.
    [[nodiscard]] typename Policies::timer& time() noexcept { return runner_->time(); }
    // The cache, to look at or to clear; null where there is none.
    [[nodiscard]] typename Policies::cache* cache() noexcept { return runner_->cache(); }

private:
    using runner = detail::call_runner<ledger_type, Policies>;

    explicit basic_client(detail::process_owned<runner> made) : runner_(std::move(made)) {}

    // A function that may return nothing, as one that says whether to go on.
    template <class Heard, class Function>
    [[nodiscard]] static std::function<bool(Heard)> hearing(Function& function) {
        return [&function](Heard heard) {
            if constexpr (std::is_void_v<std::invoke_result_t<Function&, Heard>>) {
                function(heard);
                return true;
            } else {
                return static_cast<bool>(function(heard));
            }
        };
    }

    [[nodiscard]] result<chat_reply> answer_to(chat_request const& request,
                                               detail::stream_listener to,
                                               call_options const& options);
    [[nodiscard]] result<reply> exchange(std::string_view provider, std::string_view path,
                                         std::string json, detail::stream_listener to, bool stream,
                                         call_options const& options);

    detail::process_owned<runner> runner_;
};

using client = basic_client<>;

template <class Policies>
result<chat_reply> basic_client<Policies>::answer_to(chat_request const& request,
                                                     detail::stream_listener to,
                                                     call_options const& options) {
    detail::call made;
    made.stream = to.hears();
    made.options = &options;
    made.target = {request.provider, request.model};
    made.what = request.api == openai_api::responses ? operation::responses : operation::chat;
    made.listener = std::move(to);
    made.make = [&](provider_entry const& where, std::string const& model) {
        if (model == request.model) return prepare(request, where, made.stream);
        chat_request other = request;
        other.model = model;
        return prepare(other, where, made.stream);
    };
    chat_reply reply;
    auto content = runner_->run(made, reply);
    if (!content) return content.error();
    static_cast<answer&>(reply) = std::move(*content);
    return reply;
}

template <class Policies>
result<embedding_reply> basic_client<Policies>::embed(embedding_request const& request,
                                                      call_options const& options) {
    detail::call made;
    made.options = &options;
    made.target = {request.provider, request.model};
    made.what = operation::embeddings;
    made.make = [&](provider_entry const& where, std::string const& model) {
        embedding_request other = request;
        other.model = model;
        return prepare(other, where);
    };
    embedding_reply reply;
    auto content = runner_->run(made, reply);
    if (!content) return content.error();
    auto vectors = read_embeddings(reply.body);
    if (!vectors) return vectors.error();
    reply.vectors = std::move(*vectors);
    return reply;
}

template <class Policies>
result<reply> basic_client<Policies>::exchange(std::string_view provider, std::string_view path,
                                               std::string json, detail::stream_listener to,
                                               bool stream, call_options const& options) {
    auto const point = endpoint_of(provider, path);
    if (!point) return point.error();
    auto raw = detail::raw_request::of(*point, std::move(json));
    if (!raw) return raw.error();
    if (raw->stream != stream)
        return fail(errc::bad_argument, stream ? "send_stream(): the request asks for no stream"
                                               : "send(): the request asks for a stream");
    detail::call made;
    made.options = &options;
    made.target = {std::string(provider), raw->model};
    made.what = point->operation;
    made.stream = stream;
    made.listener = std::move(to);
    made.make = [&](provider_entry const& where, std::string const& model) {
        return raw->prepared(where, path, model);
    };
    reply reply;
    auto const content = runner_->run(made, reply);
    if (!content) return content.error();
    return reply;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_HPP
