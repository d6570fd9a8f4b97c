// SPDX-License-Identifier: MIT
//
// Any bytes as a record: what decodes at all encodes to the same bytes, as a record and as a view.

#include <aiaudit/codec/record_codec.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const bytes(reinterpret_cast<char const*>(data), size);
    auto const entry = aiaudit::decode_record(bytes);
    aiaudit::record_view view;
    bool const viewed = aiaudit::decode_record(bytes, view).has_value();
    if (viewed != entry.has_value()) std::abort();
    if (!viewed) return 0;
    if (aiaudit::encode_record(*entry) != bytes) std::abort();
    if (aiaudit::encode_record(view) != bytes) std::abort();
    return 0;
}
