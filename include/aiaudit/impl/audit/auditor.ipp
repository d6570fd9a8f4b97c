// SPDX-License-Identifier: MIT
//
// auditor.ipp: the definitions of auditor.hpp.
#ifndef AIAUDIT_IMPL_AUDIT_AUDITOR_IPP
#define AIAUDIT_IMPL_AUDIT_AUDITOR_IPP

#include <aiaudit/audit/auditor.hpp>
#include <aiaudit/clock/clock.hpp>          // system_clock
#include <aiaudit/config.hpp>               // AIAUDIT_INLINE
#include <aiaudit/integrity/fork_file.hpp>  // fork_file
#include <aiaudit/limits.hpp>               // note_bytes

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::string_view name_of(audit_kind kind) noexcept {
    switch (kind) {
    case audit_kind::unreachable: return "unreachable";
    case audit_kind::bad_checkpoint: return "bad_checkpoint";
    case audit_kind::rolled_back: return "rolled_back";
    case audit_kind::forked: return "forked";
    case audit_kind::bad_tiles: return "bad_tiles";
    case audit_kind::bad_records: return "bad_records";
    case audit_kind::silent: return "silent";
    case audit_kind::no_quorum: return "no_quorum";
    case audit_kind::damaged: return "damaged";
    }
    return "unknown";
}

namespace detail {

inline constexpr std::size_t seen_bytes_max = std::size_t{64} << 20;

AIAUDIT_INLINE std::string size_and_root(checkpoint const& of) {
    return std::to_string(of.size) + " records with root " + of.root.to_string();
}

}  // namespace detail

AIAUDIT_INLINE result<auditor> auditor::open(log_policy policy, audit_directory in,
                                             auditor_options options) {
    auditor made{std::move(policy), std::move(in), std::move(options)};
    if (made.options_.key) {
        auto const& point = made.options_.key->verification_key().point();
        for (auto const& each : made.policy_.logs())
            if (each.key.point() == point)
                return fail(errc::bad_argument, "the auditor's key is that of a log too");
    }
    for (trusted_log& each : made.policy_.trusted_logs())
        if (auto ok = made.add_log(std::move(each)); !ok) return ok.error();
    for (auto const& each : made.policy_.witnesses()) {
        if (each.url.empty()) continue;
        auto source = made.source_of(each.url);
        if (!source)
            return fail(source.error().code, "the witness " + detail::printable(each.name) + ": " +
                                                 source.error().where);
        made.witnesses_.emplace_back(each.name, std::move(*source));
    }
    return made;
}

AIAUDIT_INLINE result<log_source> auditor::source_of(std::string_view url) const {
    return options_.source ? options_.source(url) : http_log_source(url, options_.http);
}

AIAUDIT_INLINE result<void> auditor::add_log(trusted_log log) {
    watched_log made{std::move(log)};
    for (auto const& each : policy_.logs()) {
        if (each.key.name() != made.log.origin || each.url.empty()) continue;
        auto source = source_of(each.url);
        if (!source)
            return fail(source.error().code, "the log " + detail::printable(made.log.origin) +
                                                 ": " + source.error().where);
        made.sources.push_back(std::move(*source));
    }
    logs_.push_back(std::move(made));
    return {};
}

AIAUDIT_INLINE std::uint64_t auditor::now_seconds() const {
    timestamp const now = options_.now ? options_.now() : system_clock{}.now();
    return now.ns <= 0 ? 1 : static_cast<std::uint64_t>(now.seconds());
}

AIAUDIT_INLINE result<void> auditor::open_mirror(watched_log& of) {
    if (of.mirror) return {};
    auto opened = log_mirror::open(directory_.mirror_of(of.log.origin), of.log);
    if (!opened) return opened.error();
    // "SIZE SECONDS"; where it does not fit the mirror, a process died between the two.
    auto const kept = detail::read_whole_file(opened->directory() + "/grown", 64);
    std::string const prefix = std::to_string(opened->size()) + ' ';
    of.grown_at = now_seconds();
    if (kept && kept->starts_with(prefix) && kept->ends_with('\n')) {
        auto const at = detail::decimal_of(
            std::string_view(*kept).substr(prefix.size(), kept->size() - prefix.size() - 1));
        if (at) of.grown_at = *at;
    }
    of.mirror.emplace(std::move(*opened));
    return {};
}

AIAUDIT_INLINE result<log_mirror*> auditor::mirror(std::string_view origin) {
    for (watched_log& each : logs_) {
        if (each.log.origin != origin) continue;
        if (auto ok = open_mirror(each); !ok) return ok.error();
        return &*each.mirror;
    }
    return fail(errc::not_found, "the policy has no log named " + detail::printable(origin));
}

AIAUDIT_INLINE void auditor::find(looking& in, audit_kind kind, std::string text,
                                  std::string evidence) {
    in.seen.findings.push_back({kind, in.seen.origin,
                                std::string(name_of(kind)) + ": " +
                                    detail::printable(in.seen.origin) + ": " + std::move(text),
                                std::move(evidence)});
}

AIAUDIT_INLINE log_look auditor::look(std::string_view origin,
                                      std::vector<checkpoint_view> const& views) {
    log_look seen;
    seen.origin = origin;
    auto const known = std::find_if(logs_.begin(), logs_.end(), [&](watched_log const& each) {
        return each.log.origin == origin;
    });
    AIAUDIT_ASSERT(known != logs_.end());
    looking in{*known, seen};
    if (auto ok = open_mirror(*known); !ok) {
        find(in, audit_kind::damaged, ok.error().message());
        return seen;
    }
    seen.before = known->mirror->size();
    fetch_views(in, views);
    std::stable_sort(in.views.begin(), in.views.end(),
                     [](signed_view const& one, signed_view const& two) {
                         return one.state.state.size() < two.state.state.size();
                     });
    for (signed_view const& each : in.views) judge(in, each);
    judge_end(in);
    if (options_.copies_records) copy_records(in);
    seen.size = known->mirror->size();
    if (known->mirror->begun()) seen.root = known->mirror->state().root();
    return seen;
}

// Witnesses are asked before the log: what they have cosigned it must show afterwards.
AIAUDIT_INLINE void auditor::fetch_views(looking& in, std::vector<checkpoint_view> const& given) {
    for (auto const& [name, source] : witnesses_) {
        std::string const path = detail::origin_hash(in.seen.origin) + "/checkpoint";
        auto note = source.get(path, limits::note_bytes);
        if (note)
            take_view(in, "witness " + name, std::move(*note), false);
        else if (note.error().code != errc::not_found)
            find(in, audit_kind::unreachable,
                 "the witness " + detail::printable(name) + " cannot be asked for it (" +
                     note.error().message() + "); see that it runs, and audit again");
    }
    for (checkpoint_view const& each : given) take_view(in, each.via, each.note, false);
    if (in.at.sources.empty())
        find(in, audit_kind::unreachable,
             "the policy has no URL for it; add one behind its key to have it audited");
    for (log_source const& each : in.at.sources) {
        auto note = each.get("checkpoint", limits::note_bytes);
        if (note)
            take_view(in, each.name, std::move(*note), true);
        else
            find(in, audit_kind::unreachable,
                 "its checkpoint cannot be fetched from " + each.name + " (" +
                     note.error().message() +
                     "); see whether the node runs: what it does now is not audited");
    }
}

AIAUDIT_INLINE void auditor::take_view(looking& in, std::string via, std::string note,
                                       bool is_own) {
    auto state = open_checkpoint(note, in.at.log);
    if (!state) {
        find(in, audit_kind::bad_checkpoint,
             "what " + detail::printable(via) +
                 " shows is not signed by a key of the policy for it (" + state.error().message() +
                 "); see whose key it is: a changed key must be told to those who audit");
        return;
    }
    auto by = cosignatures_of(note, policy_.witness_keys());
    if (!by) {
        find(in, audit_kind::bad_checkpoint,
             "a cosignature on what " + detail::printable(via) + " shows is forged (" +
                 by.error().where + "); keep the checkpoint and ask the witness");
        return;
    }
    in.views.push_back({std::move(via), std::move(note),
                        witnessed_checkpoint{std::move(*state), std::move(*by)}, is_own});
}

AIAUDIT_INLINE void auditor::judge(looking& in, signed_view const& view) {
    log_mirror& mirror = *in.at.mirror;
    std::uint64_t const size = view.state.state.size();
    if (view.is_own && size < in.seen.before)
        find(in, audit_kind::rolled_back,
             "it shows " + std::to_string(size) + " records and has signed " +
                 std::to_string(in.seen.before) +
                 " before; an older copy of the ledger may have been put back: stop the node, "
                 "restore its newest ledger or begin a new log with a new key");
    if (mirror.begun() && size <= mirror.size()) return judge_older(in, view);
    judge_newer(in, view);
}

// The mirror says which root the log had at that size.
AIAUDIT_INLINE void auditor::judge_older(looking& in, signed_view const& view) {
    log_mirror& mirror = *in.at.mirror;
    verified_checkpoint const& state = view.state.state;
    auto const tree = mirror.tree_of(state.size());
    if (!tree) return find(in, audit_kind::damaged, tree.error().message());
    if (tree->root() == state.root()) {
        if (state.size() != mirror.size() || !view.is_own) return;
        if (auto ok = accept(in, view); !ok) find(in, audit_kind::damaged, ok.error().message());
        return;
    }
    fork_file evidence{tree->root(), {{}, view.note, mirror.note()}};
    if (state.size() != mirror.size()) {
        auto path = consistency_proof(state.size(), mirror.size(), mirror.nodes());
        if (!path) return find(in, audit_kind::damaged, path.error().message());
        evidence.growth.path = std::move(*path);
    }
    keep_fork(in, evidence, view.via);
}

AIAUDIT_INLINE void auditor::judge_newer(looking& in, signed_view const& view) {
    if (in.at.sources.empty()) return;
    log_mirror& mirror = *in.at.mirror;
    auto const same = mirror.copy(view.state.state, in.at.sources.front());
    if (!same && same.error().code == errc::bad_input)
        return find(in, audit_kind::bad_tiles, same.error().where + "; the node must be mended");
    if (!same)
        return find(in, audit_kind::unreachable,
                    "its tree of " + std::to_string(view.state.state.size()) +
                        " records, signed via " + detail::printable(view.via) +
                        ", cannot be fetched (" + same.error().message() +
                        "); see whether the node runs, and audit again");
    if (!*same) return explain_tiles(in, view);
    if (auto ok = accept(in, view); !ok) find(in, audit_kind::damaged, ok.error().message());
}

// The tiles do not continue the mirror. Where they lead to the signed root, they prove what the
// log now says that it was.
AIAUDIT_INLINE void auditor::explain_tiles(looking& in, signed_view const& view) {
    log_mirror& mirror = *in.at.mirror;
    verified_checkpoint const& state = view.state.state;
    tile_nodes<log_mirror::tile_fetch> node(state.size(), [&](tile_place place) {
        return in.at.sources.front().get(place.path(), detail::tile_bytes);
    });
    std::uint64_t const size = mirror.size();
    auto const tree = compact_range::from_nodes(size, node);
    auto path = size == 0 ? result<std::vector<digest>>(fail(errc::bad_argument, "an empty tree"))
                          : consistency_proof(size, state.size(), node);
    bool const leads =
        tree && path &&
        detail::consistency_holds(size, state.size(), *path, tree->root(), state.root());
    if (!leads || tree->root() == mirror.state().root())
        return find(in, audit_kind::bad_tiles,
                    "its tiles do not lead to the root of " + std::to_string(state.size()) +
                        " records that it signed (seen via " + detail::printable(view.via) +
                        "); the node's storage or its server is damaged, or it hides a fork: "
                        "verify its ledger");
    keep_fork(in, {tree->root(), {std::move(*path), mirror.note(), view.note}}, view.via);
}

AIAUDIT_INLINE void auditor::keep_fork(looking& in, fork_file const& evidence,
                                       std::string const& via) {
    std::string const text = evidence.to_text();
    auto const shown = verify_fork(text, in.at.log);
    if (!shown)  // it must convince others
        return find(in, audit_kind::damaged,
                    "the evidence of a fork seen via " + detail::printable(via) +
                        " does not hold (" + shown.error().message() +
                        "); the auditor's mirror may be damaged");
    std::string const directory = directory_.path() + "/evidence";
    std::string const path = directory + '/' + detail::origin_hash(in.seen.origin).substr(0, 16) +
                             '-' + std::to_string(shown->older.size()) + '-' +
                             std::to_string(shown->newer.size()) + '-' +
                             shown->newer.root().to_string().substr(0, 8) +
                             shown->older.root().to_string().substr(0, 8) + ".fork";
    auto kept = detail::make_directories(directory);
    if (kept && !detail::read_whole_file(path, limits::proof_file_bytes))
        kept = detail::replace_file(path, text);
    std::string what =
        "it has signed two histories: " + detail::size_and_root(shown->older.value()) + ", and " +
        detail::size_and_root(shown->newer.value()) + ", which had root " +
        shown->root.to_string() + " then (seen via " + detail::printable(via) + "); ";
    if (!kept) {
        what += "the evidence cannot be kept (" + kept.error().message() + ")";
        return find(in, audit_kind::forked, std::move(what));
    }
    what += "believe nothing of it since; anybody can verify the evidence in " + path +
            " (aiaudit audit --evidence)";
    find(in, audit_kind::forked, std::move(what), path);
}

AIAUDIT_INLINE result<std::string> auditor::cosigned(std::string_view note) const {
    if (!options_.key) return std::string(note);
    auto const parts = detail::split_note(note);
    if (!parts) return parts.error();
    auto const line = options_.key->cosign(parts->text, now_seconds());
    if (!line) return line.error();
    return with_signature_lines(note, *line);
}

// A line of JSON for each checkpoint that is new. A last line that is not whole is of a process
// that was killed: it is ended, and passed over.
AIAUDIT_INLINE result<void> auditor::keep_seen(watched_log& of, signed_view const& view) {
    std::string const path = of.mirror->directory() + "/seen.jsonl";
    std::string line = "{\"size\":" + std::to_string(view.state.state.size()) + ",\"root\":\"" +
                       view.state.state.root().to_string() +
                       "\",\"seen_at\":" + std::to_string(now_seconds()) + ",\"via\":\"" +
                       detail::base64_encode(view.via) + "\",\"note\":\"" +
                       detail::base64_encode(view.note) + "\"}\n";
    auto const file = detail::file_handle::open(path, O_RDWR | O_CREAT | O_APPEND);
    if (!file) return detail::posix_error(errno, "open", path);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return detail::posix_error(errno, "fstat", path);
    char last = '\n';
    if (status.st_size > 0 &&
        detail::read_at(file.get(), &last, 1, static_cast<std::uint64_t>(status.st_size - 1)) ==
            1 &&
        last != '\n')
        line.insert(line.begin(), '\n');
    auto const written = ::write(file.get(), line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size()) || ::fsync(file.get()) != 0)
        return detail::posix_error(errno, "write", path);
    if (static_cast<std::uint64_t>(status.st_size) > detail::seen_bytes_max &&
        ::rename(path.c_str(), (path + ".1").c_str()) != 0)
        return detail::posix_error(errno, "rename", path);
    return {};
}

// The mirror goes on to this checkpoint, which is cosigned anew.
AIAUDIT_INLINE result<void> auditor::accept(looking& in, signed_view const& view) {
    log_mirror& mirror = *in.at.mirror;
    bool const grows = !mirror.begun() || mirror.size() != view.state.state.size();
    auto note = cosigned(view.note);
    if (!note) return note.error();
    if (auto ok = mirror.accept(view.state.state, std::move(*note)); !ok) return ok;
    in.seen.cosigned = options_.key != nullptr;
    if (!grows) return {};
    in.at.grown_at = now_seconds();
    if (auto ok = keep_seen(in.at, view); !ok) return ok;
    return detail::replace_file(
        mirror.directory() + "/grown",
        std::to_string(mirror.size()) + ' ' + std::to_string(in.at.grown_at) + '\n');
}

AIAUDIT_INLINE void auditor::judge_end(looking& in) {
    signed_view const* own = nullptr;
    for (signed_view const& each : in.views)
        if (each.is_own) own = &each;
    if (own == nullptr) return;
    judge_silence(in, *own);
    // With the auditor's own word, where the policy has it among the witnesses.
    std::string const& note = in.seen.cosigned ? in.at.mirror->note() : own->note;
    if (auto const held = policy_.open(note); !held)
        find(in, audit_kind::no_quorum,
             held.error().where + "; see which witnesses the node cannot reach");
}

AIAUDIT_INLINE void auditor::copy_records(looking& in) {
    if (in.at.sources.empty() || !in.at.mirror->begun()) return;
    auto const dropped = in.at.mirror->copy_records(in.at.sources.front());
    if (dropped) {
        in.seen.dropped = *dropped;
        return;
    }
    errc const code = dropped.error().code;
    if (code == errc::verification_failed || code == errc::bad_input)
        return find(in, audit_kind::bad_records,
                    dropped.error().where +
                        "; the node's storage is damaged, or its records were changed: verify its "
                        "ledger");
    find(in, audit_kind::unreachable,
         "its records cannot be fetched (" + dropped.error().message() +
             "); see whether the token is the log's");
}

AIAUDIT_INLINE void auditor::judge_silence(looking& in, signed_view const& own) {
    if (options_.silent_seconds <= 0) return;
    std::uint64_t heard = in.at.grown_at;
    for (cosignature const& each : own.state.cosigned) heard = (std::max)(heard, each.time);
    std::uint64_t const now = now_seconds();
    if (now < heard || now - heard <= static_cast<std::uint64_t>(options_.silent_seconds)) return;
    find(in, audit_kind::silent,
         "no record and no cosignature is newer than " + std::to_string(now - heard) +
             " s; see whether the node is in use: it may write to another log");
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_AUDIT_AUDITOR_IPP
