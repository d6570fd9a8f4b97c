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

#include <aiaudit/basic_ledger.hpp>            // basic_ledger
#include <aiaudit/cache/response_cache.hpp>    // cache_options
#include <aiaudit/client/options.hpp>          // client_options, call_options
#include <aiaudit/client/reply.hpp>            // chat_reply
#include <aiaudit/client/stream_listener.hpp>  // stream_listener
#include <aiaudit/providers/chat_request.hpp>  // chat_request, embedding_request
#include <aiaudit/storage/process_mark.hpp>    // process_owned

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Ledger, class Policies>
class call_runner;  // templates.hpp

}  // namespace detail

template <class Policies = default_policies>
class basic_client {
public:
    using ledger_type = basic_ledger<Policies>;
    using transport = typename Policies::transport;
    using pricing = typename Policies::pricing;

    // Reads the keys from the environment and opens the cache, if there is to be one. Errors:
    // bad_argument, and those of the cache.
    [[nodiscard]] static result<basic_client> open(ledger_type& into, client_options options,
                                                   pricing prices);
    [[nodiscard]] static result<basic_client> open(ledger_type& into, client_options options,
                                                   pricing prices, transport by);
    // With the prices that come with the library.
    [[nodiscard]] static result<basic_client> open(
        ledger_type& into,
        client_options options = {}) requires std::same_as<typename Policies::pricing, price_book>;

    basic_client(basic_client&&) noexcept;
    basic_client& operator=(basic_client&&) noexcept;
    ~basic_client();

    // One question, one answer.
    [[nodiscard]] result<chat_reply> chat(chat_request const& request,
                                          call_options const& options = {});
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
                                     std::string json, call_options const& options = {});
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
    [[nodiscard]] std::vector<breaker_report> circuits() const;
    // For who gives it a timer that has to be moved: a manual_timer begins at zero, long before the
    // time that a transport on a network measures its deadlines by.
    [[nodiscard]] typename Policies::timer& time() noexcept;
    // The cache, to look at or to clear; null where there is none.
    [[nodiscard]] typename Policies::cache* cache() noexcept;

private:
    using runner = detail::call_runner<ledger_type, Policies>;

    explicit basic_client(detail::process_owned<runner> opened) noexcept;

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

#ifdef AIAUDIT_SEPARATE
extern template class basic_client<default_policies>;
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/client.tpp>
#endif

#endif  // AIAUDIT_CLIENT_HPP
