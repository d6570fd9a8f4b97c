// SPDX-License-Identifier: MIT
//
// postgres_ceilings.ipp: the definitions of postgres_ceilings.hpp.
#ifndef AIAUDIT_IMPL_FLEET_POSTGRES_CEILINGS_IPP
#define AIAUDIT_IMPL_FLEET_POSTGRES_CEILINGS_IPP

#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/fleet/ceiling_rows.hpp>  // check_replaced, store_trust
#include <aiaudit/fleet/ceiling_text.hpp>  // budget_lines
#include <aiaudit/fleet/postgres_ceilings.hpp>

#include <charconv>
#include <cstdint>
#include <limits>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What version 1 of the schema is. `span` is a window of a budget; times are nanoseconds of UTC.
inline constexpr std::string_view fleet_schema_1 = R"(
create schema if not exists aiaudit_fleet;
create table aiaudit_fleet.schema_version (version int not null);
create table aiaudit_fleet.store (
  one int primary key check (one = 1), version bigint not null, system text not null,
  server text not null, trust int not null, recovery bigint not null,
  doubts_until timestamptz not null, quarantine_ms bigint not null);
create table aiaudit_fleet.node (
  name text primary key, id text not null, number bigint not null, recovery bigint not null,
  seen timestamptz not null, written_off boolean not null);
create table aiaudit_fleet.budget (
  name text primary key, definition text not null, limit_amount numeric(39,0) not null,
  revision bigint not null, removed boolean not null);
create table aiaudit_fleet.span (
  budget text not null, number bigint not null, begins_ns bigint not null, ends_ns bigint not null,
  total numeric(39,0) not null, primary key (budget, number));
create table aiaudit_fleet.ceiling (
  budget text not null, span bigint not null, node text not null, ceiling numeric(39,0) not null,
  used numeric(39,0) not null, primary key (budget, span, node));
create table aiaudit_fleet.event (
  at timestamptz not null, who text not null, why text not null, what text not null);
insert into aiaudit_fleet.store values (1, 0, '', '', 0, 0, now(), 15000);
insert into aiaudit_fleet.schema_version values (1);
)";
inline constexpr std::uint64_t fleet_schema_version = 1;

// Which copy of the data this is, and which run of the server: all roles may ask.
inline constexpr std::string_view fleet_system_sql =
    "select (select system_identifier::text from pg_control_system()) || '/' || "
    "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8), "
    "extract(epoch from pg_postmaster_start_time())::text";

// Locks the store's row, and looks whether the server has gone back. $1: the highest version that
// the node has seen.
inline constexpr std::string_view fleet_begin_sql = R"(
with me (system, server) as (@),
old as (select * from aiaudit_fleet.store where one = 1 for update),
look as (
  select old.*, me.system as my_system, me.server as my_server,
    ((old.system <> '' and me.system <> '' and old.system <> me.system)
      or $1::bigint > old.version) as lost,
    (old.server <> '' and me.server <> '' and old.server <> me.server) as restarted
  from old, me)
update aiaudit_fleet.store s
set version = greatest(look.version, $1::bigint) + 1, system = look.my_system,
  server = look.my_server,
  trust = case when look.lost then 2 when look.restarted then greatest(look.trust, 1)
    else look.trust end,
  recovery = case when look.lost or look.restarted then greatest(look.version, $1::bigint) + 1
    else look.recovery end,
  doubts_until = case when look.lost or look.restarted
    then clock_timestamp() + look.quarantine_ms * interval '1 millisecond'
    else look.doubts_until end
from look where s.one = 1
returning s.version, s.trust, look.lost or look.restarted,
  (extract(epoch from clock_timestamp()) * 1000000)::bigint
)";

inline constexpr std::string_view fleet_add_up_sql = R"(
update aiaudit_fleet.span s set total = coalesce((
  select sum(c.ceiling) from aiaudit_fleet.ceiling c
  where c.budget = s.budget and c.span = s.number), 0)
)";

// $1 name, $2 id, $3 number of the message.
inline constexpr std::string_view fleet_number_sql = R"(
insert into aiaudit_fleet.node as n (name, id, number, recovery, seen, written_off)
values ($1, $2, $3::bigint, 0, clock_timestamp(), false)
on conflict (name) do update
set number = excluded.number, seen = excluded.seen, written_off = false
where n.id = excluded.id and n.number < excluded.number
returning n.number
)";

// One part. $1 budget, $2 window, $3 node, $4 claim, $5 given, $6 used, $7 want, $8 may give. The
// sum is that of the locked row: what other rows say may be older than the lock.
inline constexpr std::string_view fleet_part_sql = R"(
with b as (select limit_amount, removed from aiaudit_fleet.budget where name = $1),
s as (select total from aiaudit_fleet.span where budget = $1 and number = $2::bigint for update),
c as (select ceiling from aiaudit_fleet.ceiling
  where budget = $1 and span = $2::bigint and node = $3),
n as (select b.limit_amount, b.removed, coalesce((select ceiling from c), 0) as old,
  s.total - coalesce((select ceiling from c), 0) + $4::numeric as claimed from b, s),
g as (select n.*, $5::numeric > n.old as lost,
  case when n.removed or not $8::boolean or $5::numeric > n.old then 0
    else greatest(0, least($7::numeric - $4::numeric, n.limit_amount - n.claimed)) end as more
  from n),
u as (update aiaudit_fleet.span t set total = g.claimed + g.more from g
  where t.budget = $1 and t.number = $2::bigint returning t.total),
k as (insert into aiaudit_fleet.ceiling (budget, span, node, ceiling, used)
  select $1, $2::bigint, $3, $4::numeric + g.more, $6::numeric from g
  on conflict (budget, span, node) do update set ceiling = excluded.ceiling, used = excluded.used
  returning ceiling)
select k.ceiling, case when g.removed then 0 else g.limit_amount end, u.total, g.lost from k, u, g
)";

// $1 budget, $2 window, $3 begins, $4 ends: where there is such a budget.
inline constexpr std::string_view fleet_span_sql = R"(
insert into aiaudit_fleet.span (budget, number, begins_ns, ends_ns, total)
select name, $2::bigint, $3::bigint, $4::bigint, 0 from aiaudit_fleet.budget where name = $1
on conflict (budget, number) do nothing
)";

// $1 node, $2 the recovery that it knows: it has said what it holds.
inline constexpr std::string_view fleet_heard_sql = R"(
update aiaudit_fleet.node
set recovery = $2::bigint where name = $1
  and $2::bigint = (select recovery from aiaudit_fleet.store where one = 1)
)";
inline constexpr std::string_view fleet_trust_sql = R"(
with h as (select not exists (select 1 from aiaudit_fleet.node n, aiaudit_fleet.store s
  where s.one = 1 and not n.written_off and n.recovery <> s.recovery) as heard)
update aiaudit_fleet.store s set trust = 0 from h
where s.one = 1 and s.trust > 0 and case when s.trust = 2
  then h.heard and clock_timestamp() >= s.doubts_until
  else h.heard or clock_timestamp() >= s.doubts_until end
)";

[[nodiscard]] inline error bad_fleet_row() {
    return fail(errc::corrupt, "the store of ceilings holds what cannot be read");
}
template <class Integer>
[[nodiscard]] result<Integer> stored_number(std::string_view text) {
    Integer value{};
    auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) return bad_fleet_row();
    return value;
}
[[nodiscard]] inline result<int128> stored_whole(std::string_view text) {
    auto const value = parse_whole(text);
    if (!value) return bad_fleet_row();
    return *value;
}

}  // namespace detail

AIAUDIT_INLINE result<std::unique_ptr<postgres_ceilings>> postgres_ceilings::make(
    pq_options options) {
    if (!is_postgres_url(options.url))
        return fail(errc::bad_argument,
                    "no URL of PostgreSQL: postgresql://USER@HOST:PORT/DATABASE");
    return std::unique_ptr<postgres_ceilings>(new postgres_ceilings(std::move(options)));
}

AIAUDIT_INLINE result<void> postgres_ceilings::connect() {
    if (connection_ && connection_->is_open()) return {};
    auto opened = pq_connection::open(options_);
    if (!opened) return opened.error();
    connection_.emplace(std::move(*opened));
    // A server that is still recovering refuses that: it is asked again later. What has no such
    // functions at all is another one's PostgreSQL.
    constexpr std::string_view undefined_function = "42883";
    auto const system = query(detail::fleet_system_sql);
    is_known_system_ = system.has_value();
    if (!system && connection_->sqlstate() != undefined_function) {
        connection_.reset();
        return system.error();
    }
    if (auto ok = migrate(); !ok) {
        connection_.reset();
        return ok;
    }
    return {};
}

AIAUDIT_INLINE result<void> postgres_ceilings::migrate() {
    // Several nodes may be first at once: then one makes it, and the others find it.
    result<void> made;
    for (int tries = 0; tries < tries_most; ++tries) {
        auto const there = query("select max(version) from aiaudit_fleet.schema_version");
        if (there && there->size() == 1 && !there->is_null(0, 0)) {
            auto const version = detail::stored_number<std::uint64_t>(there->text(0, 0));
            if (!version) return version.error();
            if (*version == detail::fleet_schema_version) return {};
            return fail(errc::newer_format, "the fleet's store has schema " +
                                                std::to_string(*version) + ", this program knows " +
                                                std::to_string(detail::fleet_schema_version) +
                                                ": use a newer program");
        }
        if (!connection_->is_open()) return there.error();
        made = connection_->run(std::string("begin;") + std::string(detail::fleet_schema_1) +
                                "commit;");
        if (!made && connection_->is_open()) static_cast<void>(connection_->run("rollback"));
        if (!connection_->is_open()) return made;
    }
    return made ? fail(errc::storage_failed, "the fleet's store cannot be made") : made.error();
}

template <class Body>
result<void> postgres_ceilings::transact(Body&& body) {
    for (int tries = 0;; ++tries) {
        if (auto ok = connect(); !ok) return ok;
        auto done = connection_->run("begin");
        if (done) done = body();
        if (done) done = connection_->run("commit");
        if (done) return done;
        bool const again = connection_->may_retry() && tries < tries_most;
        if (connection_->is_open() && !connection_->run("rollback")) connection_->close();
        if (!again) return done;
    }
}

AIAUDIT_INLINE result<void> postgres_ceilings::look_for_loss(std::uint64_t seen,
                                                             sync_reply& reply) {
    std::string statement(detail::fleet_begin_sql);
    statement.replace(statement.find('@'), 1,
                      is_known_system_ ? detail::fleet_system_sql : "select '', ''");
    auto const row = query(statement, {std::to_string(seen)});
    if (!row) return row.error();
    if (row->size() != 1) return detail::bad_fleet_row();
    auto const version = detail::stored_number<std::uint64_t>(row->text(0, 0));
    auto const now_us = detail::stored_number<std::int64_t>(row->text(0, 3));
    if (!version || !now_us) return detail::bad_fleet_row();
    reply.version = *version;
    reply.recovering = row->text(0, 1) != "0";
    reply.now = {*now_us * 1'000};
    return row->text(0, 2) == "t" ? add_up() : result<void>{};
}

AIAUDIT_INLINE result<void> postgres_ceilings::add_up() {
    auto const done = query(detail::fleet_add_up_sql);
    return done ? result<void>{} : done.error();
}

AIAUDIT_INLINE result<void> postgres_ceilings::begin_doubt() {
    auto const done = query(
        "update aiaudit_fleet.store set trust = 2, recovery = version, doubts_until = "
        "clock_timestamp() + quarantine_ms * interval '1 millisecond' where one = 1");
    return done ? add_up() : done.error();
}

AIAUDIT_INLINE result<void> postgres_ceilings::take_number(sync_request const& request,
                                                           sync_reply& reply) {
    std::string const id = request.node.id.to_string();
    auto const taken =
        query(detail::fleet_number_sql, {request.node.name, id, std::to_string(request.number)});
    if (!taken) return taken.error();
    if (taken->size() == 1) return {};
    auto const there =
        query("select id from aiaudit_fleet.node where name = $1", {request.node.name});
    if (!there) return there.error();
    bool const same = there->size() == 1 && there->text(0, 0) == id;
    reply.state = same ? sync_state::stale : sync_state::other_node;
    return {};
}

AIAUDIT_INLINE result<void> postgres_ceilings::take_part(std::string const& node,
                                                         ceiling_request const& part,
                                                         sync_reply& reply) {
    bool const gives = !reply.recovering && detail::is_given_at(part.begins, part.ends, reply.now);
    std::string const window = std::to_string(part.window);
    parameters const with{part.budget,
                          window,
                          node,
                          detail::whole_text(part.claim),
                          detail::whole_text(part.given),
                          detail::whole_text(part.used),
                          detail::whole_text(part.want),
                          gives ? "t" : "f"};
    auto row = query(detail::fleet_part_sql, with);
    if (row && row->size() == 0) {
        // The first of its window, or no budget of the fleet.
        auto const made = query(
            detail::fleet_span_sql,
            {part.budget, window, std::to_string(part.begins.ns), std::to_string(part.ends.ns)});
        if (!made) return made.error();
        row = query(detail::fleet_part_sql, with);
    }
    if (!row) return row.error();
    ceiling_reply& answer = reply.parts.emplace_back();
    answer.budget = part.budget;
    answer.window = part.window;
    if (row->size() == 0) return {};
    auto const ceiling = detail::stored_whole(row->text(0, 0));
    auto const limit = detail::stored_whole(row->text(0, 1));
    auto const sum = detail::stored_whole(row->text(0, 2));
    if (!ceiling || !limit || !sum) return detail::bad_fleet_row();
    answer.known = true;
    answer.ceiling = *ceiling;
    answer.limit = *limit;
    answer.sum = *sum;
    if (row->text(0, 3) != "t") return {};
    reply.recovering = true;
    return begin_doubt();
}

AIAUDIT_INLINE result<void> postgres_ceilings::end_sync(sync_request const& request,
                                                        sync_reply& reply) {
    if (auto const heard =
            query(detail::fleet_heard_sql, {request.node.name, std::to_string(request.recovery)});
        !heard)
        return heard.error();
    if (reply.recovering) {
        if (auto const done = query(detail::fleet_trust_sql); !done) return done.error();
    }
    return {};
}

AIAUDIT_INLINE result<void> postgres_ceilings::take_sync(sync_request const& request,
                                                         sync_reply& reply) {
    if (auto ok = look_for_loss(request.seen, reply); !ok) return ok;
    if (auto ok = take_number(request, reply); !ok) return ok;
    if (reply.state == sync_state::taken) {
        for (ceiling_request const& each : request.parts)
            if (auto ok = take_part(request.node.name, each, reply); !ok) return ok;
        if (auto ok = end_sync(request, reply); !ok) return ok;
    }
    auto const end = query(
        "select s.trust, (select count(*) from aiaudit_fleet.node where not written_off), "
        "s.recovery "
        "from aiaudit_fleet.store s where s.one = 1");
    if (!end) return end.error();
    if (end->size() != 1) return detail::bad_fleet_row();
    reply.recovering = end->text(0, 0) != "0";
    auto const nodes = detail::stored_number<std::uint32_t>(end->text(0, 1));
    auto const recovery = detail::stored_number<std::uint64_t>(end->text(0, 2));
    if (!nodes || !recovery) return detail::bad_fleet_row();
    reply.nodes = *nodes;
    reply.recovery = *recovery;
    return {};
}

AIAUDIT_INLINE result<sync_reply> postgres_ceilings::sync(sync_request const& request) {
    sync_reply reply;
    auto const done = transact([&] {
        reply = {};
        return take_sync(request, reply);
    });
    if (!done) return done.error();
    return reply;
}

AIAUDIT_INLINE result<std::vector<stored_budget>> postgres_ceilings::budgets() {
    if (auto ok = connect(); !ok) return ok.error();
    auto const rows =
        query("select definition, revision, removed from aiaudit_fleet.budget order by name");
    if (!rows) return rows.error();
    std::vector<stored_budget> all;
    for (int i = 0; i < rows->size(); ++i) {
        auto read = detail::parse_budget_lines(rows->text(i, 0));
        if (!read) return read.error();
        auto const revision = detail::stored_number<std::uint64_t>(rows->text(i, 1));
        if (!revision) return revision.error();
        all.push_back({std::move(*read), *revision, rows->text(i, 2) == "t"});
    }
    return all;
}

AIAUDIT_INLINE result<void> postgres_ceilings::set(budget const& wanted) {
    if (wanted.fleet == fleet_rule::none)
        return fail(errc::bad_argument, "budget '" + wanted.name + "' is not of a fleet");
    return transact([&]() -> result<void> {
        auto const now = query(
            "select (extract(epoch from clock_timestamp()) * 1000000)::bigint "
            "from aiaudit_fleet.store where one = 1 for update");
        if (!now) return now.error();
        auto const us = detail::stored_number<std::int64_t>(now->text(0, 0));
        if (!us) return us.error();
        auto const lines = detail::budget_lines(wanted, {*us * 1'000});
        if (!lines) return lines.error();
        auto const there =
            query("select definition from aiaudit_fleet.budget where name = $1", {wanted.name});
        if (!there) return there.error();
        if (there->size() == 1) {
            auto const before = detail::parse_budget_lines(there->text(0, 0));
            if (!before) return before.error();
            if (auto ok = detail::check_replaced(*before, wanted); !ok) return ok;
        }
        auto const done = query(
            "insert into aiaudit_fleet.budget as b (name, definition, limit_amount, revision, "
            "removed) values ($1, $2, $3::numeric, 1, false) on conflict (name) do update set "
            "definition = excluded.definition, limit_amount = excluded.limit_amount, "
            "revision = b.revision + 1, removed = false",
            {wanted.name, *lines, detail::whole_text(wanted.limit)});
        return done ? result<void>{} : done.error();
    });
}

AIAUDIT_INLINE result<void> postgres_ceilings::remove(std::string_view name) {
    if (auto ok = connect(); !ok) return ok;
    auto const done = query(
        "update aiaudit_fleet.budget set removed = true, revision = revision + 1 "
        "where name = $1 and not removed",
        {std::string(name)});
    if (!done) return done.error();
    if (done->changed() == "1") return {};
    return fail(errc::not_found, "the fleet has no budget '" + std::string(name) + "'");
}

AIAUDIT_INLINE result<std::vector<stored_ceiling>> postgres_ceilings::ceilings() {
    if (auto ok = connect(); !ok) return ok.error();
    auto const rows = query(
        "select c.budget, c.span, s.begins_ns, s.ends_ns, c.node, c.ceiling, c.used, "
        "(extract(epoch from n.seen) * 1000000)::bigint, n.written_off "
        "from aiaudit_fleet.ceiling c join aiaudit_fleet.span s on s.budget = c.budget and "
        "s.number = c.span join aiaudit_fleet.node n on n.name = c.node "
        "order by c.budget, c.span, c.node");
    if (!rows) return rows.error();
    std::vector<stored_ceiling> all;
    for (int i = 0; i < rows->size(); ++i) {
        auto const window = detail::stored_number<std::int64_t>(rows->text(i, 1));
        auto const begins = detail::stored_number<std::int64_t>(rows->text(i, 2));
        auto const ends = detail::stored_number<std::int64_t>(rows->text(i, 3));
        auto const seen_us = detail::stored_number<std::int64_t>(rows->text(i, 7));
        auto const ceiling = detail::stored_whole(rows->text(i, 5));
        auto const used = detail::stored_whole(rows->text(i, 6));
        if (!window || !begins || !ends || !seen_us || !ceiling || !used)
            return detail::bad_fleet_row();
        all.push_back({std::string(rows->text(i, 0)),
                       *window,
                       {*begins},
                       {*ends},
                       std::string(rows->text(i, 4)),
                       *ceiling,
                       *used,
                       {*seen_us * 1'000},
                       rows->text(i, 8) == "t"});
    }
    return all;
}

AIAUDIT_INLINE result<void> postgres_ceilings::write_off(node_write_off const& of) {
    if (auto ok = detail::check_write_off(of); !ok) return ok;
    return transact([&]() -> result<void> {
        auto const locked = query("select 1 from aiaudit_fleet.store where one = 1 for update");
        if (!locked) return locked.error();
        auto const node =
            query("update aiaudit_fleet.node set written_off = true where name = $1", {of.node});
        if (!node) return node.error();
        if (node->changed() != "1")
            return fail(errc::not_found, "the fleet has no node '" + of.node + "'");
        for (stored_ceiling const& each : of.known) {
            auto const known = query(
                "update aiaudit_fleet.ceiling set ceiling = $4::numeric "
                "where budget = $1 and span = $2::bigint and node = $3",
                {each.budget, std::to_string(each.window), of.node,
                 detail::whole_text(each.ceiling)});
            if (!known) return known.error();
        }
        auto const used =
            query("update aiaudit_fleet.ceiling set used = ceiling where node = $1", {of.node});
        if (!used) return used.error();
        if (auto ok = add_up(); !ok) return ok;
        auto const noted = query(
            "insert into aiaudit_fleet.event (at, who, why, what) values (clock_timestamp(), $1, "
            "$2, $3)",
            {of.by, of.why, "wrote off node " + of.node});
        return noted ? result<void>{} : noted.error();
    });
}

AIAUDIT_INLINE result<void> postgres_ceilings::set_quarantine(std::chrono::milliseconds time) {
    if (auto ok = connect(); !ok) return ok;
    auto const done =
        query("update aiaudit_fleet.store set quarantine_ms = $1::bigint where one = 1",
              {std::to_string(time.count())});
    return done ? result<void>{} : done.error();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_FLEET_POSTGRES_CEILINGS_IPP
