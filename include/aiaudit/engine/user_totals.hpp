// SPDX-License-Identifier: MIT
//
// user_totals.hpp: what every user came to over all days, in pieces beside the day parts, so that
// the dearest of a million users are found without a look at each day.
//
// They are a copy: of the parts that go up to some record. What was saved since is added by who
// reads them; where that is much, they are made anew, a piece at a time. A piece is some tens of
// thousands of users in the order of their names. They count once all pieces are there and the meta
// table says so; what a crash left of others is erased then. They go with their segment, and are
// made anew.
// Memory: what two pieces take, some 30 MiB.
// Threads: one at a time. Processes: any; two that make them do the same.
// Floor 6.
#ifndef AIAUDIT_ENGINE_USER_TOTALS_HPP
#define AIAUDIT_ENGINE_USER_TOTALS_HPP

#include <aiaudit/engine/fold_stand.hpp>    // fold_stand
#include <aiaudit/engine/log_keys.hpp>      // meta_key
#include <aiaudit/engine/part_shelf.hpp>    // part_shelf
#include <aiaudit/rollup/group_reader.hpp>  // group_name
#include <aiaudit/rollup/user_sums.hpp>     // write_user_sums

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What the meta table says of them.
struct user_totals_entry {
    fold_stand stand{};  // its content is over the keys and headers of the segment's pieces
    std::uint64_t users = 0;
    std::uint32_t pieces = 0;

    // 72, 8 and 4 bytes.
    [[nodiscard]] std::string to_bytes() const {
        return stand.to_bytes() + to_little_endian(users) + to_little_endian(pieces);
    }
    [[nodiscard]] static std::optional<user_totals_entry> parse(std::string_view bytes) {
        constexpr std::size_t stand_bytes = 72;
        if (bytes.size() != stand_bytes + 12) return std::nullopt;
        auto const stand = fold_stand::parse(bytes.substr(0, stand_bytes));
        if (!stand) return std::nullopt;
        return user_totals_entry{*stand,
                                 load_little_endian<std::uint64_t>(bytes.data() + stand_bytes),
                                 load_little_endian<std::uint32_t>(bytes.data() + stand_bytes + 8)};
    }
};

// Over the keys and headers of all pieces that a segment has.
template <class View>
[[nodiscard]] result<digest> digest_of_pieces(View const& view) {
    std::string all;
    auto const scanned = view.scan(
        table::snapshots, user_totals_prefix, [&](std::string_view key, std::string_view bytes) {
            append_field(all, key);
            append_field(all, bytes.substr(0, day_part_format::header_size));
            return true;
        });
    if (!scanned) return scanned.error();
    return digest{sha256(all)};
}

// 0 where that is no part.
[[nodiscard]] inline std::uint64_t users_in(std::string_view part) {
    auto const opened = day_part::open(part);
    return opened ? opened->group_count(dimension::user) : 0;
}

template <class Store>
class user_totals {
public:
    user_totals(Store& store, log_reader<Store> const& log, part_shelf<Store>& shelf)
        : store_(&store), log_(&log), shelf_(&shelf) {}

    // Looks for them, after the shelf began anew. What is wrong with them goes to `wrong`, in
    // words. Errors: the store's.
    [[nodiscard]] result<void> start(std::string& wrong);
    // The last record that they count; 0: there are none.
    [[nodiscard]] std::uint64_t through() const noexcept { return through_; }
    // The same where the query asks for users over all these days, else 0.
    [[nodiscard]] std::uint64_t through(report_query const& query,
                                        std::span<civil_day const> days) const {
        auto const is_whole = [&query](civil_day day) {
            return overlap_of(query.zone, day, query.days) == day_overlap::whole;
        };
        bool const asks_all = query.kind == report_kind::users && !days.empty() &&
                              is_whole(days.front()) && is_whole(days.back());
        return asks_all ? through_ : 0;
    }

    // Parts were saved that have so many users.
    void add_saved(std::uint64_t users) noexcept {
        if (users_since_) *users_since_ += users;
    }
    // Makes them anew where enough was saved since: less is enough when nobody waits. `days`: of
    // UTC, that have parts. Errors: the store's; corrupt.
    enum class pace : std::uint8_t { busy, idle };
    [[nodiscard]] result<void> renew(std::span<civil_day const> days, pace when);

    // As group_reader has these. Errors: the store's; corrupt.
    template <class Visitor, class Settle>
    [[nodiscard]] result<void> read_costs(Visitor&& visit, Settle&& settle) const {
        return for_each_piece(through_, [&](day_part const& piece) -> result<void> {
            if (auto all = read_part_costs(piece, dimension::user, visit); !all) return all;
            settle();
            return {};
        });
    }
    template <class Visitor>
    [[nodiscard]] result<void> read_some(std::span<group_name const> wanted,
                                         Visitor&& visit) const {
        return for_each_piece(
            through_, [&](day_part const& piece) { return read_part_users(piece, wanted, visit); });
    }

private:
    // Users of names from `low` on, below `high`.
    struct name_range {
        std::string low{};
        std::optional<std::string> high{};
    };
    // Users that ascend, and their sums.
    struct user_rows {
        std::vector<std::string> users{};
        std::vector<totals> sums{};

        [[nodiscard]] result<void> read(day_part const& piece) {
            auto const names = piece.read_users();
            if (!names) return names.error();
            users.assign(names->begin(), names->end());
            sums.reserve(users.size());
            return piece.read_sums(dimension::user,
                                   [this](std::uint32_t, totals const& sum,
                                          latency_histogram const&) { sums.push_back(sum); });
        }
    };
    using sums_by_name = std::map<std::string, totals, std::less<>>;

    [[nodiscard]] bool is_due(pace when) const noexcept {
        constexpr std::uint64_t users_min = 32'768;
        std::uint64_t const many = (std::max)(users_min, users_ / 2);
        return *users_since_ >= (when == pace::idle ? many / 32 : many);
    }
    [[nodiscard]] result<void> count_since(std::span<civil_day const> days);
    template <class Visitor>
    [[nodiscard]] result<void> for_each_piece(std::uint64_t through, Visitor&& visit) const {
        if (through == 0) return {};
        return store_->read(segment_, [&](auto const& view) -> result<void> {
            std::string const prefix = user_totals_key(through);
            std::uint32_t next = 0;
            result<void> all;
            auto const scanned = view.scan(
                table::snapshots, prefix, [&](std::string_view key, std::string_view bytes) {
                    if (!key.starts_with(prefix)) return false;
                    auto const piece = day_part::open(bytes);
                    if (!piece)
                        all = piece.error();
                    else if (piece->day().days != static_cast<std::int32_t>(next++))
                        all = fail(errc::corrupt, "the totals of users lack a piece");
                    else
                        all = visit(*piece);
                    release(view, bytes);
                    return all.has_value();
                });
            if (!scanned) return scanned;
            if (all && next != pieces_)
                return fail(errc::corrupt, "the totals of users lack a piece");
            return all;
        });
    }
    void take_place(segment_number segment, std::string_view bytes, fold_stand& stand);

    [[nodiscard]] result<std::vector<name_range>> ranges(std::span<civil_day const> days);
    [[nodiscard]] result<void> add_parts(std::span<civil_day const> days, name_range const& range,
                                         sums_by_name& to);
    [[nodiscard]] static result<void> add_part(day_part const& part, name_range const& range,
                                               sums_by_name& to);
    [[nodiscard]] result<std::uint64_t> make_pieces(std::uint32_t base, sums_by_name const& since,
                                                    std::uint32_t number,
                                                    std::vector<std::string>& to);
    [[nodiscard]] result<void> read_piece(std::uint32_t number, user_rows& to) const;
    [[nodiscard]] static user_rows merged(user_rows&& before, sums_by_name const& since);
    [[nodiscard]] result<void> put(std::uint64_t through, std::uint32_t number,
                                   std::string const& piece);
    [[nodiscard]] result<void> begin_using(std::uint64_t through, std::uint32_t pieces,
                                           std::uint64_t users);

    Store* store_;
    log_reader<Store> const* log_;
    part_shelf<Store>* shelf_;
    segment_number segment_ = 0;
    std::uint64_t through_ = 0;
    std::uint32_t pieces_ = 0;
    std::uint64_t users_ = 0;
    // Of parts saved since, each counted by itself, once that was looked up.
    std::optional<std::uint64_t> users_since_{};
};

template <class Store>
result<void> user_totals<Store>::start(std::string& wrong) {
    through_ = users_ = 0;
    users_since_.reset();
    pieces_ = 0;
    segment_ = 0;
    part_rule rule;
    fold_stand stand;
    digest content{};
    auto const looked = for_each_part_place(*store_, rule, [&](auto const& view) -> result<void> {
        // Those of a sealed segment may be made of parts that do not count any more.
        if (rule.voids_in(view.segment())) return {};
        auto const found = view.get(table::meta, meta_key::user_totals);
        if (!found) return found.error();
        if (!*found) return {};
        auto const read = digest_of_pieces(view);
        if (!read) return read.error();
        take_place(view.segment(), **found, stand);
        content = *read;
        return {};
    });
    if (!looked || through_ == 0) return looked;
    auto const is_of = is_stand_of(*log_, stand);
    if (!is_of && is_of.error().code != errc::corrupt) return is_of.error();
    if (!is_of || !*is_of || stand.content != content)
        wrong =
            "the totals of users, as they were saved, are damaged or of another log: they are "
            "made anew";
    // An earlier version may have joined parts over the bound, and this process may be behind.
    auto const is_apart = shelf_->is_bound(through_);
    if (!is_apart) return is_apart.error();
    if (!*is_apart || !wrong.empty() || shelf_->replaces()) through_ = 0;
    return {};
}

template <class Store>
void user_totals<Store>::take_place(segment_number segment, std::string_view bytes,
                                    fold_stand& stand) {
    auto const read = user_totals_entry::parse(bytes);
    if (!read) return;
    stand = read->stand;
    segment_ = segment;
    through_ = stand.size;
    users_ = read->users;
    pieces_ = read->pieces;
}

template <class Store>
result<void> user_totals<Store>::count_since(std::span<civil_day const> days) {
    std::uint64_t users = 0;
    for (civil_day const day : days) {
        auto const read = shelf_->for_each(
            day, through_, [&users](std::string_view bytes) { users += users_in(bytes); });
        if (!read) return read;
    }
    users_since_ = users;
    return {};
}

template <class Store>
result<void> user_totals<Store>::renew(std::span<civil_day const> days, pace when) {
    if (!users_since_) {
        if (auto ok = count_since(days); !ok) return ok;
    }
    if (!is_due(when)) return {};
    std::uint64_t const through = shelf_->saved();
    auto const all = ranges(days);
    if (!all) return all.error();
    std::uint32_t pieces = 0;
    std::uint64_t users = 0;
    for (std::size_t i = 0; i < all->size(); ++i) {
        sums_by_name since;
        if (auto ok = add_parts(days, (*all)[i], since); !ok) return ok;
        std::vector<std::string> made;
        auto const counted = make_pieces(static_cast<std::uint32_t>(i), since, pieces, made);
        if (!counted) return counted.error();
        users += *counted;
        for (std::string const& piece : made) {
            if (auto ok = put(through, pieces++, piece); !ok) return ok;
        }
    }
    return begin_using(through, pieces, users);
}

// Those of the pieces that there are, or even shares of the users of the largest part.
template <class Store>
result<std::vector<typename user_totals<Store>::name_range>> user_totals<Store>::ranges(
    std::span<civil_day const> days) {
    std::vector<std::string> lows;
    auto const had = for_each_piece(through_, [&lows](day_part const& piece) -> result<void> {
        auto const users = piece.read_users();
        if (!users) return users.error();
        lows.emplace_back(users->empty() ? std::string_view{} : users->front());
        return {};
    });
    if (!had) return had.error();
    if (lows.empty()) {
        std::vector<std::string> largest;
        for (civil_day const day : days) {
            result<void> all;
            auto const read = shelf_->for_each(day, 0, [&](std::string_view bytes) {
                auto const part = day_part::open(bytes);
                if (!part || part->group_count(dimension::user) <= largest.size()) return;
                auto const users = part->read_users();
                if (!users) all = users.error();
                if (users) largest.assign(users->begin(), users->end());
            });
            if (!read) return read.error();
            if (!all) return all.error();
        }
        std::uint64_t const shares = *users_since_ / (piece_users_max / 2) + 1;
        for (std::uint64_t i = 0; i < shares && i < largest.size(); ++i)
            lows.push_back(std::move(largest[largest.size() * i / shares]));
    }
    if (lows.empty()) lows.emplace_back();
    lows.front().clear();
    std::vector<name_range> made;
    for (std::size_t i = 0; i < lows.size(); ++i) {
        made.push_back({lows[i], i + 1 < lows.size() ? std::optional(lows[i + 1]) : std::nullopt});
    }
    return made;
}

template <class Store>
result<void> user_totals<Store>::add_parts(std::span<civil_day const> days, name_range const& range,
                                           sums_by_name& to) {
    for (civil_day const day : days) {
        result<void> all;
        auto const read = shelf_->for_each(day, through_, [&](std::string_view bytes) {
            if (!all) return;
            auto const part = day_part::open(bytes);
            all = part ? add_part(*part, range, to) : result<void>(part.error());
        });
        if (!read) return read;
        if (!all) return all;
    }
    return {};
}

template <class Store>
result<void> user_totals<Store>::add_part(day_part const& part, name_range const& range,
                                          sums_by_name& to) {
    auto const users = part.read_users();
    if (!users) return users.error();
    auto const low = std::lower_bound(users->begin(), users->end(), range.low);
    auto const high = range.high ? std::lower_bound(low, users->end(), *range.high) : users->end();
    std::vector<std::uint32_t> rows;
    for (auto user = low; user != high; ++user)
        rows.push_back(static_cast<std::uint32_t>(user - users->begin()));
    auto user = low;
    return part.read_some_sums(dimension::user, rows, [&](totals const& sum) {
        auto place = to.lower_bound(*user);
        if (place == to.end() || place->first != *user)
            place = to.emplace_hint(place, std::string(*user), totals{});
        wrapping_add(place->second, sum);
        ++user;
    });
}

// Nothing where there are no pieces.
template <class Store>
result<void> user_totals<Store>::read_piece(std::uint32_t number, user_rows& to) const {
    if (through_ == 0) return {};
    return store_->read(segment_, [&](auto const& view) -> result<void> {
        auto const bytes = view.get(table::snapshots, user_totals_key(through_, number));
        if (!bytes) return bytes.error();
        if (!*bytes) return fail(errc::corrupt, "the totals of users lack a piece");
        auto const piece = day_part::open(**bytes);
        if (!piece) return piece.error();
        auto const read = to.read(*piece);
        release(view, **bytes);
        return read;
    });
}

// The piece that there is and what came since, as one or more. Returns how many users these have.
template <class Store>
result<std::uint64_t> user_totals<Store>::make_pieces(std::uint32_t base, sums_by_name const& since,
                                                      std::uint32_t number,
                                                      std::vector<std::string>& to) {
    user_rows before;
    if (auto read = read_piece(base, before); !read) return read.error();
    user_rows const all = merged(std::move(before), since);
    std::size_t const count = all.users.size();
    std::size_t const share = count / (count / piece_users_max + 1) + 1;
    for (std::size_t begin = 0; begin == 0 || begin < count; begin += share) {
        std::size_t const size = (std::min)(share, count - begin);
        auto piece = write_user_sums(static_cast<std::int32_t>(number++),
                                     std::span(all.users).subspan(begin, size),
                                     std::span(all.sums).subspan(begin, size));
        if (!piece) return piece.error();
        to.push_back(std::move(*piece));
    }
    return count;
}

template <class Store>
typename user_totals<Store>::user_rows user_totals<Store>::merged(user_rows&& before,
                                                                  sums_by_name const& since) {
    user_rows all;
    all.users.reserve(before.users.size() + since.size());
    all.sums.reserve(before.users.size() + since.size());
    auto const add = [&all](std::string const& user, totals const& sum) {
        all.users.push_back(user);
        all.sums.push_back(sum);
    };
    auto one = since.begin();
    for (std::size_t i = 0; i < before.users.size(); ++i) {
        for (; one != since.end() && one->first < before.users[i]; ++one)
            add(one->first, one->second);
        add(before.users[i], before.sums[i]);
        if (one == since.end() || one->first != before.users[i]) continue;
        wrapping_add(all.sums.back(), one->second);
        ++one;
    }
    for (; one != since.end(); ++one) add(one->first, one->second);
    return all;
}

template <class Store>
result<void> user_totals<Store>::put(std::uint64_t through, std::uint32_t number,
                                     std::string const& piece) {
    return store_->write([&](auto& view) {
        return view.replace(table::snapshots, user_totals_key(through, number), piece);
    });
}

// The pieces count from here on, unless a new segment was begun meanwhile or another process
// erased some: then the next time will do. Others are erased.
template <class Store>
result<void> user_totals<Store>::begin_using(std::uint64_t through, std::uint32_t pieces,
                                             std::uint64_t users) {
    segment_number segment = 0;
    bool used = false;
    auto const tree = log_->tree_of(through);
    if (!tree) return tree.error();
    auto const written = store_->write([&](auto& view) -> result<void> {
        used = false;
        segment = view.segment();
        std::vector<std::string> others;
        std::uint32_t there = 0;
        std::string const own = user_totals_key(through);
        auto const scanned = view.scan(table::snapshots, user_totals_prefix,
                                       [&](std::string_view key, std::string_view) {
                                           if (key.starts_with(own))
                                               ++there;
                                           else
                                               others.emplace_back(key);
                                           return true;
                                       });
        if (!scanned) return scanned;
        if (there != pieces) return {};
        for (std::string const& other : others) {
            if (auto ok = view.erase(table::snapshots, other); !ok) return ok;
        }
        auto const content = digest_of_pieces(view);
        if (!content) return content.error();
        used = true;
        user_totals_entry const entry{{through, tree->root(), *content}, users, pieces};
        return view.replace(table::meta, meta_key::user_totals, entry.to_bytes());
    });
    if (!written || !used) return written;
    segment_ = segment;
    through_ = through;
    pieces_ = pieces;
    users_ = users;
    users_since_ = 0;
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_USER_TOTALS_HPP
