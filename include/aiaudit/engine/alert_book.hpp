// SPDX-License-Identifier: MIT
//
// alert_book.hpp: what has become of the log's alerts: which were raised, who is about to deliver
// them, and which have arrived where. A fold of the records, so every process comes to the same.
//
// Bounds: an alert is forgotten 400 days of the records' time after it was raised, or when 65,536
// newer ones were; what it says, when 1,024 newer ones were. What is forgotten is not delivered any
// more, and forgotten keys may be raised again.
// Threads: a plain value; const members may run at once.
// Floor 6.
#ifndef AIAUDIT_ENGINE_ALERT_BOOK_HPP
#define AIAUDIT_ENGINE_ALERT_BOOK_HPP

#include <aiaudit/core/alert.hpp>    // alert, alert_event
#include <aiaudit/detail/bytes.hpp>  // byte_reader
#include <aiaudit/error.hpp>         // result

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// How an alert stands at one sink.
struct alert_delivery {
    bool delivered = false;
    std::string by{};           // who claimed it last
    timestamp at{};             // of the last record
    std::uint64_t held_ns = 0;  // from then on
    std::uint32_t failures = 0;
    std::string error{};  // of the last failure
    std::string why{};

    // Whether nobody else should try now. A clock that stepped back behind the record's does not
    // prolong that.
    [[nodiscard]] bool held(timestamp now) const noexcept {
        if (now < at)
            return static_cast<std::uint64_t>(at.ns) - static_cast<std::uint64_t>(now.ns) <=
                   held_ns;
        return static_cast<std::uint64_t>(now.ns) - static_cast<std::uint64_t>(at.ns) < held_ns;
    }
    friend bool operator==(alert_delivery const&, alert_delivery const&) = default;
};

struct alert_failure {
    std::string key{};
    std::string sink{};
    alert_delivery last{};
};

namespace detail {

class alert_book {
public:
    static constexpr std::int64_t remembered_ns = 400 * seconds_per_day * nanoseconds_per_second;
    static constexpr std::size_t keys_most = 65'536;
    static constexpr std::size_t texts_most = 1'024;
    // An alert that could not be delivered for so long is not delivered any more.
    static constexpr std::int64_t deliverable_ns = 7 * seconds_per_day * nanoseconds_per_second;
    static constexpr std::size_t sinks_most = 64;  // of an alert

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

    // Folds a record of the log; those of other kinds, or of stages unknown here, change nothing.
    void apply(record_view const& entry) {
        auto const stage = alert_stage_of(entry);
        if (!stage) return;
        if (*stage == alert_stage::raised) {
            if (auto raised = read_alert(entry)) raise(std::move(*raised));
        } else if (auto event = read_alert_event(entry)) {
            note(std::move(*event));
        }
    }

    // Whether a record still says something: a key is raised once; an alert is claimed where it has
    // not arrived and nobody holds it; failed, by whoever claimed it; delivered once a sink.
    [[nodiscard]] bool may_append(record_view const& entry) const {
        auto const stage = alert_stage_of(entry);
        if (!stage) return false;
        if (*stage == alert_stage::raised) {
            auto const raised = read_alert(entry);
            return raised && !is_old(raised->at) && !entries_.contains(raised->key);
        }
        auto const event = read_alert_event(entry);
        if (!event) return false;
        auto const found = entries_.find(std::string_view(entry.path));
        if (found == entries_.end()) return false;
        auto const& sinks = found->second.sinks;
        auto const at = sinks.find(event->sink);
        if (at == sinks.end()) return *stage == alert_stage::claimed && sinks.size() < sinks_most;
        if (at->second.delivered) return false;
        if (*stage == alert_stage::claimed) return !at->second.held(event->at);
        return *stage == alert_stage::delivered || at->second.by == event->by;
    }

    // What should be delivered there now, in the order it was raised: neither delivered nor held,
    // and raised in the last seven days.
    [[nodiscard]] std::vector<alert> undelivered(std::string_view sink, timestamp now) const {
        std::vector<alert> found;
        for (std::string const& key : texts_) {
            auto const& of = entries_.find(key)->second;
            if (!is_deliverable(*of.raised, now)) continue;
            auto const at = of.sinks.find(sink);
            if (at != of.sinks.end() && (at->second.delivered || at->second.held(now))) continue;
            found.push_back(*of.raised);
        }
        return found;
    }
    // What was tried in vain, and has not arrived since.
    [[nodiscard]] std::vector<alert_failure> failures(timestamp now) const {
        std::vector<alert_failure> found;
        for (std::string const& key : texts_) {
            auto const& of = entries_.find(key)->second;
            if (!is_deliverable(*of.raised, now)) continue;
            for (auto const& [sink, last] : of.sinks) {
                if (last.failures > 0 && !last.delivered) found.push_back({key, sink, last});
            }
        }
        return found;
    }
    [[nodiscard]] bool was_raised(std::string_view key) const { return entries_.contains(key); }
    // Nothing where nobody has claimed it for that sink.
    [[nodiscard]] std::optional<alert_delivery> delivery(std::string_view key,
                                                         std::string_view sink) const {
        auto const found = entries_.find(key);
        if (found == entries_.end()) return std::nullopt;
        auto const at = found->second.sinks.find(sink);
        if (at == found->second.sinks.end()) return std::nullopt;
        return at->second;
    }

    [[nodiscard]] std::string snapshot() const;
    // Errors: corrupt, whatever the bytes are.
    [[nodiscard]] static result<alert_book> from_snapshot(std::string_view bytes);

    friend bool operator==(alert_book const&, alert_book const&) = default;

private:
    struct raised_alert {
        timestamp at{};
        std::optional<alert> raised{};  // what it says; none: forgotten
        std::map<std::string, alert_delivery, std::less<>> sinks{};
        friend bool operator==(raised_alert const&, raised_alert const&) = default;
    };

    [[nodiscard]] bool is_old(timestamp at) const noexcept {
        return newest_.ns >= (std::numeric_limits<std::int64_t>::min)() + remembered_ns &&
               at.ns < newest_.ns - remembered_ns;
    }
    [[nodiscard]] static bool is_deliverable(alert const& of, timestamp now) noexcept {
        return now < of.at ||
               static_cast<std::uint64_t>(now.ns) - static_cast<std::uint64_t>(of.at.ns) <=
                   static_cast<std::uint64_t>(deliverable_ns);
    }
    void raise(alert raised) {
        if (is_old(raised.at) || entries_.contains(raised.key)) return;
        newest_ = (std::max)(newest_, raised.at);
        keys_.push_back(raised.key);
        texts_.push_back(raised.key);
        std::string key = raised.key;
        raised_alert made{raised.at, std::move(raised), {}};
        entries_.emplace(std::move(key), std::move(made));
        forget();
    }
    void forget() {
        while (texts_.size() > texts_most) {
            entries_.find(texts_.front())->second.raised.reset();
            texts_.pop_front();
        }
        while (!keys_.empty() &&
               (keys_.size() > keys_most || is_old(entries_.find(keys_.front())->second.at))) {
            if (!texts_.empty() && texts_.front() == keys_.front()) texts_.pop_front();
            entries_.erase(keys_.front());
            keys_.pop_front();
        }
    }
    void note(alert_event event) {
        auto const found = entries_.find(event.key);
        if (found == entries_.end()) return;
        auto& sinks = found->second.sinks;
        if (sinks.size() >= sinks_most && !sinks.contains(event.sink)) return;
        auto& at = sinks[std::move(event.sink)];
        at.delivered = at.delivered || event.stage == alert_stage::delivered;
        at.by = std::move(event.by);
        at.at = event.at;
        at.held_ns = event.held_ns;
        if (event.stage != alert_stage::failed) return;
        if (at.failures < (std::numeric_limits<std::uint32_t>::max)()) ++at.failures;
        at.error = std::move(event.error);
        at.why = std::move(event.why);
    }

    std::map<std::string, raised_alert, std::less<>> entries_{};
    std::deque<std::string> keys_{};   // in the order they were raised
    std::deque<std::string> texts_{};  // the last of these, whose texts are kept
    timestamp newest_{};
};

// The layout: a version; `newest`; how many; each alert in the order it was raised: key, instant,
// whether its words follow, those, and its sinks.
inline constexpr std::uint64_t alert_book_version = 1;

inline void append_instant(std::string& out, timestamp at) { append_varint(out, zigzag(at.ns)); }

inline std::string alert_book::snapshot() const {
    std::string out;
    append_varint(out, alert_book_version);
    append_instant(out, newest_);
    append_varint(out, keys_.size());
    for (std::string const& key : keys_) {
        raised_alert const& of = entries_.find(key)->second;
        append_text(out, key);
        append_instant(out, of.at);
        append_varint(out, of.raised ? 1 : 0);
        if (of.raised) {
            append_varint(out, static_cast<std::uint64_t>(of.raised->kind));
            append_text(out, of.raised->text);
            append_varint(out, of.raised->facts.size());
            for (auto const& [name, value] : of.raised->facts) {
                append_text(out, name);
                append_text(out, value);
            }
        }
        append_varint(out, of.sinks.size());
        for (auto const& [sink, last] : of.sinks) {
            append_text(out, sink);
            append_varint(out, last.delivered ? 1 : 0);
            append_text(out, last.by);
            append_instant(out, last.at);
            append_varint(out, last.held_ns);
            append_varint(out, last.failures);
            append_text(out, last.error);
            append_text(out, last.why);
        }
    }
    return out;
}

// Reads what snapshot() wrote; a count that cannot be is a failure of the reader.
class alert_book_reader {
public:
    explicit alert_book_reader(std::string_view bytes) noexcept : in_(bytes) {}

    [[nodiscard]] bool ok() const noexcept { return in_.ok(); }
    [[nodiscard]] bool whole() const noexcept { return in_.ok() && in_.at_end(); }
    std::uint64_t number(std::uint64_t most = (std::numeric_limits<std::uint64_t>::max)()) {
        std::uint64_t const value = in_.varint();
        if (value <= most) return value;
        in_.fail_read();
        return 0;
    }
    timestamp instant() { return {unzigzag(in_.varint())}; }
    std::string text() { return std::string(in_.take(in_.varint())); }
    std::string name(std::size_t bytes_max) {
        std::string read = text();
        if (!is_alert_name(read, bytes_max)) in_.fail_read();
        return read;
    }
    alert words(std::string const& key, timestamp at) {
        alert read;
        read.key = key;
        read.at = at;
        read.kind = static_cast<alert_kind>(number(alert_kind_count - 1));
        read.text = text();
        std::uint64_t const facts = number(alert_facts);
        for (std::uint64_t i = 0; i < facts && ok(); ++i) {
            std::string fact = text();
            read.facts.emplace_back(std::move(fact), text());
        }
        return read;
    }
    alert_delivery delivery() {
        alert_delivery read;
        read.delivered = number(1) == 1;
        read.by = name(alert_name_bytes);
        read.at = instant();
        read.held_ns = number();
        read.failures =
            static_cast<std::uint32_t>(number((std::numeric_limits<std::uint32_t>::max)()));
        read.error = text();
        read.why = text();
        return read;
    }

private:
    byte_reader in_;
};

inline result<alert_book> alert_book::from_snapshot(std::string_view bytes) {
    alert_book book;
    alert_book_reader in(bytes);
    bool right = in.number() == alert_book_version;
    book.newest_ = in.instant();
    std::uint64_t const count = in.number(keys_most);
    for (std::uint64_t i = 0; i < count && in.ok() && right; ++i) {
        std::string const key = in.name(alert_key_bytes);
        raised_alert of;
        of.at = in.instant();
        if (in.number(1) == 1) of.raised = in.words(key, of.at);
        std::uint64_t const sinks = in.number(sinks_most);
        for (std::uint64_t s = 0; s < sinks && in.ok(); ++s) {
            std::string sink = in.name(alert_name_bytes);
            right = of.sinks.emplace(std::move(sink), in.delivery()).second && right;
        }
        book.keys_.push_back(key);
        // Only the newest have words.
        right = right && (of.raised.has_value() || book.texts_.empty());
        if (of.raised) book.texts_.push_back(key);
        right = book.entries_.emplace(key, std::move(of)).second && right;
    }
    if (!right || !in.whole() || book.texts_.size() > texts_most)
        return fail(errc::corrupt, "what was saved of the alerts cannot be decoded");
    return book;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_ALERT_BOOK_HPP
