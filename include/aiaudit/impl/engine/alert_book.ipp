// SPDX-License-Identifier: MIT
//
// alert_book.ipp: the definitions of alert_book.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_ALERT_BOOK_IPP
#define AIAUDIT_IMPL_ENGINE_ALERT_BOOK_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/alert_book.hpp>

#include <algorithm>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE bool alert_delivery::held(timestamp now) const noexcept {
    if (now < at)
        return static_cast<std::uint64_t>(at.ns) - static_cast<std::uint64_t>(now.ns) <= held_ns;
    return static_cast<std::uint64_t>(now.ns) - static_cast<std::uint64_t>(at.ns) < held_ns;
}
namespace detail {

AIAUDIT_INLINE void alert_book::apply(record_view const& entry) {
    auto const stage = alert_stage_of(entry);
    if (!stage) return;
    if (*stage == alert_stage::raised) {
        if (auto raised = read_alert(entry)) raise(std::move(*raised));
    } else if (auto event = read_alert_event(entry)) {
        note(std::move(*event));
    }
}

AIAUDIT_INLINE bool alert_book::may_append(record_view const& entry) const {
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

AIAUDIT_INLINE std::vector<alert> alert_book::undelivered(std::string_view sink,
                                                          timestamp now) const {
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

AIAUDIT_INLINE std::vector<alert_failure> alert_book::failures(timestamp now) const {
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

AIAUDIT_INLINE std::optional<alert_delivery> alert_book::delivery(std::string_view key,
                                                                  std::string_view sink) const {
    auto const found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    auto const at = found->second.sinks.find(sink);
    if (at == found->second.sinks.end()) return std::nullopt;
    return at->second;
}

AIAUDIT_INLINE std::optional<timestamp> alert_book::last_delivered(std::string_view sink) const {
    std::optional<timestamp> last;
    for (auto const& [key, entry] : entries_) {
        auto const at = entry.sinks.find(sink);
        if (at != entry.sinks.end() && at->second.delivered && (!last || *last < at->second.at))
            last = at->second.at;
    }
    return last;
}

AIAUDIT_INLINE void alert_book::raise(alert raised) {
    if (is_old(raised.at) || entries_.contains(raised.key)) return;
    newest_ = (std::max)(newest_, raised.at);
    keys_.push_back(raised.key);
    texts_.push_back(raised.key);
    std::string key = raised.key;
    raised_alert made{raised.at, std::move(raised), {}};
    entries_.emplace(std::move(key), std::move(made));
    forget();
}

AIAUDIT_INLINE void alert_book::forget() {
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

AIAUDIT_INLINE void alert_book::note(alert_event event) {
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

AIAUDIT_INLINE std::string alert_book::snapshot() const {
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

AIAUDIT_INLINE std::uint64_t alert_book_reader::number(std::uint64_t most) {
    std::uint64_t const value = in_.varint();
    if (value <= most) return value;
    in_.fail_read();
    return 0;
}

AIAUDIT_INLINE alert alert_book_reader::words(std::string const& key, timestamp at) {
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

AIAUDIT_INLINE alert_delivery alert_book_reader::delivery() {
    alert_delivery read;
    read.delivered = number(1) == 1;
    read.by = name(alert_name_bytes);
    read.at = instant();
    read.held_ns = number();
    read.failures = static_cast<std::uint32_t>(number((std::numeric_limits<std::uint32_t>::max)()));
    read.error = text();
    read.why = text();
    return read;
}

AIAUDIT_INLINE result<alert_book> alert_book::from_snapshot(std::string_view bytes) {
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

#endif  // AIAUDIT_IMPL_ENGINE_ALERT_BOOK_IPP
