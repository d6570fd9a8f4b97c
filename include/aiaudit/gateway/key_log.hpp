// SPDX-License-Identifier: MIT
//
// key_log.hpp: changes of the gateway's keys as records of the log, and the file of keys checked
// against them.
//
// Each change is a record with the digest of what the file becomes, and the file names the record:
// an old copy of the file, which would give back a key that was revoked, or one that was edited, is
// none that the log knows. Who has changed the file otherwise says so by a record (accept_keys).
// A file that was lost or is old lacks keys: their ids are taken from the log, and stay taken.
// Bounds: a check reads the log from the record on that the file names; who takes ids from it reads
// all of it.
// Threads: any, of any process; changes are made one after the other.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_KEY_LOG_HPP
#define AIAUDIT_GATEWAY_KEY_LOG_HPP

#include <aiaudit/core/record.hpp>          // record
#include <aiaudit/gateway/gateway_key.hpp>  // gateway_key
#include <aiaudit/gateway/key_file.hpp>     // key_file
#include <aiaudit/rollup/report.hpp>        // report_row

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// What of a file of keys the log must know.
struct key_stamp {
    std::uint64_t recorded = 0;  // the record that the file names; 0: none
    digest of_keys{};
};

// Of a change of keys, for its record.
struct key_change {
    std::string_view what{};  // "created", "changed", "rotated", "revoked", "accepted", "checked"
    std::string_view by{};    // who did it; may be empty
};

namespace detail {

// The newest record of a change of keys, from some record on.
struct last_key_change {
    std::uint64_t number = 0;
    std::string what{};
    std::string key_id{};
    std::string keys{};  // the digest's text
};

// `key`: null for a record of all.
[[nodiscard]] record key_record(key_change const& of, gateway_key const* key, digest const& becomes,
                                timestamp at);

// Errors: bad_input, which says which record the file does not have.
[[nodiscard]] result<void> compare_keys(key_stamp const& file,
                                        std::optional<last_key_change> const& last,
                                        std::uint64_t oldest, std::uint64_t newest);

}  // namespace detail

// Whether a file of keys is the one that the log knows. Where the log has no record of keys, any
// file is. Errors: bad_input, as above; those of reading the log.
template <class Ledger>
[[nodiscard]] result<void> check_keys(Ledger const& log, key_stamp const& file) {
    auto const newest = log.last_sequence();
    if (!newest) return newest.error();
    auto const oldest = log.first_sequence();
    if (!oldest) return oldest.error();
    std::optional<detail::last_key_change> last;
    std::uint64_t const from = (std::max)(value_of(*oldest), file.recorded);
    if (from != 0 && from <= value_of(*newest)) {
        auto const read = log.read(sequence{from}, [&last](sequence number, record&& entry) {
            if (entry.kind != record_kind::key) return true;
            last = detail::last_key_change{
                value_of(number), std::string(detail::tag_of(entry, "change")), entry.key_id,
                std::string(detail::tag_of(entry, "keys"))};
            return true;
        });
        if (!read) return read.error();
    }
    return detail::compare_keys(file, last, value_of(*oldest), value_of(*newest));
}

namespace detail {

// The ids of all keys of the log: of its records of keys and, of what retention has dropped, of
// calls.
template <class Ledger>
[[nodiscard]] result<std::vector<std::string>> key_ids_of(Ledger& log) {
    auto const oldest = log.first_sequence();
    if (!oldest) return oldest.error();
    std::set<std::string> ids;
    auto const read = log.read(*oldest, [&ids](sequence, record&& entry) {
        if (entry.kind == record_kind::key && !entry.key_id.empty())
            ids.insert(std::move(entry.key_id));
        return true;
    });
    if (!read) return read.error();
    auto const called = log.report({report_kind::keys, {}, {}, {}});
    if (!called) return called.error();
    for (report_row const& row : called->rows)
        if (is_key_id(row.names.key_id)) ids.emplace(row.names.key_id);
    return std::vector<std::string>(ids.begin(), ids.end());
}
// The same where a file may lack some: it names no record that the log still has, or `always`.
template <class Ledger>
[[nodiscard]] result<std::vector<std::string>> ids_beside(Ledger& log,
                                                          key_file::content const& file,
                                                          bool always) {
    auto const oldest = log.first_sequence();
    if (!oldest) return oldest.error();
    if (!always && file.recorded >= value_of(*oldest)) return std::vector<std::string>{};
    return key_ids_of(log);
}

// Writes a record of a change, after a look at the file where `checks`.
template <class Ledger>
class key_witness {
public:
    key_witness(Ledger& log, key_change const& of, bool checks)
        : log_(log), of_(of), checks_(checks) {}

    // The ids of a log that may have more of them than the file.
    result<std::vector<std::string>> operator()(key_file::content const& before) const {
        return ids_beside(log_, before, !checks_);
    }
    result<std::uint64_t> operator()(gateway_key const* key, key_file::content const& before,
                                     digest const& becomes) const {
        if (checks_) {
            auto const known = check_keys(log_, {before.recorded, before.of_keys});
            if (!known) return known.error();
        }
        auto const number = log_.append(key_record(of_, key, becomes, log_.time().now()));
        if (!number) return number.error();
        if (value_of(*number) == 0)
            return fail(errc::storage_failed, "the log did not take the record of the change");
        return value_of(*number);
    }

private:
    Ledger& log_;
    key_change const& of_;
    bool checks_;
};

}  // namespace detail

// Whether a key of that id may be made. Errors: bad_argument where there is one or was, by the file
// or the log; those of reading the log.
template <class Ledger>
[[nodiscard]] result<void> check_key_id(Ledger& log, key_file::content const& file,
                                        std::string_view id) {
    auto ids = detail::ids_beside(log, file, false);
    if (!ids) return ids.error();
    ids->insert(ids->end(), file.former_ids.begin(), file.former_ids.end());
    return detail::check_free(file.keys, *ids, id);
}

// As key_file::add() and update(), with a record of the change. Errors: as those; as check_keys();
// those of writing the record.
template <class Ledger>
[[nodiscard]] result<void> add_key(Ledger& log, key_file const& file, gateway_key const& key,
                                   std::string_view by) {
    key_change const of{"created", by};
    detail::key_witness<Ledger> const sees(log, of, true);
    return file.add(key, sees, sees);
}
template <class Ledger>
[[nodiscard]] result<void> update_key(Ledger& log, key_file const& file, std::string_view id,
                                      key_change const& of,
                                      detail::function_ref<result<void>(gateway_key&)> edit) {
    detail::key_witness<Ledger> const sees(log, of, true);
    return file.update(id, edit, sees);
}

// Writes a record of a file that the log knows, so that the next check has less to read.
template <class Ledger>
[[nodiscard]] result<void> confirm_keys(Ledger& log, key_file const& file, key_change const& of) {
    detail::key_witness<Ledger> const sees(log, of, true);
    return file.renew(sees, sees);
}

// Makes the file as it is the one that the log knows: "accepted" by somebody who has looked at it.
// Errors: as above, but for the check.
template <class Ledger>
[[nodiscard]] result<void> accept_keys(Ledger& log, key_file const& file, key_change const& of) {
    detail::key_witness<Ledger> const sees(log, of, false);
    return file.renew(sees, sees);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/key_log.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_KEY_LOG_HPP
