// SPDX-License-Identifier: MIT
//
// store.hpp: what the ledger asks of its storage: a list of segments, each of four ordered tables
// of byte strings, written in atomic durable transactions and read in consistent snapshots.
//
// Only the newest segment is written. When it is large enough the ledger rotates: a new one is
// begun and the old one sealed, for ever. The oldest can be dropped whole. Beside the segments
// stands the history, four tables more, for what is to outlive them.
//
// Models: lmdb_store (lmdb_store.hpp) and memory_store (memory_store.hpp). A third one is right
// when it passes tests/engine/support/store_conformance.hpp.
// Threads: plain values; see storage_policy for those of a store.
// Floor 5.
#ifndef AIAUDIT_STORAGE_STORE_HPP
#define AIAUDIT_STORAGE_STORE_HPP

#include <aiaudit/error.hpp>  // result

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// The tables of a store. The numbers and names are on disk: never changed, never used again.
enum class table : std::uint8_t { blocks = 0, meta = 1, snapshots = 2, tiles = 3 };
inline constexpr std::size_t table_count = 4;

[[nodiscard]] constexpr char const* name_of(table which) noexcept {
    constexpr char const* names[table_count] = {"blocks", "meta", "snapshots", "tiles"};
    return names[static_cast<std::size_t>(which)];
}

// Segments are numbered from 1 on; numbers are never used again.
using segment_number = std::uint32_t;
inline constexpr segment_number history = 0;

struct segment_range {
    segment_number oldest = 0;
    segment_number newest = 0;
    friend bool operator==(segment_range, segment_range) = default;
};

// The entry of table::meta that says that a segment is sealed; its value is the next one's number.
// It is the store's own: a body may read it, never write it.
inline constexpr std::string_view sealed_key = "sealed";

// How to open a store. A store that keeps nothing on disk ignores `path`, `create` and `map_bytes`.
struct store_options {
    std::string path{};      // a directory; its parent must exist
    bool create = true;      // make a new store where the path is missing or an empty directory
    bool read_only = false;  // change nothing on disk; write() answers errc::read_only
    // The most that a segment can hold, as address space (nothing is allocated ahead). 0:
    // limits::map_bytes, or less where the process has not so much for all the segments that may be
    // open at once (RLIMIT_AS, emulators).
    std::uint64_t map_bytes = 0;
};

namespace detail {

// A segment's number, then that of a transaction in it.
[[nodiscard]] constexpr std::uint64_t generation_of(segment_number segment,
                                                    std::uint64_t transaction) noexcept {
    return std::uint64_t{segment} << 40 | (transaction & ((std::uint64_t{1} << 40) - 1));
}

// What every store checks of a key before it looks anything up.
[[nodiscard]] result<void> check_key(std::string_view key);

[[nodiscard]] result<void> check_entry(std::string_view key, std::size_t value_bytes);

[[nodiscard]] inline error key_exists(table in) {
    return fail(errc::storage_failed, std::string("key exists in ") + name_of(in));
}

// Callables of the shapes that a store must accept, to say so in the concept.
struct visitor_archetype {
    bool operator()(std::string_view key, std::string_view value) const;
};
template <class View>
struct body_archetype {
    result<void> operator()(View& view) const;
};
template <class View>
struct rotate_body_archetype {
    result<void> operator()(View const& old, View& next) const;
};

}  // namespace detail

// A read view: one consistent snapshot.
//
//   get(table, key)             The value, or nothing. A key of a wrong size: bad_argument.
//   scan(table, from, visit)    Calls visit(key, value) in ascending bytewise order, from the first
//                               key >= from (may be empty: the first of all), until it returns
//                               false. visit may call get, not what changes the table.
//   last_key(table)             The greatest key, or nothing.
//   segment()                   Which segment this is, or `history`.
//   generation()                On the newest segment: what Store::generation() answers while this
//                               is all that is committed. The store's own number may be ahead of
//                               what a transaction begun now would see: so who keeps what he read
//                               keeps this number with it. On other segments never the store's.
//
// A view may have release(value): its pages are given back, since the value was read and will not
// be soon (detail::release() calls it if it is there).
//
// A view and every byte it hands out live until the body returns; in a write view a value that was
// handed out lives only until the next insert, reserve, replace or erase.
template <class View>
concept storage_read_view = requires(View const& view, table in, std::string_view key,
                                     detail::visitor_archetype visit) {
    { view.get(in, key) } -> std::same_as<result<std::optional<std::string_view>>>;
    { view.scan(in, key, visit) } -> std::same_as<result<void>>;
    { view.last_key(in) } -> std::same_as<result<std::optional<std::string>>>;
    { view.segment() } -> std::same_as<segment_number>;
    { view.generation() } -> std::same_as<std::uint64_t>;
};

namespace detail {

// After a large value was read, by who reads many.
template <class View>
void release(View const& view, std::string_view value) noexcept {
    constexpr std::size_t worth_a_call = std::size_t{64} << 10;
    if constexpr (requires { view.release(value); }) {
        if (value.size() >= worth_a_call) view.release(value);
    }
}

}  // namespace detail

// A write view: a read view that sees its own changes, and
//
//   insert(table, key, value)   A new entry; storage_failed "key exists" where there is one, and
//                               then the transaction may go on. Fastest for ascending keys.
//   reserve(table, key, bytes)  insert, but the caller writes the value in place: into the span,
//                               all of it, before the next call on the view.
//   replace(table, key, value)  An entry, new or instead of the old one.
//   erase(table, key)           No such entry any more; none before is no error.
//
// Values over limits::storage_value_bytes: too_large. No room: log_full.
template <class View>
concept storage_write_view = storage_read_view<View> &&
    requires(View& view, table in, std::string_view key, std::string_view value, std::size_t size) {
    { view.insert(in, key, value) } -> std::same_as<result<void>>;
    { view.reserve(in, key, size) } -> std::same_as<result<std::span<char>>>;
    { view.replace(in, key, value) } -> std::same_as<result<void>>;
    { view.erase(in, key) } -> std::same_as<result<void>>;
};

// A store.
//
//   Store::open(options)   Opens or makes one. Errors: not_a_ledger (the directory holds something
//                          else; nothing was touched), newer_format, not_found, read_only,
//                          already_open (by this process), unsafe_file_system, disk_full, corrupt,
//                          storage_failed, bad_argument.
//   segments()             The oldest and the newest segment there are now: other processes rotate
//                          and drop too.
//   write(body)            body: result<void>(write_view&). One transaction on the newest segment:
//                          once body succeeded, all of it is durable when write() returns success;
//                          when body or the commit fails or body throws, none of it is there (but
//                          where the disk goes on failing, which nobody can know), and the store
//                          can be used on (disk_full: free space, then write again;
//                          log_full: rotate, then write again). One at a time over all threads and
//                          processes: it waits its turn. A body that changed nothing costs no sync.
//   read(body)             body: result<void>(read_view const&). On the newest segment. Runs beside
//                          a writer and sees what was committed before it began. Keep it short: the
//                          space of what is replaced meanwhile cannot be used again, and a store
//                          that must be mapped anew waits for it. Long scans are done in parts.
//   read(segment, body)    The same on any segment, or on `history`, which is empty until it is
//                          written. not_found: dropped, or not there yet.
//   rotate(body)           body: result<void>(write_view const& old, write_view& next). Begins the
//                          segment after the newest with what body enters into it, and seals the
//                          old one: both, or neither when anything fails. old is the newest when
//                          its turn has come: a body that was to rotate another one looks at
//                          old.segment(), and fails.
//   write_history(body)    write(body), on the history, in turn with those. Not atomic with any
//                          other transaction.
//   drop_oldest(segment)   Removes the oldest segment for good. bad_argument: it is not the oldest,
//                          or the newest; not_found: it is gone. Transactions on it go on.
//   generation()           Differs from before once any process has committed to a segment or
//                          rotated (not: dropped, or wrote the history); cheap. 0: closed.
//   bytes_on_disk()        What all of it takes on disk, free pages included. 0: nothing, closed.
//   bytes_on_disk(segment) What that one takes. 0: nothing, it is not there.
//   probe()                Optional. Whether a write would find its files and room now, as far as
//                          that can be seen without one: result<void>.
//
// A store on disk whose files were moved, replaced or removed under it answers errc::moved from
// then on: no transaction is reported durable that is not where the ledger is now, and nothing is
// read that is not of it. Opened anew it is what is there.
// After fork() the child's copy answers errc::closed, unless the store keeps nothing on disk; the
// child may open its own. A moved-from store answers errc::closed.
// Threads: every member may be called from any thread at any time, but not from inside a body
// (a body that calls its own store may wait for itself for ever); open and destruction are the
// usual exception. A body runs on the calling thread.
template <class Store>
concept storage_policy = std::movable<Store> && storage_read_view<typename Store::read_view> &&
    storage_write_view<typename Store::write_view> &&
    requires(Store& store, Store const& reader, store_options const& options,
             detail::body_archetype<typename Store::write_view> write_body,
             detail::body_archetype<typename Store::read_view const> read_body,
             detail::rotate_body_archetype<typename Store::write_view> rotate_body,
             segment_number segment) {
    { Store::open(options) } -> std::same_as<result<Store>>;
    { reader.segments() } -> std::same_as<result<segment_range>>;
    { store.write(write_body) } -> std::same_as<result<void>>;
    { reader.read(read_body) } -> std::same_as<result<void>>;
    { reader.read(segment, read_body) } -> std::same_as<result<void>>;
    { store.rotate(rotate_body) } -> std::same_as<result<void>>;
    { store.write_history(write_body) } -> std::same_as<result<void>>;
    { store.drop_oldest(segment) } -> std::same_as<result<void>>;
    { reader.generation() }
    noexcept->std::same_as<std::uint64_t>;
    { reader.bytes_on_disk() }
    noexcept->std::same_as<std::uint64_t>;
    { reader.bytes_on_disk(segment) }
    noexcept->std::same_as<std::uint64_t>;
};

namespace detail {

// What the store says of itself; one that has no probe() can always be written.
template <class Store>
[[nodiscard]] result<void> probe_store(Store& store) {
    if constexpr (requires { store.probe(); }) {
        return store.probe();
    } else {
        return {};
    }
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/store.ipp>
#endif

#endif  // AIAUDIT_STORAGE_STORE_HPP
