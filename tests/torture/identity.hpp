// SPDX-License-Identifier: MIT
//
// identity.hpp: records that say who wrote them and can be made again from that, and the file of
// promises in which a writer notes what the ledger told it.
//
// A record is made of its writer's number and its counter there, every field. So whoever reads one
// knows what it must look like, and a log needs no copy of itself to be checked against: also
// records that retention dropped can be made again, where it was noted who they were.
#ifndef AIAUDIT_TESTS_TORTURE_IDENTITY_HPP
#define AIAUDIT_TESTS_TORTURE_IDENTITY_HPP

#include <aiaudit/core/record.hpp>
#include <aiaudit/integrity/checkpoint.hpp>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace aiaudit_torture {

struct identity {
    std::uint32_t writer = 0;
    std::uint64_t counter = 0;  // of this writer's records, from 1
    friend auto operator<=>(identity, identity) = default;
};

// The verifier appends too, to see that the log goes on; its counters may have holes.
inline constexpr std::uint32_t verifier_writer = 999'999'999;
// The records that retention writes itself: their counter is the segment that was dropped.
inline constexpr std::uint32_t retention_writer = 999'999'998;

// Bits that look random and are always the same ones (the finalizer of splitmix64).
[[nodiscard]] inline std::uint64_t scrambled(std::uint64_t value) noexcept {
    value += 0x9E3779B97F4A7C15U;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31);
}

[[nodiscard]] inline aiaudit::record record_of(identity of) {
    std::uint64_t const bits = scrambled(of.counter ^ (std::uint64_t{of.writer} << 40));
    auto const pick = [bits](unsigned shift, std::uint64_t below) {
        return (bits >> shift) % below;
    };
    aiaudit::record entry;
    entry.user = "user-" + std::to_string(of.writer) + "-" + std::to_string(pick(0, 7));
    entry.project = "project-" + std::to_string(pick(3, 5));
    entry.key_id = pick(5, 4) == 0 ? std::string() : "key-" + std::to_string(pick(7, 9));
    entry.provider = pick(11, 2) == 0 ? "openai" : "anthropic";
    entry.model_requested = "model-" + std::to_string(pick(12, 11));
    if (pick(16, 3) == 0) entry.model_served = entry.model_requested + "-served";
    entry.path = "/v1/chat/completions";
    entry.started_at = aiaudit::timestamp::from_seconds(
        1'790'000'000 + static_cast<std::int64_t>(pick(8, 20 * 86'400)));
    if (pick(18, 4) != 0) entry.duration_ns = 1'000'000 + pick(20, 90'000'000'000);
    entry.http_status = pick(22, 10) == 0 ? std::uint16_t{429} : std::uint16_t{200};
    if (entry.http_status == 429) entry.error_type = "rate_limit_error";
    entry.usage.set(aiaudit::unit::input_tokens, pick(24, 100'000));
    entry.usage.set(aiaudit::unit::output_tokens, pick(30, 10'000));
    if (pick(33, 2) == 0) entry.usage.set(aiaudit::unit::cache_read_tokens, pick(34, 1000));
    entry.cost_status =
        pick(36, 20) == 0 ? aiaudit::cost_status::unpriced : aiaudit::cost_status::priced;
    if (entry.cost_status == aiaudit::cost_status::priced)
        entry.cost = aiaudit::money::from_pico(static_cast<std::int64_t>(bits >> 16));
    entry.price_entry = "entry-" + std::to_string(pick(40, 6));
    for (std::size_t i = 0; i < entry.price_book.bytes.size(); ++i)
        entry.price_book.bytes[i] = static_cast<std::uint8_t>(pick(44, 2) + i);
    entry.operation_id = aiaudit::make_operation_id(entry.started_at, bits, scrambled(bits));
    entry.attempt = pick(45, 8) == 0 ? 2 : 1;
    entry.provider_request_id = std::to_string(of.writer) + "/" + std::to_string(of.counter);
    if (pick(48, 6) == 0) entry.tags = {{"note", std::string(pick(50, 600), 'n')}};
    return entry;
}

[[nodiscard]] inline std::optional<identity> identity_in(aiaudit::record const& entry) noexcept {
    identity found;
    if (entry.kind == aiaudit::record_kind::retention) {
        found.writer = retention_writer;
        for (auto const& [name, value] : entry.tags) {
            if (name == "segment")
                std::from_chars(value.data(), value.data() + value.size(), found.counter);
        }
        return found;
    }
    std::string_view const text = entry.provider_request_id;
    char const* const end = text.data() + text.size();
    auto const writer = std::from_chars(text.data(), end, found.writer);
    if (writer.ec != std::errc{} || writer.ptr == end || *writer.ptr != '/') return std::nullopt;
    auto const counter = std::from_chars(writer.ptr + 1, end, found.counter);
    if (counter.ec != std::errc{} || counter.ptr != end) return std::nullopt;
    return found;
}

enum class told : std::uint32_t {
    committed = 1,  // wait() answered with this sequence
    flushed = 2,    // a flush() that began after the relaxed append went well
    refused = 3,    // enqueue() or wait() answered with an error: it must not be in the log
    failure = 4,    // an error (`counter` is its code) that may mean any relaxed append
    dropped = 5,    // retention may drop it, and it stands at this sequence
};

// One note of a writer, as its file holds it.
struct promise {
    std::uint32_t writer = 0;
    told what{};
    std::uint64_t counter = 0;
    std::uint64_t sequence = 0;
};
static_assert(sizeof(promise) == 24);

// Notes are appended by one write(2) each, to a file that outlives the writer's death: nothing is
// kept in the process. Where a power cut is played the file stands on another file system.
class promise_file {
public:
    explicit promise_file(std::string const& path)
        : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
        if (descriptor_ < 0) throw std::runtime_error("cannot open " + path);
    }
    promise_file(promise_file const&) = delete;
    promise_file& operator=(promise_file const&) = delete;
    ~promise_file() { ::close(descriptor_); }

    void note(identity of, told what, std::uint64_t sequence = 0) const {
        promise const entry{of.writer, what, of.counter, sequence};
        if (::write(descriptor_, &entry, sizeof entry) != static_cast<ssize_t>(sizeof entry))
            throw std::runtime_error("cannot write down a promise");
    }

private:
    int descriptor_;
};

// What the file holds; a note that a kill cut short was not given.
[[nodiscard]] inline std::vector<promise> read_promises(std::string const& path) {
    int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    std::vector<promise> all;
    if (descriptor < 0) return all;  // the writer died before it made it
    promise entry;
    while (::read(descriptor, &entry, sizeof entry) == static_cast<ssize_t>(sizeof entry))
        all.push_back(entry);
    ::close(descriptor);
    return all;
}

// A checkpoint that was kept elsewhere: the key that signed it on the first line, then the note.
inline void keep_checkpoint(std::string const& file, aiaudit::checkpoint const& state) {
    static auto const key = aiaudit::note_signing_key::generate(state.origin).value();
    std::ofstream(file + ".new") << key.verification_key().to_string() << "\n"
                                 << aiaudit::sign_checkpoint(state, key).value();
    if (std::rename((file + ".new").c_str(), file.c_str()) != 0)
        throw std::runtime_error("cannot keep a checkpoint");
}
[[nodiscard]] inline std::optional<aiaudit::verified_checkpoint> kept_checkpoint(
    std::string const& file) {
    std::ifstream in(file);
    std::string key;
    if (!std::getline(in, key)) return std::nullopt;
    std::string const note(std::istreambuf_iterator<char>(in), {});
    return aiaudit::open_checkpoint(note, aiaudit::note_verification_key::parse(key).value())
        .value();
}

}  // namespace aiaudit_torture

#endif  // AIAUDIT_TESTS_TORTURE_IDENTITY_HPP
