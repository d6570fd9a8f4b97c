// SPDX-License-Identifier: MIT
//
// yardsticks: how quick this machine is, by things that no change of ours makes quicker or slower.
// scripts/bench takes them before each run, and bars are multiples of them.
//
// sha256_mb_s       SHA-256 of 1 MiB blocks by libcrypto, one thread
// memory_ns         a load that misses every cache it can: a random cycle through 64 MiB, a line a
//                   step, one thread; page table misses included
// json_us           boost::json::parse() of a chat completion of 1.4 kB, value freed included
// fdatasync_us      p50 of: 4 KiB written over the same 1 MiB of a file in --dir, then fdatasync()
// fdatasync_p99_us  p99 of the same
// Usage: yardsticks [--json FILE] [--dir DIR]        DIR: the current directory

#include "support.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <boost/json.hpp>

#include <numeric>
#include <random>

namespace {

using namespace benchmark_support;

double sha256_mb_s() {
    std::string const block(std::size_t{1} << 20, 'a');
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    auto const hash = [&] {
        if (EVP_Digest(block.data(), block.size(), digest.data(), nullptr, EVP_sha256(), nullptr) !=
            1)
            stop("libcrypto has no SHA-256");
    };
    double const us = median_us(101, hash);
    // Of 1,048,576 times "a".
    check(digest[0] == 0x9b && digest[1] == 0xc1 && digest[2] == 0xb2, "SHA-256");
    return static_cast<double>(block.size()) / us;
}

double memory_ns() {
    constexpr std::size_t line_bytes = 64;
    constexpr std::size_t lines = (std::size_t{64} << 20) / line_bytes;
    constexpr std::size_t steps = 200'000;
    struct alignas(line_bytes) line {
        std::uint32_t next;
    };
    std::vector<line> memory(lines);
    // Sattolo's shuffle: one cycle through all of them.
    std::mt19937_64 random(1);
    std::vector<std::uint32_t> order(lines);
    std::iota(order.begin(), order.end(), 0U);
    for (std::size_t i = lines - 1; i > 0; --i)
        std::swap(order[i], order[std::uniform_int_distribution<std::size_t>(0, i - 1)(random)]);
    for (std::size_t i = 0; i < lines; ++i) memory[i].next = order[i];
    std::uint32_t place = 0;
    double const us = median_us(9, [&] {
        for (std::size_t i = 0; i < steps; ++i) place = memory[place].next;
    });
    check(place != 0, "the cycle is longer than the steps");
    return us * 1e3 / steps;
}

std::string completion() {
    std::string prose;
    while (prose.size() < 1'000) prose += "The heron waits where the river bends, and waits. ";
    return R"({"id":"chatcmpl-D4f8Kq2Zc7Lw9Xb1","object":"chat.completion","created":1786000000,)"
           R"("model":"gpt-4.1-2025-04-14","choices":[{"index":0,"message":{"role":"assistant",)"
           R"("content":")" +
           prose +
           R"(","refusal":null},"logprobs":null,"finish_reason":"stop"}],)"
           R"("usage":{"prompt_tokens":300,"completion_tokens":250,"total_tokens":550,)"
           R"("prompt_tokens_details":{"cached_tokens":0},)"
           R"("completion_tokens_details":{"reasoning_tokens":0}},)"
           R"("service_tier":"default","system_fingerprint":"fp_3b1c"})";
}

double json_us() {
    constexpr int group = 100;
    std::string const body = completion();
    std::int64_t tokens = 0;
    double const us = median_us(201, [&] {
        tokens = 0;
        for (int i = 0; i < group; ++i)
            tokens += boost::json::parse(body).at("usage").at("total_tokens").as_int64();
    });
    check(tokens == 550 * group, "the tokens in the JSON");
    return us / group;
}

class synced_file {
public:
    explicit synced_file(std::string const& directory)
        : descriptor_(::open((directory + "/yardstick").c_str(), O_RDWR | O_CREAT | O_EXCL, 0600)) {
        if (descriptor_ < 0) stop("cannot make a file in " + directory);
    }
    ~synced_file() { ::close(descriptor_); }
    synced_file(synced_file const&) = delete;
    synced_file& operator=(synced_file const&) = delete;

    void write(std::string const& bytes, std::size_t offset) const {
        auto const written =
            ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written != static_cast<ssize_t>(bytes.size())) stop("cannot write the file to sync");
    }
    void sync() const {
        if (::fdatasync(descriptor_) != 0) stop("fdatasync() failed");
    }

private:
    int descriptor_;
};

std::vector<double> fdatasync_times(std::string const& directory) {
    constexpr std::size_t page = 4096;
    constexpr std::size_t file = std::size_t{1} << 20;
    synced_file const target(directory);
    target.write(std::string(file, 'a'), 0);
    target.sync();
    std::size_t offset = 0;
    return times_us(300, [&] {
        target.write(std::string(page, static_cast<char>('b' + offset / page % 20)), offset);
        target.sync();
        offset = (offset + page) % file;
    });
}

void run(std::vector<std::string> const& words) {
    std::string json;
    std::string directory = ".";
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size()) stop("no value for " + words[i]);
        if (words[i] == "--json")
            json = words[i + 1];
        else if (words[i] == "--dir")
            directory = words[i + 1];
        else
            stop("unknown option " + words[i]);
    }
    scratch_directory const scratch(directory);
    figure_table figures(18, 2);
    figures.add("sha256_mb_s", sha256_mb_s(), "MB/s");
    figures.add("memory_ns", memory_ns(), "ns");
    figures.add("json_us", json_us(), "us");
    auto const times = fdatasync_times(scratch.path());
    figures.add("fdatasync_us", percentile(times, 50), "us");
    figures.add("fdatasync_p99_us", percentile(times, 99), "us");
    figures.write_json(json);
}

}  // namespace

int main(int argc, char** argv) {
    return run_benchmark("yardsticks", [&] { run({argv + 1, argv + argc}); });
}
