// SPDX-License-Identifier: MIT
//
// add_checkpoint.cpp: any bytes as what a log sends a witness, as evidence of a fork, as a tile's
// path and a bundle. What is read must be written back the same.
#include "require.hpp"

#include <aiaudit/integrity/add_checkpoint.hpp>
#include <aiaudit/integrity/fork_file.hpp>
#include <aiaudit/integrity/tile.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace aiaudit;
using namespace aiaudit_fuzz;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const bytes{reinterpret_cast<char const*>(data), size};
    static trusted_log const log{note_signing_key::generate("log").value().verification_key()};
    if (auto const body = add_checkpoint_body::parse(bytes); told(body)) {
        require(body->to_text() == bytes);
        require(body->proof.size() <= add_checkpoint_body::hashes_max);
    }
    if (auto const file = fork_file::parse(bytes); told(file)) require(file->to_text() == bytes);
    require(!told(verify_fork(bytes, log)));
    if (auto const place = tile_place::parse(bytes)) require(place->path() == bytes);
    for (unsigned const width : {1U, 2U, 3U}) {
        auto const entries = split_entries(bytes, width);
        if (!told(entries)) continue;
        std::string again;
        for (std::string_view const each : *entries) require(told(append_entry(again, each)));
        require(again == bytes);
    }
    return 0;
}
