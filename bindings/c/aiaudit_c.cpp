// SPDX-License-Identifier: MIT
//
// aiaudit_c.cpp: the C interface (include/aiaudit.h) over the ledger.

#include <aiaudit.h>

#include "attempt_input.hpp"
#include "json_input.hpp"
#include "record_input.hpp"

#include <aiaudit/budget/budget_record.hpp>
#include <aiaudit/export/budget_report.hpp>
#include <aiaudit/export/record_text.hpp>
#include <aiaudit/export/report_text.hpp>
#include <aiaudit/ledger.hpp>
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/load.hpp>
#include <aiaudit/timezone/tzdb.hpp>
#include <aiaudit/verify.hpp>
#include <aiaudit/version.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace aiaudit_c {

// The header's numbers are those of errc.
static_assert(static_cast<int>(aiaudit::errc::storage_failed) == AIAUDIT_STORAGE_FAILED);
static_assert(static_cast<int>(aiaudit::errc::not_a_ledger) == AIAUDIT_NOT_A_LEDGER);
static_assert(static_cast<int>(aiaudit::errc::newer_format) == AIAUDIT_NEWER_FORMAT);
static_assert(static_cast<int>(aiaudit::errc::corrupt) == AIAUDIT_CORRUPT);
static_assert(static_cast<int>(aiaudit::errc::disk_full) == AIAUDIT_DISK_FULL);
static_assert(static_cast<int>(aiaudit::errc::read_only) == AIAUDIT_READ_ONLY);
static_assert(static_cast<int>(aiaudit::errc::not_found) == AIAUDIT_NOT_FOUND);
static_assert(static_cast<int>(aiaudit::errc::closed) == AIAUDIT_CLOSED);
static_assert(static_cast<int>(aiaudit::errc::log_full) == AIAUDIT_LOG_FULL);
static_assert(static_cast<int>(aiaudit::errc::already_open) == AIAUDIT_ALREADY_OPEN);
static_assert(static_cast<int>(aiaudit::errc::unsafe_file_system) == AIAUDIT_UNSAFE_FILE_SYSTEM);
static_assert(static_cast<int>(aiaudit::errc::no_thread) == AIAUDIT_NO_THREAD);
static_assert(static_cast<int>(aiaudit::errc::moved) == AIAUDIT_MOVED);
static_assert(static_cast<int>(aiaudit::errc::bad_json) == AIAUDIT_BAD_JSON);
static_assert(static_cast<int>(aiaudit::errc::unknown_dialect) == AIAUDIT_UNKNOWN_DIALECT);
static_assert(static_cast<int>(aiaudit::errc::no_usage) == AIAUDIT_NO_USAGE);
static_assert(static_cast<int>(aiaudit::errc::bad_usage) == AIAUDIT_BAD_USAGE);
static_assert(static_cast<int>(aiaudit::errc::provider_error) == AIAUDIT_PROVIDER_ERROR);
static_assert(static_cast<int>(aiaudit::errc::truncated) == AIAUDIT_TRUNCATED);
static_assert(static_cast<int>(aiaudit::errc::not_billable) == AIAUDIT_NOT_BILLABLE);
static_assert(static_cast<int>(aiaudit::errc::bad_price) == AIAUDIT_BAD_PRICE);
static_assert(static_cast<int>(aiaudit::errc::unknown_model) == AIAUDIT_UNKNOWN_MODEL);
static_assert(static_cast<int>(aiaudit::errc::unpriced_unit) == AIAUDIT_UNPRICED_UNIT);
static_assert(static_cast<int>(aiaudit::errc::money_overflow) == AIAUDIT_MONEY_OVERFLOW);
static_assert(static_cast<int>(aiaudit::errc::money_inexact) == AIAUDIT_MONEY_INEXACT);
static_assert(static_cast<int>(aiaudit::errc::verification_failed) == AIAUDIT_VERIFICATION_FAILED);
static_assert(static_cast<int>(aiaudit::errc::budget_exceeded) == AIAUDIT_BUDGET_EXCEEDED);
static_assert(static_cast<int>(aiaudit::errc::rate_limited) == AIAUDIT_RATE_LIMITED);
static_assert(static_cast<int>(aiaudit::errc::unbounded) == AIAUDIT_UNBOUNDED);
static_assert(static_cast<int>(aiaudit::errc::bad_argument) == AIAUDIT_BAD_ARGUMENT);
static_assert(static_cast<int>(aiaudit::errc::unknown_zone) == AIAUDIT_UNKNOWN_ZONE);
static_assert(static_cast<int>(aiaudit::errc::bad_time) == AIAUDIT_BAD_TIME);
static_assert(static_cast<int>(aiaudit::errc::bad_input) == AIAUDIT_BAD_INPUT);
static_assert(static_cast<int>(aiaudit::errc::too_large) == AIAUDIT_TOO_LARGE);

namespace {

// --- Errors: one of each thread ---

struct last_failure {
    int code = AIAUDIT_OK;
    std::string text{};
};

last_failure& failure_of_thread() {
    thread_local last_failure last;
    return last;
}

int set_failure(int code, std::string text) noexcept {
    last_failure& last = failure_of_thread();
    last.code = code;
    last.text.swap(text);
    return code;
}

int out_of_memory() noexcept {
    last_failure& last = failure_of_thread();
    last.code = AIAUDIT_OUT_OF_MEMORY;
    last.text.clear();  // its text is a constant
    return last.code;
}

// Runs the body, which returns a code; what it throws becomes one.
template <class Body>
int guarded(Body&& body) noexcept {
    try {
        try {
            return body();
        } catch (failure const& refused) {
            return set_failure(static_cast<int>(refused.reason.code), refused.reason.message());
        } catch (aiaudit::exception const& thrown) {
            return set_failure(static_cast<int>(thrown.reason().code), thrown.reason().message());
        } catch (std::bad_alloc const&) {
            return out_of_memory();
        } catch (std::exception const& thrown) {
            return set_failure(AIAUDIT_INTERNAL, std::string("internal: ") + thrown.what());
        }
    } catch (std::bad_alloc const&) {  // of the text of an error
        return out_of_memory();
    } catch (...) {
        return set_failure(AIAUDIT_INTERNAL, {});
    }
}

// --- Values that cross the border ---

// Hands a text out, if it is wanted.
void hand_out(std::string const& text, char** output) {
    if (output == nullptr) return;
    auto* const copy = static_cast<char*>(std::malloc(text.size() + 1));
    if (copy == nullptr) throw std::bad_alloc();
    std::memcpy(copy, text.c_str(), text.size() + 1);
    *output = copy;
}

std::string needed(char const* text, char const* name) {
    if (text == nullptr) bad_argument(std::string(name) + " is NULL");
    return text;
}

std::string read_file(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) refuse(aiaudit::errc::bad_input, path + ": cannot be opened");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file.bad()) refuse(aiaudit::errc::bad_input, path + ": cannot be read");
    return text;
}

// --- The ledger and what belongs to it ---

// The intents that this process admitted and has not settled. One that is not here is looked for in
// the log, which knows those that a budget covers. Bounds: the oldest (a UUID sorts by time) make
// way, so that calls that nobody settles do not fill it.
class open_attempts {
public:
    void put(attempt_key const& key, aiaudit::record const& intent) {
        std::scoped_lock const lock(mutex_);
        intents_.insert_or_assign(key, intent);
        if (intents_.size() > count_max) intents_.erase(intents_.begin());
    }
    // Only one of several that ask gets it.
    [[nodiscard]] std::optional<aiaudit::record> take_out(attempt_key const& key) {
        std::scoped_lock const lock(mutex_);
        auto const found = intents_.find(key);
        if (found == intents_.end()) return std::nullopt;
        std::optional<aiaudit::record> intent(std::move(found->second));
        intents_.erase(found);
        return intent;
    }
    void forget_before(aiaudit::timestamp deadline) {
        std::scoped_lock const lock(mutex_);
        std::erase_if(intents_, [deadline](auto const& each) {
            aiaudit::record const& intent = each.second;
            auto const given = static_cast<std::int64_t>(intent.duration_ns.value_or(0));
            return intent.started_at.ns + given < deadline.ns;
        });
    }

private:
    static constexpr std::size_t count_max = 65'536;
    std::mutex mutex_{};
    std::map<attempt_key, aiaudit::record> intents_{};  // protected by mutex_
};

}  // namespace
}  // namespace aiaudit_c

struct aiaudit_ledger {
    aiaudit::ledger log;
    aiaudit::price_book prices;
    aiaudit::durability durability = aiaudit::durability::committed;
    pid_t process = ::getpid();
    aiaudit_c::open_attempts attempts{};
};

namespace aiaudit_c {
namespace {

// A thread that pays for a look-up once.
aiaudit::price_lookup_cache& price_cache() {
    return aiaudit::detail::lookup_cache_of<aiaudit::price_book>();
}

// Runs the body on a ledger of this process.
template <class Body>
int run(aiaudit_ledger* handle, char** output, Body&& body) noexcept {
    if (output != nullptr) *output = nullptr;
    return guarded([&] {
        if (handle == nullptr) refuse(aiaudit::errc::closed, "the ledger is NULL");
        if (handle->process != ::getpid())
            refuse(aiaudit::errc::closed,
                   "the process forked after the ledger was opened; open it anew in the child");
        return body(*handle);
    });
}

aiaudit::price_book read_prices(json_input const& options) {
    auto const path = options.text("prices");
    if (!path) return aiaudit::builtin_book();
    return take(aiaudit::load_price_book(read_file(*path), *path));
}

std::string word_of(json_input const& options, std::string_view name, std::string_view first,
                    std::string_view second) {
    std::string word = options.text_or(name, first);
    if (word != first && word != second)
        options.wrong(name, "\"" + std::string(first) + "\" or \"" + std::string(second) + "\"");
    return word;
}

std::unique_ptr<aiaudit_ledger> open(std::string path, char const* options_json) {
    json_input const options(options_json, "options");
    options.allow({"create", "read_only", "durability", "budgets", "prices"});
    aiaudit::ledger_options settings;
    settings.path = std::move(path);
    settings.create = options.flag("create").value_or(true);
    settings.read_only = options.flag("read_only").value_or(false);
    bool const relaxed = word_of(options, "durability", "committed", "relaxed") == "relaxed";
    if (word_of(options, "budgets", "shared", "exclusive") == "exclusive")
        settings.budgets = aiaudit::budget_mode::exclusive;
    aiaudit::price_book prices = read_prices(options);
    return std::unique_ptr<aiaudit_ledger>(new aiaudit_ledger{
        .log = take(aiaudit::ledger::open(std::move(settings))),
        .prices = std::move(prices),
        .durability = relaxed ? aiaudit::durability::relaxed : aiaudit::durability::committed});
}

std::string problem_text(aiaudit::error const& problem) {
    aiaudit::detail::json_writer out;
    out.number("code", static_cast<std::uint64_t>(problem.code));
    out.text("text", problem.message());
    return out.finish();
}

// The record as it entered the log, with what kept its cost from being known.
std::string appended_text(aiaudit::sequence number, aiaudit::import_result const& draft) {
    std::string text = to_json(number, draft.entry);
    if (!draft.problem) return text;
    text.pop_back();
    return text + ",\"problem\":" + problem_text(*draft.problem) + "}";
}

void append(aiaudit_ledger& handle, aiaudit::import_result const& draft, char** output) {
    auto const number = take(handle.log.append(draft.entry, handle.durability));
    hand_out(appended_text(number, draft), output);
}

// Prices the usage of a record whose maker did not.
void price(aiaudit_ledger const& handle, aiaudit::import_result& draft) {
    aiaudit::record& entry = draft.entry;
    if (entry.usage.empty() && entry.iterations.empty()) {
        entry.cost_status =
            entry.failed() ? aiaudit::cost_status::no_charge : aiaudit::cost_status::unknown;
        if (!entry.failed())
            draft.problem = aiaudit::fail(aiaudit::errc::no_usage, "the record counts nothing");
        return;
    }
    aiaudit::attempt_facts facts;
    facts.model_requested = entry.model_requested;
    facts.model_served = entry.model();
    facts.operation = entry.operation;
    facts.usage = entry.usage;
    facts.iterations = entry.iterations;
    facts.service_tier = entry.service_tier;
    facts.region = entry.region;
    facts.speed = entry.speed;
    facts.complete = entry.complete;
    draft.problem = aiaudit::set_cost(entry, facts, handle.prices, price_cache());
}

// --- Admission ---

std::string refusal_json(aiaudit::budget_refusal const& refusal) {
    auto const amount = [&refusal](aiaudit::int128 value) {
        return aiaudit::amount_text(value, refusal.unit);
    };
    aiaudit::budget then;
    then.then = refusal.then;
    then.models = refusal.models;
    then.wait_ms_most = refusal.wait_ms_most;
    aiaudit::detail::json_writer out;
    out.text("budget", refusal.budget);
    out.text("subject", refusal.subject);
    out.text("reason", name_of(refusal.reason));
    out.text("unit", name_of(refusal.unit));
    out.text("limit", amount(refusal.limit));
    out.text("spent", amount(refusal.spent));
    out.text("reserved", amount(refusal.reserved));
    out.text("asked", amount(refusal.asked));
    if (refusal.resets_at) out.text("resets_at", refusal.resets_at->to_string());
    out.number("retry_after_ms", refusal.retry_after_ms);
    out.text("then", aiaudit::action_text(then));
    return out.finish();
}

aiaudit::detail::json_writer admission_head(aiaudit::record const& intent, bool admitted) {
    aiaudit::detail::json_writer out;
    out.raw("admitted", admitted ? "true" : "false");
    out.text("operation_id", intent.operation_id.to_string());
    out.number("attempt", intent.attempt);
    return out;
}

int refuse_attempt(aiaudit_ledger& handle, aiaudit::record const& intent,
                   aiaudit::budget_refusal const& refusal, char** output) {
    aiaudit::error const why{
        code_of(refusal), aiaudit::refusal_text(refusal), {}, refusal.retry_after_ms};
    auto text = admission_head(intent, false);
    text.number("code", static_cast<std::uint64_t>(why.code));
    text.text("text", why.message());
    text.raw("refusal", refusal_json(refusal));
    hand_out(text.finish(), output);
    // Not waited for: nothing was spent. A failure is that of the next call or of flush.
    static_cast<void>(handle.log.enqueue(refusal_record(intent, refusal)));
    return set_failure(static_cast<int>(why.code), why.message());
}

// Without budgets an intent is a record like others, so a relaxed one does not wait for the disk.
aiaudit::admission ask_budgets(aiaudit_ledger& handle, aiaudit::record const& intent) {
    if (handle.log.has_budgets()) return take(handle.log.admit(intent, handle.durability));
    aiaudit::admission answer;
    answer.number = take(handle.log.append(intent, handle.durability));
    return answer;
}

int admit(aiaudit_ledger& handle, char const* request_json, char** output) {
    json_input const input(request_json, "admit");
    aiaudit::record const intent =
        read_intent(input, handle.prices, handle.log.time().now(), handle.log.has_budgets());
    aiaudit::admission const answer = ask_budgets(handle, intent);
    if (answer.refused) return refuse_attempt(handle, intent, *answer.refused, output);
    handle.attempts.put({intent.operation_id, intent.attempt}, intent);
    auto text = admission_head(intent, true);
    text.number("sequence", value_of(answer.number));
    bool const known = intent.cost_status != aiaudit::cost_status::unpriced &&
                       intent.cost_status != aiaudit::cost_status::unknown;
    text.raw("reserved_usd",
             known ? aiaudit::detail::json_string(intent.cost.to_string()) : "null");
    text.raw("warned", answer.warned ? "true" : "false");
    hand_out(text.finish(), output);
    return AIAUDIT_OK;
}

// The intent of an attempt that is open in the log.
aiaudit::record find_open(aiaudit_ledger& handle, attempt_key const& key) {
    std::optional<aiaudit::record> intent;
    for (aiaudit::open_reservation const& each : take(handle.log.open_reservations())) {
        if (each.operation != key.operation || each.attempt != key.attempt) continue;
        take(handle.log.read(each.intent, [&intent](aiaudit::sequence, aiaudit::record&& entry) {
            intent = std::move(entry);
            return false;
        }));
        break;
    }
    if (!intent)
        refuse(aiaudit::errc::not_found, "no attempt " + std::to_string(key.attempt) +
                                             " of operation " + key.operation.to_string() +
                                             " is open: it was settled, or never admitted");
    return std::move(*intent);
}

// Another process may settle it at the same time: only one of both enters the log.
void settle_by_log(aiaudit_ledger& handle, attempt_key const& key, json_input const& input,
                   char** output) {
    auto const draft = read_outcome(find_open(handle, key), input, handle.prices);
    auto const number = take(handle.log.append_once(draft.entry));
    if (!number)
        refuse(aiaudit::errc::not_found,
               "operation " + key.operation.to_string() + " was settled meanwhile");
    hand_out(appended_text(*number, draft), output);
}

void settle(aiaudit_ledger& handle, char const* outcome_json, char** output) {
    json_input const input(outcome_json, "settle");
    attempt_key const key = read_settled_key(input);
    auto const intent = handle.attempts.take_out(key);
    if (!intent) return settle_by_log(handle, key, input, output);
    aiaudit::import_result draft;
    aiaudit::sequence number{};
    try {
        draft = read_outcome(*intent, input, handle.prices);
        number = take(handle.log.append(draft.entry, handle.durability));
    } catch (...) {  // it is still open
        handle.attempts.put(key, *intent);
        throw;
    }
    hand_out(appended_text(number, draft), output);
}

// --- Budgets and reports ---

aiaudit::time_zone zone_of(json_input const& input) {
    auto const name = input.text("tz");
    return name ? take_member(aiaudit::find_time_zone(*name), "tz") : aiaudit::time_zone{};
}

std::string alerts_of(json_input const& input) {
    auto const* member = aiaudit::detail::member(&input.value(), "alerts");
    if (member == nullptr) return "50,80,100";
    return input.text_or("alerts", "");
}

aiaudit::budget read_budget(char const* text) {
    json_input const input(text, "budget");
    input.allow({"name", "limit", "window", "unit", "scope", "tz", "then", "alerts"});
    aiaudit::budget wanted;
    wanted.name = input.needed_text("name");
    wanted.unit = take(aiaudit::parse_budget_unit(input.text_or("unit", "usd")));
    wanted.limit = take(aiaudit::parse_budget_limit(input.needed_text("limit"), wanted.unit));
    wanted.window = take(aiaudit::parse_budget_window(input.needed_text("window"), zone_of(input)));
    if (input.text("tz") && !aiaudit::detail::is_calendar(wanted.window.period))
        bad_argument(
            "budget: 'tz': only the windows day, week, month, quarter and year are of a calendar");
    wanted.scope = take(aiaudit::parse_budget_scope(input.text_or("scope", "everyone")));
    take(aiaudit::parse_budget_action(input.text_or("then", "refuse"), wanted));
    wanted.alert_percents = take(aiaudit::parse_alert_percents(alerts_of(input)));
    take(aiaudit::validate(wanted));
    return wanted;
}

void set_days(aiaudit::report_query& query, json_input const& input, aiaudit::timestamp now) {
    constexpr std::uint64_t days_most = 100'000;
    if (auto const days = input.number("days", 1, days_most)) {
        if (input.has("from") || input.has("to"))
            bad_argument("report: 'days' does not go with 'from' and 'to'");
        aiaudit::civil_day const today = query.zone.day_of(now);
        query.days = {today.plus(1 - static_cast<std::int32_t>(*days)), today};
    }
    auto const day = [&input](std::string_view name, aiaudit::civil_day& bound) {
        if (auto const text = input.text(name))
            bound = take_member(aiaudit::civil_day::parse(*text), name);
    };
    day("from", query.days.first);
    day("to", query.days.last);
}

std::string report(aiaudit_ledger& handle, char const* query_json) {
    json_input const input(query_json, "report");
    input.allow({"kind", "user", "tz", "days", "from", "to", "format"});
    auto const format = aiaudit::text_format_named(input.text_or("format", "json"));
    if (!format) input.wrong("format", "json, jsonl, csv or table");
    std::string const word = input.text_or("kind", "daily");
    if (word == "budgets") {
        json_input(input.value(), "report budgets").allow({"kind", "format"});
        return to_text(take(handle.log.budget_states()), *format);
    }
    auto const kind = aiaudit::report_named(word);
    if (!kind)
        input.wrong("kind",
                    "daily, models, users, user, projects, keys, providers, statuses or budgets");
    aiaudit::report_query query;
    query.kind = *kind;
    query.user = input.text_or("user", "");
    bool const of_user = *kind == aiaudit::report_kind::user;
    if (of_user != input.has("user"))
        bad_argument(of_user ? "report: the kind \"user\" needs 'user'"
                             : "report: 'user' belongs to the kind \"user\"");
    query.zone = zone_of(input);
    set_days(query, input, handle.log.time().now());
    return to_text(take(handle.log.report(query)), *format);
}

std::string records(aiaudit_ledger& handle, std::uint64_t start, std::uint64_t count_max) {
    std::uint64_t const first = start != 0 ? start : value_of(take(handle.log.first_sequence()));
    std::string text = "[";
    if (count_max == 0 || first > value_of(take(handle.log.last_sequence()))) return "[]";
    std::uint64_t count = 0;
    take(handle.log.read(aiaudit::sequence{first},
                         [&](aiaudit::sequence number, aiaudit::record&& entry) {
                             text.append(count == 0 ? "\n" : ",\n").append(to_json(number, entry));
                             return ++count < count_max;
                         }));
    return text + "\n]";
}

// --- Verification ---

aiaudit::verification_request read_verification(char const* text) {
    json_input const input(text, "verify");
    input.allow({"checkpoint", "key", "only_after"});
    aiaudit::verification_request request;
    request.only_after_anchor = input.flag("only_after").value_or(false);
    auto const note = input.text("checkpoint");
    if (!note && (input.has("key") || request.only_after_anchor))
        bad_argument("verify: 'key' and 'only_after' belong to 'checkpoint'");
    if (!note) return request;
    auto const key =
        take_member(aiaudit::note_verification_key::parse(input.needed_text("key")), "key");
    request.anchor = take_member(aiaudit::open_checkpoint(*note, key), "checkpoint");
    return request;
}

std::string verification_text(aiaudit::verification const& found) {
    std::string findings = "[";
    for (std::string const& each : found.findings)
        findings.append(findings.size() > 1 ? "," : "").append(aiaudit::detail::json_string(each));
    aiaudit::detail::json_writer out;
    out.raw("sound", found.sound() ? "true" : "false");
    out.number("records", found.size);
    out.number("read", found.read);
    out.number("dropped", found.dropped);
    out.number("anchored", found.anchored);
    out.text("root", found.root.to_string());
    out.raw("findings", findings + "]");
    out.text("conclusion", found.conclusion());
    return out.finish();
}

int verify(aiaudit_ledger& handle, char const* request_json, char** output) {
    auto const found = take(aiaudit::verify(handle.log, read_verification(request_json)));
    hand_out(verification_text(found), output);
    if (found.sound()) return AIAUDIT_OK;
    return set_failure(AIAUDIT_VERIFICATION_FAILED,
                       "verification_failed: " + found.findings.front());
}

std::string signed_checkpoint(aiaudit_ledger& handle, std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    auto const key = take_member(aiaudit::note_signing_key::parse(text), "signing_key");
    auto const state = take(aiaudit::checkpoint_of(handle.log, std::string(key.name())));
    return take(aiaudit::sign_checkpoint(state, key));
}

}  // namespace
}  // namespace aiaudit_c

extern "C" {

char const* aiaudit_version(void) {
    static std::string const text = std::to_string(aiaudit::version_major) + "." +
                                    std::to_string(aiaudit::version_minor) + "." +
                                    std::to_string(aiaudit::version_patch);
    return text.c_str();
}

int aiaudit_error_code(void) { return aiaudit_c::failure_of_thread().code; }

char const* aiaudit_error_text(void) {
    auto const& last = aiaudit_c::failure_of_thread();
    if (!last.text.empty()) return last.text.c_str();
    if (last.code == AIAUDIT_OUT_OF_MEMORY) return "out_of_memory";
    return last.code == AIAUDIT_OK ? "" : "internal: an unknown exception";
}

void aiaudit_free(char* text) { std::free(text); }

int aiaudit_open(char const* path, char const* options_json, aiaudit_ledger** ledger) {
    if (ledger != nullptr) *ledger = nullptr;
    return aiaudit_c::guarded([&] {
        if (ledger == nullptr) aiaudit_c::bad_argument("ledger is NULL");
        *ledger = aiaudit_c::open(aiaudit_c::needed(path, "path"), options_json).release();
        return int{AIAUDIT_OK};
    });
}

int aiaudit_close(aiaudit_ledger* ledger) {
    if (ledger == nullptr) return AIAUDIT_OK;
    // The threads and locks of a ledger are the parent's: a child has nothing to wait for, and what
    // it inherited goes with the process.
    if (ledger->process != ::getpid()) return AIAUDIT_OK;
    int const flushed = aiaudit_flush(ledger);
    int const destroyed = aiaudit_c::guarded([ledger] {
        delete ledger;
        return int{AIAUDIT_OK};
    });
    return flushed != AIAUDIT_OK ? flushed : destroyed;
}

int aiaudit_flush(aiaudit_ledger* ledger) {
    return aiaudit_c::run(ledger, nullptr, [](aiaudit_ledger& handle) {
        aiaudit_c::take(handle.log.flush());
        return int{AIAUDIT_OK};
    });
}

int aiaudit_record(aiaudit_ledger* ledger, char const* exchange_json, char** record_json) {
    return aiaudit_c::run(ledger, record_json, [&](aiaudit_ledger& handle) {
        auto const text = aiaudit_c::needed(exchange_json, "exchange_json");
        aiaudit_c::json_input const input(text.c_str(), "exchange");
        input.allow({"id", "provider", "path", "request", "response", "status", "content_type",
                     "headers", "user", "project", "key", "tags", "timestamp", "duration_ms",
                     "ttft_ms", "operation_id", "attempt", "trace_id"});
        auto const exchange = aiaudit_c::take(aiaudit::parse_exchange(text));
        auto const draft = aiaudit_c::take(aiaudit::record_of(
            exchange, handle.prices, handle.log.time().now(), aiaudit_c::price_cache()));
        aiaudit_c::append(handle, draft, record_json);
        return int{AIAUDIT_OK};
    });
}

int aiaudit_append(aiaudit_ledger* ledger, char const* record_json, char** appended_json) {
    return aiaudit_c::run(ledger, appended_json, [&](aiaudit_ledger& handle) {
        auto const text = aiaudit_c::needed(record_json, "record_json");
        auto read = aiaudit_c::read_record(text.c_str(), handle.log.time().now());
        aiaudit::import_result draft{std::move(read.entry), {}};
        if (!read.has_cost) aiaudit_c::price(handle, draft);
        aiaudit_c::append(handle, draft, appended_json);
        return int{AIAUDIT_OK};
    });
}

int aiaudit_admit(aiaudit_ledger* ledger, char const* request_json, char** admission_json) {
    return aiaudit_c::run(ledger, admission_json, [&](aiaudit_ledger& handle) {
        return aiaudit_c::admit(handle, aiaudit_c::needed(request_json, "request_json").c_str(),
                                admission_json);
    });
}

int aiaudit_settle(aiaudit_ledger* ledger, char const* outcome_json, char** record_json) {
    return aiaudit_c::run(ledger, record_json, [&](aiaudit_ledger& handle) {
        aiaudit_c::settle(handle, aiaudit_c::needed(outcome_json, "outcome_json").c_str(),
                          record_json);
        return int{AIAUDIT_OK};
    });
}

int aiaudit_reconcile(aiaudit_ledger* ledger, uint64_t older_than_seconds, uint64_t* count) {
    if (count != nullptr) *count = 0;
    return aiaudit_c::run(ledger, nullptr, [&](aiaudit_ledger& handle) {
        std::int64_t const now = handle.log.time().now().seconds();
        auto const before = aiaudit::timestamp::from_seconds(
            older_than_seconds < static_cast<std::uint64_t>(now)
                ? now - static_cast<std::int64_t>(older_than_seconds)
                : 0);
        // First, so that none of them is settled from memory after it was settled here.
        handle.attempts.forget_before(before);
        auto const settled = aiaudit_c::take(handle.log.reconcile(before));
        if (count != nullptr) *count = settled;
        return int{AIAUDIT_OK};
    });
}

int aiaudit_budget_set(aiaudit_ledger* ledger, char const* budget_json) {
    return aiaudit_c::run(ledger, nullptr, [&](aiaudit_ledger& handle) {
        auto const text = aiaudit_c::needed(budget_json, "budget_json");
        aiaudit_c::take(handle.log.set_budget(aiaudit_c::read_budget(text.c_str())));
        return int{AIAUDIT_OK};
    });
}

int aiaudit_budget_remove(aiaudit_ledger* ledger, char const* name) {
    return aiaudit_c::run(ledger, nullptr, [&](aiaudit_ledger& handle) {
        aiaudit_c::take(handle.log.remove_budget(aiaudit_c::needed(name, "name")));
        return int{AIAUDIT_OK};
    });
}

int aiaudit_budget_list(aiaudit_ledger* ledger, char** budgets_json) {
    return aiaudit_c::run(ledger, budgets_json, [&](aiaudit_ledger& handle) {
        aiaudit_c::hand_out(
            to_text(aiaudit_c::take(handle.log.budgets()), aiaudit::text_format::json),
            budgets_json);
        return int{AIAUDIT_OK};
    });
}

int aiaudit_report(aiaudit_ledger* ledger, char const* query_json, char** report) {
    return aiaudit_c::run(ledger, report, [&](aiaudit_ledger& handle) {
        aiaudit_c::hand_out(aiaudit_c::report(handle, query_json), report);
        return int{AIAUDIT_OK};
    });
}

int aiaudit_records(aiaudit_ledger* ledger, uint64_t input, uint64_t most, char** records_json) {
    return aiaudit_c::run(ledger, records_json, [&](aiaudit_ledger& handle) {
        aiaudit_c::hand_out(aiaudit_c::records(handle, input, most), records_json);
        return int{AIAUDIT_OK};
    });
}

int aiaudit_verify(aiaudit_ledger* ledger, char const* request_json, char** verification_json) {
    return aiaudit_c::run(ledger, verification_json, [&](aiaudit_ledger& handle) {
        return aiaudit_c::verify(handle, request_json, verification_json);
    });
}

int aiaudit_checkpoint(aiaudit_ledger* ledger, char const* signing_key, char** note) {
    return aiaudit_c::run(ledger, note, [&](aiaudit_ledger& handle) {
        aiaudit_c::hand_out(
            aiaudit_c::signed_checkpoint(handle, aiaudit_c::needed(signing_key, "signing_key")),
            note);
        return int{AIAUDIT_OK};
    });
}

}  // extern "C"
