// SPDX-License-Identifier: MIT
//
// gateway: what `aiaudit serve` adds to a call, how many it carries, and what others do beside it
// on the same machine in the same run. The gateway is a process of its own, with audit, cost and
// two budgets on and intents not waited for; the mock provider and the load are in this one.
//
// direct_peak_rps         the mock alone, asked by 64 clients as quickly as it answers: 0.2 kB
//                         asked, 1.4 kB answered
// peak_rps                the same through the gateway; the best of 16, 64 and 256 clients
// cpu_us                  processor time of the gateway for one of these
// added_p50_us ...        total minus direct, the medians of three runs each, in turn, at half of
//                         peak_rps: open loop, a time counts from when its request was due
// through_p99_us          the whole, for the next but one
// added_60ms_p50_us ...   the same where the provider takes 60 ms
// idle512_p99_us          the whole at that rate, with 512 clients beside who keep connections and
//                         say nothing; each is answered again afterwards
// peak_50k_rps, added_50k_p50_us  prompts of 50 kB; at half of that peak
// sse_first_byte_added_us streams of 20 chunks, 5 ms apart: until the first byte of the body,
//                         median, at a hundredth of peak_rps
// streams1000_rss_mb      the most memory that a new gateway had, which held 1,000 streams at once
// names_rss_mb            the same of one that was asked for a million models that do not exist,
//                         each once, by one key
// portkey_peak_rps, portkey_added_p50_us  theirs, at half of its own peak; litellm_... where asked
// peak_vs_portkey         peak_rps over portkey_peak_rps
// Every answer is checked, and the ledger afterwards: an outcome for each, at its exact cost.
// Usage: gateway [--json FILE] [--program FILE] [--serve WORDS] [--dir DIR] [--seconds S]
//                [--rivals NAME[,NAME]|none] [--rate N] [--only small|names] [--names N]
// program: build/bench/tools/aiaudit; rate: of small requests, in place of half of peak_rps

#include "support/child_process.hpp"
#include "support/gateway_rivals.hpp"
#include "support/load_generator.hpp"
#include "support/mock_provider.hpp"

#include <aiaudit/ledger.hpp>

namespace {

using namespace benchmark_support;

constexpr std::string_view provider_key = "sk-bench-provider";
// gpt-4o-mini: 0.15 and 0.60 USD for a million tokens.
constexpr std::int64_t cost_pico = mock_input_tokens * 150'000 + mock_output_tokens * 600'000;

struct bench_options {
    std::string json{};
    std::string program{};
    std::string serve = "--durability relaxed";
    std::string dir = std::filesystem::temp_directory_path();
    std::string rivals = "portkey";
    double seconds = 4;
    double rate = 0;
    std::string only{};
    std::uint64_t names = 1'000'000;
};

std::string chat_body(std::size_t prompt_bytes, bool stream) {
    return R"({"model":")" + std::string(mock_model) + R"(","max_tokens":300,)" +
           (stream ? R"("stream":true,"stream_options":{"include_usage":true},)" : "") +
           R"("messages":[{"role":"user","content":")" + prose(prompt_bytes) + R"("}]})";
}

void check_whole(message_reader const& answer) {
    check(answer.status() == 200 && answer.body().size() == mock_body_bytes &&
              answer.body().starts_with(R"({"id":"chatcmpl-)") && answer.body().ends_with("}"),
          "an answer: " + std::string(answer.start_line()) + " " +
              std::string(answer.body().substr(0, 300)));
}

void check_stream(message_reader const& answer) {
    check(answer.status() == 200 && answer.body().starts_with("data: {") &&
              answer.body().find(mock_usage()) != std::string_view::npos &&
              answer.body().ends_with("data: [DONE]\n\n"),
          "a stream: " + std::string(answer.start_line()));
}

// Who is asked: the mock itself, or a gateway.
struct target {
    std::uint16_t port = 0;
    std::string headers{};
    std::string path = "/v1/chat/completions";
    std::uint64_t answers = 0;  // so far
};

enum class what_is_asked { small, long_prompt, stream };

load_plan plan_for(target const& to, what_is_asked what, double seconds) {
    load_plan plan;
    plan.port = to.port;
    plan.measured_s = seconds;
    std::size_t const prompt_bytes = what == what_is_asked::long_prompt ? 50'000 : 100;
    bool const stream = what == what_is_asked::stream;
    plan.request = http_post(to.path, to.headers, chat_body(prompt_bytes, stream));
    plan.check = stream ? check_stream : check_whole;
    return plan;
}

load_result run_counted(target& to, load_plan plan) {
    load_result got = run_load(std::move(plan));
    to.answers += got.answers;
    return got;
}

double peak_of(target& to, what_is_asked what, std::vector<std::size_t> const& clients,
               double seconds) {
    double best = 0;
    for (std::size_t const each : clients) {
        load_plan plan = plan_for(to, what, seconds);
        plan.connections = each;
        best = std::max(best, run_counted(to, std::move(plan)).rate);
    }
    return best;
}

// Medians of a few runs.
struct times_at_rate {
    double p50 = 0;
    double p99 = 0;
    double first_byte_p50 = 0;
};

class rounds {
public:
    void add(load_result const& run) {
        p50_.push_back(percentile(run.total_us, 50));
        p99_.push_back(percentile(run.total_us, 99));
        first_byte_.push_back(percentile(run.first_byte_us, 50));
    }
    [[nodiscard]] times_at_rate medians() const {
        return {percentile(p50_, 50), percentile(p99_, 50), percentile(first_byte_, 50)};
    }

private:
    std::vector<double> p50_{};
    std::vector<double> p99_{};
    std::vector<double> first_byte_{};
};

struct compared {
    times_at_rate direct{};
    times_at_rate through{};
    [[nodiscard]] double added_p50() const { return through.p50 - direct.p50; }
    [[nodiscard]] double added_p99() const { return through.p99 - direct.p99; }
};

// In turn, so that whatever else the machine does meets both.
compared compare(target& direct, target& through, what_is_asked what, double rate, double delay_s,
                 double seconds) {
    rounds of_direct;
    rounds of_through;
    for (int round = 0; round < 3; ++round) {
        for (bool const first : {true, false}) {
            target& to = first ? direct : through;
            load_plan plan = plan_for(to, what, seconds);
            plan.rate = rate;
            // Enough that no request waits for a client while all is well.
            plan.connections = 64 + static_cast<std::size_t>(rate * delay_s * 1.5);
            (first ? of_direct : of_through).add(run_counted(to, std::move(plan)));
        }
    }
    return {of_direct.medians(), of_through.medians()};
}

std::vector<std::string> words_of(std::string const& text, char between) {
    std::vector<std::string> words;
    std::istringstream from(text);
    for (std::string word; std::getline(from, word, between);)
        if (!word.empty()) words.push_back(word);
    return words;
}

// `aiaudit serve` with a ledger of its own.
class own_gateway {
public:
    own_gateway(bench_options const& with, std::string const& scratch, std::string const& name,
                mock_provider const& mock, bool with_budgets = true)
        : program_(with.program), db_(scratch + "/" + name), log_(db_ + ".log") {
        std::filesystem::create_directory(db_);
        if (with_budgets) {
            set_budget("all", "everyone", "day");
            set_budget("users", "each-user", "month");
        }
        to_.port = free_port();
        std::vector<std::string> words{program_,     "serve",
                                       "--db",       db_,
                                       "--listen",   "127.0.0.1:" + std::to_string(to_.port),
                                       "--upstream", "openai=" + mock.origin(),
                                       "--keys",     "optional"};
        for (std::string& each : words_of(with.serve, ' ')) words.push_back(std::move(each));
        process_ = std::make_unique<child_process>(
            words, log_, std::vector<std::string>{"OPENAI_API_KEY=" + std::string(provider_key)});
        process_->wait_until_it_listens(to_.port, 30);
    }
    [[nodiscard]] target& to() { return to_; }
    [[nodiscard]] double peak_rss_mb() const { return process_->peak_rss_mb(); }
    [[nodiscard]] double cpu_seconds() const { return process_->cpu_seconds(); }

    // Ends it, and looks at what it wrote: an outcome for each answer, at its cost.
    void end(int status = 200, std::int64_t pico = cost_pico) {
        check(process_->end(60) == 0, "the gateway's end: " + process_->last_words());
        auto const ledger =
            must(aiaudit::ledger::open({.path = db_, .create = false, .read_only = true}));
        std::uint64_t outcomes = 0;
        std::uint64_t right = 0;
        must(ledger.read(aiaudit::sequence{1}, [&](aiaudit::sequence, aiaudit::record&& entry) {
            if (entry.kind != aiaudit::record_kind::outcome) return true;
            ++outcomes;
            right += entry.http_status == status &&
                     (entry.cost_status == aiaudit::cost_status::priced || status != 200) &&
                     entry.cost == aiaudit::money::from_pico(pico);
            return true;
        }));
        check(outcomes == to_.answers && right == outcomes,
              std::to_string(to_.answers) + " answers, but " + std::to_string(outcomes) +
                  " outcomes, " + std::to_string(right) + " of them right");
    }

private:
    void set_budget(std::string const& name, std::string const& scope, std::string const& window) {
        bool const set = succeeds({program_, "budget", "set", "--db", db_, "--name", name,
                                   "--limit", "1000000000", "--scope", scope, "--window", window},
                                  log_);
        if (!set) stop("no budget could be set: " + std::string(program_));
    }

    std::string program_;
    std::string db_;
    std::string log_;
    target to_{};
    std::unique_ptr<child_process> process_{};
};

// Gives the answers of a fixed rate with many idle clients beside.
load_result beside_idle(target& to, double rate, double seconds) {
    load_plan idle = plan_for(to, what_is_asked::small, seconds);
    idle.connections = 512;
    idle_clients clients(std::move(idle));
    load_plan plan = plan_for(to, what_is_asked::small, seconds);
    plan.rate = rate;
    load_result got = run_counted(to, std::move(plan));
    clients.all_ask();
    check(clients.answers() == 2 * 512, "idle clients were not answered");
    to.answers += clients.answers();
    return got;
}

double memory_of_streams(bench_options const& with, std::string const& scratch,
                         mock_provider& mock) {
    own_gateway gateway(with, scratch, "streams", mock);
    mock.behave({.chunks = 5, .pause = std::chrono::milliseconds(2'000)});
    load_plan plan = plan_for(gateway.to(), what_is_asked::stream, 0);
    plan.connections = 1'000;
    hold_streams(plan, [] {});
    gateway.to().answers += plan.connections;
    double const memory = gateway.peak_rss_mb();
    gateway.end();
    mock.behave({});
    return memory;
}

double memory_of_names(bench_options const& with, std::string const& scratch, mock_provider& mock) {
    own_gateway gateway(with, scratch, "names", mock, false);
    mock.behave({.knows_models = false});
    std::uint64_t name = 0;
    load_plan plan = plan_for(gateway.to(), what_is_asked::small, 1);
    plan.warm_s = 0;
    plan.next_request = [&] {
        return http_post(gateway.to().path, gateway.to().headers,
                         R"({"model":"invented-)" + std::to_string(++name) +
                             R"(","messages":[{"role":"user","content":"Hello"}]})");
    };
    plan.check = [](message_reader const& answer) {
        check(answer.status() == 404, "a model that does not exist was answered");
    };
    while (name < with.names) run_counted(gateway.to(), plan);
    double const memory = gateway.peak_rss_mb();
    gateway.end(404, 0);
    mock.behave({});
    return memory;
}

// Returns the peak.
double measure_own(figure_table& figures, bench_options const& with, std::string const& scratch,
                   mock_provider& mock) {
    target direct{.port = mock.port()};
    own_gateway gateway(with, scratch, "ledger", mock);
    target& through = gateway.to();
    double const s = with.seconds;
    using what = what_is_asked;

    figures.add("direct_peak_rps", peak_of(direct, what::small, {64}, s), "1/s");
    double const peak = peak_of(through, what::small, {16, 64, 256}, s);
    figures.add("peak_rps", peak, "1/s");
    figures.add("cpu_us", gateway.cpu_seconds() * 1e6 / static_cast<double>(through.answers), "us");
    double const rate = with.rate > 0 ? with.rate : peak / 2;
    auto const small = compare(direct, through, what::small, rate, 0, s);
    figures.add("direct_p50_us", small.direct.p50, "us");
    figures.add("added_p50_us", small.added_p50(), "us");
    figures.add("added_p99_us", small.added_p99(), "us");
    figures.add("through_p99_us", small.through.p99, "us");
    if (with.only == "small") {
        gateway.end();
        return peak;
    }
    auto const idle = beside_idle(through, rate, s);
    figures.add("idle512_p99_us", percentile(idle.total_us, 99), "us");

    mock.behave({.delay = std::chrono::milliseconds(60)});
    auto const late = compare(direct, through, what::small, rate, 0.06, s);
    mock.behave({});
    figures.add("added_60ms_p50_us", late.added_p50(), "us");
    figures.add("added_60ms_p99_us", late.added_p99(), "us");

    double const peak_long = peak_of(through, what::long_prompt, {64}, s);
    figures.add("peak_50k_rps", peak_long, "1/s");
    auto const longer = compare(direct, through, what::long_prompt, peak_long / 2, 0, s);
    figures.add("added_50k_p50_us", longer.added_p50(), "us");

    mock.behave({.chunks = 20, .pause = std::chrono::milliseconds(5)});
    auto const streams = compare(direct, through, what::stream, peak / 100, 0.2, s);
    mock.behave({});
    figures.add("sse_first_byte_added_us",
                streams.through.first_byte_p50 - streams.direct.first_byte_p50, "us");
    gateway.end();
    figures.add("streams1000_rss_mb", memory_of_streams(with, scratch, mock), "MB");
    figures.add("names_rss_mb", memory_of_names(with, scratch, mock), "MB");
    return peak;
}

std::optional<double> measure_rival(figure_table& figures, std::string const& name, rival running,
                                    bench_options const& with, mock_provider& mock) {
    std::optional<double> peak;
    std::optional<double> added;
    if (running) {
        target direct{.port = mock.port()};
        target through{.port = running->port, .headers = running->headers, .path = running->path};
        peak = peak_of(through, what_is_asked::small, {16, 64}, with.seconds);
        added =
            compare(direct, through, what_is_asked::small, *peak / 2, 0, with.seconds).added_p50();
    }
    figures.add(name + "_peak_rps", peak, "1/s");
    figures.add(name + "_added_p50_us", added, "us");
    return peak;
}

void measure_rivals(figure_table& figures, double own_peak, bench_options const& with,
                    std::string const& scratch, mock_provider& mock) {
    if (with.rivals == "none") return;
    for (std::string const& name : words_of(with.rivals, ',')) {
        if (name != "portkey" && name != "litellm") stop("no rival is named " + name);
        auto const peak = measure_rival(
            figures, name,
            name == "portkey" ? start_portkey(scratch, mock) : start_litellm(scratch, mock), with,
            mock);
        std::optional<double> ratio;
        if (peak) ratio = own_peak / *peak;
        figures.add("peak_vs_" + name, ratio, "x");
    }
}

bench_options read_options(std::vector<std::string> const& words) {
    bench_options with;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size()) stop("no value for " + words[i]);
        std::string const& value = words[i + 1];
        if (words[i] == "--json")
            with.json = value;
        else if (words[i] == "--program")
            with.program = value;
        else if (words[i] == "--serve")
            with.serve = value;
        else if (words[i] == "--dir")
            with.dir = value;
        else if (words[i] == "--rivals")
            with.rivals = value;
        else if (words[i] == "--seconds")
            with.seconds = std::stod(value);
        else if (words[i] == "--rate")
            with.rate = std::stod(value);
        else if (words[i] == "--only" && (value == "small" || value == "names"))
            with.only = value;
        else if (words[i] == "--names")
            with.names = std::stoull(value);
        else
            stop("unknown option " + words[i]);
    }
    if (with.program.empty())
        with.program = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() /
                       "tools" / "aiaudit";
    if (!std::filesystem::exists(with.program))
        stop("there is no " + with.program + ": build the tools too, or name one by --program");
    if (with.seconds < 0.5) stop("--seconds is 0.5 at least");
    return with;
}

void run(std::vector<std::string> const& words) {
    bench_options const with = read_options(words);
    scratch_directory const scratch(with.dir);
    allow_many_descriptors();
    mock_provider mock;
    figure_table figures(28, 1);
    if (with.only == "names") {
        figures.add("names_rss_mb", memory_of_names(with, scratch.path(), mock), "MB");
    } else {
        double const peak = measure_own(figures, with, scratch.path(), mock);
        measure_rivals(figures, peak, with, scratch.path(), mock);
    }
    check(mock.faults() == 0, "the mock was asked for something else, or left within a request");
    figures.write_json(with.json);
}

}  // namespace

int main(int argc, char** argv) {
    return run_benchmark("gateway", [&] { run({argv + 1, argv + argc}); });
}
