// SPDX-License-Identifier: MIT
//
// error.hpp: what can go wrong, and how it is handed back.
//
// Every operation that can fail returns result<T>; nothing is thrown unless the caller asks with
// value().
// Threads: plain values.
// Floor 1.
#ifndef AIAUDIT_ERROR_HPP
#define AIAUDIT_ERROR_HPP

#include <aiaudit/config.hpp>

#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

// The reason for a failure. The numbers are stored in records: they are never changed or used
// again.
enum class errc : int {
    // 1xx: the log cannot be read or written.
    storage_failed = 100,      // the operating system or LMDB refused; the text names the call
    not_a_ledger = 101,        // the directory holds something else
    newer_format = 102,        // written by a newer release; this one must not touch it
    corrupt = 103,             // bytes do not match their checksum or cannot be decoded
    disk_full = 104,           // free space, then append again; nothing acknowledged was lost
    read_only = 105,           // the directory or its file system does not allow writing
    not_found = 106,           // the path names nothing
    closed = 107,              // the ledger was closed, or its process forked
    log_full = 108,            // the map or the sequence has no room
    already_open = 109,        // this process has that ledger open already
    unsafe_file_system = 110,  // network file systems break LMDB's locks
    no_thread = 111,           // the system gives the process no further thread
    moved = 112,               // its files were moved, replaced or removed while it was open
    // 2xx: an exchange cannot be understood.
    bad_json = 200,
    unknown_dialect = 201,  // no dialect is known for this provider and path
    no_usage = 202,         // the response reports no usage
    bad_usage = 203,        // the usage contradicts itself
    provider_error = 204,   // the provider answered with an error
    truncated = 205,        // a stream ended before its end
    not_billable = 206,     // the operation costs nothing and reports no usage (token counting)
    // 3xx: a price cannot be given.
    bad_price = 300,
    unknown_model = 301,   // the price book has no entry for this model
    unpriced_unit = 302,   // the entry has no rate for something the usage counts
    money_overflow = 303,  // the amount does not fit in 128 bits
    money_inexact = 304,   // the text has more digits than the unit holds
    // 4xx: what is claimed is not proved.
    verification_failed = 400,  // well-formed, but a signature, a hash or an origin does not match
    // 5xx: no whole answer came from the provider.
    connect_failed = 500,   // no connection: refused, unreachable, or the name is unknown
    tls_failed = 501,       // the certificate or the handshake
    timed_out = 502,        // the text says which limit: connect, first byte, between bytes, total
    connection_lost = 503,  // it ended in the middle of the request or of the response
    bad_response = 504,     // what came is no HTTP, or not what its head promises
    cancelled = 505,        // the caller wanted no more
    circuit_open = 506,     // too many failures lately; nothing was sent
    // 6xx: nothing was sent, since a budget or a rate limit does not allow it.
    budget_exceeded = 600,  // there is no room for the most that it may cost
    rate_limited = 601,     // too many in too short a time; the error says when to try again
    unbounded = 602,        // what it may cost has no bound, or no price, and a budget must hold
    // 9xx: the caller's input.
    bad_argument = 900,
    unknown_zone = 901,
    bad_time = 902,
    bad_input = 903,  // a file given by the user cannot be read as what it should be
    too_large = 904,  // over a maximum of limits.hpp
};

[[nodiscard]] constexpr std::string_view name_of(errc code) noexcept {
    switch (code) {
    case errc::storage_failed: return "storage_failed";
    case errc::not_a_ledger: return "not_a_ledger";
    case errc::newer_format: return "newer_format";
    case errc::corrupt: return "corrupt";
    case errc::disk_full: return "disk_full";
    case errc::read_only: return "read_only";
    case errc::not_found: return "not_found";
    case errc::closed: return "closed";
    case errc::log_full: return "log_full";
    case errc::already_open: return "already_open";
    case errc::unsafe_file_system: return "unsafe_file_system";
    case errc::no_thread: return "no_thread";
    case errc::moved: return "moved";
    case errc::bad_json: return "bad_json";
    case errc::unknown_dialect: return "unknown_dialect";
    case errc::no_usage: return "no_usage";
    case errc::bad_usage: return "bad_usage";
    case errc::provider_error: return "provider_error";
    case errc::truncated: return "truncated";
    case errc::not_billable: return "not_billable";
    case errc::bad_price: return "bad_price";
    case errc::unknown_model: return "unknown_model";
    case errc::unpriced_unit: return "unpriced_unit";
    case errc::money_overflow: return "money_overflow";
    case errc::money_inexact: return "money_inexact";
    case errc::verification_failed: return "verification_failed";
    case errc::connect_failed: return "connect_failed";
    case errc::tls_failed: return "tls_failed";
    case errc::timed_out: return "timed_out";
    case errc::connection_lost: return "connection_lost";
    case errc::bad_response: return "bad_response";
    case errc::cancelled: return "cancelled";
    case errc::circuit_open: return "circuit_open";
    case errc::budget_exceeded: return "budget_exceeded";
    case errc::rate_limited: return "rate_limited";
    case errc::unbounded: return "unbounded";
    case errc::bad_argument: return "bad_argument";
    case errc::unknown_zone: return "unknown_zone";
    case errc::bad_time: return "bad_time";
    case errc::bad_input: return "bad_input";
    case errc::too_large: return "too_large";
    }
    return "unknown";
}

namespace detail {

// False where the code alone says that no request left.
[[nodiscard]] constexpr bool may_have_sent(errc code) noexcept {
    return code != errc::connect_failed && code != errc::tls_failed && code != errc::circuit_open;
}

}  // namespace detail

// A failure: its reason, and in `where` our own words on what and where (safe to print, one line).
// `remote` is what a provider said: untrusted, may hold prompt text or secrets, never printed by
// default.
struct error {
    errc code{};
    std::string where{};
    std::string remote{};
    std::uint64_t retry_after_ms = 0;  // when trying again may help; 0: not known
    // Of an exchange with a provider: whether anything of the request may have reached it, so that
    // it may be billed. True unless it is known that nothing did; see unsent(). No text says it.
    bool sent = detail::may_have_sent(code);

    [[nodiscard]] std::string message() const {
        std::string text{name_of(code)};
        if (!where.empty()) text.append(": ").append(where);
        return text;
    }
};

// What result<T>::value() throws for those who prefer exceptions.
class exception : public std::runtime_error {
public:
    explicit exception(error reason)
        : std::runtime_error(reason.message()), reason_(std::move(reason)) {}
    [[nodiscard]] error const& reason() const noexcept { return reason_; }

private:
    error reason_;
};

template <class T>
class result;

namespace detail {

// What a result without an error shows in its place.
[[nodiscard]] error const& no_error() noexcept;

[[noreturn]] AIAUDIT_COLD inline void throw_error(error const& reason) {
    AIAUDIT_THROW(exception(reason));
}

// The owner of a result's error. Null means a value; a moved-from error stays an error, without
// words. What is out of line takes pointers by value, so that the compiler sees what a box holds.
class error_box {
public:
    error_box() noexcept = default;
    explicit error_box(error&& reason) : error_(store(std::move(reason))) {}
    explicit error_box(error const& reason) : error_(copy(&reason)) {}
    error_box(error_box const& other)
        : error_(other.error_ == nullptr ? nullptr : copy(other.error_)) {}
    error_box(error_box&& other) noexcept : error_(other.error_) {
        if (other.error_ != nullptr) other.error_ = spent();
    }
    error_box& operator=(error_box other) noexcept {
        std::swap(error_, other.error_);
        return *this;
    }
    ~error_box() {
        if (error_ != nullptr) drop(error_);
    }

    [[nodiscard]] bool empty() const noexcept { return error_ == nullptr; }
    [[nodiscard]] error const& reason() const noexcept {
        return has_words(error_) ? *error_ : no_error();
    }
    [[nodiscard]] error take() noexcept { return has_words(error_) ? std::move(*error_) : error{}; }
    void require_empty() const {
        if (error_ != nullptr) throw_error(reason());
    }
    void clear() noexcept {
        if (error_ != nullptr) drop(error_);
        error_ = nullptr;
    }

private:
    [[nodiscard]] static error* spent() noexcept {
        return reinterpret_cast<error*>(std::uintptr_t{1});  // NOLINT: never read through
    }
    [[nodiscard]] static bool has_words(error const* one) noexcept {
        return one != nullptr && one != spent();
    }
    [[nodiscard]] AIAUDIT_COLD __attribute__((returns_nonnull)) static error* store(
        error&& reason) {
        return new error(std::move(reason));
    }
    [[nodiscard]] AIAUDIT_COLD __attribute__((returns_nonnull)) static error* copy(
        error const* one) {
        return has_words(one) ? new error(*one) : spent();
    }
    AIAUDIT_COLD static void drop(error* one) noexcept {
        if (has_words(one)) delete one;
    }

    error* error_ = nullptr;
};

// What a result<Value> is made of: no error, and not a result itself.
template <class Other, class Value>
concept value_for =
    !std::is_same_v<std::remove_cvref_t<Other>, result<Value>> &&
    !std::is_same_v<std::remove_cvref_t<Other>, error> && std::is_convertible_v<Other, Value>;

// Calls the function and wraps what it returns.
template <class Function, class... Arguments>
auto call_for_result(Function& function, Arguments&&... arguments) {
    using value = std::remove_cvref_t<decltype(function(std::forward<Arguments>(arguments)...))>;
    if constexpr (std::is_void_v<value>) {
        function(std::forward<Arguments>(arguments)...);
        return result<value>();
    } else {
        return result<value>(function(std::forward<Arguments>(arguments)...));
    }
}

}  // namespace detail

// A value, or the error that stands in its place: the members of std::expected<T, error>. It is as
// large as a pointer and a T; an error is on the heap.
//
// operator* and operator-> ask for a value to be there. error() without an error is one of code 0.
// An rvalue gives its value by value, so that a reference bound to it lives on. The functions given
// to and_then and its kin are called at once.
template <class T>
class [[nodiscard]] result {
public:
    using value_type = T;
    using error_type = aiaudit::error;

    result() requires(std::is_default_constructible_v<T>) : value_() {}
    template <detail::value_for<T> U = T>
    result(U&& value) noexcept(std::is_nothrow_constructible_v<T, U>)  // NOLINT: implicit
        : value_(static_cast<T>(std::forward<U>(value))) {}
    result(error_type&& reason) : error_(std::move(reason)) {}  // NOLINT: implicit
    result(error_type const& reason) : error_(reason) {}        // NOLINT: implicit

    result(result const& other) requires(std::is_copy_constructible_v<T>) : error_(other.error_) {
        if (error_.empty()) build(other.value_);
    }
    result(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
        : error_(std::move(other.error_)) {
        if (error_.empty()) build(std::move(other.value_));
    }
    result& operator=(result const& other) requires(std::is_copy_constructible_v<T>) {
        if (this != &other) *this = result(other);
        return *this;
    }
    result& operator=(result&& other) noexcept(
        std::is_nothrow_move_constructible_v<T>&& std::is_nothrow_move_assignable_v<T>) {
        if (this == &other) return *this;
        if (error_.empty() && other.error_.empty()) {
            value_ = std::move(other.value_);
        } else if (other.error_.empty()) {
            build(std::move(other.value_));  // may throw: then the error stays
            error_.clear();
        } else {
            if (error_.empty()) std::destroy_at(std::addressof(value_));
            error_ = std::move(other.error_);
        }
        return *this;
    }
    ~result() {
        if (error_.empty()) std::destroy_at(std::addressof(value_));
    }

    [[nodiscard]] bool has_value() const noexcept { return error_.empty(); }
    [[nodiscard]] explicit operator bool() const noexcept { return error_.empty(); }

    // Throw aiaudit::exception if there is no value.
    T& value() & {
        error_.require_empty();
        return value_;
    }
    T const& value() const& {
        error_.require_empty();
        return value_;
    }
    T value() && {
        error_.require_empty();
        return std::move(value_);
    }

    T& operator*() & noexcept {
        AIAUDIT_ASSERT(has_value());
        return value_;
    }
    T const& operator*() const& noexcept {
        AIAUDIT_ASSERT(has_value());
        return value_;
    }
    T operator*() && noexcept(std::is_nothrow_move_constructible_v<T>) {
        AIAUDIT_ASSERT(has_value());
        return std::move(value_);
    }
    T* operator->() noexcept {
        AIAUDIT_ASSERT(has_value());
        return std::addressof(value_);
    }
    T const* operator->() const noexcept {
        AIAUDIT_ASSERT(has_value());
        return std::addressof(value_);
    }

    [[nodiscard]] error_type const& error() const& noexcept { return error_.reason(); }
    [[nodiscard]] error_type error() && noexcept { return error_.take(); }

    template <class U>
    [[nodiscard]] T value_or(U&& other) const& {
        return has_value() ? value_ : static_cast<T>(std::forward<U>(other));
    }
    template <class U>
    [[nodiscard]] T value_or(U&& other) && {
        return has_value() ? std::move(value_) : static_cast<T>(std::forward<U>(other));
    }
    [[nodiscard]] error_type error_or(error_type const& other) const {
        return has_value() ? other : error_.reason();
    }

    // The function's result for the value.
    template <class Function>
    auto and_then(Function&& next) const& -> decltype(next(std::declval<T const&>())) {
        if (!has_value()) return error_.reason();
        return std::forward<Function>(next)(value_);
    }
    template <class Function>
    auto and_then(Function&& next) && -> decltype(next(std::declval<T>())) {
        if (!has_value()) return error_.take();
        return std::forward<Function>(next)(std::move(value_));
    }
    // The function's result for the error.
    template <class Function>
    result or_else(Function&& next) const& {
        return has_value() ? *this : result(std::forward<Function>(next)(error_.reason()));
    }
    template <class Function>
    result or_else(Function&& next) && {
        return has_value() ? std::move(*this) : result(std::forward<Function>(next)(error_.take()));
    }
    // A result with what the function makes of the value.
    template <class Function>
    auto transform(Function&& change) const& {
        using changed = decltype(detail::call_for_result(change, std::declval<T const&>()));
        return has_value() ? detail::call_for_result(change, value_) : changed(error_.reason());
    }
    template <class Function>
    auto transform(Function&& change) && {
        using changed = decltype(detail::call_for_result(change, std::declval<T>()));
        return has_value() ? detail::call_for_result(change, std::move(value_))
                           : changed(error_.take());
    }
    // A result with what the function makes of the error.
    template <class Function>
    result transform_error(Function&& change) const& {
        return has_value() ? *this : result(std::forward<Function>(change)(error_.reason()));
    }
    template <class Function>
    result transform_error(Function&& change) && {
        return has_value() ? std::move(*this)
                           : result(std::forward<Function>(change)(error_.take()));
    }

private:
    template <class U>
    void build(U&& value) {
        ::new (static_cast<void*>(const_cast<std::remove_const_t<T>*>(std::addressof(value_))))
            T(std::forward<U>(value));
    }

    detail::error_box error_;  // empty: value_ is there
    union {
        T value_;
    };
};

// Success, or an error: one pointer.
template <>
class [[nodiscard]] result<void> {
public:
    using value_type = void;
    using error_type = aiaudit::error;

    result() noexcept = default;
    result(error_type&& reason) : error_(std::move(reason)) {}  // NOLINT: implicit
    result(error_type const& reason) : error_(reason) {}        // NOLINT: implicit

    [[nodiscard]] bool has_value() const noexcept { return error_.empty(); }
    [[nodiscard]] explicit operator bool() const noexcept { return error_.empty(); }

    // Throws aiaudit::exception if there is an error.
    void value() const { error_.require_empty(); }
    void operator*() const noexcept { AIAUDIT_ASSERT(has_value()); }

    [[nodiscard]] error_type const& error() const& noexcept { return error_.reason(); }
    [[nodiscard]] error_type error() && noexcept { return error_.take(); }
    [[nodiscard]] error_type error_or(error_type const& other) const {
        return has_value() ? other : error_.reason();
    }

    template <class Function>
    auto and_then(Function&& next) const -> decltype(next()) {
        if (!has_value()) return error_.reason();
        return std::forward<Function>(next)();
    }
    template <class Function>
    result or_else(Function&& next) const {
        return has_value() ? result() : result(std::forward<Function>(next)(error_.reason()));
    }
    template <class Function>
    auto transform(Function&& change) const {
        using changed = decltype(detail::call_for_result(change));
        return has_value() ? detail::call_for_result(change) : changed(error_.reason());
    }
    template <class Function>
    result transform_error(Function&& change) const {
        return has_value() ? result() : result(std::forward<Function>(change)(error_.reason()));
    }

private:
    detail::error_box error_;
};

[[nodiscard]] AIAUDIT_COLD inline error fail(errc code, std::string where = {}) {
    return error{code, std::move(where), {}, 0};
}

// The same failure of an exchange of which nothing left: it costs nothing.
[[nodiscard]] AIAUDIT_COLD inline error unsent(error reason) {
    reason.sent = false;
    return reason;
}

namespace detail {

[[nodiscard]] constexpr bool is_control_byte(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7F';
}

// A stranger's text in a message of ours: short, and on one line.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/error.ipp>
#endif

#endif  // AIAUDIT_ERROR_HPP
