// SPDX-License-Identifier: MIT
//
// row_lines.ipp: the definitions of row_lines.hpp.
#ifndef AIAUDIT_IMPL_AUDIT_ROW_LINES_IPP
#define AIAUDIT_IMPL_AUDIT_ROW_LINES_IPP

#include <aiaudit/audit/row_lines.hpp>
#include <aiaudit/config.hpp>               // AIAUDIT_INLINE
#include <aiaudit/integrity/text_form.hpp>  // base64_decode

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <istream>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class row_line_reader {
public:
    row_line_reader(std::istream& in, std::string origin, line_visitor visit)
        : in_(in), origin_(std::move(origin)), visit_(std::move(visit)), room_(line_bytes_max) {}

    [[nodiscard]] result<bool> next(audit_row& row) {
        for (;;) {
            in_.getline(room_.data(), static_cast<std::streamsize>(room_.size()));
            if (in_.eof() && in_.gcount() == 0) return false;
            ++number_;
            if (in_.bad()) return wrong("cannot be read");
            if (in_.fail()) return wrong("is over 1 MiB");
            auto const size = static_cast<std::size_t>(in_.gcount()) - (in_.eof() ? 0U : 1U);
            std::string_view const line(room_.data(), size);
            if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
            auto const is_row = read(line, row);
            if (!is_row || *is_row) return is_row;
        }
    }

private:
    static constexpr std::size_t line_bytes_max = std::size_t{1} << 20;

    [[nodiscard]] error wrong(std::string const& what) const {
        return fail(errc::bad_input, "line " + std::to_string(number_) + " of the rows " + what);
    }
    [[nodiscard]] static std::optional<std::string_view> text_at(boost::json::object const& of,
                                                                 std::string_view name) {
        auto const* const found = of.if_contains(name);
        if (found == nullptr || !found->is_string()) return std::nullopt;
        return std::string_view(found->get_string().data(), found->get_string().size());
    }

    // False for a line of the shipper's that says what the rows before it come to.
    [[nodiscard]] result<bool> read(std::string_view line, audit_row& row) {
        boost::json::error_code why;
        line_ = boost::json::parse(line, why);
        if (why || !line_.is_object()) return wrong("is no JSON object");
        auto const& of = line_.get_object();
        auto const origin = text_at(of, "origin");
        auto const* const checkpoint = of.if_contains("checkpoint");
        if (origin && checkpoint != nullptr && checkpoint->is_object() && !of.contains("seq"))
            return false;
        auto const leaf = text_at(of, "leaf");
        auto const* const seq = of.if_contains("seq");
        if (!origin || !leaf || seq == nullptr)
            return wrong("has not the members origin, seq, leaf and record");
        if (*origin != origin_)
            return wrong("is of another log, " + printable(*origin) + ": give the rows of " +
                         printable(origin_) + " alone");
        if (seq->is_int64() && seq->get_int64() >= 0)
            row.sequence = static_cast<std::uint64_t>(seq->get_int64());
        else if (seq->is_uint64())
            row.sequence = seq->get_uint64();
        else
            return wrong("has a 'seq' that is no whole number");
        auto const hash = digest::parse(*leaf);
        if (!hash) return wrong("has a 'leaf' that is not 64 hexadecimal digits");
        if (auto ok = read_record(of); !ok) return ok.error();
        row.leaf = *hash;
        row.record = record_;
        if (visit_) visit_(of);
        return true;
    }

    [[nodiscard]] result<void> read_record(boost::json::object const& of) {
        auto const record = text_at(of, "record");
        auto const encoded = text_at(of, "encoded");
        if (record.has_value() == encoded.has_value())
            return wrong("has not one of 'record' (base64) and 'encoded' (hexadecimal)");
        auto bytes = record ? base64_decode(*record) : bytes_of_hex(*encoded);
        if (!bytes)
            return wrong(record ? "has a 'record' that is no base64"
                                : "has an 'encoded' that is no hexadecimal text");
        record_ = std::move(*bytes);
        return {};
    }

    [[nodiscard]] static std::optional<std::string> bytes_of_hex(std::string_view text) {
        if (text.size() % 2 != 0) return std::nullopt;
        std::string bytes(text.size() / 2, '\0');
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            int const high = hex_digit(text[2 * at]);
            int const low = hex_digit(text[2 * at + 1]);
            if (high < 0 || low < 0) return std::nullopt;
            bytes[at] = static_cast<char>(high * 16 + low);
        }
        return bytes;
    }

    std::istream& in_;
    std::string origin_;
    line_visitor visit_;
    std::vector<char> room_;
    boost::json::value line_{};
    std::string record_{};
    std::uint64_t number_ = 0;
};

}  // namespace detail

AIAUDIT_INLINE row_source row_lines(std::istream& in, std::string origin, line_visitor visit) {
    auto const reader =
        std::make_shared<detail::row_line_reader>(in, std::move(origin), std::move(visit));
    return [reader](audit_row& row) { return reader->next(row); };
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_AUDIT_ROW_LINES_IPP
