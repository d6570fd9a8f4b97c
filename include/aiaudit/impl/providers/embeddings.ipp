// SPDX-License-Identifier: MIT
//
// embeddings.ipp: the definitions of embeddings.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_EMBEDDINGS_IPP
#define AIAUDIT_IMPL_PROVIDERS_EMBEDDINGS_IPP

#include <aiaudit/config.hpp>                      // AIAUDIT_INLINE
#include <aiaudit/providers/aws_event_stream.hpp>  // from_base64
#include <aiaudit/providers/embeddings.hpp>
#include <aiaudit/providers/json_fields.hpp>  // parse_json

#include <boost/json.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<std::vector<float>> floats_in(boost::json::array const& numbers) {
    std::vector<float> vector;
    vector.reserve(numbers.size());
    for (boost::json::value const& number : numbers) {
        boost::system::error_code code;
        auto const value = number.to_number<double>(code);
        // A double past the largest float has no conversion.
        bool const fits = !code && value >= std::numeric_limits<float>::lowest() &&
                          value <= (std::numeric_limits<float>::max)();
        if (!fits) return bad_embedding("a value is no number");
        vector.push_back(static_cast<float>(value));
    }
    return vector;
}

AIAUDIT_INLINE result<std::vector<float>> floats_in_base64(std::string_view text) {
    std::string const bytes = from_base64(text);
    if (bytes.size() % 4 != 0) return bad_embedding("base64 that holds no whole floats");
    std::vector<float> vector(bytes.size() / 4);
    for (std::size_t i = 0; i < vector.size(); ++i) {
        std::uint32_t bits = 0;
        for (std::size_t b = 4; b > 0; --b) {
            bits = bits << 8 | static_cast<std::uint8_t>(bytes[4 * i + b - 1]);
        }
        vector[i] = std::bit_cast<float>(bits);
    }
    return vector;
}

AIAUDIT_INLINE result<std::vector<float>> read_vector(boost::json::value const* from) {
    auto const* text = from == nullptr ? nullptr : from->if_string();
    if (text != nullptr) return floats_in_base64(text_of(*text));
    auto const* numbers = from == nullptr ? nullptr : from->if_array();
    return numbers != nullptr ? floats_in(*numbers) : bad_embedding("an entry without a vector");
}

}  // namespace detail

AIAUDIT_INLINE result<std::vector<std::vector<float>>> read_embeddings(std::string_view body) {
    boost::json::monotonic_resource memory;
    auto parsed = detail::parse_json(body, "embeddings", &memory);
    if (!parsed) return parsed.error();
    std::vector<std::vector<float>> vectors;
    if (auto const* one = detail::at_path(&*parsed, "embedding.values")) {
        auto vector = detail::read_vector(one);
        if (!vector) return vector.error();
        vectors.push_back(std::move(*vector));
        return vectors;
    }
    auto const* found = detail::at_path(&*parsed, "data");
    bool const gemini = found == nullptr;
    if (gemini) found = detail::at_path(&*parsed, "embeddings");
    auto const* list = found == nullptr ? nullptr : found->if_array();
    if (list == nullptr || list->empty()) return detail::bad_embedding("no vectors");
    vectors.resize(list->size());
    std::vector<bool> seen(list->size());
    for (std::size_t i = 0; i < list->size(); ++i) {
        boost::json::value const& entry = (*list)[i];
        auto const* index = detail::at_path(&entry, "index");
        std::size_t const at =
            index == nullptr ? i : detail::whole_number(*index).value_or(vectors.size());
        if (at >= vectors.size() || seen[at]) return detail::bad_embedding("a wrong index");
        seen[at] = true;
        auto vector = detail::read_vector(detail::at_path(&entry, gemini ? "values" : "embedding"));
        if (!vector) return vector.error();
        vectors[at] = std::move(*vector);
    }
    return vectors;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_EMBEDDINGS_IPP
