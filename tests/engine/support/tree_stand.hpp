// SPDX-License-Identifier: MIT
//
// tree_stand.hpp: logs that are nothing but leaves and a key, served as tiles from memory: honest
// ones, and ones that lie.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_TREE_STAND_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_TREE_STAND_HPP

#include <aiaudit/audit/log_source.hpp>
#include <aiaudit/integrity/checkpoint.hpp>
#include <aiaudit/integrity/proof.hpp>
#include <aiaudit/integrity/tile.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit_tests {

using namespace aiaudit;

class tree_stand {
public:
    explicit tree_stand(std::string origin = "example.com/node1")
        : key_(std::make_shared<note_signing_key const>(
              note_signing_key::generate(std::move(origin)).value())) {}

    [[nodiscard]] note_signing_key const& key() const { return *key_; }
    [[nodiscard]] std::string vkey() const { return key_->verification_key().to_string(); }
    // Records that are `words` and their number.
    void grow(std::uint64_t count, std::string const& words = "record ") {
        for (std::uint64_t i = 0; i < count; ++i)
            append(leaf_hash(words + std::to_string(range_.size() + 1)));
    }
    // As it was, and on with other records.
    void fork(std::uint64_t at, std::uint64_t count) {
        cut(at);
        grow(count, "forged ");
    }
    void cut(std::uint64_t to) {
        auto const leaves = std::move(nodes_[0]);
        nodes_.clear();
        range_ = {};
        for (std::uint64_t i = 0; i < to; ++i) append(leaves[i]);
    }
    [[nodiscard]] std::uint64_t size() const { return range_.size(); }
    [[nodiscard]] digest root() const { return range_.root(); }
    [[nodiscard]] std::string note() const {
        return sign_checkpoint({key_->name(), size(), root()}, *key_).value();
    }
    [[nodiscard]] result<digest> node(unsigned level, std::uint64_t index) const {
        auto const found = nodes_.find(level);
        if (found == nodes_.end() || index >= found->second.size())
            return fail(errc::not_found, "no such node");
        return found->second[index];
    }
    [[nodiscard]] auto nodes() const {
        return [this](unsigned level, std::uint64_t index) { return node(level, index); };
    }
    [[nodiscard]] result<std::string> get(std::string const& path) const {
        if (path == "checkpoint") return note();
        auto const place = tile_place::parse(path);
        if (!place || place->entries ||
            tile_width_of(place->level, place->index, size()) < place->width)
            return fail(errc::not_found, path);
        std::string bytes;
        for (std::uint64_t i = 0; i < place->width; ++i)
            bytes += detail::view_of(node(place->level * 8, place->index * 256 + i)->bytes);
        return bytes;
    }
    [[nodiscard]] log_source source() const {
        return {"tree", [this](std::string const& path, std::size_t) { return get(path); }};
    }

private:
    void append(digest const& leaf) {
        nodes_[0].push_back(leaf);
        range_.append(leaf, [&](unsigned level, std::uint64_t, digest const& hash) {
            nodes_[level].push_back(hash);
        });
    }

    std::shared_ptr<note_signing_key const> key_;
    compact_range range_{};
    std::map<unsigned, std::vector<digest>> nodes_{};
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_TREE_STAND_HPP
