// SPDX-License-Identifier: MIT
//
// key_log.ipp: the definitions of key_log.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_KEY_LOG_IPP
#define AIAUDIT_IMPL_GATEWAY_KEY_LOG_IPP

#include <aiaudit/config.hpp>       // AIAUDIT_INLINE
#include <aiaudit/detail/utf8.hpp>  // clean_text
#include <aiaudit/gateway/key_log.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE record key_record(key_change const& of, gateway_key const* key,
                                 digest const& becomes, timestamp at) {
    constexpr std::size_t by_bytes = 256;
    constexpr std::size_t models_bytes = 4'096;
    record entry;
    entry.kind = record_kind::key;
    entry.operation = operation::other;
    entry.cost_status = cost_status::no_charge;
    entry.started_at = at;
    entry.tags = {{"change", std::string(of.what)},
                  {"by", clean_text(of.by, by_bytes)},
                  {"keys", becomes.to_string()}};
    if (key == nullptr) return entry;
    entry.user = key->user;
    entry.project = key->project;
    entry.key_id = key->id;
    auto const joined = [](std::vector<std::string> const& names) {
        std::string text;
        for (std::string const& each : names) text += (text.empty() ? "" : ",") + each;
        return clean_text(text, models_bytes);
    };
    entry.tags.emplace_back("models", joined(key->models));
    if (!key->denied_models.empty())
        entry.tags.emplace_back("denied_models", joined(key->denied_models));
    entry.tags.emplace_back("names_users", key->names_users ? "true" : "false");
    if (!key->team.empty()) entry.tags.emplace_back("team", key->team);
    if (!key->organisation.empty()) entry.tags.emplace_back("organisation", key->organisation);
    if (key->expires_at) entry.tags.emplace_back("expires_at", key->expires_at->to_string());
    if (key->revoked_at) entry.tags.emplace_back("revoked_at", key->revoked_at->to_string());
    if (key->former) entry.tags.emplace_back("former_secret_until", key->former->until.to_string());
    return entry;
}

AIAUDIT_INLINE result<void> compare_keys(key_stamp const& file,
                                         std::optional<last_key_change> const& last,
                                         std::uint64_t oldest, std::uint64_t newest) {
    auto const bad = [](std::string const& why) {
        return fail(errc::bad_input,
                    "the file of keys " + why +
                        "; put the right one back, or look at it and say: aiaudit key accept");
    };
    std::string const named = "names record " + std::to_string(file.recorded);
    if (file.recorded > newest) return bad(named + ", which the log does not have");
    // The log has never had one; or retention has dropped what the file names, and what was before.
    if (!last && file.recorded < oldest) return {};
    if (!last && file.recorded == 0) return {};
    if (!last) return bad(named + ", which is of no change of keys");
    std::string const number = std::to_string(last->number);
    if (last->number != file.recorded) {
        std::string const whose =
            last->key_id.empty() ? std::string{} : " key '" + printable(last->key_id) + "'";
        return bad("is older than the log: it lacks record " + number + " (" +
                   printable(last->what) + whose + ")");
    }
    if (last->keys != file.of_keys.to_string())
        return bad("is not what record " + number + " says that it is");
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_KEY_LOG_IPP
