// SPDX-License-Identifier: MIT
//
// model_lister.hpp: answers a call for the list of models where one upstream's own would say too
// much or too little.
//
// Threads: one request for one thread; the core is shared.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_MODEL_LISTER_HPP
#define AIAUDIT_GATEWAY_MODEL_LISTER_HPP

#include <aiaudit/gateway/caller.hpp>              // headers_for_upstream
#include <aiaudit/gateway/client_connection.hpp>   // client_connection
#include <aiaudit/gateway/gateway_core.hpp>        // gateway_core
#include <aiaudit/gateway/model_list.hpp>          // model_page
#include <aiaudit/gateway/named_models.hpp>        // without_collection
#include <aiaudit/gateway/understood_request.hpp>  // understood_request
#include <aiaudit/gateway/upstream_pool.hpp>       // upstream_pool

#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Core>
class model_lister {
public:
    // All that is given outlives the lister.
    model_lister(Core& core, upstream_pool& pool, client_connection& client,
                 gateway_request const& request, understood_request const& asked)
        : core_(core), pool_(pool), client_(client), request_(request), asked_(asked) {}
    model_lister(model_lister const&) = delete;
    model_lister& operator=(model_lister const&) = delete;

    // Whether a request asks for a list that is not one upstream's own.
    [[nodiscard]] static bool is_due(Core const& core, gateway_request const& request,
                                     understood_request const& asked);

    [[nodiscard]] asio::awaitable<gateway_response> run();

private:
    static constexpr std::chrono::milliseconds patience{15'000};
    static constexpr std::size_t list_bytes_most = std::size_t{16} << 20;
    static constexpr int pages_most = 50;

    [[nodiscard]] api_family family_of(std::size_t upstream) const {
        return core_.routes.upstreams()[upstream].entry.family;
    }
    [[nodiscard]] asio::awaitable<bool> add_all_of(std::size_t upstream);
    void add(std::size_t upstream, boost::json::value&& entry);
    [[nodiscard]] asio::awaitable<result<std::string>> fetch(std::size_t upstream,
                                                             std::string const& path);
    [[nodiscard]] asio::awaitable<result<std::string>> body_of(upstream_connection& from,
                                                               bool is_open,
                                                               http_request const& request);

    Core& core_;
    upstream_pool& pool_;
    client_connection& client_;
    gateway_request const& request_;
    understood_request const& asked_;
    std::vector<boost::json::value> models_{};
    std::set<std::string, std::less<>> names_{};
};

template <class Core>
bool model_lister<Core>::is_due(Core const& core, gateway_request const& request,
                                understood_request const& asked) {
    std::string_view const path = path_of(asked.to.path);
    if (request.method != "GET" || (path != "/models" && path != "/openai/models")) return false;
    if (has_model_list(*asked.key)) return true;
    auto const& all = core.routes.upstreams();
    auto const family = all[asked.to.upstream].entry.family;
    return !asked.to.named && std::count_if(all.begin(), all.end(), [family](auto const& each) {
                                  return each.entry.family == family;
                              }) > 1;
}

template <class Core>
asio::awaitable<gateway_response> model_lister<Core>::run() {
    auto const& upstreams = core_.routes.upstreams();
    std::string missing;
    bool any = false;
    for (std::size_t i = 0; i < upstreams.size() && !client_.gone(); ++i) {
        bool const wanted = asked_.to.named ? i == asked_.to.upstream
                                            : family_of(i) == family_of(asked_.to.upstream);
        if (!wanted) continue;
        bool const given = co_await add_all_of(i);
        any = any || given;
        if (!given) missing += (missing.empty() ? "" : ",") + upstreams[i].name;
    }
    if (!any) {
        gateway_problem const none{
            502, "server_error", "no_model_list", "no upstream gave its list of models", {}};
        co_return error_response(asked_.to.family, none);
    }
    gateway_response made{200, {{"Content-Type", "application/json"}}, {}};
    if (!missing.empty()) made.headers.emplace_back("x-aiaudit-models-missing", missing);
    made.body = model_list_text(asked_.to.family, models_, query_of(request_.target));
    co_return made;
}

// False where the upstream gave none, or not all.
template <class Core>
asio::awaitable<bool> model_lister<Core>::add_all_of(std::size_t upstream) {
    std::string_view const path = path_of(asked_.to.path);
    std::string next;
    for (int page = 0; page < pages_most; ++page) {
        auto const body = co_await fetch(
            upstream,
            std::string(path) + model_list_query(asked_.to.family, query_of(asked_.to.path), next));
        if (!body) co_return false;
        auto read = read_model_page(asked_.to.family, *body);
        if (!read) co_return false;
        for (boost::json::value& each : read->models) add(upstream, std::move(each));
        if (read->next.empty()) co_return true;
        next = std::move(read->next);
    }
    co_return false;
}

template <class Core>
void model_lister<Core>::add(std::size_t upstream, boost::json::value&& entry) {
    std::string_view const model = model_of_entry(asked_.to.family, entry);
    if (model.empty() || !may_use(*asked_.key, model)) return;
    if (!asked_.to.named && !core_.routes.shows(upstream, model)) return;
    if (names_.emplace(model).second) models_.push_back(std::move(entry));
}

template <class Core>
asio::awaitable<result<std::string>> model_lister<Core>::fetch(std::size_t upstream,
                                                               std::string const& path) {
    gateway_upstream const& to = core_.routes.upstreams()[upstream];
    http_request out;
    out.method = request_.method;
    out.origin = to.entry.origin;
    out.target = to.entry.prefix + path;
    out.headers = headers_for_upstream(request_, to.entry, to.key,
                                       asked_.is_nobodys() && upstream == asked_.to.upstream);
    if (auto sound = check_request(out); !sound) co_return sound.error();
    for (;;) {
        auto taken = pool_.take(out.origin);
        if (!taken) co_return taken.error();
        bool const is_open = taken->is_open;
        auto body = co_await body_of(*taken->connection, is_open, out);
        // A connection that was kept may have died: a list may be asked for again.
        bool const died = !body && body.error().code == errc::connection_lost;
        if (died && is_open && !client_.gone()) continue;
        if (body) pool_.give_back(out.origin, std::move(taken->connection));
        co_return body;
    }
}

template <class Core>
asio::awaitable<result<std::string>> model_lister<Core>::body_of(upstream_connection& from,
                                                                 bool is_open,
                                                                 http_request const& request) {
    transfer_limits limits = core_.options.upstream;
    limits.first_byte = (std::min)(limits.first_byte, patience);
    limits.between_bytes = (std::min)(limits.between_bytes, patience);
    limits.response_bytes_max = (std::min)(limits.response_bytes_max, list_bytes_most);
    if (!is_open) {
        if (auto opened = co_await from.open(limits); !opened) co_return opened.error();
    }
    if (auto sent = co_await from.send(request, limits); !sent) co_return sent.error();
    auto const head = co_await from.read_head(limits);
    if (!head) co_return head.error();
    std::string body;
    for (;;) {
        auto const piece = co_await from.read_piece(limits);
        if (!piece) co_return piece.error();
        if (piece->empty()) break;
        body.append(*piece);
    }
    if (head->status != 200)
        co_return fail(errc::provider_error, "HTTP " + std::to_string(head->status));
    co_return body;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_MODEL_LISTER_HPP
