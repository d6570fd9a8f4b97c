// SPDX-License-Identifier: MIT
//
// aiaudit collect serve: the dashboard over a database.

#include "collect_serve.hpp"

#ifdef AIAUDIT_TOOL_POSTGRES

#include <aiaudit/gateway/site_server.hpp>
#include <aiaudit/impl/gateway/dashboard.tpp>
#include <aiaudit/sinks/postgres_collection.hpp>

#include <filesystem>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <pthread.h>
#include <stdlib.h>

namespace aiaudit_tool {
namespace collect_serving {

// One connection, which is made anew after it broke. Its texts outlive it.
class shared_collection {
public:
    explicit shared_collection(collect_serve_options const& with)
        : url_(with.url), log_(with.log) {}

    aiaudit::result<aiaudit::report> report(aiaudit::report_query const& query) {
        return ask([&query](aiaudit::postgres_collection& from) { return from.report(query); });
    }
    aiaudit::result<std::vector<aiaudit::shipped_log>> logs() {
        return ask([](aiaudit::postgres_collection& from) { return from.logs(); });
    }
    aiaudit::result<void> open() {
        if (from_) return {};
        aiaudit::pq_options options;
        options.url = url_;
        options.application = "aiaudit collect";
        options.answer_max = std::chrono::minutes(2);
        auto opened = aiaudit::postgres_collection::open(std::move(options), log_);
        if (!opened) return opened.error();
        from_.emplace(std::move(*opened));
        return {};
    }

private:
    template <class Question>
    auto ask(Question&& question)
        -> decltype(question(std::declval<aiaudit::postgres_collection&>())) {
        std::lock_guard const lock(mutex_);
        for (bool again = from_.has_value();; again = false) {
            if (auto ok = open(); !ok) return ok.error();
            auto answer = question(*from_);
            if (answer) return answer;
            from_.reset();
            // It broke since the last answer: that is no failure of this one.
            if (!again || answer.error().code != aiaudit::errc::connection_lost) return answer;
        }
    }

    std::string url_;
    std::string log_;
    std::mutex mutex_{};
    std::optional<aiaudit::postgres_collection> from_{};
};

// What the dashboard takes for a ledger: an empty one, with the reports of the database. The
// dashboard makes handles of their base alone, so the database is the program's one.
class collected_ledger : public aiaudit::ledger {
public:
    explicit collected_ledger(aiaudit::ledger&& empty) : aiaudit::ledger(std::move(empty)) {}

    aiaudit::result<aiaudit::report> report(aiaudit::report_query const& query) {
        return from->report(query);
    }

    static inline std::shared_ptr<shared_collection> from{};
};

class empty_folder {
public:
    empty_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "aiaudit-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw failure{name + ": cannot be made"};
        path_ = name;
    }
    empty_folder(empty_folder const&) = delete;
    empty_folder& operator=(empty_folder const&) = delete;
    ~empty_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string const& path() const { return path_; }

private:
    std::string path_{};
};

aiaudit::gateway_site site_of(collected_ledger& log, collect_serve_options const& with) {
    using board_type = aiaudit::basic_dashboard<collected_ledger>;
    aiaudit::dashboard_shipping const shipping{
        {}, [from = collected_ledger::from] { return from->logs(); }, with.bounds};
    auto const board = std::make_shared<board_type>(value_or_fail(
        board_type::open(log, {with.token, with.secure_cookie, shipping}), "--dashboard-token"));
    aiaudit::gateway_site site;
    site.answer = [board](aiaudit::gateway_request const& request) {
        return board->answer(request);
    };
    site.is_event_stream = [board](aiaudit::gateway_request const& request) {
        return board->is_event_stream(request);
    };
    site.events_begin = [board](aiaudit::gateway_request const& request) {
        return board->events_begin(request);
    };
    site.events_head = [] { return board_type::events_head(); };
    site.events_after = [board](aiaudit::sequence& last) { return board->events_after(last); };
    return site;
}

}  // namespace collect_serving

void serve_collection(collect_serve_options const& with) {
    using namespace collect_serving;
    constexpr unsigned threads = 2;
    constexpr std::size_t body_bytes_max = 65'536;
    sigset_t const signals = block_signals({SIGINT, SIGTERM});  // before any thread is made
    forbid_core_dumps();
    collected_ledger::from = std::make_shared<shared_collection>(with);
    value_or_fail(collected_ledger::from->open());
    empty_folder const folder;
    collected_ledger empty(value_or_fail(aiaudit::ledger::open({.path = folder.path()}), "--from"));
    auto server = value_or_fail(aiaudit::site_server::make(threads, body_bytes_max), "--listen");
    server.add(address_of(with.listen, "--listen"), site_of(empty, with));
    value_or_fail(server.start(), "--listen");
    std::cout << "dashboard at http://" << with.listen.substr(0, with.listen.rfind(':')) << ':'
              << server.port(0) << std::endl;
    int signal = 0;
    sigwait(&signals, &signal);
    server.stop();
}

}  // namespace aiaudit_tool

#else

namespace aiaudit_tool {

void serve_collection(collect_serve_options const&) {
    throw failure{"collect: this program was built without libpq"};
}

}  // namespace aiaudit_tool

#endif
