// SPDX-License-Identifier: MIT
//
// embeddings.hpp: the vectors out of an answer of embeddings.
//
// OpenAI's {"data": [{"index", "embedding"}]} with numbers or with base64 of little-endian 32-bit
// floats, and Gemini's {"embedding": {"values"}} and {"embeddings": [...]}.
// Threads: pure functions.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_EMBEDDINGS_HPP
#define AIAUDIT_PROVIDERS_EMBEDDINGS_HPP

#include <aiaudit/error.hpp>  // result

#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

[[nodiscard]] inline error bad_embedding(std::string_view what) {
    return fail(errc::bad_json, "embeddings: " + std::string(what));
}

}  // namespace detail

// The vectors, in the order of the inputs. bad_json where the body is none, or holds no vectors or
// broken ones.
[[nodiscard]] result<std::vector<std::vector<float>>> read_embeddings(std::string_view body);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/embeddings.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_EMBEDDINGS_HPP
