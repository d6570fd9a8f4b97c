// SPDX-License-Identifier: MIT
//
// etcd_ceilings.hpp: the store of a fleet's ceilings in etcd, over its JSON gateway (etcd 3.4 and
// later). Opt-in; needs no library beside those of the transport.
//
// All rows are one value under one key. A message reads it, applies the policy of
// ceiling_rows.hpp, and writes it if nobody has meanwhile (compare on mod_revision): so this is
// that policy, and nothing else. For fleets of some tens of nodes and budgets: the value is written
// whole with each message, and etcd takes 1.5 MB. Which copy of the data it is, the cluster's id
// says: a restore from a snapshot makes a new one.
// Threads: one at a time.
// Floor 8.
#ifndef AIAUDIT_FLEET_ETCD_CEILINGS_HPP
#define AIAUDIT_FLEET_ETCD_CEILINGS_HPP

#include <aiaudit/core/http.hpp>           // http_request
#include <aiaudit/fleet/ceiling_rows.hpp>  // ceiling_rows
#include <aiaudit/transport/httplib_transport.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct etcd_options {
    std::string origin = "http://127.0.0.1:2379";
    std::string key = "aiaudit/fleet";
    header_list headers{};  // such as Authorization
    std::chrono::milliseconds answer_max{5'000};
    std::chrono::milliseconds quarantine{15'000};  // of a store that went back
    int tries_most = 20;                           // where others write at the same time
};

class etcd_ceilings final : public ceiling_store {
public:
    explicit etcd_ceilings(etcd_options options, httplib_transport by = httplib_transport())
        : options_(std::move(options)), transport_(std::move(by)) {}

    [[nodiscard]] result<sync_reply> sync(sync_request const& request) override;
    [[nodiscard]] result<std::vector<stored_budget>> budgets() override;
    [[nodiscard]] result<void> set(budget const& wanted) override;
    [[nodiscard]] result<void> remove(std::string_view name) override;
    [[nodiscard]] result<std::vector<stored_ceiling>> ceilings() override;
    [[nodiscard]] result<void> write_off(node_write_off const& of) override;

private:
    struct read_rows {
        ceiling_rows rows{};
        std::string revision = "0";  // at which it was written; 0: never
        store_moment moment{};
    };
    struct answer {
        std::string body{};
        timestamp now{};  // as the server's Date says, to the second
    };
    [[nodiscard]] result<answer> post(std::string target, std::string body);
    [[nodiscard]] result<read_rows> read();
    // Whether it was written: nobody else has meanwhile.
    [[nodiscard]] result<bool> write(read_rows const& what);
    // Calls change(ceiling_rows&, store_moment const&) -> result<void>, until it is written.
    template <class Change>
    [[nodiscard]] result<void> change_rows(Change&& change);

    etcd_options options_;
    httplib_transport transport_;
};

namespace detail {

// As JSON. Errors: as budget_lines().
[[nodiscard]] result<std::string> rows_text(ceiling_rows const& of, timestamp at);
// Errors: corrupt.
[[nodiscard]] result<ceiling_rows> parse_rows(std::string_view text);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/fleet/etcd_ceilings.ipp>
#endif

#endif  // AIAUDIT_FLEET_ETCD_CEILINGS_HPP
