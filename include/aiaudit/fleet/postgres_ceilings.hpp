// SPDX-License-Identifier: MIT
//
// postgres_ceilings.hpp: the store of a fleet's ceilings in PostgreSQL. Opt-in: only who includes
// it needs libpq (-lpq).
//
// A message is one transaction. It locks the store's row, so messages follow each other; each part
// is one statement, which takes the sum of the ceilings from the row that it has locked, and never
// adds up other rows. Whether the server went back in time is told by the store's version, the
// system's identifier, the timeline and the server's start. Plain SQL, without functions of its own
// and without state of a session, so that it may stand behind PgBouncer.
// Threads: one at a time.
// Floor 8.
#ifndef AIAUDIT_FLEET_POSTGRES_CEILINGS_HPP
#define AIAUDIT_FLEET_POSTGRES_CEILINGS_HPP

#include <aiaudit/fleet/ceiling_store.hpp>
#include <aiaudit/transport/pq_connection.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

class postgres_ceilings final : public ceiling_store {
public:
    // Connects with the first message, and anew after a connection was lost; makes what the
    // database lacks. Errors: bad_argument for what is no URL of PostgreSQL.
    [[nodiscard]] static result<std::unique_ptr<postgres_ceilings>> make(pq_options options);

    [[nodiscard]] result<sync_reply> sync(sync_request const& request) override;
    [[nodiscard]] result<std::vector<stored_budget>> budgets() override;
    [[nodiscard]] result<void> set(budget const& wanted) override;
    [[nodiscard]] result<void> remove(std::string_view name) override;
    [[nodiscard]] result<std::vector<stored_ceiling>> ceilings() override;
    [[nodiscard]] result<void> write_off(node_write_off const& of) override;

    // How long a store in doubt waits for nodes: longer than any node takes to come back. Kept in
    // the store. Errors: those of reaching it.
    [[nodiscard]] result<void> set_quarantine(std::chrono::milliseconds time);
    // Whose connection was cut asks again: so often, for what is no message of a node.
    static constexpr int tries_most = 5;

private:
    explicit postgres_ceilings(pq_options options) : options_(std::move(options)) {}

    using parameters = std::vector<pq_connection::parameter>;
    [[nodiscard]] result<void> connect();
    [[nodiscard]] result<void> migrate();
    // Calls body() -> result<void> in a transaction; again, where the server says so.
    template <class Body>
    [[nodiscard]] result<void> transact(Body&& body);
    [[nodiscard]] result<pq_rows> query(std::string_view statement, parameters const& with = {}) {
        return connection_->query(statement, with);
    }
    [[nodiscard]] result<void> look_for_loss(std::uint64_t seen, sync_reply& reply);
    [[nodiscard]] result<void> begin_doubt();
    [[nodiscard]] result<void> add_up();
    [[nodiscard]] result<void> take_number(sync_request const& request, sync_reply& reply);
    [[nodiscard]] result<void> take_part(std::string const& node, ceiling_request const& part,
                                         sync_reply& reply);
    [[nodiscard]] result<void> end_sync(sync_request const& request, sync_reply& reply);
    [[nodiscard]] result<void> take_sync(sync_request const& request, sync_reply& reply);

    pq_options options_;
    std::optional<pq_connection> connection_{};
    bool is_known_system_ = true;  // the server says which copy of the data it is
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/fleet/postgres_ceilings.ipp>
#endif

#endif  // AIAUDIT_FLEET_POSTGRES_CEILINGS_HPP
