// Reports: the same records by day of any time zone, by user, and for machines.
#include <aiaudit/aiaudit.hpp>

#include <iostream>

// A ledger that keeps nothing on disk: one line changes the storage.
struct in_memory : aiaudit::default_policies {
    using storage = aiaudit::memory_store;
};

int main() {
    auto ledger = aiaudit::basic_ledger<in_memory>::open({}).value();
    for (int hour = 0; hour < 48; ++hour) {
        aiaudit::record entry;
        entry.user = hour % 3 == 0 ? "ana" : "binh";
        entry.provider = "openai";
        entry.model_requested = "gpt-4.1";
        entry.started_at = aiaudit::timestamp{aiaudit::timestamp::parse("2026-03-07").value().ns +
                                              hour * 3'600 * aiaudit::nanoseconds_per_second};
        entry.usage.set(aiaudit::unit::input_tokens, 1000);
        entry.cost = aiaudit::money::parse("0.002").value();
        entry.cost_status = aiaudit::cost_status::priced;
        ledger.append(entry).value();
    }
    for (char const* const zone : {"UTC", "America/New_York"}) {
        std::cout << zone << '\n'
                  << to_text(ledger.report({.zone = aiaudit::find_time_zone(zone).value()}).value(),
                             aiaudit::text_format::table)
                  << '\n';
    }
    std::cout << to_text(ledger.report({.kind = aiaudit::report_kind::users}).value(),
                         aiaudit::text_format::jsonl);
}
