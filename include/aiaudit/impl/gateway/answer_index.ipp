// SPDX-License-Identifier: MIT
//
// answer_index.ipp: the definitions of answer_index.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_ANSWER_INDEX_IPP
#define AIAUDIT_IMPL_GATEWAY_ANSWER_INDEX_IPP

#include <aiaudit/config.hpp>       // AIAUDIT_INLINE
#include <aiaudit/detail/utf8.hpp>  // make_name_text
#include <aiaudit/gateway/answer_index.hpp>
#include <aiaudit/gateway/stored_object.hpp>  // stored_id_bytes

#include <filesystem>
#include <initializer_list>
#include <system_error>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Of parts that a NUL cannot be in.
AIAUDIT_INLINE std::string short_hash(std::string_view what,
                                      std::initializer_list<std::string_view> parts) {
    std::string text(what);
    for (std::string_view const part : parts) text.append(1, '\0').append(part);
    auto const hash = sha256(text);
    return std::string(view_of(hash).substr(0, answer_owner::hash_bytes));
}

AIAUDIT_INLINE answer_owner answer_owner::of(std::string_view key_id, std::string_view user,
                                             std::string_view project) {
    return {short_hash("key", {key_id}),
            user.empty() ? std::string{} : short_hash("user", {user, project})};
}

AIAUDIT_INLINE bool answer_owner::admits(gateway_key const& asks) const {
    answer_owner const other = of(asks.id, asks.user, asks.project);
    return key == other.key || (!user.empty() && user == other.user);
}

AIAUDIT_INLINE std::optional<answer_owner> answer_owner::parse(std::string_view bytes) {
    if (bytes.size() != hash_bytes && bytes.size() != 2 * hash_bytes) return std::nullopt;
    return answer_owner{std::string(bytes.substr(0, hash_bytes)),
                        std::string(bytes.substr(hash_bytes))};
}

AIAUDIT_INLINE std::string answer_key(std::string_view provider, std::string_view id) {
    std::string fit(id);
    make_name_text(fit, stored_id_bytes);
    return short_hash("answer", {provider, fit});
}

AIAUDIT_INLINE bool makes_answer(record_view const& entry) noexcept {
    if (entry.provider_request_id.empty() || entry.http_status < 200 || entry.http_status >= 300)
        return false;
    if (entry.kind == record_kind::storage) return tag_of(entry, "change") == "create";
    return entry.kind == record_kind::outcome &&
           (entry.operation == operation::responses || entry.path.ends_with("/interactions"));
}

AIAUDIT_INLINE result<void> remove_tree(std::string const& path) {
    std::error_code failed;
    std::filesystem::remove_all(path, failed);
    if (failed) return fail(errc::storage_failed, path + ": " + failed.message());
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_ANSWER_INDEX_IPP
