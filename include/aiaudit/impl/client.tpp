// SPDX-License-Identifier: MIT
//
// client.tpp: the members of client.hpp, for any policies.
#ifndef AIAUDIT_IMPL_CLIENT_TPP
#define AIAUDIT_IMPL_CLIENT_TPP

#include <aiaudit/cache/lmdb_cache.hpp>  // lmdb_cache
#include <aiaudit/client.hpp>
#include <aiaudit/client/call_runner.hpp>           // call_runner
#include <aiaudit/client/raw_request.hpp>           // raw_request
#include <aiaudit/clock/timer.hpp>                  // steady_timer
#include <aiaudit/pricing/builtin.hpp>              // builtin_book
#include <aiaudit/pricing/pricing_policy.hpp>       // pricing_policy
#include <aiaudit/providers/embeddings.hpp>         // read_embeddings
#include <aiaudit/transport/httplib_transport.hpp>  // httplib_transport

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

template <class Policies>
basic_client<Policies>::basic_client(detail::process_owned<runner> opened) noexcept
    : runner_(std::move(opened)) {}
template <class Policies>
basic_client<Policies>::basic_client(basic_client&&) noexcept = default;
template <class Policies>
basic_client<Policies>& basic_client<Policies>::operator=(basic_client&&) noexcept = default;
template <class Policies>
basic_client<Policies>::~basic_client() = default;

template <class Policies>
result<basic_client<Policies>> basic_client<Policies>::open(ledger_type& into,
                                                            client_options options, pricing prices,
                                                            transport by) {
    static_assert(transport_policy<transport>,
                  "Policies::transport is not a transport_policy (transport/transport.hpp)");
    static_assert(pricing_policy<pricing>,
                  "Policies::pricing is not a pricing_policy (pricing/pricing_policy.hpp)");
    static_assert(cache_policy<typename Policies::cache>,
                  "Policies::cache is not a cache_policy (cache/response_cache.hpp)");
    static_assert(timer_policy<typename Policies::timer>,
                  "Policies::timer is not a timer_policy (clock/timer.hpp)");
    auto opened = runner::make(into, std::move(options), std::move(prices), std::move(by));
    if (!opened) return std::move(opened).error();
    return basic_client(std::move(*opened));
}

template <class Policies>
result<basic_client<Policies>> basic_client<Policies>::open(ledger_type& into,
                                                            client_options options,
                                                            pricing prices) {
    return open(into, std::move(options), std::move(prices), transport());
}

template <class Policies>
result<basic_client<Policies>> basic_client<Policies>::open(
    ledger_type& into,
    client_options options) requires std::same_as<typename Policies::pricing, price_book> {
    return open(into, std::move(options), builtin_book());
}

template <class Policies>
result<chat_reply> basic_client<Policies>::chat(chat_request const& request,
                                                call_options const& options) {
    return answer_to(request, {}, options);
}

template <class Policies>
result<reply> basic_client<Policies>::send(std::string_view provider, std::string_view path,
                                           std::string json, call_options const& options) {
    return exchange(provider, path, std::move(json), {}, false, options);
}

template <class Policies>
std::vector<breaker_report> basic_client<Policies>::circuits() const {
    return runner_->circuits();
}

template <class Policies>
typename Policies::timer& basic_client<Policies>::time() noexcept {
    return runner_->time();
}

template <class Policies>
typename Policies::cache* basic_client<Policies>::cache() noexcept {
    return runner_->cache();
}

template <class Policies>
result<chat_reply> basic_client<Policies>::answer_to(chat_request const& request,
                                                     detail::stream_listener to,
                                                     call_options const& options) {
    detail::call made;
    made.stream = to.hears();
    made.options = &options;
    made.target = {request.provider, request.model};
    made.what = request.operation;
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

#endif  // AIAUDIT_IMPL_CLIENT_TPP
