// SPDX-License-Identifier: MIT
//
// key_uses.ipp: the definitions of key_uses.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_KEY_USES_IPP
#define AIAUDIT_IMPL_GATEWAY_KEY_USES_IPP

#include <aiaudit/config.hpp>               // AIAUDIT_INLINE
#include <aiaudit/gateway/gateway_key.hpp>  // is_key_id
#include <aiaudit/gateway/key_uses.hpp>
#include <aiaudit/integrity/text_form.hpp>  // take_line, decimal_of
#include <aiaudit/storage/posix_file.hpp>   // file_handle

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string key_uses_text(key_use_map const& uses) {
    std::string text(key_uses_format);
    text += '\n';
    for (auto const& [id, at] : uses)
        text.append(id).append(" ").append(std::to_string(at.seconds())).append("\n");
    return text;
}

AIAUDIT_INLINE result<key_use_map> read_key_uses_text(std::string_view text) {
    constexpr std::uint64_t seconds_most = 9'000'000'000;
    if (take_line(text) != key_uses_format)
        return fail(errc::bad_input, "does not say when keys were used");
    key_use_map uses;
    while (!text.empty()) {
        auto const line = take_line(text);
        auto const space = line ? line->find(' ') : std::string_view::npos;
        auto const seconds =
            space == std::string_view::npos ? std::nullopt : decimal_of(line->substr(space + 1));
        if (!seconds || *seconds > seconds_most || !is_key_id(line->substr(0, space)))
            return fail(errc::bad_input, "does not say when keys were used");
        uses[std::string(line->substr(0, space))] =
            timestamp::from_seconds(static_cast<std::int64_t>(*seconds));
    }
    return uses;
}

}  // namespace detail

AIAUDIT_INLINE result<key_use_map> read_key_uses(std::string const& key_file) {
    std::string const path = detail::key_uses_path(key_file);
    auto const file = detail::file_handle::open(path, O_RDONLY);
    if (!file && errno == ENOENT) return key_use_map{};
    if (!file) return detail::posix_error(errno, "open", path);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return detail::posix_error(errno, "fstat", path);
    std::string text(static_cast<std::size_t>(status.st_size), '\0');
    auto const got = detail::read_at(file.get(), text.data(), text.size(), 0);
    if (got < 0) return detail::posix_error(errno, "read", path);
    text.resize(static_cast<std::size_t>(got));
    auto uses = detail::read_key_uses_text(text);
    if (!uses) return fail(uses.error().code, path + ": " + uses.error().where);
    return uses;
}

AIAUDIT_INLINE result<void> keep_key_uses(std::string const& key_file, key_use_map const& uses) {
    std::string const path = detail::key_uses_path(key_file);
    std::string const lock_path = path + ".lock";
    auto const lock = detail::file_handle::open(lock_path, O_RDWR | O_CREAT);
    if (!lock) return detail::posix_error(errno, "open", lock_path);
    if (detail::lock_file(lock.get(), LOCK_EX) != 0)
        return detail::posix_error(errno, "flock", lock_path);
    auto all = read_key_uses(key_file);
    if (!all) return all.error();
    for (auto const& [id, at] : uses) {
        timestamp& known = (*all)[id];
        if (known < at) known = at;
    }
    std::string const beside = path + ".new";
    if (::unlink(beside.c_str()) != 0 && errno != ENOENT)
        return detail::posix_error(errno, "unlink", beside);
    if (auto const written = detail::write_file(beside, detail::key_uses_text(*all)); !written)
        return written;
    if (::rename(beside.c_str(), path.c_str()) != 0)
        return detail::posix_error(errno, "rename", path);
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_KEY_USES_IPP
