// SPDX-License-Identifier: MIT
#include <aiaudit/core/digest.hpp>
#include <aiaudit/engine/log_reader.hpp>
#include <aiaudit/export/report_text.hpp>
#include <aiaudit/late_costs.hpp>
#include <aiaudit/pricing/load.hpp>
#include <aiaudit/reprice.hpp>
#include <aiaudit/sinks/postgres_collection.hpp>
#include <aiaudit/sinks/postgres_held_rows.hpp>
#include <aiaudit/sinks/postgres_sink.hpp>
#include <aiaudit/sinks/shipper.hpp>
#include <aiaudit/storage/lmdb_store.hpp>
#include <aiaudit/timezone/tzdb.hpp>

#include "engine/support/temporary_directory.hpp"
#include "support/postgres_server.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>
#include <random>
#include <stop_token>

BOOST_AUTO_TEST_SUITE(sink_postgres,
                      *boost::unit_test::precondition(aiaudit_tests::postgres_server::is_installed))

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

constexpr std::int64_t start_seconds = 1'790'000'000;  // 2026-09-21T14:13:20Z

operation_id id_of(std::size_t number) {
    operation_id id;
    for (std::size_t i = 0; i < 8; ++i)
        id.bytes[15 - i] = static_cast<std::uint8_t>((number + 1) >> (8 * i));
    return id;
}

// Of every status, with names that need care, over 50 days.
record call_of(std::size_t number, std::mt19937_64& random) {
    static char const* const users[] = {"ana", "", "o'neil \"\\{},", "\xC3\xA9ric", "tab\there"};
    record entry;
    entry.user = users[random() % 5];
    entry.project = random() % 3 == 0 ? "" : "project" + std::to_string(random() % 3);
    entry.key_id = "key" + std::to_string(random() % 3);
    entry.provider = random() % 2 == 0 ? "openrouter" : "openai";
    entry.model_requested = random() % 3 == 0 ? "gpt-x" : "gpt-y";
    entry.started_at = {start_seconds * nanoseconds_per_second +
                        static_cast<std::int64_t>(random() % 4'320'000'000'000'000)};
    entry.operation_id = id_of(number);
    entry.attempt = random() % 5 == 0 ? 2 : 1;
    entry.http_status = random() % 9 == 0 ? 503 : 200;
    if (entry.http_status == 503) entry.error_type = "overloaded";
    if (random() % 4 != 0) entry.duration_ns = random() % 90'000'000'000;
    entry.usage.set(unit::input_tokens, random() % 9000);
    entry.usage.set(unit::output_tokens, random() % 900);
    entry.price_basis = random() % 6 == 0 ? price_basis::assumed : price_basis::listed;
    if (random() % 4 == 0) entry.tags = {{"team", "red \x01"}, {"run", "r1"}};
    entry.cost = money::from_pico(static_cast<std::int64_t>(random() % 5'000'000'000'000));
    switch (random() % 5) {
    case 0:
        entry.cost_status = cost_status::unpriced;
        entry.cost = {};
        break;
    case 1:
        entry.cost_status = cost_status::estimated;
        entry.cost_low = money::from_pico(entry.cost.pico() / 7);
        entry.usage.set(unit::output_tokens, 64'000, provenance::estimated);
        break;
    case 2:
        entry.provider_cost = entry.cost;
        entry.computed_cost = entry.cost;
        [[fallthrough]];
    default: entry.cost_status = cost_status::priced;
    }
    return entry;
}

// With late costs and corrections by another price book.
ledger ledger_of(temporary_directory const& directory, std::size_t count, unsigned seed) {
    ledger_options options;
    options.path = directory.path();
    auto log = ledger::open(options).value();
    std::mt19937_64 random(seed);
    std::vector<late_cost> costs;
    for (std::size_t i = 0; i < count; ++i) {
        record const entry = call_of(i, random);
        BOOST_REQUIRE(log.append(entry, durability::relaxed).has_value());
        if (entry.cost_status != cost_status::estimated || random() % 3 == 0) continue;
        late_cost cost;
        cost.operation_id = entry.operation_id;
        cost.cost = money::from_pico(entry.cost.pico() / 2);
        cost.place = std::to_string(i);
        costs.push_back(std::move(cost));
    }
    BOOST_REQUIRE(log.flush().has_value());
    BOOST_TEST(correct_costs(log, costs, {"ana", "the usage page"}).value().corrections > 0U);
    auto const book = load_price_book(
        R"({"gpt-x":{"litellm_provider":"openai","mode":"chat","input_cost_per_token":1.3e-6,
            "output_cost_per_token":4.123456789e-6}})",
        "book");
    BOOST_REQUIRE(reprice(log, book.value(), {{}, true, "ana", "why"}).has_value());
    return log;
}

void ship(ledger const& log, std::string const& url, std::string origin, std::uint64_t batch = 97) {
    ship_options options;
    options.origin = std::move(origin);
    options.batch_records = batch;
    auto shipping = shipper::make(log, postgres_sink(url), std::move(options)).value();
    auto const done = shipping->run_once(std::stop_token{}, std::chrono::seconds(20));
    BOOST_REQUIRE_MESSAGE(done.has_value(), done.error().message());
}

// The first records of a log.
void gather(ledger const& log, detail::row_batch& batch, std::size_t count) {
    batch.begin({});
    BOOST_REQUIRE(log.log()
                      .views(1,
                             [&](sequence, record_view const& entry) {
                                 batch.add(entry);
                                 return batch.size() < count;
                             })
                      .has_value());
    BOOST_REQUIRE(batch.end().has_value());
}

std::string ask(std::string const& url, std::string const& statement) {
    auto from = pq_connection::open({url}).value();
    auto const rows = from.query(statement);
    if (!rows) return from.sqlstate();
    return rows->size() == 0 ? std::string{} : std::string(rows->text(0, 0));
}

// What each column of a row is to be, as PostgreSQL's own text of it.
class wanted_texts final : public column_writer {
public:
    std::vector<pq_connection::parameter> values{};

    void text(std::string_view value) override { values.emplace_back(value); }
    void whole(std::int64_t value) override { values.emplace_back(std::to_string(value)); }
    void amount(money value) override { values.emplace_back(value.to_string()); }
    void instant(timestamp value) override { values.emplace_back(std::to_string(value.ns)); }
    void bytes(std::string_view value) override {
        values.emplace_back("\\x" + detail::to_hex(value));
    }
    void flag(bool value) override { values.emplace_back(value ? "true" : "false"); }
    void json(std::string_view value) override { values.emplace_back(value); }
    void absent() override { values.emplace_back(std::nullopt); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_value_of_every_record_arrives) {
    temporary_directory const directory;
    ledger const log = ledger_of(directory, 400, 1);
    std::string const url = postgres_server::fresh_url();
    ship(log, url, "node 'a'");
    auto to = pq_connection::open({url}).value();
    std::string statement =
        "select count(*) from aiaudit.record r join aiaudit.log l using (log_id)"
        " where r.started_at = to_timestamp(0) + floor(started_ns / 1000.0)"
        " * interval '1 microsecond'";
    int place = 0;
    for (record_column const& column : record_columns) {
        std::string const name =
            column.name == "started_at" ? "started_ns" : std::string(column.name);
        statement += " and " + name + " is not distinct from $" + std::to_string(++place) + "::";
        statement +=
            column.type == column_type::instant ? "bigint" : detail::postgres_type(column.type);
    }
    detail::row_batch batch;
    gather(log, batch, 200);
    for (sink_row const& row : batch.rows()) {
        wanted_texts wanted;
        write_columns("node 'a'", row, wanted);
        auto const found = to.query(statement, wanted.values);
        BOOST_REQUIRE_MESSAGE(found.has_value(), found.error().remote);
        BOOST_TEST_REQUIRE(found->text(0, 0) == "1", "record " << value_of(row.number));
    }
    BOOST_TEST(ask(url, "select count(*) from aiaudit.record") ==
               std::to_string(value_of(log.last_sequence().value())));
}

BOOST_AUTO_TEST_CASE(a_report_over_the_rows_is_the_ledgers_own) {
    temporary_directory const directory;
    ledger log = ledger_of(directory, 1500, 2);
    totals const corrected = log.report({}).value().sum;
    BOOST_TEST(corrected.corrections > 100U);
    BOOST_TEST(corrected.made_costed > 0U);  // by another price book
    std::string const url = postgres_server::fresh_url();
    ship(log, url, "a");
    auto rows = postgres_collection::open({url}).value();
    std::size_t texts = 0;
    for (char const* const zone : {"UTC", "Asia/Kathmandu", "America/New_York"}) {
        for (int kind = 0; kind < 8; ++kind) {
            for (int form = 0; form < 4; ++form) {
                report_query query;
                query.kind = static_cast<report_kind>(kind);
                query.zone = find_time_zone(zone).value();
                if (query.kind == report_kind::user) query.user = "o'neil \"\\{},";
                query.as_recorded = form == 1;
                if (form == 2) query.top = 2, query.offset = 1;
                if (form == 3)
                    query.days = {civil_day::parse("2026-09-25").value(),
                                  civil_day::parse("2026-11-03").value()};
                auto const wanted = log.report(query).value();
                auto const made = rows.report(query);
                BOOST_REQUIRE_MESSAGE(made.has_value(),
                                      made.error().message() + made.error().remote);
                for (text_format const format : {text_format::table, text_format::csv})
                    BOOST_TEST(to_text(*made, format) == to_text(wanted, format),
                               zone << " kind " << kind << " form " << form);
                BOOST_TEST(made->row_count == wanted.row_count);
                texts += wanted.rows.size();
            }
        }
    }
    BOOST_TEST(texts > 300U);
}

BOOST_AUTO_TEST_CASE(reports_are_of_all_logs_or_of_one) {
    temporary_directory const one;
    temporary_directory const two;
    ledger first = ledger_of(one, 200, 3);
    ledger second = ledger_of(two, 300, 4);
    std::string const url = postgres_server::fresh_url();
    ship(first, url, "one");
    ship(second, url, "two");
    auto all = postgres_collection::open({url}).value();
    auto only = postgres_collection::open({url}, "two").value();
    money const of_first = first.report({}).value().sum.cost;
    money const of_second = second.report({}).value().sum.cost;
    BOOST_TEST(to_text(only.report({}).value(), text_format::csv) ==
               to_text(second.report({}).value(), text_format::csv));
    BOOST_TEST((all.report({}).value().sum.cost == of_first + of_second));
    BOOST_TEST(ask(url, "select sum(cost_usd) from aiaudit.spend_by_user where log = 'one'") ==
               ask(url, "select '" + of_first.to_string() + "'::numeric(38,12)"));
    BOOST_TEST((postgres_collection::open({url}, "three").error().code == errc::not_found));
    auto const logs = all.logs().value();
    BOOST_TEST_REQUIRE(logs.size() == 2U);
    BOOST_TEST(logs[1].origin == "two");
    BOOST_TEST(logs[1].size == value_of(second.last_sequence().value()));
    BOOST_TEST(logs[1].log_size == logs[1].size);
    BOOST_TEST(!logs[1].forked_at.has_value());
}

BOOST_AUTO_TEST_CASE(of_two_shippers_the_slower_keeps_nothing) {
    temporary_directory const directory;
    ledger const log = ledger_of(directory, 50, 5);
    std::string const url = postgres_server::fresh_url();
    auto quick = postgres_sink(url);
    auto slow = postgres_sink(url);
    sink_cursor const before = quick->open("a").value();
    BOOST_REQUIRE((slow->open("a").value() == before));
    detail::row_batch batch;
    gather(log, batch, 40);
    sink_cursor const after{40, batch.tree().root(), 1};
    BOOST_TEST(quick->write({"a", batch.rows(), before, after, {}}).has_value());
    auto const late = slow->write({"a", batch.rows(), before, after, {}});
    BOOST_TEST_REQUIRE(!late.has_value());
    BOOST_TEST((late.error().code == errc::already_open));
    BOOST_TEST(ask(url, "select count(*) from aiaudit.record") == "40");
    BOOST_TEST((slow->open("a").value() == after));
    // Rows that the cursor does not know are news, and nothing is written over them.
    BOOST_REQUIRE(ask(url, "delete from aiaudit.record where seq < 20") == "");
    BOOST_REQUIRE(ask(url, "update aiaudit.log set size = 0, root = decode('" +
                               before.root.to_string() + "', 'hex')") == "");
    BOOST_REQUIRE((slow->open("a").value() == before));
    auto const twice = slow->write({"a", batch.rows(), before, after, {}});
    BOOST_TEST_REQUIRE(!twice.has_value());
    BOOST_TEST((twice.error().code == errc::verification_failed));
    BOOST_TEST(ask(url, "select count(*) from aiaudit.record") == "21");
}

BOOST_AUTO_TEST_CASE(another_log_under_the_same_name_is_refused_and_told) {
    temporary_directory const one;
    temporary_directory const two;
    ledger const first = ledger_of(one, 60, 6);
    ledger const second = ledger_of(two, 90, 7);
    std::string const url = postgres_server::fresh_url();
    ship(first, url, "a");
    auto shipping = shipper::make(second, postgres_sink(url), {.origin = "a"}).value();
    auto const refused = shipping->step(true);
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error().code == errc::verification_failed));
    auto const logs = postgres_collection::open({url}).value().logs().value();
    BOOST_TEST_REQUIRE(logs.size() == 1U);
    BOOST_TEST((logs[0].forked_at == value_of(first.last_sequence().value())));
}

BOOST_AUTO_TEST_CASE(a_writer_adds_and_a_reader_reads_and_neither_changes_a_row) {
    temporary_directory const directory;
    ledger const log = ledger_of(directory, 100, 8);
    std::string const url = postgres_server::fresh_url();
    BOOST_REQUIRE(prepare_postgres(url, timestamp::from_seconds(start_seconds), 3).has_value());
    auto owner = pq_connection::open({url}).value();
    std::ifstream file(AIAUDIT_SOURCE_DIR "/deploy/postgresql/roles.sql");
    auto const roles = owner.run(std::string(std::istreambuf_iterator<char>(file), {}));
    BOOST_REQUIRE_MESSAGE(roles.has_value(), roles.error().remote);
    BOOST_REQUIRE(owner
                      .run("create role w login in role aiaudit_writer;"
                           "create role r login in role aiaudit_reader")
                      .has_value());
    auto const of = [&url](std::string const& role) {
        return "postgresql://" + role + url.substr(url.find('@'));
    };
    ship(log, of("w"), "a");
    BOOST_TEST(ask(url, "select count(*) from aiaudit.record") ==
               std::to_string(value_of(log.last_sequence().value())));
    std::string const denied = "42501";
    for (char const* const statement :
         {"delete from aiaudit.record", "update aiaudit.record set spent = 0",
          "truncate aiaudit.record", "delete from aiaudit.log", "select * from aiaudit.record",
          "update aiaudit.log set origin = 'b'", "delete from aiaudit.checkpoint",
          "update aiaudit.checkpoint set size = 1", "insert into aiaudit.migration values (9)"}) {
        BOOST_TEST(ask(of("w"), statement) == denied, statement);
        BOOST_TEST(ask(of("r"), statement) == denied, statement);
    }
    BOOST_TEST(ask(of("r"), "insert into aiaudit.checkpoint select 1, 1, ''") == denied);
    auto reader = postgres_collection::open({of("r")}).value();
    BOOST_TEST((reader.report({}).value().rows.size() > 10U));
    BOOST_TEST(reader.logs().value().size() == 1U);
    BOOST_TEST(postgres_held_rows({of("r")}, "a", {1, 100, 100}).has_value());
    BOOST_REQUIRE(owner
                      .run("drop owned by aiaudit_writer, aiaudit_reader; drop role w, r,"
                           " aiaudit_writer, aiaudit_reader")
                      .has_value());
}

BOOST_AUTO_TEST_CASE(rows_without_a_partition_of_their_month_lie_in_the_default_one) {
    temporary_directory const directory;
    ledger_options options;
    options.path = directory.path();
    auto log = ledger::open(options).value();
    for (std::int64_t const second : {std::int64_t{-5'000'000'000}, std::int64_t{0}, start_seconds,
                                      std::int64_t{9'000'000'000}}) {
        record entry;
        entry.provider = "openai";
        entry.started_at = {second * nanoseconds_per_second - 1};
        BOOST_REQUIRE(log.append(entry).has_value());
    }
    std::string const url = postgres_server::fresh_url();
    ship(log, url, "a");
    BOOST_TEST(ask(url, "select count(*) from aiaudit.record_2026_09") == "1");
    BOOST_TEST(ask(url, "select count(*) from aiaudit.record_rest") == "3");
    auto rows = postgres_collection::open({url}).value();
    BOOST_TEST(to_text(rows.report({}).value(), text_format::csv) ==
               to_text(log.report({}).value(), text_format::csv));
}

BOOST_AUTO_TEST_CASE(tables_of_a_newer_release_are_left_alone) {
    std::string const url = postgres_server::fresh_url();
    BOOST_REQUIRE(prepare_postgres(url, timestamp{}, 0).has_value());
    BOOST_REQUIRE(ask(url, "insert into aiaudit.migration (number) values (99)") == "");
    BOOST_TEST((postgres_sink(url)->open("a").error().code == errc::newer_format));
    BOOST_TEST((postgres_collection::open({url}).error().code == errc::newer_format));
}

BOOST_AUTO_TEST_CASE(no_message_has_the_password) {
    std::string const url = "postgresql://ana:geheim@127.0.0.1:1/db?password=geheim2";
    auto const sink = postgres_sink(url);
    BOOST_TEST(sink->name() == "postgresql://127.0.0.1:1/db");
    auto const failed = sink->open("a");
    BOOST_TEST_REQUIRE(!failed.has_value());
    BOOST_TEST((failed.error().code == errc::connect_failed));
    BOOST_TEST(failed.error().where.find("geheim") == std::string::npos);
    auto const wrong = postgres_sink("postgresql://ana:geheim@[::1")->open("a");
    BOOST_TEST_REQUIRE(!wrong.has_value());
    BOOST_TEST((wrong.error().code == errc::bad_argument));
    BOOST_TEST(wrong.error().where.find("geheim") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
