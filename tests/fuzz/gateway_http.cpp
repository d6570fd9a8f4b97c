// SPDX-License-Identifier: MIT
//
// Any bytes on a connection to a gateway: it answers in HTTP or closes, asks the provider no more
// often than there are requests in the bytes, and goes on to answer others.

#include "../support/gateway_prober.hpp"
#include "require.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    constexpr std::size_t inputs_until_asked = 1'000;
    constexpr std::size_t inputs_of_a_gateway = 20'000;  // what it records is in memory
    static std::unique_ptr<aiaudit_tests::gateway_prober> gateway;
    static std::size_t inputs = 0;
    if (inputs++ % inputs_of_a_gateway == 0) {
        gateway.reset();
        gateway = std::make_unique<aiaudit_tests::gateway_prober>();
    }
    auto const wrong = gateway->probe(std::string_view(reinterpret_cast<char const*>(data), size));
    if (!wrong.empty()) std::fprintf(stderr, "%s\n", wrong.c_str());
    aiaudit_fuzz::require(wrong.empty());
    if (inputs % inputs_until_asked == 0) aiaudit_fuzz::require(gateway->answers());
    return 0;
}
