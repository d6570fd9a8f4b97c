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
#include <array>
#include <cerrno>
#include <set>
#include <string_view>
#include <unordered_set>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

[[nodiscard]] AIAUDIT_INLINE bool take_texts(boost::json::value const& value,
                                             std::vector<std::string>& to) {
    auto const* list = value.if_array();
    if (list == nullptr) return false;
    for (boost::json::value const& each : *list) {
        if (!each.is_string()) return false;
        to.emplace_back(text_of(each.get_string()));
    }
    return true;
}

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
    [[nodiscard]] static bool take_digest(std::string_view text, digest& to) {
        auto const parsed = digest::parse(text);
        if (parsed) to = *parsed;
        return parsed.has_value() && !to.is_zero();
    }
    [[nodiscard]] former_secret& former() {
        return key_.former ? *key_.former : key_.former.emplace();
    }
    gateway_key key_{};
};

AIAUDIT_INLINE file_identity file_identity::at(std::string const& path) noexcept {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return {};
    return of(status);
}

[[nodiscard]] AIAUDIT_INLINE std::string json_list(std::vector<std::string> const& names) {
    std::string items = "[";
    for (std::size_t i = 0; i < names.size(); ++i)
        items.append(i == 0 ? "" : ",").append(json_string(names[i]));
    return items + ']';
}

AIAUDIT_INLINE std::string json_of(gateway_key const& key) {
    std::string text = R"({"id":)" + json_string(key.id) + R"(,"user":)" + json_string(key.user) +
                       R"(,"project":)" + json_string(key.project) + R"(,"models":)" +
                       json_list(key.models);
    if (!key.denied_models.empty()) text += R"(,"denied_models":)" + json_list(key.denied_models);
    text.append(R"(,"names_users":)").append(key.names_users ? "true" : "false");
    text += R"(,"created_at":)" + json_string(key.created_at.to_string());
    if (!key.team.empty()) text += R"(,"team":)" + json_string(key.team);
    if (!key.organisation.empty()) text += R"(,"organisation":)" + json_string(key.organisation);
    if (!key.note.empty()) text += R"(,"note":)" + json_string(key.note);
    if (key.expires_at) text += R"(,"expires_at":)" + json_string(key.expires_at->to_string());
    if (key.revoked_at) text += R"(,"revoked_at":)" + json_string(key.revoked_at->to_string());
    text += R"(,"salt":")" + to_hex(key.salt) + R"(","secret_digest":")" +
            key.secret_digest.to_string() + '"';
    if (key.former)
        text += R"(,"former_salt":")" + to_hex(key.former->kept.salt) + R"(","former_digest":")" +
                key.former->kept.of.to_string() + R"(","former_until":")" +
                key.former->until.to_string() + '"';
    return text + '}';
}

AIAUDIT_INLINE std::string key_file_text(std::vector<gateway_key> const& keys,
                                         std::uint64_t recorded,
                                         std::vector<std::string> const& former_ids) {
    std::string text = R"({"format":)" + json_string(key_file_format);
    if (recorded != 0) text += R"(,"recorded":)" + std::to_string(recorded);
    text += R"(,"keys":[)";
    for (std::size_t i = 0; i < keys.size(); ++i)
        text.append(i == 0 ? "\n" : ",\n").append(json_of(keys[i]));
    text += "\n]";
    if (!former_ids.empty()) text += R"(,"former_ids":)" + json_list(former_ids);
    return text.append("}\n");
}

AIAUDIT_INLINE digest digest_of_key_text(std::string_view text) {
    auto const keys = text.find(R"("keys":)");
    return {sha256_joined({text.substr((std::min)(keys, text.size()))})};
}

AIAUDIT_INLINE result<gateway_key> key_reader::read(boost::json::value const& from) {
    auto const* object = from.if_object();
    if (object == nullptr) return fail(errc::bad_input, "a key is no object");
    constexpr std::array<std::string_view, 4> needed{"id", "created_at", "salt", "secret_digest"};
    constexpr std::array<std::string_view, 3> together{"former_salt", "former_digest",
                                                       "former_until"};
    key_reader reader;
    for (auto const& [name, value] : *object) {
        std::string_view const known{name.data(), name.size()};
        if (!reader.take(known, value))
            return fail(errc::bad_input, reader.name() + ": '" + printable(known) +
                                             "' is not known, or not what it should be");
    }
    for (std::string_view const each : needed) {
        if (!object->contains({each.data(), each.size()}))
            return fail(errc::bad_input,
                        reader.name() + ": '" + std::string(each) + "' is missing");
    }
    for (std::string_view const each : together) {
        if (reader.key_.former && !object->contains({each.data(), each.size()}))
            return fail(errc::bad_input,
                        reader.name() + ": '" + std::string(each) + "' is missing");
    }
    auto const fit = check_key(reader.key_);
    if (!fit) return fail(errc::bad_input, fit.error().where);
    return std::move(reader.key_);
}

AIAUDIT_INLINE bool key_reader::take(std::string_view name, boost::json::value const& value) {
    if (name == "models") return take_texts(value, key_.models);
    if (name == "denied_models") return take_texts(value, key_.denied_models);
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
    if (name == "team") return assign(key_.team, text);
    if (name == "organisation") return assign(key_.organisation, text);
    if (name == "note") return assign(key_.note, text);
    if (name == "created_at") return take_time(text, key_.created_at);
    if (name == "expires_at") return take_time(text, key_.expires_at.emplace());
    if (name == "revoked_at") return take_time(text, key_.revoked_at.emplace());
    if (name == "salt") return parse_hex16(text, false, key_.salt);
    if (name == "secret_digest") return take_digest(text, key_.secret_digest);
    if (name == "former_salt") return parse_hex16(text, false, former().kept.salt);
    if (name == "former_digest") return take_digest(text, former().kept.of);
    if (name == "former_until") return take_time(text, former().until);
    return false;
}

AIAUDIT_INLINE result<read_keys> read_key_file(std::string_view text) {
    boost::system::error_code code;
    boost::json::monotonic_resource memory;  // which frees it all at once
    boost::json::value const value =
        boost::json::parse({text.data(), text.size()}, code, boost::json::storage_ptr(&memory));
    if (code) return fail(errc::bad_input, "is no JSON: " + code.message());
    auto const* list = at_path(&value, "keys");
    std::string_view const format = text_at(&value, "format");
    if (format != key_file_format && format.starts_with("aiaudit-gateway-keys/"))
        return fail(errc::newer_format, "was written by a newer release");
    if (format != key_file_format || list == nullptr || !list->is_array())
        return fail(errc::bad_input, "is no file of gateway keys");
    read_keys made;
    if (auto const* recorded = at_path(&value, "recorded")) {
        auto const number = whole_number(*recorded);
        if (!number || *number == 0) return fail(errc::bad_input, "'recorded' is no record");
        made.recorded = *number;
    }
    auto const* former = at_path(&value, "former_ids");
    if (former != nullptr && !take_texts(*former, made.former_ids))
        return fail(errc::bad_input, "'former_ids' is no list of ids");
    std::vector<gateway_key>& keys = made.keys;
    keys.reserve(list->get_array().size());
    std::unordered_set<std::string_view> ids;  // of texts of the value
    ids.reserve(keys.capacity());
    for (boost::json::value const& each : list->get_array()) {
        auto key = key_reader::read(each);
        if (!key) return key.error();
        if (!ids.insert(text_at(&each, "id")).second)
            return fail(errc::bad_input, "key '" + key->id + "' stands twice");
        keys.push_back(std::move(*key));
    }
    return made;
}

AIAUDIT_INLINE result<void> check_free(std::vector<gateway_key> const& keys,
                                       std::vector<std::string> const& former_ids,
                                       std::string_view id) {
    auto const same = [id](gateway_key const& other) { return other.id == id; };
    auto const found = std::find_if(keys.begin(), keys.end(), same);
    bool const was = found != keys.end()
                         ? found->revoked_at.has_value()
                         : std::find(former_ids.begin(), former_ids.end(), id) != former_ids.end();
    if (found == keys.end() && !was) return {};
    return fail(errc::bad_argument, "key '" + printable(id) + "' " + (was ? "was" : "is") +
                                        " there already; an id is never used again");
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

[[nodiscard]] AIAUDIT_INLINE std::string directory_of(std::string const& path) {
    auto const slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

// Of the directory; nothing where it cannot be looked at.
AIAUDIT_INLINE std::optional<uid_t> owner_of_directory(std::string const& path) noexcept {
    struct stat status {};
    if (::stat(directory_of(path).c_str(), &status) != 0) return std::nullopt;
    return status.st_uid;
}

// Whoever owns it may write what opens. Root runs commands on what belongs to a service's user.
AIAUDIT_INLINE result<void> check_owner(struct stat const& status, std::string const& path) {
    uid_t const self = ::geteuid();
    if (status.st_uid == self || status.st_uid == 0) return {};
    if (self == 0 && owner_of_directory(path) == status.st_uid) return {};
    return fail(errc::bad_input, path + ": belongs to user " + std::to_string(status.st_uid) +
                                     ", not to the one that runs this, " + std::to_string(self) +
                                     "; give it to him (chown)");
}

AIAUDIT_INLINE error link_error(std::string const& path) {
    return fail(errc::bad_input,
                path +
                    ": is a symbolic link, which others may turn elsewhere; put the file itself "
                    "there");
}

// Adds those ids of which the file has neither a key nor the id yet.
AIAUDIT_INLINE void remember(std::vector<std::string> const& ids, key_file::content& in) {
    std::set<std::string_view> known(in.former_ids.begin(), in.former_ids.end());
    for (gateway_key const& key : in.keys) known.insert(key.id);
    std::vector<std::string> unknown;
    for (std::string const& id : ids)
        if (known.insert(id).second) unknown.push_back(id);
    in.former_ids.insert(in.former_ids.end(), unknown.begin(), unknown.end());
}

}  // namespace detail

AIAUDIT_INLINE result<key_file::content> key_file::read() const {
    auto const file = detail::file_handle::open(path_, O_RDONLY | O_NOFOLLOW);
    if (!file && errno == ENOENT) return content{};
    if (!file && errno == ELOOP) return detail::link_error(path_);
    if (!file) return detail::posix_error(errno, "open", path_);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return detail::posix_error(errno, "fstat", path_);
    if (!S_ISREG(status.st_mode)) return fail(errc::bad_input, path_ + ": is not a file");
    if (auto const ours = detail::check_owner(status, path_); !ours) return ours.error();
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return fail(errc::bad_input, path_ + ": others may write to it; take that from them");
    auto const size = static_cast<std::size_t>(status.st_size);
    if (size > detail::key_file_bytes) return fail(errc::too_large, path_ + ": is over 128 MiB");
    std::string text(size, '\0');
    auto const got = detail::read_at(file.get(), text.data(), text.size(), 0);
    if (got < 0) return detail::posix_error(errno, "read", path_);
    text.resize(static_cast<std::size_t>(got));
    auto read = detail::read_key_file(text);
    if (!read) return fail(read.error().code, path_ + ": " + read.error().where);
    return content{std::move(read->keys), detail::file_identity::of(status), read->recorded,
                   detail::digest_of_key_text(text), std::move(read->former_ids)};
}

namespace detail {

// Of who keeps no log: he remembers nothing, and the file names the record that it named before.
inline constexpr auto no_memory =
    [](key_file::content const& /*before*/) -> result<std::vector<std::string>> {
    return std::vector<std::string>{};
};
[[nodiscard]] AIAUDIT_INLINE result<std::uint64_t> no_witness(gateway_key const* /*changed*/,
                                                              key_file::content const& before,
                                                              digest const& /*becomes*/) {
    return before.recorded;
}

}  // namespace detail

AIAUDIT_INLINE result<void> key_file::add(gateway_key const& key) const {
    auto const nobody = [](gateway_key const* of, content const& before, digest const& becomes) {
        return detail::no_witness(of, before, becomes);
    };
    return add(key, nobody, detail::no_memory);
}

AIAUDIT_INLINE result<void> key_file::add(gateway_key const& key, witness sees,
                                          memory recalls) const {
    if (auto const fit = detail::check_key(key); !fit) return fit.error();
    auto const apply = [&key](content& now) -> result<std::optional<std::size_t>> {
        auto const free = detail::check_free(now.keys, now.former_ids, key.id);
        if (!free) return free.error();
        now.keys.push_back(key);
        return std::optional(now.keys.size() - 1);
    };
    return change(apply, sees, recalls);
}

AIAUDIT_INLINE result<void> key_file::revoke(std::string_view id, timestamp now) const {
    auto const edit = [now](gateway_key& key) { return revoke_key(key, now); };
    return update(id, edit);
}

AIAUDIT_INLINE result<void> key_file::update(
    std::string_view id, detail::function_ref<result<void>(gateway_key&)> edit) const {
    auto const nobody = [](gateway_key const* key, content const& before, digest const& becomes) {
        return detail::no_witness(key, before, becomes);
    };
    return update(id, edit, nobody);
}

AIAUDIT_INLINE result<void> key_file::update(std::string_view id,
                                             detail::function_ref<result<void>(gateway_key&)> edit,
                                             witness sees) const {
    auto const apply = [id, edit](content& now) -> result<std::optional<std::size_t>> {
        auto& keys = now.keys;
        auto const found = std::find_if(keys.begin(), keys.end(),
                                        [id](gateway_key const& key) { return key.id == id; });
        std::string const name = "key '" + detail::printable(id) + "' ";
        if (found == keys.end()) return fail(errc::not_found, name + "is not there");
        if (found->revoked_at)
            return fail(errc::bad_argument,
                        name + "was revoked at " + found->revoked_at->to_string());
        gateway_key changed = *found;
        if (auto const edited = edit(changed); !edited) return edited.error();
        changed.id = found->id;
        if (auto const fit = detail::check_key(changed); !fit) return fit.error();
        *found = std::move(changed);
        return std::optional(static_cast<std::size_t>(found - keys.begin()));
    };
    return change(apply, sees, detail::no_memory);
}

AIAUDIT_INLINE result<void> key_file::renew(witness sees, memory recalls) const {
    auto const apply = [](content&) -> result<std::optional<std::size_t>> {
        return std::optional<std::size_t>{};
    };
    return change(apply, sees, recalls);
}

AIAUDIT_INLINE result<void> key_file::replace(std::string const& text) const {
    // Written by this, it could not be read again.
    if (text.size() > detail::key_file_bytes)
        return fail(errc::too_large, path_ + ": it would be over 128 MiB");
    // Root's commands must not take the file from the service that reads it.
    auto const owner = ::geteuid() == 0 ? detail::owner_of_directory(path_) : std::nullopt;
    return detail::replace_file(path_, text, owner);
}

AIAUDIT_INLINE result<void> key_file::change(
    detail::function_ref<result<std::optional<std::size_t>>(content&)> apply, witness sees,
    memory recalls) const {
    // A file of its own: the one with the keys is replaced each time.
    std::string const lock_path = path_ + ".lock";
    auto const lock = detail::file_handle::open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW);
    if (!lock && errno == ELOOP) return detail::link_error(lock_path);
    if (!lock) return detail::posix_error(errno, "open", lock_path);
    if (detail::lock_file(lock.get(), LOCK_EX) != 0)
        return detail::posix_error(errno, "flock", lock_path);
    auto before = read();
    if (!before) return before.error();
    auto const recalled = recalls(*before);
    if (!recalled) return recalled.error();
    content now = *before;
    detail::remember(*recalled, now);
    auto const changed = apply(now);
    if (!changed) return changed.error();
    auto const becomes =
        detail::digest_of_key_text(detail::key_file_text(now.keys, 0, now.former_ids));
    auto const recorded = sees(*changed ? &now.keys[**changed] : nullptr, *before, becomes);
    if (!recorded) return recorded.error();
    return replace(detail::key_file_text(now.keys, *recorded, now.former_ids));
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_KEY_FILE_IPP
