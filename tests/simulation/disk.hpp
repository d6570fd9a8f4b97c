// SPDX-License-Identifier: MIT
//
// disk.hpp: the disk of the simulated world: what of the ledger's files would be there after a
// power cut at this moment.
//
// The files themselves stand in a directory in memory and are what the processes read and write.
// Beside them the disk keeps what was synced, and what was written since. After a power cut each
// sector of a file is as it was synced, or as any write since left it, chosen anew for each, so
// writes are lost, torn and reordered. Names (made, renamed, removed) survive in the order in which
// they were changed, up to a random one behind the last sync of a directory, as file systems with a
// journal do. Lock files are shared memory to the processes and are anything afterwards.
// Threads: one.
#ifndef AIAUDIT_TESTS_SIMULATION_DISK_HPP
#define AIAUDIT_TESTS_SIMULATION_DISK_HPP

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace aiaudit_simulation {

using chance = std::mt19937_64;

[[nodiscard]] inline std::uint64_t below(chance& random, std::uint64_t limit) {
    return random() % limit;
}
[[nodiscard]] inline bool once_in(chance& random, std::uint64_t times) {
    return times != 0 && random() % times == 0;
}

class file_image {
public:
    // A write of bytes at a place, or where `cuts` a new length.
    struct change {
        std::uint64_t at = 0;
        std::string bytes{};
        bool cuts = false;
    };

    void change_by(change made) { pending_.push_back(std::move(made)); }
    // The write alone, as O_DSYNC says: what was written before it stays as it is.
    void write_through(change const& made) { apply(synced_, made, 0, made.bytes.size()); }
    void sync() {
        for (change const& each : pending_) apply(synced_, each, 0, each.bytes.size());
        pending_.clear();
    }
    [[nodiscard]] std::size_t unsynced() const { return pending_.size(); }

    // What a power cut leaves.
    [[nodiscard]] std::string after_cut(chance& random) const {
        std::string left = synced_;
        auto const mood = below(random, 4);  // nothing since, all of it, by writes, by sectors
        if (mood == 0) return left;
        std::map<std::uint64_t, std::size_t> newest;  // by sector: the first change that is too new
        for (std::size_t i = 0; i < pending_.size(); ++i) {
            change const& made = pending_[i];
            if (made.cuts || (mood == 2 && once_in(random, 2))) {
                if (made.cuts && mood == 1) apply(left, made, 0, 0);
                continue;
            }
            if (mood != 3) {
                apply(left, made, 0, made.bytes.size());
                continue;
            }
            for (std::uint64_t done = 0; done < made.bytes.size();) {
                auto const size = (std::min)(sector - (made.at + done) % sector,
                                             std::uint64_t{made.bytes.size()} - done);
                auto const where = (made.at + done) / sector;
                auto const known =
                    newest.try_emplace(where, i + below(random, pending_.size() - i + 1));
                if (i < known.first->second) apply(left, made, done, size);
                done += size;
            }
        }
        return left;
    }

    void begin_as(std::string bytes) {
        synced_ = std::move(bytes);
        pending_.clear();
    }

private:
    static constexpr std::uint64_t sector = 512;

    static void apply(std::string& to, change const& made, std::uint64_t from, std::uint64_t size) {
        if (made.cuts) return to.resize(made.at);
        if (to.size() < made.at + from + size) to.resize(made.at + from + size);
        std::copy_n(made.bytes.begin() + static_cast<std::ptrdiff_t>(from), size,
                    to.begin() + static_cast<std::ptrdiff_t>(made.at + from));
    }

    std::string synced_{};
    std::vector<change> pending_{};
};

class simulated_disk {
public:
    explicit simulated_disk(std::string root) : root_(std::move(root)) {}

    // The ledger's directory, what is in it, and the one in which it stands.
    [[nodiscard]] bool has(std::string const& path) const {
        return path.starts_with(root_) || path == parent(root_);
    }
    [[nodiscard]] static bool is_lock(std::string const& path) {
        return path.ends_with("/lock.mdb");
    }

    // The file that has this number in the real file system; made where it is new.
    [[nodiscard]] file_image& image(std::uint64_t inode) {
        auto& known = files_[inode];
        if (!known) known = std::make_shared<file_image>();
        return *known;
    }

    void note_file(std::string const& path, std::uint64_t inode) {
        (void)image(inode);
        auto const known = names_.find(path);
        if (known != names_.end() && known->second.inode == inode) return;
        change_names({kind::put, path, {}, {false, inode}});
    }
    void note_directory(std::string const& path) { change_names({kind::put, path, {}, {true, 0}}); }
    void note_removed(std::string const& path) { change_names({kind::removed, path, {}, {}}); }
    void note_renamed(std::string const& from, std::string const& to) {
        change_names({kind::renamed, from, to, {}});
    }
    // A directory was synced: what was changed in it, and all that was before that.
    void sync_names(std::string const& directory) {
        std::size_t end = 0;
        for (std::size_t i = 0; i < changes_.size(); ++i) {
            auto const& made = changes_[i];
            if (parent(made.path) == directory ||
                (!made.to.empty() && parent(made.to) == directory))
                end = i + 1;
        }
        settle(end);
    }

    // The power goes, and comes back: the directory is what is left. No process is alive.
    void cut(chance& random) {
        settle(below(random, changes_.size() + 1));
        std::map<std::string, std::string> left;
        for (auto const& [path, what] : synced_names_)
            if (!what.directory) left[path] = left_of(path, what.inode, random);
        rebuild(left);
    }
    // What is there now, whole: a copy of it, and to go back to one.
    struct copy {
        std::map<std::string, std::string> files{};
        std::vector<std::string> directories{};
    };
    [[nodiscard]] copy snapshot() const {
        copy made;
        if (!std::filesystem::exists(root_)) return made;
        made.directories.push_back(root_);
        for (auto const& each : std::filesystem::recursive_directory_iterator(root_)) {
            if (each.is_directory()) made.directories.push_back(each.path());
            if (each.is_regular_file()) made.files[each.path()] = read(each.path());
        }
        return made;
    }
    void restore(copy const& from) {
        synced_names_.clear();
        for (auto const& path : from.directories) synced_names_[path] = {true, 0};
        rebuild(from.files);
    }

private:
    enum class kind { put, removed, renamed };
    struct entry {
        bool directory = false;
        std::uint64_t inode = 0;
    };
    using names = std::map<std::string, entry>;
    struct change {
        kind what;
        std::string path;
        std::string to;
        entry made;
    };

    [[nodiscard]] static std::string parent(std::string const& path) {
        return path.substr(0, path.rfind('/'));
    }
    [[nodiscard]] static std::string read(std::string const& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    [[nodiscard]] std::string left_of(std::string const& path, std::uint64_t inode,
                                      chance& random) {
        if (!is_lock(path)) return image(inode).after_cut(random);
        auto now = read(path);
        switch (below(random, 3)) {
        case 0: return {};
        case 1: return std::string(now.size(), '\0');
        default: return now;
        }
    }

    static void apply(names& to, change const& made) {
        if (made.what == kind::put) to[made.path] = made.made;
        if (made.what == kind::removed) to.erase(made.path);
        if (made.what != kind::renamed) return;
        names moved;
        auto const inside = made.path + "/";
        for (auto at = to.begin(); at != to.end();) {
            bool const its = at->first == made.path || at->first.starts_with(inside);
            if (its) moved[made.to + at->first.substr(made.path.size())] = at->second;
            at = its ? to.erase(at) : std::next(at);
        }
        for (auto const& [path, what] : moved) to[path] = what;
    }
    void change_names(change made) {
        apply(names_, made);
        changes_.push_back(std::move(made));
    }
    void settle(std::size_t end) {
        for (std::size_t i = 0; i < end; ++i) apply(synced_names_, changes_[i]);
        changes_.erase(changes_.begin(), changes_.begin() + static_cast<std::ptrdiff_t>(end));
    }

    void rebuild(std::map<std::string, std::string> const& left) {
        std::filesystem::remove_all(root_);
        names const before = std::exchange(synced_names_, {});
        files_.clear();
        changes_.clear();
        for (auto const& [path, what] : before) {
            if (!what.directory) continue;
            if (path != root_ && !std::filesystem::exists(parent(path))) continue;
            std::filesystem::create_directory(path);
            synced_names_[path] = what;
        }
        for (auto const& [path, bytes] : left) {
            if (!std::filesystem::exists(parent(path))) continue;
            std::ofstream(path, std::ios::binary) << bytes;
            struct stat status {};
            if (::stat(path.c_str(), &status) != 0) throw std::runtime_error("cannot make " + path);
            image(status.st_ino).begin_as(bytes);
            synced_names_[path] = {false, status.st_ino};
        }
        names_ = synced_names_;
    }

    std::string root_;
    std::map<std::uint64_t, std::shared_ptr<file_image>> files_{};
    names names_{};         // as the processes see them
    names synced_names_{};  // as a power cut leaves them at least
    std::vector<change> changes_{};
};

}  // namespace aiaudit_simulation

#endif  // AIAUDIT_TESTS_SIMULATION_DISK_HPP
