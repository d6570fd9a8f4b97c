// SPDX-License-Identifier: MIT
//
// admission_lock.ipp: the definitions of admission_lock.hpp.
#ifndef AIAUDIT_IMPL_ENGINE_ADMISSION_LOCK_IPP
#define AIAUDIT_IMPL_ENGINE_ADMISSION_LOCK_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/engine/admission_lock.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <sys/sysmacros.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// The next word of a line, which is taken from it; empty where there is none.
AIAUDIT_INLINE std::string_view take_word(std::string_view& line) noexcept {
    line.remove_prefix((std::min)(line.find_first_not_of(' '), line.size()));
    auto const word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

// Whether /proc/locks means that file by such a place: "fe:00:9988522", the device in hexadecimal.
AIAUDIT_INLINE bool is_lock_place(std::string_view place, struct stat const& file) noexcept {
    auto const next = [&place](int base) {
        std::uint64_t number = 0;
        std::string_view const digits = place.substr(0, place.find(':'));
        std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
        place.remove_prefix((std::min)(digits.size() + 1, place.size()));
        return number;
    };
    auto const upper = next(16);
    auto const lower = next(16);
    return upper == major(file.st_dev) && lower == minor(file.st_dev) && next(10) == file.st_ino;
}

// Who has a file locked by flock, in words: "process 17", "processes 17, 23"; "another process"
// where the system does not tell, as of one in another container.
AIAUDIT_INLINE std::string lock_holders(int descriptor) {
    constexpr std::size_t text_most = std::size_t{1} << 20;
    auto const file = file_handle::open("/proc/locks", O_RDONLY);
    std::string text(file ? text_most : 0, '\0');
    auto const got = file ? read_at(file.get(), text.data(), text.size(), 0) : 0;
    text.resize(static_cast<std::size_t>((std::max)(got, std::int64_t{0})));
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) text.clear();
    std::string numbers;
    std::size_t count = 0;
    for (std::string_view rest = text; !rest.empty();) {
        // "1: FLOCK  ADVISORY  WRITE 1234 fe:00:9988522 0 EOF"; one that waits: "1: -> FLOCK ...".
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix((std::min)(line.size() + 1, rest.size()));
        static_cast<void>(take_word(line));
        if (take_word(line) != "FLOCK") continue;
        static_cast<void>(take_word(line));
        static_cast<void>(take_word(line));
        std::string_view const number = take_word(line);
        // Of another container: no number of here.
        if (!is_lock_place(take_word(line), status) || number == "0" || number == "-1") continue;
        numbers.append(count++ == 0 ? "" : ", ").append(number);
    }
    if (count == 0) return "another process";
    return (count == 1 ? "process " : "processes ") + numbers;
}

AIAUDIT_INLINE result<void> admission_lock::take(std::string const& directory, bool alone) {
    std::lock_guard const lock(mutex_);
    if (taken_.load(std::memory_order_relaxed)) return {};
    auto const locked = lock_path(directory, alone);
    if (locked) {
        taken_.store(true, std::memory_order_release);
    } else {
        file_.reset();
    }
    return locked;
}

// Anew where the file was removed between its opening and its lock.
AIAUDIT_INLINE result<void> admission_lock::lock_path(std::string const& directory, bool alone) {
    constexpr int tries_most = 50;
    std::string const path = directory + "/" + file_name;
    for (int tries = 0; tries < tries_most; ++tries) {
        file_.emplace(path, O_RDWR | O_CREAT);
        if (!*file_) return posix_error(errno, "open", path);
        if (lock_file(file_->get(), (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) return posix_error(errno, "flock", path);
            return fail(errc::already_open, directory + ": " + lock_holders(file_->get()) +
                                                (alone ? " already decides" : " alone decides") +
                                                " about its budgets; stop it, or let all of them "
                                                "share (budget_mode::shared; --budgets shared)");
        }
        auto const mine = file_of(file_->get(), path);
        if (!mine) return mine.error();
        auto const there = file_at(path);
        if (there && *there == *mine) {
            watch_.add(path, *mine);
            return {};
        }
        if (!there && there.error().code != errc::not_found) return there.error();
    }
    return fail(errc::moved, path + ": is removed or replaced again and again");
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ENGINE_ADMISSION_LOCK_IPP
