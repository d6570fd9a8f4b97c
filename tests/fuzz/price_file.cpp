// SPDX-License-Identifier: MIT
//
// price_file.cpp: any bytes as a price file. What loads must answer queries without a crash, twice
// the same, and name itself the same.
#include "require.hpp"

#include <aiaudit/pricing/load.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using namespace aiaudit;
using namespace aiaudit_fuzz;

void query(price_book const& book, price_provider const& provider, price_entry const& entry,
           timestamp at) {
    usage used;
    used.set(unit::input_tokens, 300'000);
    used.set(unit::cache_read_tokens, 1'000);
    used.set(unit::output_tokens, 10);
    price_query const asked{.provider = provider.id,
                            .model = entry.id,
                            .usage = used,
                            .at = at,
                            .service_tier = "batch",
                            .region = "us",
                            .speed = "fast"};
    auto const priced = book.price(asked);
    auto const again = book.price(asked);
    require(priced.has_value() == again.has_value());
    if (priced) {
        require(priced->cost() == again->cost());
        require(priced->cost() >= money{});
    } else {
        require(!priced.error().where.empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    auto const loaded = load_price_book(text, "input");
    if (!loaded) {
        require(loaded.error().code == errc::bad_price);
        require(loaded.error().where.find('\n') == std::string::npos);
        return 0;
    }
    require(loaded->revision() == load_price_book(text, "input")->revision());
    int left = 20;
    for (price_provider const& provider : loaded->providers()) {
        for (price_entry const& entry : provider.entries) {
            if (left-- == 0) return 0;
            query(*loaded, provider, entry, timestamp::from_seconds(1'786'795'200));
            query(*loaded, provider, entry, timestamp::from_seconds(-1));
        }
    }
    return 0;
}
