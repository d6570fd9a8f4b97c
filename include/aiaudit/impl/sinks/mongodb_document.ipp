// SPDX-License-Identifier: MIT
//
// mongodb_document.ipp: the definitions of mongodb_document.hpp.
#ifndef AIAUDIT_IMPL_SINKS_MONGODB_DOCUMENT_IPP
#define AIAUDIT_IMPL_SINKS_MONGODB_DOCUMENT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/sinks/mongodb_document.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::string mongodb_id(std::string_view origin, std::uint64_t number) {
    constexpr std::size_t digits = 12;
    std::string const text = std::to_string(number);
    std::string id(origin);
    id.push_back('/');
    id.append(digits - (std::min)(digits, text.size()), '0');
    return id += text;
}

AIAUDIT_INLINE void append_text(bson_t& document, std::string_view name, std::string_view value) {
    bson_append_utf8(&document, name.data(), static_cast<int>(name.size()), value.data(),
                     static_cast<int>(value.size()));
}
AIAUDIT_INLINE void append_whole(bson_t& document, std::string_view name, std::int64_t value) {
    bson_append_int64(&document, name.data(), static_cast<int>(name.size()), value);
}
AIAUDIT_INLINE void append_bytes(bson_t& document, std::string_view name, std::string_view value) {
    bson_append_binary(&document, name.data(), static_cast<int>(name.size()), BSON_SUBTYPE_BINARY,
                       reinterpret_cast<std::uint8_t const*>(value.data()),
                       static_cast<std::uint32_t>(value.size()));
}

// Fields in the order of record_columns, by their names.
class mongodb_row final : public column_writer {
public:
    mongodb_row(record_view const& entry, bson_t& out) : entry_(entry), out_(out) {}

    void text(std::string_view value) override { append_text(out_, next(), value); }
    void whole(std::int64_t value) override { append_whole(out_, next(), value); }
    void bytes(std::string_view value) override { append_bytes(out_, next(), value); }
    void flag(bool value) override {
        std::string_view const name = next();
        bson_append_bool(&out_, name.data(), static_cast<int>(name.size()), value);
    }
    // A date of BSON has milliseconds.
    void instant(timestamp value) override {
        std::string_view const name = next();
        bson_append_date_time(&out_, name.data(), static_cast<int>(name.size()),
                              floor_divide(value.ns, 1'000'000));
        append_whole(out_, std::string(name) + "_ns", value.ns);
    }
    void amount(money value) override {
        constexpr std::uint64_t exponent = 6176 - money::scale;  // of 10, biased
        constexpr int128 largest = (std::numeric_limits<std::int64_t>::max)();
        std::string_view const name = next();
        int128 const pico = value.pico();
        if (pico > largest || pico < -largest) {
            overflow_ = true;
            return;
        }
        bson_decimal128_t decimal{};
        decimal.low = static_cast<std::uint64_t>(pico < 0 ? -pico : pico);
        decimal.high = (exponent << 49U) | (pico < 0 ? std::uint64_t{1} << 63U : 0U);
        bson_append_decimal128(&out_, name.data(), static_cast<int>(name.size()), &decimal);
        append_whole(out_, std::string(name) + "_pico", static_cast<std::int64_t>(pico));
    }
    void json(std::string_view value) override {
        std::string_view const name = next();
        if (name == "tags") return append_tags(name);
        std::string const whole = "{\"value\":" + std::string(value) + "}";
        bson_owner const read(
            bson_new_from_json(reinterpret_cast<std::uint8_t const*>(whole.data()),
                               static_cast<ssize_t>(whole.size()), nullptr));
        bson_iter_t found;
        malformed_ = malformed_ || read.get() == nullptr ||
                     !bson_iter_init_find(&found, read.get(), "value") ||
                     !bson_append_iter(&out_, name.data(), static_cast<int>(name.size()), &found);
    }
    void absent() override { ++column_; }

    [[nodiscard]] bool overflow() const noexcept { return overflow_; }
    [[nodiscard]] bool is_whole() const noexcept {
        return !malformed_ && column_ == record_columns.size();
    }

private:
    [[nodiscard]] std::string_view next() { return record_columns[column_++].name; }

    // [{"k":"team","v":"red"}], which an index can serve.
    void append_tags(std::string_view name) {
        bson_t list;
        bson_append_array_begin(&out_, name.data(), static_cast<int>(name.size()), &list);
        std::size_t place = 0;
        for (auto const& tag : entry_.tags) {
            std::string const key = std::to_string(place++);
            bson_t pair;
            bson_append_document_begin(&list, key.data(), static_cast<int>(key.size()), &pair);
            append_text(pair, "k", column_text(tag.first));
            append_text(pair, "v", column_text(tag.second));
            bson_append_document_end(&list, &pair);
        }
        bson_append_array_end(&out_, &list);
    }

    record_view const& entry_;
    bson_t& out_;
    std::size_t column_ = 0;
    bool overflow_ = false;
    bool malformed_ = false;
};

AIAUDIT_INLINE result<void> append_mongodb_row(std::string_view origin, sink_row const& row,
                                               bson_t& document) {
    append_text(document, "_id", mongodb_id(origin, value_of(row.number)));
    mongodb_row values(*row.entry, document);
    write_columns(origin, row, values);
    std::string const number = std::to_string(value_of(row.number));
    if (values.overflow())
        return fail(errc::too_large, "record " + number +
                                         " has an amount of over 9,223,372 USD, which no whole "
                                         "number of pico-USD holds in MongoDB");
    if (!values.is_whole())
        return fail(errc::corrupt, "record " + number + " cannot be written as a document");
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_SINKS_MONGODB_DOCUMENT_IPP
