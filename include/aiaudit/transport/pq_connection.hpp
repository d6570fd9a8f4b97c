// SPDX-License-Identifier: MIT
//
// pq_connection.hpp: a connection to PostgreSQL by libpq, with limits of time. Opt-in: aiaudit.hpp
// does not include it, and only who does needs libpq (-lpq).
//
// Statements take parameters as text and need no state of the session, so that a pool between
// (PgBouncer) may hand each transaction to another server process. What a server or libpq says goes
// into error::remote, never into error::where; passwords go into neither.
// Threads: a connection is for one thread at a time.
// Floor 5.
#ifndef AIAUDIT_TRANSPORT_PQ_CONNECTION_HPP
#define AIAUDIT_TRANSPORT_PQ_CONNECTION_HPP

#include <aiaudit/detail/function_ref.hpp>  // function_ref
#include <aiaudit/error.hpp>                // result

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct pq_options {
    std::string url{};  // postgresql://...; may hold a password
    std::chrono::milliseconds connect_max{5'000};
    std::chrono::milliseconds answer_max{10'000};  // of a statement
    std::string application = "aiaudit";           // what the server's list of sessions shows
};

// How the server writes values: as text, or as the bytes that COPY (format binary) has.
enum class pq_form : std::uint8_t { text, binary };

namespace detail {

struct pq_deleter {
    void operator()(PGconn* of) const noexcept { PQfinish(of); }
    void operator()(PGresult* of) const noexcept { PQclear(of); }
    void operator()(PQconninfoOption* of) const noexcept { PQconninfoFree(of); }
};
using pq_owner = std::unique_ptr<PGconn, pq_deleter>;

// "host:port/database" of a URL; none where it cannot be read.
[[nodiscard]] std::optional<std::string> pq_place(std::string const& url);

// SQLSTATEs that say: nothing happened, do it again.
inline constexpr std::string_view pq_serialization_failure = "40001";
inline constexpr std::string_view pq_deadlock = "40P01";

}  // namespace detail

// What a statement gave back.
class pq_rows {
public:
    pq_rows() = default;
    explicit pq_rows(PGresult* owned) : rows_(owned) {}

    [[nodiscard]] int size() const noexcept { return rows_ ? PQntuples(rows_.get()) : 0; }
    [[nodiscard]] bool is_null(int row, int column) const noexcept {
        return PQgetisnull(rows_.get(), row, column) == 1;
    }
    // Empty where it is null. Valid as long as the rows are.
    [[nodiscard]] std::string_view text(int row, int column) const noexcept {
        return {PQgetvalue(rows_.get(), row, column),
                static_cast<std::size_t>(PQgetlength(rows_.get(), row, column))};
    }
    // How many rows an update or a delete changed, as the server writes it.
    [[nodiscard]] std::string_view changed() const noexcept {
        return rows_ ? PQcmdTuples(rows_.get()) : "";
    }
    [[nodiscard]] PGresult* handle() const noexcept { return rows_.get(); }

private:
    std::unique_ptr<PGresult, detail::pq_deleter> rows_{};
};

class pq_connection {
public:
    using parameter = std::optional<std::string>;  // none: null

    // Connects. Errors: bad_argument for what is no URL of PostgreSQL; connect_failed; timed_out.
    [[nodiscard]] static result<pq_connection> open(pq_options options);

    // Runs one statement. Errors: connection_lost and timed_out, where nobody knows whether it was
    // done, and the connection is of no use any more; storage_failed, where the server refused it,
    // with the SQLSTATE in the text and in sqlstate().
    [[nodiscard]] result<pq_rows> query(std::string_view statement,
                                        std::vector<parameter> const& parameters = {},
                                        pq_form form = pq_form::text);
    // Several statements without parameters, parted by semicolons: for migrations. Errors: as
    // query().
    [[nodiscard]] result<void> run(std::string_view statements);
    // Runs a COPY FROM STDIN with the bytes that next_piece() gives, until it gives none; the
    // server works on a piece while the next is made. Errors: as query().
    [[nodiscard]] result<void> copy(std::string_view statement,
                                    detail::function_ref<std::string_view()> next_piece);

    // Of the last statement that the server refused; empty where it did not.
    [[nodiscard]] std::string const& sqlstate() const noexcept { return sqlstate_; }
    // Whether the last statement was refused for another transaction's sake: do all of it again.
    [[nodiscard]] bool may_retry() const noexcept {
        return sqlstate_ == detail::pq_serialization_failure || sqlstate_ == detail::pq_deadlock;
    }
    [[nodiscard]] bool is_open() const noexcept {
        return connection_ && PQstatus(connection_.get()) == CONNECTION_OK;
    }
    // "host:port/database": no user, no password.
    [[nodiscard]] std::string const& place() const noexcept { return place_; }
    // For COPY. The connection is in non-blocking mode.
    [[nodiscard]] PGconn* handle() const noexcept { return connection_.get(); }
    void close() noexcept { connection_.reset(); }

private:
    using clock = std::chrono::steady_clock;

    [[nodiscard]] result<void> connect();
    // Waits for the socket. Errors: timed_out.
    [[nodiscard]] result<void> wait_for(bool reads, bool writes, clock::time_point until);
    [[nodiscard]] result<void> send_all(clock::time_point until);
    // The last result of what was sent; all before are read. Errors: as query().
    [[nodiscard]] result<pq_rows> take_results(clock::time_point until);
    [[nodiscard]] error lost(std::string_view what);
    [[nodiscard]] error refused(PGresult const* by);

    pq_options options_{};
    detail::pq_owner connection_{};
    std::string place_{};
    std::string sqlstate_{};
};

// Whether a text is a URL of PostgreSQL; of others nothing is read.
[[nodiscard]] inline bool is_postgres_url(std::string_view url) noexcept {
    return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/transport/pq_connection.ipp>
#endif

#endif  // AIAUDIT_TRANSPORT_PQ_CONNECTION_HPP
