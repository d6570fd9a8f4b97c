// SPDX-License-Identifier: MIT
//
// mongodb_document.hpp: a record as a document of MongoDB. Opt-in, as mongodb_sink.hpp.
//
// Threads: plain functions.
// Floor 9.
#ifndef AIAUDIT_SINKS_MONGODB_DOCUMENT_HPP
#define AIAUDIT_SINKS_MONGODB_DOCUMENT_HPP

#include <aiaudit/error.hpp>              // result
#include <aiaudit/sinks/record_sink.hpp>  // sink_row

#include <bson/bson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Owns a document; std::unique_ptr would warn of its alignment.
class bson_owner {
public:
    bson_owner() : document_(bson_new()) {}
    explicit bson_owner(bson_t* document) noexcept : document_(document) {}
    bson_owner(bson_owner&& from) noexcept : document_(std::exchange(from.document_, nullptr)) {}
    bson_owner& operator=(bson_owner&& from) noexcept {
        std::swap(document_, from.document_);
        return *this;
    }
    ~bson_owner() { bson_destroy(document_); }

    [[nodiscard]] bson_t* get() const noexcept { return document_; }
    [[nodiscard]] bson_t& operator*() const noexcept { return *document_; }

private:
    bson_t* document_;
};

// "ORIGIN/000000000007"
[[nodiscard]] std::string mongodb_id(std::string_view origin, std::uint64_t number);

void append_text(bson_t& document, std::string_view name, std::string_view value);
void append_whole(bson_t& document, std::string_view name, std::int64_t value);
void append_bytes(bson_t& document, std::string_view name, std::string_view value);

// Fills an empty document. Errors: too_large, for an amount of over 9,223,372 USD, which 64 bits of
// pico-USD do not hold.
[[nodiscard]] result<void> append_mongodb_row(std::string_view origin, sink_row const& row,
                                              bson_t& document);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/sinks/mongodb_document.ipp>
#endif

#endif  // AIAUDIT_SINKS_MONGODB_DOCUMENT_HPP
