// SPDX-License-Identifier: MIT
//
// cardinality: ten million records of a million users, and what memory that takes.
//
// Each phase is a process of its own, whose most memory is asked from the kernel: private memory
// (what the process allocated, sampled each 20 ms) and all of it, pages of mapped files included.
//   import    rows of a CSV file parsed, priced and committed; the process ends by SIGKILL
//   open      the ledger opened after that as a service that starts again does, and a first report
//   report    opened by a new process; users by cost, the first 100; then the same again
//   verify    every record and everything that is saved
// The rate is compared with an import of as many records of 1,000 users.
// Usage: cardinality [--json FILE] [--records N] [--users N] [--keys N] [--days N] [--models N]

#include "support.hpp"

#include <aiaudit/aiaudit.hpp>

#include <atomic>
#include <cstdio>
#include <map>

#include <sys/wait.h>

namespace {

using namespace benchmark_support;

struct shape {
    std::uint64_t records = 10'000'000;
    std::uint64_t users = 1'000'000;
    std::uint64_t keys = 5'000;
    std::uint64_t days = 90;
    std::uint64_t models = 20;
    std::string directory{};
    std::string phase{};
    std::string json{};

    [[nodiscard]] std::string words() const {
        std::string text;
        for (auto const& [name, value] :
             std::map<std::string, std::uint64_t>{{"--records", records},
                                                  {"--users", users},
                                                  {"--keys", keys},
                                                  {"--days", days},
                                                  {"--models", models}})
            text += " " + name + " " + std::to_string(value);
        return text;
    }
};

constexpr char const* known_models[] = {
    "gpt-4o",     "gpt-4o-mini",   "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-5",
    "gpt-5-mini", "gpt-5-nano",    "o3",      "o4-mini",      "o3-mini",      "gpt-4-turbo",
    "gpt-4",      "gpt-3.5-turbo", "o1",      "gpt-5.1",      "o1-mini",      "o3-pro",
    "gpt-5-pro",  "gpt-5.2"};

// 1 where the status file has none of it.
std::uint64_t status_kb(std::string_view name) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(name))
            return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10);
    return 1;
}

// The most private memory that this process had.
class memory_watch {
public:
    memory_watch()
        : thread_([this] {
              while (!ended_.load()) {
                  most_kb_ = std::max(most_kb_.load(), status_kb("RssAnon"));
                  std::this_thread::sleep_for(std::chrono::milliseconds(20));
              }
          }) {}
    ~memory_watch() {
        ended_ = true;
        thread_.join();
    }
    void print() const {
        std::printf("private_mb %.1f\nall_mb %.1f\n", static_cast<double>(most_kb_.load()) / 1024,
                    static_cast<double>(status_kb("VmHWM")) / 1024);
        std::fflush(stdout);
    }

private:
    std::atomic<std::uint64_t> most_kb_{0};
    std::atomic<bool> ended_{false};
    std::thread thread_;
};

void print(char const* name, double value) {
    std::printf("%s %.4f\n", name, value);
    std::fflush(stdout);
}

// Rows in the order of their time, evenly over the days; the same at every run but for the days.
class rows {
public:
    explicit rows(shape const& of) : of_(of) {
        std::int64_t const span = static_cast<std::int64_t>(of.days) * aiaudit::seconds_per_day *
                                  aiaudit::nanoseconds_per_second;
        step_ = span / static_cast<std::int64_t>(of.records);
        time_.ns = aiaudit::system_clock{}.now().ns - span;
    }
    void next(std::string& line) {
        time_.ns += step_;
        line = time_.to_string();
        line.append(",req-").append(std::to_string(number_++));
        line.append(",user").append(std::to_string(random(of_.users)));
        line.append(",k").append(std::to_string(random(of_.keys)));
        std::uint64_t const model = random(of_.models);
        line.append(",").append(known_models[model % std::size(known_models)]);
        if (model >= std::size(known_models)) line.append("-").append(std::to_string(model));
        for (std::uint64_t const value : {100 + random(8000), 10 + random(900), 200 + random(9000)})
            line.append(",").append(std::to_string(value));
    }

private:
    std::uint64_t random(std::uint64_t below) {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return (state_ >> 33) % below;
    }
    shape const& of_;
    std::uint64_t state_ = 1;
    std::uint64_t number_ = 0;
    std::int64_t step_ = 0;
    aiaudit::timestamp time_{};
};

void import_rows(shape const& of) {
    memory_watch const watch;
    auto const prices = aiaudit::builtin_book();
    auto ledger = must(aiaudit::ledger::open({.path = of.directory}));
    auto importer =
        must(aiaudit::csv_importer::make("timestamp=at,request_id=id,user=user,key=key,model=model,"
                                         "input_tokens=in,output_tokens=out,"
                                         "duration_ms=ms,provider==openai,status==200",
                                         "at,id,user,key,model,in,out,ms"));
    rows source(of);
    std::string line;
    auto const start = steady::now();
    for (std::uint64_t i = 0; i < of.records; ++i) {
        source.next(line);
        must(ledger.append(must(importer.record_of(line, prices)).entry,
                           aiaudit::durability::relaxed));
    }
    must(ledger.flush());
    print("import_rps", static_cast<double>(of.records) / seconds_since(start));
    print("bytes_per_record",
          static_cast<double>(ledger.bytes_on_disk()) / static_cast<double>(of.records));
    watch.print();
    std::raise(SIGKILL);
}

void report_users(shape const& of, bool twice) {
    memory_watch const watch;
    auto const start = steady::now();
    auto ledger =
        must(aiaudit::ledger::open({.path = of.directory, .create = false, .read_only = twice}));
    print("open_ms", seconds_since(start) * 1e3);
    aiaudit::report_query query{.kind = aiaudit::report_kind::users, .top = 100};
    auto made = must(ledger.report(query));
    print("top100_first_ms", seconds_since(start) * 1e3);
    check(made.sum.requests == of.records, "requests of all users");
    if (twice) print("top100_ms", median_us(5, [&] { made = must(ledger.report(query)); }) / 1e3);
    watch.print();
}

void verify_all(shape const& of) {
    memory_watch const watch;
    auto ledger =
        must(aiaudit::ledger::open({.path = of.directory, .create = false, .read_only = true}));
    auto const start = steady::now();
    auto const found = must(aiaudit::verify(ledger));
    check(found.sound(), found.conclusion());
    print("verify_rps", static_cast<double>(of.records) / seconds_since(start));
    watch.print();
}

// Runs a phase in a process of its own, and adds its figures under its name.
std::map<std::string, double> run_phase(shape const& of, std::string const& phase) {
    std::string const self = std::filesystem::read_symlink("/proc/self/exe").string();
    std::string const command =
        self + of.words() + " --directory '" + of.directory + "' --phase " + phase;
    std::FILE* const pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) stop("cannot start " + phase);
    std::map<std::string, double> figures;
    char name[64];
    double value = 0;
    while (std::fscanf(pipe, "%63s %lf", name, &value) == 2) figures[name] = value;
    int const status = pclose(pipe);
    bool const killed =
        WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGKILL);
    if (status != 0 && !(phase == "import" && killed)) stop(phase + " failed");
    if (!figures.contains("private_mb")) stop(phase + " did not end");
    return figures;
}

void run_all(shape with) {
    scratch_directory const scratch(std::filesystem::current_path());
    figure_table figures(28, 1);
    auto const add = [&](std::string const& phase, std::string const& id, std::string const& unit,
                         auto const& from) { figures.add(phase + id, from.at(id), unit); };
    with.directory = scratch.path() + "/many";
    auto const import = run_phase(with, "import");
    add("", "import_rps", "records/s", import);
    add("", "bytes_per_record", "B", import);
    for (auto const& [phase, found] :
         {std::pair{std::string("import_"), import},
          std::pair{std::string("open_"), run_phase(with, "open")},
          std::pair{std::string("report_"), run_phase(with, "report")},
          std::pair{std::string("verify_"), run_phase(with, "verify")}}) {
        add(phase, "private_mb", "MB", found);
        add(phase, "all_mb", "MB", found);
        if (phase == "open_") figures.add("open_killed_ms", found.at("open_ms"), "ms");
        if (phase == "report_") {
            add("", "top100_first_ms", "ms", found);
            add("", "top100_ms", "ms", found);
        }
        if (phase == "verify_") add("", "verify_rps", "records/s", found);
    }
    shape few = with;
    few.users = 1'000;
    few.directory = scratch.path() + "/few";
    auto const usual = run_phase(few, "import");
    figures.add("usual_import_rps", usual.at("import_rps"), "records/s");
    figures.add("import_vs_usual", import.at("import_rps") / usual.at("import_rps"), "x");
    figures.write_json(with.json);
}

void run(std::vector<std::string> const& words) {
    shape with;
    std::map<std::string, std::uint64_t*> const numbers{{"--records", &with.records},
                                                        {"--users", &with.users},
                                                        {"--keys", &with.keys},
                                                        {"--days", &with.days},
                                                        {"--models", &with.models}};
    std::map<std::string, std::string*> const texts{
        {"--directory", &with.directory}, {"--phase", &with.phase}, {"--json", &with.json}};
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
        if (auto const number = numbers.find(words[i]); number != numbers.end())
            *number->second = std::strtoull(words[i + 1].c_str(), nullptr, 10);
        else if (auto const text = texts.find(words[i]); text != texts.end())
            *text->second = words[i + 1];
        else
            stop("unknown option " + words[i]);
    }
    if (with.phase.empty()) return run_all(with);
    if (with.phase == "import") return import_rows(with);
    if (with.phase == "open") return report_users(with, false);
    if (with.phase == "report") return report_users(with, true);
    if (with.phase == "verify") return verify_all(with);
    stop("unknown phase " + with.phase);
}

}  // namespace

int main(int argc, char** argv) {
    return run_benchmark("cardinality", [&] { run({argv + 1, argv + argc}); });
}
