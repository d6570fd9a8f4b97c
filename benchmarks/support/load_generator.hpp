// SPDX-License-Identifier: MIT
//
// load_generator.hpp: clients of an HTTP server, in one thread: a load at a fixed rate, as much as
// the server takes, idle clients, and streams held open.
//
// At a fixed rate requests are due at fixed times, whatever the answers take, and a time counts
// from when its request was due: a server that stalls is charged for all who would have waited.
// Each answer is checked before its time counts; a wrong one ends the benchmark.
#ifndef AIAUDIT_BENCHMARKS_SUPPORT_LOAD_GENERATOR_HPP
#define AIAUDIT_BENCHMARKS_SUPPORT_LOAD_GENERATOR_HPP

#include "http_framing.hpp"

#include <sys/resource.h>
#include <boost/asio.hpp>

#include <deque>
#include <functional>
#include <memory>

namespace benchmark_support {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

struct load_plan {
    std::uint16_t port = 0;                       // of this machine
    std::string request{};                        // the whole of it, head and body
    std::function<std::string()> next_request{};  // in place of that, another one each time
    // Calls stop() on an answer that is wrong.
    std::function<void(message_reader const&)> check{};
    std::size_t connections = 64;
    double rate = 0;  // a second; 0: each client asks again when it has its answer
    double warm_s = 1;
    double measured_s = 4;
};

struct load_result {
    std::vector<double> total_us{};       // until the whole answer was there
    std::vector<double> first_byte_us{};  // until the first of its body was
    double rate = 0;                      // answers a second
    std::uint64_t answers = 0;            // all, the warm-up's too
};

inline std::string http_post(std::string const& path, std::string const& headers,
                             std::string const& body) {
    return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" +
           headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// As many descriptors as may be had: thousands of connections have two ends here.
inline void allow_many_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

// A client that keeps its connection. It must outlive its io_context's run.
class load_client {
public:
    load_client(asio::io_context& io, load_plan const& plan) : plan_(plan), socket_(io) {
        socket_.connect({asio::ip::address_v4::loopback(), plan.port});
        socket_.set_option(tcp::no_delay(true));
    }
    // Asks, and calls answered() when the whole answer is there and right.
    void ask(std::function<void()> answered) {
        answered_ = std::move(answered);
        if (plan_.next_request) request_ = plan_.next_request();
        answer_.clear();
        first_byte_at_.reset();
        asio::async_write(socket_, asio::buffer(plan_.next_request ? request_ : plan_.request),
                          [this](boost::system::error_code broken, std::size_t) {
                              if (broken) lost(broken);
                              read();
                          });
    }
    // When the first byte of the answer's body came, if it did.
    [[nodiscard]] std::optional<steady::time_point> first_byte_at() const { return first_byte_at_; }
    std::function<void()> when_begun{};  // called at that byte, where there is one to call

private:
    void read() {
        socket_.async_read_some(asio::buffer(bytes_),
                                [this](boost::system::error_code broken, std::size_t count) {
                                    if (broken == asio::error::eof && answer_.ends_when_closed())
                                        return end();
                                    if (broken) lost(broken);
                                    bool const ended = answer_.take({bytes_.data(), count});
                                    if (!first_byte_at_ && !answer_.body().empty()) {
                                        first_byte_at_ = steady::now();
                                        if (when_begun) when_begun();
                                    }
                                    return ended ? end() : read();
                                });
    }
    void end() {
        if (plan_.check) plan_.check(answer_);
        // By a copy: the next ask() replaces the one that runs.
        auto const answered = std::move(answered_);
        answered();
    }
    [[noreturn]] void lost(boost::system::error_code why) const {
        stop("a connection of the load was lost " +
             std::string(answer_.begun() ? "within an answer: " : "before an answer: ") +
             why.message());
    }

    load_plan const& plan_;
    std::string request_{};
    tcp::socket socket_;
    message_reader answer_{message_kind::response};
    std::array<char, 16'384> bytes_{};
    std::function<void()> answered_{};
    std::optional<steady::time_point> first_byte_at_{};
};

// One run of a plan.
class load_run {
public:
    explicit load_run(load_plan plan) : plan_(std::move(plan)) {
        for (std::size_t i = 0; i < plan_.connections; ++i)
            free_.push_back(clients_.emplace_back(std::make_unique<load_client>(io_, plan_)).get());
        auto const expected = plan_.rate * plan_.measured_s * 1.1;
        result_.total_us.reserve(static_cast<std::size_t>(expected) + 100'000);
        result_.first_byte_us.reserve(result_.total_us.capacity());
    }
    load_result run() {
        start_ = steady::now();
        counted_from_ = start_ + seconds(plan_.warm_s);
        counted_until_ = counted_from_ + seconds(plan_.measured_s);
        if (plan_.rate > 0) {
            tick();
        } else {
            while (!free_.empty()) ask(steady::now());
        }
        io_.run();
        if (result_.total_us.empty()) stop("a load got no answer");
        result_.rate = static_cast<double>(result_.total_us.size()) / plan_.measured_s;
        return std::move(result_);
    }

private:
    static steady::duration seconds(double count) {
        return std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(count));
    }
    // Asks for all that is due, and sleeps until the next is.
    void tick() {
        auto const now = steady::now();
        for (; next_due() <= now && next_due() < counted_until_; ++asked_) {
            due_.push_back(next_due());
            while (!free_.empty() && !due_.empty()) ask_due();
        }
        if (now - (due_.empty() ? now : due_.front()) > std::chrono::seconds(5))
            stop("the server does not keep up with " + std::to_string(plan_.rate) + " a second");
        if (next_due() >= counted_until_) return;
        timer_.expires_at(next_due());
        timer_.async_wait([this](boost::system::error_code) { tick(); });
    }
    [[nodiscard]] steady::time_point next_due() const {
        return start_ + seconds(static_cast<double>(asked_) / plan_.rate);
    }
    void ask_due() {
        auto const due = due_.front();
        due_.pop_front();
        ask(due);
    }
    void ask(steady::time_point due) {
        load_client* const client = free_.front();  // in turn, so that each is used
        free_.pop_front();
        client->ask([this, client, due] { answered(client, due); });
    }
    void answered(load_client* client, steady::time_point due) {
        auto const now = steady::now();
        ++result_.answers;
        // A fixed rate counts what was due within the time, the other what was answered in it.
        auto const counts_by = plan_.rate > 0 ? due : now;
        if (counts_by >= counted_from_ && counts_by < counted_until_) {
            result_.total_us.push_back(microseconds(now - due));
            if (auto const first = client->first_byte_at())
                result_.first_byte_us.push_back(microseconds(*first - due));
        }
        free_.push_back(client);
        if (plan_.rate > 0) {
            if (!due_.empty()) ask_due();
        } else if (now < counted_until_) {
            ask(now);
        }
    }
    static double microseconds(steady::duration time) {
        return std::chrono::duration<double, std::micro>(time).count();
    }

    load_plan plan_;
    asio::io_context io_{1};
    asio::steady_timer timer_{io_};
    std::vector<std::unique_ptr<load_client>> clients_{};
    std::deque<load_client*> free_{};
    std::deque<steady::time_point> due_{};  // for which no client was free
    steady::time_point start_{};
    steady::time_point counted_from_{};
    steady::time_point counted_until_{};
    std::uint64_t asked_ = 0;
    load_result result_{};
};

inline load_result run_load(load_plan plan) { return load_run(std::move(plan)).run(); }

// Clients that have asked once, and now keep their connections and say nothing.
class idle_clients {
public:
    explicit idle_clients(load_plan plan) : plan_(std::move(plan)) {
        for (std::size_t i = 0; i < plan_.connections; ++i)
            clients_.push_back(std::make_unique<load_client>(io_, plan_));
        all_ask();
    }
    // Each asks once more, and is answered.
    void all_ask() {
        io_.restart();
        for (auto const& each : clients_) each->ask([this] { ++answers_; });
        io_.run();
    }
    [[nodiscard]] std::uint64_t answers() const { return answers_; }

private:
    load_plan plan_;
    asio::io_context io_{1};
    std::vector<std::unique_ptr<load_client>> clients_{};
    std::uint64_t answers_ = 0;
};

// Opens the plan's connections, each with a stream; calls when_all_open() once all have begun and
// none has ended, then waits for their ends.
template <class WhenAllOpen>
void hold_streams(load_plan plan, WhenAllOpen when_all_open) {
    asio::io_context io{1};
    std::vector<std::unique_ptr<load_client>> clients;
    std::size_t begun = 0;
    std::size_t ended = 0;
    for (std::size_t i = 0; i < plan.connections; ++i) {
        auto& client = clients.emplace_back(std::make_unique<load_client>(io, plan));
        client->when_begun = [&] {
            if (++begun < plan.connections) return;
            if (ended != 0) stop("a stream ended before all were open: let the mock pause longer");
            when_all_open();
        };
        client->ask([&ended] { ++ended; });
        io.poll();
    }
    io.run();
    check(begun == plan.connections && ended == plan.connections, "the streams held open");
}

}  // namespace benchmark_support

#endif  // AIAUDIT_BENCHMARKS_SUPPORT_LOAD_GENERATOR_HPP
