// SPDX-License-Identifier: MIT
//
// Any bytes as a block whose checksum is right: it is refused, or its records are those of a block
// that is built from them.

#include <aiaudit/codec/block.hpp>
#include <aiaudit/detail/crc32c.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string bytes(reinterpret_cast<char const*>(data), size);
    if (bytes.size() >= aiaudit::block_header::size) {
        bytes.replace(0, 3, "AIB");
        bytes[3] = static_cast<char>(aiaudit::block_version);
        aiaudit::detail::store_little_endian(
            bytes.data() + 4, aiaudit::detail::crc32c(std::string_view(bytes).substr(8)));
    }
    std::vector<aiaudit::record> entries;
    auto const header = aiaudit::read_block(bytes, [&](aiaudit::sequence, auto&& entry) {
        entries.push_back(std::move(entry));
        return true;
    });
    std::size_t viewed = 0;
    auto const views = aiaudit::view_block(bytes, [&](aiaudit::sequence, auto const& view) {
        if (aiaudit::encode_record(view) != aiaudit::encode_record(entries[viewed++])) std::abort();
        return true;
    });
    if (views.has_value() != header.has_value()) std::abort();
    if (!header) return 0;
    aiaudit::block_builder builder;
    for (aiaudit::record const& entry : entries) builder.add(entry);
    std::size_t again = 0;
    auto const rebuilt =
        aiaudit::read_block(builder.finish(header->first), [&](aiaudit::sequence, auto&& entry) {
            if (!(entry == entries[again++])) std::abort();
            return true;
        });
    if (!rebuilt || again != header->count) std::abort();
    return 0;
}
