// SPDX-License-Identifier: MIT
//
// key_file.hpp: the keys of a gateway on disk, beside the ledger.
//
// The file is JSON, of mode 0600, and holds no secret: of each there is a salted hash. Its owner is
// the user that runs this, or root, or, for root, the owner of the directory. It is
// written whole beside the old one and renamed, under a lock, so that whoever reads it finds one or
// the other. A key that was revoked stays in it, because records name keys: an id is never used
// again. Nor is one that a log has of a key which the file lacks, having been lost or put back: the
// file remembers it (`former_ids`).
// Threads: any, of any process.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_KEY_FILE_HPP
#define AIAUDIT_GATEWAY_KEY_FILE_HPP

#include <aiaudit/detail/function_ref.hpp>  // function_ref
#include <aiaudit/error.hpp>                // result
#include <aiaudit/gateway/gateway_key.hpp>  // gateway_key

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct stat;  // <sys/stat.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::string_view key_file_format = "aiaudit-gateway-keys/1";
inline constexpr char const* key_file_name = "gateway-keys.json";
// Some 400,000 keys; more belong in a system that is made for them.
inline constexpr std::size_t key_file_bytes = std::size_t{128} << 20;

[[nodiscard]] std::string json_of(gateway_key const& key);

// `recorded`: the record of the log with the last change; 0 where there is none.
[[nodiscard]] std::string key_file_text(std::vector<gateway_key> const& keys,
                                        std::uint64_t recorded = 0,
                                        std::vector<std::string> const& former_ids = {});

// What a file's text says of its keys, to the byte: what a record of a change keeps.
[[nodiscard]] digest digest_of_key_text(std::string_view text);

struct read_keys {
    std::vector<gateway_key> keys{};
    std::uint64_t recorded = 0;
    std::vector<std::string> former_ids{};
};
// Errors: bad_input, newer_format.
[[nodiscard]] result<read_keys> read_key_file(std::string_view text);
[[nodiscard]] inline result<std::vector<gateway_key>> read_key_text(std::string_view text) {
    auto read = read_key_file(text);
    if (!read) return read.error();
    return std::move(read->keys);
}

// Errors: bad_argument where a key of that id is there, or was.
[[nodiscard]] result<void> check_free(std::vector<gateway_key> const& keys,
                                      std::vector<std::string> const& former_ids,
                                      std::string_view id);

// By which a file is known to be another, or changed.
struct file_identity {
    bool there = false;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t written_ns = 0;
    std::int64_t changed_ns = 0;

    friend bool operator==(file_identity const&, file_identity const&) = default;

    [[nodiscard]] static file_identity of(struct ::stat const& status) noexcept;
    // Of a link itself. Of what cannot be looked at there is none: reading it will say why.
    [[nodiscard]] static file_identity at(std::string const& path) noexcept;
};

}  // namespace detail

class key_file {
public:
    explicit key_file(std::string path) : path_(std::move(path)) {}
    // Of the ledger in that directory.
    [[nodiscard]] static key_file of_ledger(std::string const& db) {
        return key_file(db + "/" + detail::key_file_name);
    }
    [[nodiscard]] std::string const& path() const noexcept { return path_; }

    struct content {
        std::vector<gateway_key> keys{};
        detail::file_identity identity{};
        std::uint64_t recorded = 0;  // the record of the log with the last change; 0: none
        digest of_keys{};            // of what the text says of them
        // Of keys that were, and of which the file has nothing else.
        std::vector<std::string> former_ids{};
    };

    // Told of a change before the file has it, with the key as it becomes (none where the keys stay
    // as they are), what the file is now, and what it becomes. Gives the record of the log that
    // says so, which the file then names. An error: nothing is changed.
    using witness = detail::function_ref<result<std::uint64_t>(
        gateway_key const* changed, content const& before, digest const& becomes)>;
    // Asked before a change which ids keys have had that the file may lack; those of keys that it
    // has may be among them. An error: nothing is changed.
    using memory = detail::function_ref<result<std::vector<std::string>>(content const& before)>;

    // No keys where there is no file. Errors: bad_input where it is not what this writes, is a
    // link, belongs to somebody else, or others may write to it; too_large; newer_format;
    // read_only, storage_failed. They name the file.
    [[nodiscard]] result<content> read() const;

    // In the order in which they were made.
    [[nodiscard]] result<std::vector<gateway_key>> list() const {
        auto now = read();
        if (!now) return now.error();
        return std::move(now->keys);
    }

    // Errors: bad_argument where a key of that id is there, or was; those of read() and of writing.
    // Without a witness no log has the change, so that the file is none any more that a log knows
    // (key_log.hpp).
    [[nodiscard]] result<void> add(gateway_key const& key) const;
    [[nodiscard]] result<void> add(gateway_key const& key, witness sees, memory recalls) const;

    // As of now. Errors: not_found; bad_argument where it was revoked before; as above.
    [[nodiscard]] result<void> revoke(std::string_view id, timestamp now) const;

    // Calls edit(key), which changes what it wants of the key but its id, and puts the key in the
    // place of the old one. Errors: not_found; bad_argument for a key that was revoked, or what it
    // became is not well-formed; those of edit; as above.
    [[nodiscard]] result<void> update(std::string_view id,
                                      detail::function_ref<result<void>(gateway_key&)> edit) const;

    [[nodiscard]] result<void> update(std::string_view id,
                                      detail::function_ref<result<void>(gateway_key&)> edit,
                                      witness sees) const;
    // Writes the same keys with another record.
    [[nodiscard]] result<void> renew(witness sees, memory recalls) const;

private:
    // apply(content) gives the place of the key that it changed; none: all of them.
    [[nodiscard]] result<void> change(
        detail::function_ref<result<std::optional<std::size_t>>(content&)> apply, witness sees,
        memory recalls) const;

    [[nodiscard]] result<void> replace(std::string const& text) const;

    std::string path_;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/key_file.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_KEY_FILE_HPP
