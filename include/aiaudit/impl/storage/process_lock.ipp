// SPDX-License-Identifier: MIT
//
// process_lock.ipp: the definitions of process_lock.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_PROCESS_LOCK_IPP
#define AIAUDIT_IMPL_STORAGE_PROCESS_LOCK_IPP

#include <aiaudit/config.hpp>         // AIAUDIT_INLINE
#include <aiaudit/detail/sha256.hpp>  // sha256_joined
#include <aiaudit/storage/process_lock.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// When this process began, in ticks since the system did; 0 where that cannot be read.
AIAUDIT_INLINE std::uint64_t process_start_ticks() noexcept {
    char room[1024];
    auto const file = file_handle::open("/proc/self/stat", O_RDONLY);
    auto const size = file ? read_at(file.get(), room, sizeof room, 0) : -1;
    if (size <= 0) return 0;
    // The 22nd field; the second is a name in parentheses, which may hold anything.
    std::string_view text(room, static_cast<std::size_t>(size));
    text.remove_prefix((std::min)(text.rfind(')') + 1, text.size()));
    for (int field = 2; field < 22; ++field)
        text.remove_prefix((std::min)(text.find(' ') + 1, text.size()));
    std::uint64_t ticks = 0;
    std::from_chars(text.data(), text.data() + text.size(), ticks);
    return ticks;
}

// A byte for each process, also of several containers that have the directory in common: by its
// number there, when it began, and what the kernel drew at random for its program. That is secret,
// and locks can be seen by all, hence the digest.
AIAUDIT_INLINE std::uint64_t process_byte() {
    // The kernel gives the address as a number.
    auto const* const random =
        reinterpret_cast<char const*>(::getauxval(AT_RANDOM));  // NOLINT(performance-no-int-to-ptr)
    std::string const number =
        std::to_string(::getpid()) + " " + std::to_string(process_start_ticks()) + " ";
    auto const hash = sha256_joined({number, {random, random == nullptr ? 0U : 16U}});
    std::uint64_t byte = 0;
    for (std::size_t i = 0; i < sizeof byte; ++i) byte = byte << 8 | hash[i];
    return byte >> 2;  // a file's offset is signed
}

AIAUDIT_INLINE result<process_lock> process_lock::take(std::string const& marker) {
    process_lock made;
    made.byte_ = process_byte();
    made.file_ = file_handle::open(marker, O_RDWR);
    bool const writable = static_cast<bool>(made.file_);
    if (!writable) made.file_ = file_handle::open(marker, O_RDONLY);
    if (!made.file_) return posix_error(errno, "open", marker);
    bool const locked = made.set(writable ? F_WRLCK : F_RDLCK) == 0;
    if (!locked && errno != EAGAIN && errno != EACCES) return posix_error(errno, "lock", marker);
    if (!locked || (!writable && made.has_rival())) {
        return fail(errc::already_open,
                    marker + ": is open in this process, by another copy of the library");
    }
    return made;
}

AIAUDIT_INLINE struct flock process_lock::own_byte(short kind) const noexcept {
    struct flock place {};
    place.l_type = kind;
    place.l_whence = SEEK_SET;
    place.l_start = static_cast<off_t>(byte_);
    place.l_len = 1;
    return place;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_PROCESS_LOCK_IPP
