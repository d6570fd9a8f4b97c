// SPDX-License-Identifier: MIT
//
// pq_connection.ipp: the definitions of pq_connection.hpp.
#ifndef AIAUDIT_IMPL_TRANSPORT_PQ_CONNECTION_IPP
#define AIAUDIT_IMPL_TRANSPORT_PQ_CONNECTION_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/transport/pq_connection.hpp>

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// libpq's own words on what it cannot read may hold the password, so nobody sees them.
AIAUDIT_INLINE std::optional<std::string> pq_place(std::string const& url) {
    std::unique_ptr<PQconninfoOption, pq_deleter> const all(PQconninfoParse(url.c_str(), nullptr));
    if (!all) return std::nullopt;
    std::string host = "localhost";
    std::string port = "5432";
    std::string database;
    for (PQconninfoOption const* each = all.get(); each->keyword != nullptr; ++each) {
        if (each->val == nullptr) continue;
        std::string_view const name = each->keyword;
        if (name == "host" || (name == "hostaddr" && host == "localhost")) host = each->val;
        if (name == "port") port = each->val;
        if (name == "dbname") database = each->val;
    }
    return host + ":" + port + "/" + database;
}

}  // namespace detail

AIAUDIT_INLINE result<pq_connection> pq_connection::open(pq_options options) {
    auto place = detail::pq_place(options.url);
    if (!is_postgres_url(options.url) || !place)
        return fail(errc::bad_argument,
                    "no URL of PostgreSQL: postgresql://USER@HOST:PORT/DATABASE");
    pq_connection made;
    made.options_ = std::move(options);
    made.place_ = std::move(*place);
    if (auto ok = made.connect(); !ok) return ok.error();
    return made;
}

AIAUDIT_INLINE result<void> pq_connection::connect() {
    // What the URL says of these comes later, and counts.
    char const* const names[] = {"keepalives_idle",  "tcp_user_timeout", "dbname",
                                 "application_name", "client_encoding",  nullptr};
    std::string const user_timeout = std::to_string(options_.answer_max.count());
    char const* const values[] = {
        "30",   user_timeout.c_str(), options_.url.c_str(), options_.application.c_str(), "UTF8",
        nullptr};
    connection_.reset(PQconnectStartParams(names, values, 1));
    if (!connection_) return fail(errc::connect_failed, "PostgreSQL: libpq has no memory");
    auto const until = clock::now() + options_.connect_max;
    auto state = PGRES_POLLING_WRITING;
    while (PQstatus(connection_.get()) != CONNECTION_BAD) {
        if (auto ok =
                wait_for(state == PGRES_POLLING_READING, state == PGRES_POLLING_WRITING, until);
            !ok) {
            connection_.reset();
            return ok;
        }
        state = PQconnectPoll(connection_.get());
        if (state == PGRES_POLLING_OK) {
            PQsetnonblocking(connection_.get(), 1);
            return {};
        }
        if (state == PGRES_POLLING_FAILED) break;
    }
    char const* why = ": no connection";
    if (PQconnectionNeedsPassword(connection_.get()) == 1)
        why = ": it asks for a password, and the URL has none";
    else if (PQconnectionUsedPassword(connection_.get()) == 1)
        why = ": it refuses that user, password or database";
    error failed = fail(errc::connect_failed, "PostgreSQL at " + place_ + why);
    failed.remote = PQerrorMessage(connection_.get());
    connection_.reset();
    return failed;
}

AIAUDIT_INLINE result<void> pq_connection::wait_for(bool reads, bool writes,
                                                    clock::time_point until) {
    for (;;) {
        auto const left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now()).count();
        if (left <= 0)
            return fail(errc::timed_out, "PostgreSQL at " + place_ + ": no answer in time");
        pollfd one{PQsocket(connection_.get()), 0, 0};
        one.events = static_cast<short>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0));
        int const found =
            ::poll(&one, 1, static_cast<int>((std::min)(left, decltype(left){60'000})));
        if (found > 0) return {};
        if (found < 0 && errno != EINTR)
            return fail(errc::connection_lost, "PostgreSQL at " + place_ + ": poll failed");
    }
}

AIAUDIT_INLINE error pq_connection::lost(std::string_view what) {
    error failed = fail(errc::connection_lost,
                        "PostgreSQL at " + place_ + ": the connection broke " + std::string(what));
    if (connection_) failed.remote = PQerrorMessage(connection_.get());
    connection_.reset();
    return failed;
}

AIAUDIT_INLINE error pq_connection::refused(PGresult const* by) {
    char const* const state = PQresultErrorField(by, PG_DIAG_SQLSTATE);
    sqlstate_ = state == nullptr ? "" : state;
    error failed =
        fail(errc::storage_failed, "PostgreSQL at " + place_ + " refused a statement: SQLSTATE " +
                                       (sqlstate_.empty() ? "unknown" : sqlstate_));
    failed.remote = PQresultErrorMessage(by);
    return failed;
}

AIAUDIT_INLINE result<void> pq_connection::send_all(clock::time_point until) {
    for (;;) {
        int const left = PQflush(connection_.get());
        if (left == 0) return {};
        if (left < 0) return lost("while a statement was sent");
        if (auto ok = wait_for(true, true, until); !ok) return ok;
        if (PQconsumeInput(connection_.get()) == 0) return lost("while a statement was sent");
    }
}

AIAUDIT_INLINE result<pq_rows> pq_connection::take_results(clock::time_point until) {
    pq_rows last;
    std::optional<error> failed;
    for (;;) {
        while (PQisBusy(connection_.get()) == 1) {
            if (auto ok = wait_for(true, false, until); !ok) {
                connection_.reset();
                return ok.error();
            }
            if (PQconsumeInput(connection_.get()) == 0) return lost("before an answer came");
        }
        PGresult* const next = PQgetResult(connection_.get());
        if (next == nullptr) break;
        pq_rows rows(next);
        switch (PQresultStatus(next)) {
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
        case PGRES_EMPTY_QUERY: last = std::move(rows); break;
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH: return rows;  // the caller goes on by handle()
        default:
            if (!failed) failed = refused(next);
        }
        if (PQstatus(connection_.get()) == CONNECTION_BAD) return lost("before an answer came");
    }
    if (failed) return std::move(*failed);
    return last;
}

AIAUDIT_INLINE result<pq_rows> pq_connection::query(std::string_view statement,
                                                    std::vector<parameter> const& parameters,
                                                    pq_form form) {
    sqlstate_.clear();
    if (!connection_)
        return fail(errc::connection_lost,
                    "PostgreSQL at " + place_ + ": the connection is closed");
    std::vector<char const*> values;
    values.reserve(parameters.size());
    for (parameter const& each : parameters) values.push_back(each ? each->c_str() : nullptr);
    std::string const text(statement);
    if (PQsendQueryParams(connection_.get(), text.c_str(), static_cast<int>(values.size()), nullptr,
                          values.data(), nullptr, nullptr, form == pq_form::binary ? 1 : 0) == 0)
        return lost("before a statement was sent");
    auto const until = clock::now() + options_.answer_max;
    if (auto ok = send_all(until); !ok) {
        connection_.reset();
        return ok.error();
    }
    return take_results(until);
}

AIAUDIT_INLINE result<void> pq_connection::run(std::string_view statements) {
    sqlstate_.clear();
    if (!connection_)
        return fail(errc::connection_lost,
                    "PostgreSQL at " + place_ + ": the connection is closed");
    std::string const text(statements);
    if (PQsendQuery(connection_.get(), text.c_str()) == 0)
        return lost("before a statement was sent");
    auto const until = clock::now() + options_.answer_max;
    if (auto ok = send_all(until); !ok) {
        connection_.reset();
        return ok;
    }
    auto const done = take_results(until);
    if (!done) return done.error();
    return {};
}

AIAUDIT_INLINE result<void> pq_connection::copy(
    std::string_view statement, detail::function_ref<std::string_view()> next_piece) {
    auto const begun = query(statement);
    if (!begun) return begun.error();
    if (PQresultStatus(begun->handle()) != PGRES_COPY_IN)
        return fail(errc::bad_argument, "no COPY FROM STDIN");
    auto until = clock::now() + options_.answer_max;
    auto const sent_all = [this, &until]() -> result<void> {
        until = clock::now() + options_.answer_max;
        auto ok = send_all(until);
        if (!ok) connection_.reset();
        return ok;
    };
    for (std::string_view piece = next_piece(); !piece.empty(); piece = next_piece()) {
        if (PQputCopyData(connection_.get(), piece.data(), static_cast<int>(piece.size())) != 1)
            return lost("while rows were sent");
        if (auto ok = sent_all(); !ok) return ok;
    }
    if (PQputCopyEnd(connection_.get(), nullptr) != 1) return lost("while rows were sent");
    if (auto ok = sent_all(); !ok) return ok;
    auto const done = take_results(until);
    if (!done) return done.error();
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_TRANSPORT_PQ_CONNECTION_IPP
