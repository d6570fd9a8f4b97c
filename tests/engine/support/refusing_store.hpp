// SPDX-License-Identifier: MIT
//
// refusing_store.hpp: a log that cannot be written for a while.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_REFUSING_STORE_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_REFUSING_STORE_HPP

#include <aiaudit/ledger.hpp>
#include <aiaudit/storage/lmdb_store.hpp>
#include <aiaudit/templates.hpp>

#include <atomic>
#include <functional>
#include <utility>

namespace aiaudit_tests {

using namespace aiaudit;

// A store that refuses to write while it is told to.
class refusing_store : public lmdb_store {
public:
    static inline std::atomic<bool> refuses{false};
    static inline std::function<void()> before_refusing{};

    [[nodiscard]] static result<refusing_store> open(store_options const& options) {
        auto opened = lmdb_store::open(options);
        if (!opened) return opened.error();
        return refusing_store(std::move(*opened));
    }
    template <class Body>
    result<void> write(Body body) {
        if (refuses) {
            if (before_refusing) before_refusing();
            return fail(errc::disk_full, "told to refuse");
        }
        return lmdb_store::write(std::move(body));
    }

private:
    explicit refusing_store(lmdb_store opened) : lmdb_store(std::move(opened)) {}
};

struct refusing : default_policies {
    using storage = refusing_store;
    using clock = manual_clock;
};
using refusing_ledger = basic_ledger<refusing>;

// Refuses for as long as it lives.
struct refusal {
    refusal() { refusing_store::refuses = true; }
    ~refusal() { refusing_store::refuses = false; }
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_REFUSING_STORE_HPP
