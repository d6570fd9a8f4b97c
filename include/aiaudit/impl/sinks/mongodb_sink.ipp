// SPDX-License-Identifier: MIT
//
// mongodb_sink.ipp: the definitions of mongodb_sink.hpp.
#ifndef AIAUDIT_IMPL_SINKS_MONGODB_SINK_IPP
#define AIAUDIT_IMPL_SINKS_MONGODB_SINK_IPP

#include <aiaudit/config.hpp>                  // AIAUDIT_INLINE
#include <aiaudit/detail/bytes.hpp>            // view_of
#include <aiaudit/sinks/mongodb_document.hpp>  // append_mongodb_row
#include <aiaudit/sinks/mongodb_sink.hpp>

#include <mongoc/mongoc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct mongoc_deleter {
    void operator()(mongoc_uri_t* uri) const noexcept { mongoc_uri_destroy(uri); }
    void operator()(mongoc_client_t* client) const noexcept { mongoc_client_destroy(client); }
    void operator()(mongoc_collection_t* made) const noexcept { mongoc_collection_destroy(made); }
    void operator()(mongoc_bulk_operation_t* made) const noexcept {
        mongoc_bulk_operation_destroy(made);
    }
    void operator()(mongoc_cursor_t* made) const noexcept { mongoc_cursor_destroy(made); }
    void operator()(mongoc_write_concern_t* made) const noexcept {
        mongoc_write_concern_destroy(made);
    }
};
template <class Handle>
using mongoc_owner = std::unique_ptr<Handle, mongoc_deleter>;

// What an insert found there already.
inline constexpr std::int32_t mongodb_duplicate_key = 11000;
// A cursor stays for each so many records: from one of them a hole is filled.
inline constexpr std::uint64_t mongodb_slot = 65'536;

// libmongoc's globals stay to the end of the process; it prints nothing.
AIAUDIT_INLINE void start_mongoc() {
    static bool const started = [] {
        mongoc_log_set_handler(nullptr, nullptr);
        mongoc_init();
        return true;
    }();
    static_cast<void>(started);
}

struct mongodb_index {
    std::string_view name{};
    std::initializer_list<std::string_view> fields{};
    bool unique = false;
};

class mongodb_collections final : public record_sink {
public:
    explicit mongodb_collections(mongoc_owner<mongoc_uri_t> uri);

    [[nodiscard]] std::string name() const override { return shown_; }
    [[nodiscard]] result<sink_cursor> open(std::string_view origin) override;
    [[nodiscard]] result<void> write(sink_batch const& batch) override;

private:
    [[nodiscard]] result<void> connect();
    [[nodiscard]] result<void> make_indexes(mongoc_collection_t* collection,
                                            std::initializer_list<mongodb_index> wanted);
    // The cursor of the highest slot up to `slot`; that of no record where there is none.
    [[nodiscard]] result<sink_cursor> read_cursor(std::string_view origin, std::uint64_t slot);
    [[nodiscard]] result<std::uint64_t> count(std::string_view origin, std::uint64_t low,
                                              std::uint64_t high);
    // The first slot that lacks a document; nothing where all are there.
    [[nodiscard]] result<std::optional<std::uint64_t>> find_hole(std::string_view origin);
    [[nodiscard]] result<void> look_again(std::string_view origin);
    [[nodiscard]] result<void> insert(sink_batch const& batch);
    // After duplicates: whether all rows are there, and are these.
    [[nodiscard]] result<void> compare(sink_batch const& batch);
    [[nodiscard]] result<void> advance(sink_batch const& batch);
    [[nodiscard]] error failure(bson_error_t const& reason) const;

    mongoc_owner<mongoc_uri_t> uri_;
    std::string database_{};
    std::string shown_{};
    mongoc_owner<mongoc_client_t> client_{};
    mongoc_owner<mongoc_collection_t> records_{};
    mongoc_owner<mongoc_collection_t> logs_{};
    bson_owner document_{};
    sink_cursor newest_{};        // as the collection has it
    std::uint64_t hole_end_ = 0;  // records up to here are sent again; 0: none
};

AIAUDIT_INLINE mongodb_collections::mongodb_collections(mongoc_owner<mongoc_uri_t> uri)
    : uri_(std::move(uri)) {
    char const* const database = mongoc_uri_get_database(uri_.get());
    database_ = database == nullptr || *database == '\0' ? "aiaudit" : database;
    char const* const service = mongoc_uri_get_srv_hostname(uri_.get());
    shown_ = service == nullptr ? "mongodb://" : "mongodb+srv://" + std::string(service);
    bool begun = false;
    for (auto const* host = mongoc_uri_get_hosts(uri_.get()); host != nullptr && service == nullptr;
         host = host->next) {
        shown_.append(begun ? "," : "").append(host->host_and_port);
        begun = true;
    }
    shown_.append("/").append(database_);
}

[[nodiscard]] constexpr errc mongodb_errc(std::uint32_t domain, std::uint32_t code) noexcept {
    switch (domain) {
    case MONGOC_ERROR_SERVER_SELECTION: return errc::connect_failed;
    case MONGOC_ERROR_STREAM: return errc::connection_lost;
    case MONGOC_ERROR_PROTOCOL: return errc::bad_response;
    case MONGOC_ERROR_CLIENT:
        return code == MONGOC_ERROR_CLIENT_AUTHENTICATE ? errc::bad_argument : errc::storage_failed;
    case MONGOC_ERROR_BSON:
    case MONGOC_ERROR_COMMAND: return errc::bad_argument;
    default: break;
    }
    switch (code) {
    case 13:    // Unauthorized
    case 18:    // AuthenticationFailed
    case 59:    // CommandNotFound
    case 8000:  // AtlasError
        return errc::bad_argument;
    case 14031: return errc::disk_full;  // OutOfDiskSpace
    default: return errc::storage_failed;
    }
}

AIAUDIT_INLINE error mongodb_collections::failure(bson_error_t const& reason) const {
    std::string words;
    for (char const* c = reason.message; *c != '\0'; ++c)
        words.push_back(*c >= ' ' && *c < 0x7F ? *c : ' ');
    char const* const password = mongoc_uri_get_password(uri_.get());
    std::string const secret = password == nullptr ? "" : password;
    for (std::size_t at = 0; !secret.empty();) {
        at = words.find(secret, at);
        if (at == std::string::npos) break;
        words.replace(at, secret.size(), "***");
        at += 3;
    }
    return fail(mongodb_errc(reason.domain, reason.code), shown_ + ": " + words);
}

// Anew each time: a client that failed waits for seconds before it tries a server again.
AIAUDIT_INLINE result<void> mongodb_collections::connect() {
    records_.reset();
    logs_.reset();
    client_.reset();
    bson_error_t reason{};
    client_.reset(mongoc_client_new_from_uri_with_error(uri_.get(), &reason));
    if (!client_) return failure(reason);
    mongoc_client_set_error_api(client_.get(), MONGOC_ERROR_API_VERSION_2);
    mongoc_client_set_appname(client_.get(), "aiaudit");
    mongoc_owner<mongoc_write_concern_t> const concern(mongoc_write_concern_new());
    mongoc_write_concern_set_wmajority(concern.get(), 0);
    mongoc_write_concern_set_journal(concern.get(), true);
    mongoc_client_set_write_concern(client_.get(), concern.get());
    records_.reset(
        mongoc_client_get_collection(client_.get(), database_.c_str(), "aiaudit_record"));
    logs_.reset(mongoc_client_get_collection(client_.get(), database_.c_str(), "aiaudit_log"));
    return {};
}

// [{"key":{...},"name":"...","unique":true}]
AIAUDIT_INLINE void append_index(bson_t& list, std::string const& place,
                                 mongodb_index const& wanted) {
    bson_t index;
    bson_t key;
    bson_append_document_begin(&list, place.data(), static_cast<int>(place.size()), &index);
    bson_append_document_begin(&index, "key", 3, &key);
    for (std::string_view const field : wanted.fields)
        bson_append_int32(&key, field.data(), static_cast<int>(field.size()), 1);
    bson_append_document_end(&index, &key);
    append_text(index, "name", wanted.name);
    if (wanted.unique) bson_append_bool(&index, "unique", 6, true);
    bson_append_document_end(&list, &index);
}

// Only those that are missing: a user that may not make indexes can ship once they are there.
AIAUDIT_INLINE result<void> mongodb_collections::make_indexes(
    mongoc_collection_t* collection, std::initializer_list<mongodb_index> wanted) {
    std::string known;
    mongoc_owner<mongoc_cursor_t> const found(
        mongoc_collection_find_indexes_with_opts(collection, nullptr));
    bson_t const* document = nullptr;
    bson_error_t reason{};
    while (mongoc_cursor_next(found.get(), &document)) {
        bson_iter_t name;
        if (bson_iter_init_find(&name, document, "name") && BSON_ITER_HOLDS_UTF8(&name))
            known.append("/").append(bson_iter_utf8(&name, nullptr)).append("/");
    }
    if (mongoc_cursor_error(found.get(), &reason)) return failure(reason);
    bson_owner const command;
    append_text(*command, "createIndexes", mongoc_collection_get_name(collection));
    bson_t list;
    bson_append_array_begin(command.get(), "indexes", 7, &list);
    int count = 0;
    for (mongodb_index const& index : wanted)
        if (known.find("/" + std::string(index.name) + "/") == std::string::npos)
            append_index(list, std::to_string(count++), index);
    bson_append_array_end(command.get(), &list);
    if (count == 0) return {};
    if (!mongoc_client_write_command_with_opts(client_.get(), database_.c_str(), command.get(),
                                               nullptr, nullptr, &reason))
        return failure(reason);
    return {};
}

// A field of a document that was read.
[[nodiscard]] inline std::uint64_t whole_at(bson_t const& document, char const* name) {
    bson_iter_t found;
    if (!bson_iter_init_find(&found, &document, name)) return 0;
    return static_cast<std::uint64_t>(bson_iter_as_int64(&found));
}
[[nodiscard]] inline digest digest_at(bson_t const& document, char const* name) {
    bson_iter_t found;
    digest hash;
    bson_subtype_t kind{};
    std::uint32_t size = 0;
    std::uint8_t const* bytes = nullptr;
    if (bson_iter_init_find(&found, &document, name) && BSON_ITER_HOLDS_BINARY(&found))
        bson_iter_binary(&found, &kind, &size, &bytes);
    if (bytes != nullptr && size == hash.bytes.size()) std::copy_n(bytes, size, hash.bytes.begin());
    return hash;
}

// {"origin":...,NAME:{"$gte":low,"$lte":high}}
[[nodiscard]] AIAUDIT_INLINE bson_owner range_filter(std::string_view origin, std::string_view name,
                                                     std::uint64_t low, std::uint64_t high) {
    bson_owner filter;
    append_text(*filter, "origin", origin);
    bson_t bounds;
    bson_append_document_begin(filter.get(), name.data(), static_cast<int>(name.size()), &bounds);
    append_whole(bounds, "$gte", static_cast<std::int64_t>(low));
    append_whole(bounds, "$lte", static_cast<std::int64_t>(high));
    bson_append_document_end(filter.get(), &bounds);
    return filter;
}

AIAUDIT_INLINE result<sink_cursor> mongodb_collections::read_cursor(std::string_view origin,
                                                                    std::uint64_t slot) {
    bson_owner const filter = range_filter(origin, "slot", 0, slot);
    bson_owner const options;
    bson_t sort;
    bson_append_document_begin(options.get(), "sort", 4, &sort);
    bson_append_int32(&sort, "slot", 4, -1);
    bson_append_document_end(options.get(), &sort);
    append_whole(*options, "limit", 1);
    mongoc_owner<mongoc_cursor_t> const found(
        mongoc_collection_find_with_opts(logs_.get(), filter.get(), options.get(), nullptr));
    sink_cursor cursor;
    bson_t const* document = nullptr;
    if (mongoc_cursor_next(found.get(), &document))
        cursor = {whole_at(*document, "size"), digest_at(*document, "root"),
                  whole_at(*document, "first")};
    bson_error_t reason{};
    if (mongoc_cursor_error(found.get(), &reason)) return failure(reason);
    return cursor;
}

AIAUDIT_INLINE result<std::uint64_t> mongodb_collections::count(std::string_view origin,
                                                                std::uint64_t low,
                                                                std::uint64_t high) {
    bson_owner const filter = range_filter(origin, "seq", low, high);
    bson_error_t reason{};
    std::int64_t const found = mongoc_collection_count_documents(
        records_.get(), filter.get(), nullptr, nullptr, nullptr, &reason);
    if (found < 0) return failure(reason);
    return static_cast<std::uint64_t>(found);
}

// By halves: no number is there twice, so a range that has as many as it should is whole.
AIAUDIT_INLINE result<std::optional<std::uint64_t>> mongodb_collections::find_hole(
    std::string_view origin) {
    std::uint64_t low = (newest_.first - 1) / mongodb_slot;
    std::uint64_t high = (newest_.size - 1) / mongodb_slot;
    bool known = false;  // that there is a hole from low to high
    for (;;) {
        std::uint64_t const middle = known ? low + (high - low) / 2 : high;
        std::uint64_t const from = (std::max)(low * mongodb_slot + 1, newest_.first);
        std::uint64_t const to = (std::min)((middle + 1) * mongodb_slot, newest_.size);
        auto const found = count(origin, from, to);
        if (!found) return found.error();
        bool const whole = *found == to - from + 1;
        if (whole && !known) return std::optional<std::uint64_t>{};
        known = true;
        if (whole)
            low = middle + 1;
        else
            high = middle;
        if (low == high) return std::optional<std::uint64_t>{low};
    }
}

AIAUDIT_INLINE result<sink_cursor> mongodb_collections::open(std::string_view origin) {
    constexpr std::uint64_t all = (std::uint64_t{1} << 62U);
    if (auto ok = connect(); !ok) return ok.error();
    auto const done =
        make_indexes(records_.get(), {{"origin_seq", {"origin", "seq"}, true},
                                      {"started_at", {"started_at"}, false},
                                      {"project_started_at", {"project", "started_at"}, false}});
    if (!done) return done.error();
    auto const ok = make_indexes(logs_.get(), {{"origin_slot", {"origin", "slot"}, true}});
    if (!ok) return ok.error();
    hole_end_ = 0;
    auto const cursor = read_cursor(origin, all);
    if (!cursor) return cursor.error();
    newest_ = *cursor;
    if (newest_.size == 0) return newest_;
    auto const hole = find_hole(origin);
    if (!hole) return hole.error();
    if (!*hole) return newest_;
    hole_end_ = (std::min)((**hole + 1) * mongodb_slot, newest_.size);
    if (**hole == 0) return sink_cursor{};
    return read_cursor(origin, **hole - 1);
}

AIAUDIT_INLINE result<void> mongodb_collections::look_again(std::string_view origin) {
    constexpr std::uint64_t all = (std::uint64_t{1} << 62U);
    auto const now = read_cursor(origin, all);
    if (!now) return now.error();
    if (now->size != newest_.size || now->root != newest_.root)
        return fail(errc::already_open, shown_ + " has " + std::to_string(now->size) +
                                            " records of '" + std::string(origin) + "', not " +
                                            std::to_string(newest_.size) +
                                            ": another shipper is at work");
    return {};
}

// Whether an insert failed for nothing but documents that were there.
[[nodiscard]] AIAUDIT_INLINE bool only_duplicates(bson_t const& reply) {
    bson_iter_t found;
    bson_iter_t each;
    bson_iter_t code;
    if (bson_iter_init_find(&found, &reply, "writeConcernErrors") &&
        bson_iter_recurse(&found, &each) && bson_iter_next(&each))
        return false;
    bool any = false;
    if (!bson_iter_init_find(&found, &reply, "writeErrors") || !bson_iter_recurse(&found, &each))
        return false;
    while (bson_iter_next(&each)) {
        if (!bson_iter_recurse(&each, &code) || !bson_iter_find(&code, "code") ||
            bson_iter_as_int64(&code) != mongodb_duplicate_key)
            return false;
        any = true;
    }
    return any;
}

AIAUDIT_INLINE result<void> mongodb_collections::insert(sink_batch const& batch) {
    bson_owner const options;
    bson_append_bool(options.get(), "ordered", 7, false);
    mongoc_owner<mongoc_bulk_operation_t> const bulk(
        mongoc_collection_create_bulk_operation_with_opts(records_.get(), options.get()));
    bson_error_t reason{};
    for (sink_row const& row : batch.rows) {
        bson_reinit(document_.get());
        if (auto ok = append_mongodb_row(batch.origin, row, *document_); !ok) return ok;
        if (!mongoc_bulk_operation_insert_with_opts(bulk.get(), document_.get(), nullptr, &reason))
            return failure(reason);
    }
    bson_t reply;
    bool const done = mongoc_bulk_operation_execute(bulk.get(), &reply, &reason) != 0;
    bool const duplicates = !done && only_duplicates(reply);
    bson_destroy(&reply);
    if (!done && !duplicates) return failure(reason);
    return duplicates ? compare(batch) : result<void>{};
}

AIAUDIT_INLINE result<void> mongodb_collections::compare(sink_batch const& batch) {
    std::uint64_t const first = value_of(batch.rows.front().number);
    std::uint64_t const last = value_of(batch.rows.back().number);
    bson_owner const filter = range_filter(batch.origin, "seq", first, last);
    bson_owner const options;
    bson_t fields;
    bson_append_document_begin(options.get(), "projection", 10, &fields);
    bson_append_int32(&fields, "seq", 3, 1);
    bson_append_int32(&fields, "leaf", 4, 1);
    bson_append_document_end(options.get(), &fields);
    mongoc_owner<mongoc_cursor_t> const found(
        mongoc_collection_find_with_opts(records_.get(), filter.get(), options.get(), nullptr));
    bson_t const* document = nullptr;
    std::size_t same = 0;
    while (mongoc_cursor_next(found.get(), &document)) {
        std::uint64_t const number = whole_at(*document, "seq");
        if (number < first || number > last ||
            batch.rows[number - first].leaf != digest_at(*document, "leaf"))
            return fail(errc::verification_failed,
                        shown_ + " has another record " + std::to_string(number) + " of '" +
                            std::string(batch.origin) + "': two logs were shipped under one name");
        ++same;
    }
    bson_error_t reason{};
    if (mongoc_cursor_error(found.get(), &reason)) return failure(reason);
    if (same != batch.rows.size())
        return fail(errc::storage_failed, shown_ + " has not taken all documents of a batch");
    return {};
}

// One document holds size and root, so that they are written together. A cursor that is farther
// makes the filter fail, and then the insert.
AIAUDIT_INLINE result<void> mongodb_collections::advance(sink_batch const& batch) {
    std::uint64_t const slot = (batch.after.size - 1) / mongodb_slot;
    bson_owner const filter;
    append_text(*filter, "_id", mongodb_id(batch.origin, slot));
    bson_t below;
    bson_append_document_begin(filter.get(), "size", 4, &below);
    append_whole(below, "$lt", static_cast<std::int64_t>(batch.after.size));
    bson_append_document_end(filter.get(), &below);
    bson_owner const update;
    bson_t set;
    bson_append_document_begin(update.get(), "$set", 4, &set);
    append_text(set, "origin", batch.origin);
    append_whole(set, "slot", static_cast<std::int64_t>(slot));
    append_whole(set, "size", static_cast<std::int64_t>(batch.after.size));
    append_bytes(set, "root", view_of(batch.after.root.bytes));
    append_whole(set, "first", static_cast<std::int64_t>(batch.after.first));
    append_text(set, "checkpoint", batch.checkpoint);
    bson_append_document_end(update.get(), &set);
    bson_t stamp;
    bson_append_document_begin(update.get(), "$currentDate", 12, &stamp);
    bson_append_bool(&stamp, "written_at", 10, true);
    bson_append_document_end(update.get(), &stamp);
    bson_owner const options;
    bson_append_bool(options.get(), "upsert", 6, true);
    // The second time, since two that insert at once look the same as one that is farther.
    for (int attempt = 0; attempt < 2; ++attempt) {
        bson_t reply;
        bson_error_t reason{};
        bool const done = mongoc_collection_update_one(logs_.get(), filter.get(), update.get(),
                                                       options.get(), &reply, &reason);
        bool const there = !done && only_duplicates(reply);
        bson_destroy(&reply);
        if (done) break;
        if (!there) return failure(reason);
    }
    return {};
}

AIAUDIT_INLINE result<void> mongodb_collections::write(sink_batch const& batch) {
    if (auto ok = look_again(batch.origin); !ok) return ok;
    if (hole_end_ > 0 && batch.before.size == 0 && batch.after.first > newest_.first)
        return fail(errc::verification_failed,
                    shown_ + " lacks records before " + std::to_string(hole_end_) +
                        ", and retention dropped them here, so the hole cannot be filled");
    if (auto ok = insert(batch); !ok) return ok;
    if (auto ok = advance(batch); !ok) return ok;
    if (batch.after.size >= newest_.size) {
        newest_ = batch.after;
        hole_end_ = 0;
    } else if (batch.after.size >= hole_end_) {
        return fail(errc::already_open, shown_ + ": a hole before record " +
                                            std::to_string(hole_end_ + 1) + " is filled");
    }
    return {};
}

}  // namespace detail

AIAUDIT_INLINE result<std::unique_ptr<record_sink>> mongodb_sink(std::string_view address) {
    detail::start_mongoc();
    bson_error_t reason{};
    detail::mongoc_owner<mongoc_uri_t> uri(
        mongoc_uri_new_with_error(std::string(address).c_str(), &reason));
    if (!uri)
        return fail(
            errc::bad_argument,
            "an address of MongoDB is mongodb://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE; "
            "what is special in user and password is written %XX");
    constexpr std::int32_t patience_ms = 120'000;  // in place of five minutes
    if (!mongoc_uri_has_option(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS))
        mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, patience_ms);
    return std::unique_ptr<record_sink>(
        std::make_unique<detail::mongodb_collections>(std::move(uri)));
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_MONGODB_SINK_IPP
