// SPDX-License-Identifier: MIT
//
// key_file.ipp: the definitions of key_file.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_KEY_FILE_IPP
#define AIAUDIT_IMPL_GATEWAY_KEY_FILE_IPP

#include <aiaudit/config.hpp>              // AIAUDIT_INLINE
#include <aiaudit/core/ids.hpp>            // parse_hex16
#include <aiaudit/detail/json_string.hpp>  // json_string
#include <aiaudit/gateway/key_file.hpp>
#include <aiaudit/providers/json_fields.hpp>  // text_of
#include <aiaudit/storage/posix_file.hpp>     // file_handle

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Reads one key. Anything that is not understood is an error: a limit that is passed over would
// open what should be shut.
class key_reader {
public:
    // Errors: bad_input, which names the member, never what it holds.
    [[nodiscard]] static result<gateway_key> read(boost::json::value const& from);

private:
    [[nodiscard]] std::string name() const { return "key '" + printable(key_.id) + "'"; }

    [[nodiscard]] bool take(std::string_view name, boost::json::value const& value);

    [[nodiscard]] static bool assign(std::string& to, std::string_view text) {
        to = text;
        return true;
    }
    [[nodiscard]] static bool take_time(std::string_view text, timestamp& to) {
        auto const parsed = timestamp::parse(text);
        if (parsed) to = *parsed;
        return parsed.has_value();
    }
    [[nodiscard]] bool take_models(boost::json::value const& value);

    gateway_key key_{};
};

AIAUDIT_INLINE file_identity file_identity::at(std::string const& path) noexcept {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return {};
    return of(status);
}

AIAUDIT_INLINE std::string json_of(gateway_key const& key) {
    std::string text = R"({"id":)" + json_string(key.id) + R"(,"user":)" + json_string(key.user) +
                       R"(,"project":)" + json_string(key.project) + R"(,"models":[)";
    for (std::size_t i = 0; i < key.models.size(); ++i)
        text.append(i == 0 ? "" : ",").append(json_string(key.models[i]));
    text.append(R"(],"names_users":)").append(key.names_users ? "true" : "false");
    text += R"(,"created_at":)" + json_string(key.created_at.to_string());
    if (key.revoked_at) text += R"(,"revoked_at":)" + json_string(key.revoked_at->to_string());
    text += R"(,"salt":")" + to_hex(key.salt) + R"(","secret_digest":")" +
            key.secret_digest.to_string() + "\"}";
    return text;
}

AIAUDIT_INLINE std::string key_file_text(std::vector<gateway_key> const& keys) {
    std::string text = R"({"format":)" + json_string(key_file_format) + R"(,"keys":[)";
    for (std::size_t i = 0; i < keys.size(); ++i)
        text.append(i == 0 ? "\n" : ",\n").append(json_of(keys[i]));
    return text.append("\n]}\n");
}

AIAUDIT_INLINE result<gateway_key> key_reader::read(boost::json::value const& from) {
    auto const* object = from.if_object();
    if (object == nullptr) return fail(errc::bad_input, "a key is no object");
    key_reader reader;
    std::set<std::string_view> missing{"id", "created_at", "salt", "secret_digest"};
    for (auto const& [name, value] : *object) {
        std::string_view const known{name.data(), name.size()};
        if (!reader.take(known, value))
            return fail(errc::bad_input, reader.name() + ": '" + printable(known) +
                                             "' is not known, or not what it should be");
        missing.erase(known);
    }
    if (!missing.empty())
        return fail(errc::bad_input,
                    reader.name() + ": '" + std::string(*missing.begin()) + "' is missing");
    auto const fit = check_key(reader.key_);
    if (!fit) return fail(errc::bad_input, fit.error().where);
    return std::move(reader.key_);
}

AIAUDIT_INLINE bool key_reader::take(std::string_view name, boost::json::value const& value) {
    if (name == "models") return take_models(value);
    if (name == "names_users") {
        if (!value.is_bool()) return false;
        key_.names_users = value.get_bool();
        return true;
    }
    if (!value.is_string()) return false;
    std::string_view const text = text_of(value.get_string());
    if (name == "id") return assign(key_.id, text);
    if (name == "user") return assign(key_.user, text);
    if (name == "project") return assign(key_.project, text);
    if (name == "created_at") return take_time(text, key_.created_at);
    if (name == "revoked_at") return take_time(text, key_.revoked_at.emplace());
    if (name == "salt") return parse_hex16(text, false, key_.salt);
    if (name != "secret_digest") return false;
    auto const parsed = digest::parse(text);
    if (parsed) key_.secret_digest = *parsed;
    return parsed.has_value() && !key_.secret_digest.is_zero();
}

AIAUDIT_INLINE bool key_reader::take_models(boost::json::value const& value) {
    auto const* list = value.if_array();
    if (list == nullptr) return false;
    for (boost::json::value const& model : *list) {
        if (!model.is_string()) return false;
        key_.models.emplace_back(text_of(model.get_string()));
    }
    return true;
}

AIAUDIT_INLINE result<std::vector<gateway_key>> read_key_text(std::string_view text) {
    boost::system::error_code code;
    boost::json::value const value = boost::json::parse({text.data(), text.size()}, code);
    if (code) return fail(errc::bad_input, "is no JSON: " + code.message());
    auto const* list = at_path(&value, "keys");
    std::string_view const format = text_at(&value, "format");
    if (format != key_file_format && format.starts_with("aiaudit-gateway-keys/"))
        return fail(errc::newer_format, "was written by a newer release");
    if (format != key_file_format || list == nullptr || !list->is_array())
        return fail(errc::bad_input, "is no file of gateway keys");
    std::vector<gateway_key> keys;
    std::set<std::string> ids;
    for (boost::json::value const& each : list->get_array()) {
        auto key = key_reader::read(each);
        if (!key) return key.error();
        if (!ids.insert(key->id).second)
            return fail(errc::bad_input, "key '" + key->id + "' stands twice");
        keys.push_back(std::move(*key));
    }
    return keys;
}

AIAUDIT_INLINE result<void> check_free(std::vector<gateway_key> const& keys, std::string_view id) {
    for (gateway_key const& other : keys) {
        if (other.id != id) continue;
        return fail(errc::bad_argument, "key '" + other.id + "' " +
                                            (other.revoked_at ? "was" : "is") +
                                            " there already; an id is never used again");
    }
    return {};
}

AIAUDIT_INLINE file_identity file_identity::of(struct stat const& status) noexcept {
    auto const nanoseconds = [](struct timespec const& at) {
        return std::int64_t{at.tv_sec} * nanoseconds_per_second + at.tv_nsec;
    };
    return {true,
            status.st_dev,
            status.st_ino,
            status.st_size,
            nanoseconds(status.st_mtim),
            nanoseconds(status.st_ctim)};
}

}  // namespace detail

AIAUDIT_INLINE result<key_file::content> key_file::read() const {
    auto const file = detail::file_handle::open(path_, O_RDONLY);
    if (!file && errno == ENOENT) return content{};
    if (!file) return detail::posix_error(errno, "open", path_);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return detail::posix_error(errno, "fstat", path_);
    if (!S_ISREG(status.st_mode)) return fail(errc::bad_input, path_ + ": is not a file");
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return fail(errc::bad_input, path_ + ": others may write to it; take that from them");
    auto const size = static_cast<std::size_t>(status.st_size);
    if (size > detail::key_file_bytes) return fail(errc::too_large, path_ + ": is over 16 MiB");
    std::string text(size, '\0');
    auto const got = detail::read_at(file.get(), text.data(), text.size(), 0);
    if (got < 0) return detail::posix_error(errno, "read", path_);
    text.resize(static_cast<std::size_t>(got));
    auto keys = detail::read_key_text(text);
    if (!keys) return fail(keys.error().code, path_ + ": " + keys.error().where);
    return content{std::move(*keys), detail::file_identity::of(status)};
}

AIAUDIT_INLINE result<void> key_file::add(gateway_key const& key) const {
    if (auto const fit = detail::check_key(key); !fit) return fit.error();
    return change([&key](std::vector<gateway_key>& keys) -> result<void> {
        if (auto const free = detail::check_free(keys, key.id); !free) return free.error();
        keys.push_back(key);
        return {};
    });
}

AIAUDIT_INLINE result<void> key_file::revoke(std::string_view id, timestamp now) const {
    return change([id, now](std::vector<gateway_key>& keys) -> result<void> {
        auto const found = std::find_if(keys.begin(), keys.end(),
                                        [id](gateway_key const& key) { return key.id == id; });
        std::string const name = "key '" + detail::printable(id) + "' ";
        if (found == keys.end()) return fail(errc::not_found, name + "is not there");
        if (found->revoked_at)
            return fail(errc::bad_argument,
                        name + "was revoked at " + found->revoked_at->to_string());
        found->revoked_at = now;
        return {};
    });
}

AIAUDIT_INLINE result<void> key_file::replace(std::string const& text) const {
    // Written by this, it could not be read again.
    if (text.size() > detail::key_file_bytes)
        return fail(errc::too_large, path_ + ": it would be over 16 MiB");
    return detail::replace_file(path_, text);
}

AIAUDIT_INLINE result<void> key_file::change(
    detail::function_ref<result<void>(std::vector<gateway_key>&)> apply) const {
    // A file of its own: the one with the keys is replaced each time.
    std::string const lock_path = path_ + ".lock";
    auto const lock = detail::file_handle::open(lock_path, O_RDWR | O_CREAT);
    if (!lock) return detail::posix_error(errno, "open", lock_path);
    if (detail::lock_file(lock.get(), LOCK_EX) != 0)
        return detail::posix_error(errno, "flock", lock_path);
    auto now = read();
    if (!now) return now.error();
    if (auto const applied = apply(now->keys); !applied) return applied;
    return replace(detail::key_file_text(now->keys));
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_KEY_FILE_IPP
