// SPDX-License-Identifier: MIT
#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/engine/log_reader.hpp>
#include <aiaudit/engine/sink_mark.hpp>
#include <aiaudit/integrity/checkpoint.hpp>
#include <aiaudit/retain.hpp>
#include <aiaudit/sinks/json_lines_sink.hpp>
#include <aiaudit/sinks/shipper.hpp>

#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <thread>

BOOST_AUTO_TEST_SUITE(shipping)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

// What a sink keeps, which outlives its connections.
struct kept_rows {
    std::map<std::uint64_t, digest> rows{};
    money spent{};
    sink_cursor cursor{};
    std::string checkpoint{};
    std::uint64_t twice = 0;  // rows that came although they were there
};

enum class fault { none, before, after, elsewhere };

// A sink whose next write fails: before it keeps anything, after it kept all, or since another
// shipper was quicker.
class faulty_sink final : public record_sink {
public:
    faulty_sink(kept_rows& kept, fault& next) : kept_(kept), next_(next) {}

    [[nodiscard]] std::string name() const override { return "test:sink"; }
    [[nodiscard]] result<sink_cursor> open(std::string_view) override { return kept_.cursor; }
    [[nodiscard]] result<void> write(sink_batch const& batch) override {
        fault const now = std::exchange(next_, fault::none);
        if (now == fault::before) return fail(errc::connection_lost, "before");
        if (now == fault::elsewhere || batch.before != kept_.cursor)
            return fail(errc::already_open, "elsewhere");
        for (sink_row const& row : batch.rows) {
            if (!kept_.rows.emplace(value_of(row.number), row.leaf).second) ++kept_.twice;
            kept_.spent += totals::of(*row.entry).cost;
            BOOST_TEST((leaf_hash(row.encoded) == row.leaf));
        }
        kept_.cursor = batch.after;
        kept_.checkpoint = batch.checkpoint;
        if (now == fault::after) return fail(errc::connection_lost, "after");
        return {};
    }

private:
    kept_rows& kept_;
    fault& next_;
};

// A sink whose server is away.
class absent_sink final : public record_sink {
public:
    [[nodiscard]] std::string name() const override { return "test:absent"; }
    [[nodiscard]] result<sink_cursor> open(std::string_view) override {
        return fail(errc::connect_failed, "away");
    }
    [[nodiscard]] result<void> write(sink_batch const&) override {
        return fail(errc::connect_failed, "away");
    }
};

struct stand {
    temporary_directory directory{};
    ledger log;
    kept_rows kept{};
    fault next = fault::none;

    explicit stand(int count, int first = 0)
        : log(ledger::open({.path = directory / "ledger"}).value()) {
        append_samples(log, first, count);
    }
    [[nodiscard]] std::unique_ptr<shipper> make(ship_options options = {}) {
        options.linger = std::chrono::milliseconds(0);
        return shipper::make(log, std::make_unique<faulty_sink>(kept, next), std::move(options))
            .value();
    }
    // Steps until nothing is left, over failures.
    void ship_all(shipper& shipping) {
        for (int i = 0; i < 1000; ++i) {
            auto const shipped = shipping.step(true);
            if (shipped && *shipped == 0) return;
        }
        BOOST_FAIL("it does not end");
    }
    void check_whole() {
        auto const size = value_of(log.last_sequence().value());
        BOOST_TEST(kept.rows.size() == size);
        BOOST_TEST(kept.twice == 0U);
        BOOST_TEST((kept.spent == recount(log).cost));
        compact_range tree;
        for (auto const& [number, leaf] : kept.rows) tree.append(leaf);
        BOOST_TEST((tree.root() == log.log().tree().value().root()));
        BOOST_TEST((kept.cursor == sink_cursor{size, tree.root(), 1}));
    }
};

std::string text_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_record_arrives_once_in_order_and_batches_end_at_borders) {
    stand with(1234);
    auto shipping = with.make({.batch_records = 100});
    BOOST_TEST(shipping->step(true).value() == 100U);
    with.ship_all(*shipping);
    with.check_whole();
    BOOST_TEST(shipping->status().batches == 13U);
    append_samples(with.log, 1234, 70);
    BOOST_TEST(shipping->step(true).value() == 66U);
    with.ship_all(*shipping);
    with.check_whole();
    BOOST_TEST((shipping->status().state == ship_state::current));
}

BOOST_AUTO_TEST_CASE(a_batch_waits_for_more_until_its_time_has_come) {
    stand with(150);
    auto patient = shipper::make(with.log, std::make_unique<faulty_sink>(with.kept, with.next),
                                 {.batch_records = 100, .linger = std::chrono::hours(1)})
                       .value();
    BOOST_TEST(patient->step().value() == 100U);
    BOOST_TEST(patient->step().value() == 0U);
    BOOST_TEST((patient->status().state == ship_state::behind));
    BOOST_TEST(patient->step(true).value() == 50U);
    with.check_whole();
}

BOOST_AUTO_TEST_CASE(a_failure_before_or_after_the_sink_kept_a_batch_doubles_and_loses_nothing) {
    for (fault const each : {fault::before, fault::after, fault::elsewhere}) {
        stand with(500);
        auto shipping = with.make({.batch_records = 64});
        for (int i = 0; i < 8; ++i) {
            with.next = i % 2 == 0 ? each : fault::none;
            static_cast<void>(shipping->step(true));
        }
        with.ship_all(*shipping);
        with.check_whole();
    }
}

BOOST_AUTO_TEST_CASE(two_shippers_of_one_log_lose_and_double_nothing) {
    stand with(900);
    auto first = with.make({.batch_records = 50});
    auto second = with.make({.batch_records = 70});
    for (int i = 0; i < 30; ++i) {
        static_cast<void>(first->step(true));
        if (i % 3 == 0) static_cast<void>(second->step(true));
    }
    with.ship_all(*first);
    with.ship_all(*second);
    with.check_whole();
}

BOOST_AUTO_TEST_CASE(a_sink_that_was_restored_from_a_backup_gets_what_it_lost) {
    stand with(300);
    auto shipping = with.make({.batch_records = 100});
    BOOST_TEST(shipping->step(true).value() == 100U);
    kept_rows const backup = with.kept;
    with.ship_all(*shipping);
    with.kept = backup;
    append_samples(with.log, 300, 1);
    with.ship_all(*shipping);
    with.check_whole();
}

BOOST_AUTO_TEST_CASE(another_log_and_one_that_was_rolled_back_are_refused) {
    stand with(300);
    auto shipping = with.make();
    with.ship_all(*shipping);
    stand other(400, 1);
    other.kept = with.kept;
    auto const forked = other.make()->step(true);
    BOOST_REQUIRE(!forked);
    BOOST_TEST((forked.error().code == errc::verification_failed));
    BOOST_TEST(forked.error().where.find("another one, or was forked") != std::string::npos);
    stand shorter(200);
    shorter.kept = with.kept;
    auto const rolled = shorter.make()->step(true);
    BOOST_REQUIRE(!rolled);
    BOOST_TEST(rolled.error().where.find("this log has 200") != std::string::npos);
    BOOST_TEST(other.kept.rows.size() == 300U);
    // run() does not try again.
    auto again = shorter.make();
    BOOST_TEST(!again->run({}));
    BOOST_TEST((again->status().state == ship_state::stopped));
}

BOOST_AUTO_TEST_CASE(each_batch_has_a_checkpoint_that_the_logs_key_signed) {
    stand with(120);
    auto const key = std::make_shared<note_signing_key const>(
        note_signing_key::generate("example.com/log").value());
    auto shipping = with.make({.origin = "example.com/log", .batch_records = 50, .key = key});
    with.ship_all(*shipping);
    auto const opened = open_checkpoint(with.kept.checkpoint, key->verification_key());
    BOOST_REQUIRE(opened);
    BOOST_TEST(opened->size() == 120U);
    BOOST_TEST((opened->root() == with.log.log().tree().value().root()));
}

BOOST_AUTO_TEST_CASE(retention_keeps_what_a_sink_lacks_unless_told) {
    stand with(0);
    for (int i = 0; i < 4; ++i) {
        append_samples(with.log, i * 100, 100);
        BOOST_REQUIRE(with.log.rotate());
    }
    auto shipping = with.make({.batch_records = 150, .mark_name = "test"});
    BOOST_TEST(shipping->step(true).value() == 150U);
    BOOST_REQUIRE(write_sink_mark(with.log.path(), {"test", "test:sink", "log", 150}));
    retention_policy policy{.age_max = std::chrono::seconds(0), .bytes_max = 1};
    BOOST_TEST(retain(with.log, policy).value().size() == 1U);
    BOOST_TEST(hold_of_sinks(with.log).value()->shipped == 150U);
    policy.drop_unshipped = true;
    BOOST_TEST(retain(with.log, policy).value().size() == 3U);
    // What went meanwhile is no silent hole.
    auto const gap = shipping->step(true);
    BOOST_REQUIRE(!gap);
    BOOST_TEST(gap.error().where.find("retention dropped the records 151 to") != std::string::npos);
    auto bold = with.make({.batch_records = 150, .skip_dropped = true});
    with.ship_all(*bold);
    BOOST_TEST(with.kept.cursor.size == value_of(with.log.last_sequence().value()));
    BOOST_TEST(with.kept.cursor.first == value_of(with.log.first_sequence().value()));
}

BOOST_AUTO_TEST_CASE(retention_waits_for_a_sink_that_was_never_reached) {
    stand with(100);
    BOOST_REQUIRE(with.log.rotate());
    auto const shipping =
        shipper::make(with.log, std::make_unique<absent_sink>(),
                      {.retry_wait_min = std::chrono::milliseconds(1), .mark_name = "test"})
            .value();
    std::jthread worker(
        [&](std::stop_token const& stop) { static_cast<void>(shipping->run(stop)); });
    while (shipping->status().retries == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    worker.request_stop();
    worker.join();
    retention_policy policy{.age_max = std::chrono::seconds(0), .bytes_max = 1};
    BOOST_TEST(retain(with.log, policy).value().empty());
    BOOST_TEST(hold_of_sinks(with.log).value()->shipped == 0U);
    policy.drop_unshipped = true;
    BOOST_TEST(retain(with.log, policy).value().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_mark_that_is_none_is_named_and_names_are_checked) {
    temporary_directory const directory;
    sink_mark const mark{"a-sink", "postgresql://host/db", "log-1", 17};
    BOOST_REQUIRE(write_sink_mark(directory.path(), mark));
    BOOST_TEST((read_sink_marks(directory.path()).value() == std::vector{mark}));
    for (char const* const name : {"", ".hidden", "a/b", "a.new", "a b"})
        BOOST_TEST(!write_sink_mark(directory.path(), {name, "", "", 1}));
    BOOST_TEST(!write_sink_mark(directory.path(), {"x", "two\nlines", "", 1}));
    std::ofstream(directory / "sinks/broken") << "aiaudit sink 1\nx\ny\n12 monkeys\n";
    auto const read = read_sink_marks(directory.path());
    BOOST_REQUIRE(!read);
    BOOST_TEST(read.error().where.find("sinks/broken: it is no mark") != std::string::npos);
    BOOST_REQUIRE(remove_sink_mark(directory.path(), "broken"));
    BOOST_REQUIRE(remove_sink_mark(directory.path(), "a-sink"));
    BOOST_TEST(read_sink_marks(directory.path()).value().empty());
    for (std::size_t i = 0; i < sink_marks_max; ++i)
        BOOST_REQUIRE(write_sink_mark(directory.path(), {"s" + std::to_string(i), "", "", i}));
    BOOST_TEST(!write_sink_mark(directory.path(), {"one-more", "", "", 1}));
}

BOOST_AUTO_TEST_CASE(a_file_has_each_record_once_wherever_a_crash_cut_it) {
    stand with(230);
    std::string const path = with.directory / "out.jsonl";
    auto const ship = [&] {
        auto shipping =
            shipper::make(with.log, json_file_sink(path),
                          {.batch_records = 100, .linger = std::chrono::milliseconds(0)})
                .value();
        with.ship_all(*shipping);
    };
    ship();
    std::string const whole = text_of(path);
    BOOST_TEST(std::count(whole.begin(), whole.end(), '\n') == 233);
    for (std::size_t cut = 0; cut < whole.size(); cut += 997) {
        std::filesystem::resize_file(path, cut);
        ship();
        BOOST_TEST((text_of(path) == whole));
    }
}

BOOST_AUTO_TEST_CASE(a_file_of_something_else_or_of_another_log_is_not_touched) {
    stand with(10);
    for (char const* const content : {"my diary\n", "{\"origin\":\"another\",\"seq\":1}\n"}) {
        std::string const path = with.directory / "out";
        std::ofstream(path) << content;
        auto shipping = shipper::make(with.log, json_file_sink(path), {}).value();
        auto const shipped = shipping->step(true);
        BOOST_REQUIRE(!shipped);
        BOOST_TEST(shipped.error().where.find("give another file") != std::string::npos);
        BOOST_TEST(text_of(path) == content);
    }
}

BOOST_AUTO_TEST_CASE(a_row_has_every_column_in_its_order_and_type) {
    class checker final : public column_writer {
    public:
        void text(std::string_view value) override {
            take(column_type::text);
            BOOST_TEST(!value.empty());
        }
        void whole(std::int64_t) override { take(column_type::whole); }
        void amount(money) override { take(column_type::amount); }
        void instant(timestamp) override { take(column_type::instant); }
        void bytes(std::string_view) override { take(column_type::bytes); }
        void flag(bool) override { take(column_type::flag); }
        void json(std::string_view) override { take(column_type::json); }
        void absent() override {
            BOOST_REQUIRE(next < record_columns.size());
            BOOST_TEST((record_columns[next].absence != column_absence::never),
                       record_columns[next].name);
            ++next;
        }
        void take(column_type type) {
            BOOST_REQUIRE(next < record_columns.size());
            BOOST_TEST((record_columns[next].type == type), record_columns[next].name);
            ++next;
        }
        std::size_t next = 0;
    };
    record full = sample(1);
    full.user = std::string("a\xFF\0b", 4);
    full.tags = {{"team", "search"}};
    full.iterations = {{"message", "gpt-4.1", full.usage}};
    full.duration_ns = 1'500'000'000;
    full.cost_low = money::from_pico(1);
    full.saved = full.provider_cost = full.upstream_cost = full.computed_cost = full.cost;
    full.operation_id.bytes[0] = full.trace_id.bytes[0] = full.price_book.bytes[0] = 1;
    full.parameters.max_output_tokens = 5;
    full.parameters.choices = 2;
    for (record const& each : {record{}, full}) {
        std::string const bytes = encode_record(each);
        record_view view;
        BOOST_REQUIRE(decode_record(bytes, view));
        checker out;
        write_columns("log", {sequence{1}, &view, leaf_hash(bytes), bytes}, out);
        BOOST_TEST(out.next == record_columns.size());
    }
    std::string const bytes = encode_record(full);
    record_view view;
    BOOST_REQUIRE(decode_record(bytes, view));
    std::string const line = json_line("log", {sequence{1}, &view, leaf_hash(bytes), bytes});
    BOOST_TEST(line.find(R"("user_name":"a\\xff\\x00b")") != std::string::npos, line);
    BOOST_TEST(line.find(R"("spent":"0.000001000001")") != std::string::npos, line);
    BOOST_TEST(line.find(R"("tags":[["team","search"]])") != std::string::npos, line);
}

BOOST_AUTO_TEST_SUITE_END()
