// SPDX-License-Identifier: MIT
//
// ended_calls.hpp: what the calls that ended lately have cost, by their operation.
//
// The log has it for ever; this spares whoever asks right after a call a search in it, and knows it
// before it is on disk.
// Threads: any, at once.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_ENDED_CALLS_HPP
#define AIAUDIT_GATEWAY_ENDED_CALLS_HPP

#include <aiaudit/core/record.hpp>  // record

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// A call: its attempts together, and what the last of them was.
struct ended_call {
    std::string key_id{};
    std::string provider{};
    std::string model{};
    std::uint32_t attempts = 0;
    std::uint32_t bounds = 0;  // attempts whose cost is a bound
    bool complete = false;
    aiaudit::cost_status sure_status = aiaudit::cost_status::no_charge;  // of the other attempts
    money cost{};                                                        // as far as it is known
    money cost_low{};                                                    // the least that it may be
    aiaudit::usage usage{};

    void add(record const& outcome);
    // What an attempt of it cost in truth (core/correction.hpp).
    void correct(record const& late_cost);
    [[nodiscard]] aiaudit::cost_status cost_status() const noexcept;
};

// How sure a cost is that is made of two: what is not known wins, then what is a bound.
[[nodiscard]] cost_status joined_status(cost_status one, cost_status other) noexcept;

// As an answer to whoever asks for it.
[[nodiscard]] std::string to_json(operation_id const& of, ended_call const& call);

class ended_calls {
public:
    static constexpr std::size_t most = 65'536;

    void add(record const& outcome);
    [[nodiscard]] std::optional<ended_call> find(operation_id const& of) const;

private:
    mutable std::mutex mutex_{};
    std::map<operation_id, ended_call> calls_{};  // under mutex_; the oldest first
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/ended_calls.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_ENDED_CALLS_HPP
