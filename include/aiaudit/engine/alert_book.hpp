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

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
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
    [[nodiscard]] bool held(timestamp now) const noexcept;
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
    void apply(record_view const& entry);

    // Whether a record still says something: a key is raised once; an alert is claimed where it has
    // not arrived and nobody holds it; failed, by whoever claimed it; delivered once a sink.
    [[nodiscard]] bool may_append(record_view const& entry) const;

    // What should be delivered there now, in the order it was raised: neither delivered nor held,
    // and raised in the last seven days.
    [[nodiscard]] std::vector<alert> undelivered(std::string_view sink, timestamp now) const;
    // What was tried in vain, and has not arrived since.
    [[nodiscard]] std::vector<alert_failure> failures(timestamp now) const;
    [[nodiscard]] bool was_raised(std::string_view key) const { return entries_.contains(key); }
    // Nothing where nobody has claimed it for that sink.
    [[nodiscard]] std::optional<alert_delivery> delivery(std::string_view key,
                                                         std::string_view sink) const;

    // When something last arrived there; nothing where nothing did.
    [[nodiscard]] std::optional<timestamp> last_delivered(std::string_view sink) const;

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
    void raise(alert raised);
    void forget();
    void note(alert_event event);

    std::map<std::string, raised_alert, std::less<>> entries_{};
    std::deque<std::string> keys_{};   // in the order they were raised
    std::deque<std::string> texts_{};  // the last of these, whose texts are kept
    timestamp newest_{};
};

// The layout: a version; `newest`; how many; each alert in the order it was raised: key, instant,
// whether its words follow, those, and its sinks.
inline constexpr std::uint64_t alert_book_version = 1;

inline void append_instant(std::string& out, timestamp at) { append_varint(out, zigzag(at.ns)); }

// Reads what snapshot() wrote; a count that cannot be is a failure of the reader.
class alert_book_reader {
public:
    explicit alert_book_reader(std::string_view bytes) noexcept : in_(bytes) {}

    [[nodiscard]] bool ok() const noexcept { return in_.ok(); }
    [[nodiscard]] bool whole() const noexcept { return in_.ok() && in_.at_end(); }
    std::uint64_t number(std::uint64_t most = (std::numeric_limits<std::uint64_t>::max)());
    timestamp instant() { return {unzigzag(in_.varint())}; }
    std::string text() { return std::string(in_.take(in_.varint())); }
    std::string name(std::size_t bytes_max) {
        std::string read = text();
        if (!is_alert_name(read, bytes_max)) in_.fail_read();
        return read;
    }
    alert words(std::string const& key, timestamp at);
    alert_delivery delivery();

private:
    byte_reader in_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/alert_book.ipp>
#endif

#endif  // AIAUDIT_ENGINE_ALERT_BOOK_HPP
