// SPDX-License-Identifier: MIT
//
// Any bytes as the stored rollup of a day, as they are and with their checksums made to match: no
// crash; what can be read merges with itself, and the merged part reads to twice its cells.
#include "require.hpp"

#include <aiaudit/detail/bytes.hpp>
#include <aiaudit/detail/crc32c.hpp>
#include <aiaudit/rollup/day_part.hpp>
#include <aiaudit/rollup/report.hpp>
#include <aiaudit/rollup/rollup.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace aiaudit;
using namespace aiaudit_fuzz;
using format = detail::day_part_format;

// Attempts in the cells of a part; none where it cannot be read.
std::optional<std::uint64_t> attempts_of(std::string_view bytes) {
    auto const part = detail::day_part::open(bytes);
    if (!part) return std::nullopt;
    auto const users = part->read_users();
    auto const names = part->read_names();
    auto const profiles = part->read_profiles();
    if (!users || !names || !profiles) return std::nullopt;
    std::uint64_t attempts = 0;
    for (std::uint32_t user = 0; user < users->size(); ++user) {
        static_cast<void>(part->find_user((*users)[user]));
        auto const read =
            part->read_cells(user, [&](std::uint32_t profile, std::uint32_t, cell const& value) {
                require(profile < profiles->size());
                attempts += value.sum.attempts;
            });
        if (!read) return std::nullopt;
    }
    return attempts;
}

void ask(std::string_view bytes) {
    auto const part = detail::day_part::open(bytes);
    civil_day const day = part ? part->day() : civil_day{0};
    rollup fold;
    fold.add_days(std::array{day});
    auto const source = [&](civil_day, auto&& visit) -> result<void> {
        visit(bytes);
        return {};
    };
    for (int kind = 0; kind < 8; ++kind) {
        for (time_zone const& zone : {time_zone{}, time_zone{"Asia/Kathmandu", 20'700, {}}}) {
            report_query const query{static_cast<report_kind>(kind), zone, {}, "user"};
            if (fold.prepare(query, source)) require(fold.ready(query));
        }
    }
}

void store(std::string& bytes, std::size_t at, std::uint32_t value) {
    detail::store_little_endian(bytes.data() + at, value);
}

// So that what lies behind the checksums is reached.
void mend(std::string& bytes) {
    if (bytes.size() < format::header_size + format::padding) return;
    bytes.replace(0, 4, "AID\1");
    std::size_t const sections = format::header_size - 8 * format::sections;
    std::size_t offset = format::header_size;
    std::string_view const all = bytes;
    for (std::size_t i = 0; i < format::sections; ++i) {
        std::size_t const room = bytes.size() - format::padding - offset;
        std::size_t size = detail::load_little_endian<std::uint32_t>(&bytes[sections + 8 * i]);
        if (size > room || i + 1 == format::sections) size = room;
        if (i == format::users) {
            // Each user's cells, which come next, have one too.
            std::size_t const cells = offset + size;
            std::uint32_t begin = 0;
            for (std::size_t at = offset; at + format::user_entry <= offset + size;
                 at += format::user_entry) {
                auto const end = detail::load_little_endian<std::uint32_t>(&bytes[at + 4]);
                if (end < begin || end > bytes.size() - cells) break;
                store(bytes, at + 8, detail::crc32c(all.substr(cells + begin, end - begin)));
                begin = end;
            }
        }
        store(bytes, sections + 8 * i, static_cast<std::uint32_t>(size));
        store(bytes, sections + 8 * i + 4, detail::crc32c(all.substr(offset, size)));
        offset += size;
    }
    store(bytes, 4, detail::crc32c(all.substr(8, format::header_size - 8)));
}

void check(std::string_view bytes) {
    auto const attempts = attempts_of(bytes);
    ask(bytes);
    auto const merged = merge_day_parts(std::array{bytes, bytes});
    if (!attempts || *attempts == 0) return;
    if (!merged) return;  // too many attempts of one kind wrap to none
    require(attempts_of(*merged) == *attempts * 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string bytes(reinterpret_cast<char const*>(data), size);
    check(bytes);
    mend(bytes);
    check(bytes);
    return 0;
}
