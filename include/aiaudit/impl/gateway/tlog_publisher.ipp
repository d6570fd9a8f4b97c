// SPDX-License-Identifier: MIT
//
// tlog_publisher.ipp: the definitions of tlog_publisher.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_TLOG_PUBLISHER_IPP
#define AIAUDIT_IMPL_GATEWAY_TLOG_PUBLISHER_IPP

#include <aiaudit/audit/audit_directory.hpp>  // read_whole_file
#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/gateway/tlog_publisher.hpp>
#include <aiaudit/storage/posix_file.hpp>  // replace_file

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<std::unique_ptr<tlog_publisher>> tlog_publisher::open(
    tlog_log log, note_signing_key key, tlog_options const& options) {
    std::unique_ptr<tlog_publisher> made(
        new tlog_publisher(std::move(log), std::move(key), options));
    for (tlog_witness const& each : options.witnesses) {
        auto client = witness_client::open(each.key, each.url, options.http);
        if (!client)
            return fail(client.error().code,
                        "the witness " + printable(each.key.name()) + ": " + client.error().where);
        made->witnesses_.push_back({std::move(*client)});
    }
    if (auto ok = made->sign(); !ok) return ok.error();
    made->publish();
    return made;
}

AIAUDIT_INLINE result<void> tlog_publisher::start() {
    auto started = thread::start("a log's publisher", [this] { run(); });
    if (!started) return started.error();
    thread_ = std::move(*started);
    return {};
}

AIAUDIT_INLINE void tlog_publisher::stop() {
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    thread_.join();
}

AIAUDIT_INLINE std::pair<std::string, std::uint64_t> tlog_publisher::published() const {
    std::lock_guard const lock(mutex_);
    return {note_, size_};
}

AIAUDIT_INLINE std::string tlog_publisher::trouble() const {
    std::lock_guard const lock(mutex_);
    return trouble_;
}

// The log must begin with all that was signed before, by this process or another.
AIAUDIT_INLINE result<void> tlog_publisher::check_grows(compact_range const& now) const {
    if (options_.signed_file.empty()) return {};
    auto const kept = read_whole_file(options_.signed_file, limits::note_bytes);
    if (!kept && kept.error().code == errc::not_found) return {};
    if (!kept) return kept.error();
    auto const before = open_checkpoint(*kept, key_.verification_key());
    // Of another key: another log, by its name.
    if (!before) {
        auto const parts = split_note(*kept);
        auto const state =
            parts ? checkpoint::parse(parts->text) : result<checkpoint>(parts.error());
        if (state && state->origin != key_.name()) return {};
        return fail(errc::verification_failed,
                    options_.signed_file + ": is not signed by this key (" + before.error().where +
                        "); if the key was changed on purpose, give the new one another name");
    }
    auto const contradicts = [&] {
        return fail(errc::verification_failed,
                    "the ledger is not the one that signed " + std::to_string(before->size()) +
                        " records as " + printable(before->origin()) + " before (" +
                        options_.signed_file +
                        "): an older copy was put back, or records were changed. Put the newest "
                        "ledger back, or begin a new log: a new key with another name");
    };
    if (before->size() > now.size()) return contradicts();
    auto const tree = log_.tree_of(before->size());
    if (!tree) return tree.error();
    if (tree->root() != before->root()) return contradicts();
    return {};
}

AIAUDIT_INLINE result<void> tlog_publisher::sign() {
    auto const tree = log_.tree();
    if (!tree) return tree.error();
    if (!signed_note_.empty() && tree->size() == signed_size_) return {};
    if (auto ok = check_grows(*tree); !ok) return ok;
    auto note = sign_checkpoint({key_.name(), tree->size(), tree->root()}, key_);
    if (!note) return note.error();
    // Kept before anybody sees it.
    if (!options_.signed_file.empty()) {
        if (auto ok = replace_file(options_.signed_file, *note); !ok) return ok;
    }
    signed_note_ = std::move(*note);
    signed_size_ = tree->size();
    for (asked_witness& each : witnesses_) each.line.clear();
    return {};
}

AIAUDIT_INLINE void tlog_publisher::ask(asked_witness& one, std::string const& note,
                                        std::uint64_t size) {
    constexpr std::chrono::seconds wait_most{300};
    auto const now = std::chrono::steady_clock::now();
    if (now < one.again) return;
    auto line = one.client.cosign(
        note, size, [&](std::uint64_t old_size) { return log_.prove(old_size, size); });
    if (line) {
        one.line = std::move(*line);
        one.wait = std::chrono::seconds(0);
        one.trouble.clear();
        return;
    }
    one.wait = (std::min)(one.wait * 2 + std::chrono::seconds(2), wait_most);
    one.again = std::chrono::steady_clock::now() + one.wait;
    one.trouble = "the witness " + printable(one.client.name()) +
                  " does not cosign: " + line.error().message();
}

AIAUDIT_INLINE void tlog_publisher::ask_witnesses() {
    auto const now = std::chrono::steady_clock::now();
    bool const beats = now - asked_at_ >= options_.heartbeat;
    if (beats) asked_at_ = now;
    for (asked_witness& each : witnesses_) {
        {
            std::lock_guard const lock(mutex_);
            if (stopping_) return;
        }
        if (each.line.empty() || beats) ask(each, signed_note_, signed_size_);
    }
}

AIAUDIT_INLINE void tlog_publisher::publish() {
    std::string lines;
    std::string trouble;
    for (asked_witness const& each : witnesses_) {
        lines += each.line;
        if (trouble.empty()) trouble = each.trouble;
    }
    auto note = with_signature_lines(signed_note_, lines);
    if (!note) trouble = note.error().message();
    std::lock_guard const lock(mutex_);
    note_ = note ? std::move(*note) : signed_note_;
    size_ = signed_size_;
    trouble_ = std::move(trouble);
}

AIAUDIT_INLINE void tlog_publisher::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        auto const signed_now = sign();
        if (signed_now) {
            ask_witnesses();
            publish();
        }
        lock.lock();
        if (!signed_now) trouble_ = "no checkpoint is signed: " + signed_now.error().message();
        if (!stopping_)
            changed_.wait_until(lock, std::chrono::steady_clock::now() + options_.between,
                                [this] { return stopping_; });
    }
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_TLOG_PUBLISHER_IPP
