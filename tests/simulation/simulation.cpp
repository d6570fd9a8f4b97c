// SPDX-License-Identifier: MIT
//
// simulation.cpp: runs simulated worlds and says which promises they broke.
//
//     simulation PROGRAMS PLACE [--seed N] [--worlds N] [--steps N] [--minutes N] [--first]
//     [--tell]
//
// A world is made of its seed alone: two to four processes at a time that come and go, one ledger,
// one disk, one clock. They are visitors (visitor.cpp), and in every sixth world spenders who share
// budgets
// (../torture/spender.cpp). While faults come: any process is killed between two of its calls;
// calls fail, or are done and said to have failed; writes are short; the disk is full for a while;
// the power goes; an older copy of the ledger is put back. Then they stop.
//     safety:   a verifier finds all that was acknowledged, once and right; reports equal a
//     recount; the
//               ledger's own verification is sound; no budget was ever over; nobody contradicts
//               himself or dies of himself
//     liveness: who met no fault of his own ends well; after the faults all end well within so many
//     steps
// --kind is the kind of all worlds (rates_of(); by default the seed says it), of two processes.
// --first ends at the first broken promise, --tell prints each call on the ledger. Exit status: 1
// where one was broken, 2 where the simulation itself fails, 77 where no process may be traced.
#include "kernel.hpp"

#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>

#include <sched.h>

using namespace aiaudit_simulation;

namespace {

constexpr std::uint64_t steps_with_faults = 6000;
constexpr std::uint64_t steps_to_end = 60'000;
// Others, while one sees to a commit that failed; and where somebody waits for what they have.
constexpr std::uint64_t die_young = 50;
constexpr std::uint64_t die_in_the_way = 6;
constexpr std::uint64_t patience = 20'000'000;  // ns that a waiting one may be too early

struct arguments {
    std::string programs{};
    std::string place{};
    std::uint64_t seed = 1;
    std::uint64_t worlds = ~std::uint64_t{0};
    std::uint64_t steps = ~std::uint64_t{0};
    double minutes = 1e9;
    std::optional<std::uint64_t> kind{};
    bool first = false;
    bool tells = false;
};

struct broken {
    char const* kind;
    std::string what;
};

struct counts {
    std::uint64_t kills = 0, while_others_wait = 0, errors = 0, late = 0, shorts = 0, full = 0,
                  cuts = 0, restores = 0, processes = 0;
    void add(counts const& more) {
        kills += more.kills;
        while_others_wait += more.while_others_wait;
        errors += more.errors;
        late += more.late;
        shorts += more.shorts;
        full += more.full;
        cuts += more.cuts;
        restores += more.restores;
        processes += more.processes;
    }
};

// Once in so many steps; 0: never.
struct fault_rates {
    std::uint64_t kill = 0, error = 0, full = 0, cut = 0, restore = 0;
};
constexpr std::uint64_t spenders = 5;
fault_rates rates_of(std::uint64_t kind) {
    switch (kind) {
    case spenders: return {.kill = 250, .cut = 2000};
    case 0: return {.kill = 150};
    case 1: return {.kill = 300, .error = 150, .cut = 3000};
    case 2: return {.kill = 400, .cut = 700};
    case 3: return {.kill = 250, .error = 500, .full = 900};
    default: return {.kill = 300, .error = 400, .full = 1500, .cut = 1500, .restore = 3000};
    }
}

class world {
public:
    world(arguments const& how, std::uint64_t seed)
        : how_(how),
          seed_(seed),
          random_(seed),
          kind_(how.kind.value_or(seed % 6)),
          rates_(rates_of(kind_)),
          disk_(how.place + "/ledger"),
          machine_(disk_) {
        std::filesystem::remove_all(how.place);
        std::filesystem::create_directories(how.place + "/promises");
    }

    // Throws what is broken.
    void run() {
        if (spends_)
            run_alone({"make", how_.place + "/ledger", once_in(random_, 2) ? "stepwise" : "full"});
        while (steps_ < steps_with_faults) {
            while (alive() < alive_at_once_) start(6 + below(random_, 8));
            if (maybe_disaster()) continue;
            step(true);
        }
        is_full_ = false;
        for (int i = 0; i < 2; ++i) start(3);
        auto const end = steps_ + steps_to_end;
        while (alive() > 0) {
            step(false);
            if (steps_ > end) throw broken{"liveness", "no end after the faults" + who_waits()};
        }
        verify();
    }

    [[nodiscard]] std::uint64_t steps() const { return steps_; }
    [[nodiscard]] counts const& faults() const { return counts_; }
    [[nodiscard]] std::uint64_t trace() const { return machine_.trace(); }

private:
    [[nodiscard]] std::size_t alive() const {
        std::size_t count = 0;
        for (auto const& each : machine_.processes()) count += each->status ? 0 : 1;
        return count;
    }
    [[nodiscard]] std::string output_of(process const& of) const {
        return how_.place + "/output-" + std::to_string(of.number);
    }

    void start(std::uint64_t size) {
        ++counts_.processes;
        spends_ ? start_spender(size) : start_visitor(size);
    }
    process& start_program(std::string const& name, std::vector<std::string> words) {
        words.insert(words.begin(), how_.programs + "/" + name);
        auto& made = machine_.start(
            words, how_.place + "/output-" + std::to_string(machine_.processes().size()));
        made.met_fault = is_full_;
        return made;
    }
    void start_spender(std::uint64_t size) {
        start_program("spender",
                      {"spend", how_.place + "/ledger", "shared",
                       std::to_string(random_() % 1'000'000), "2", std::to_string(size)});
    }
    void run_alone(std::vector<std::string> const& words) {
        auto const& of = start_program("spender", words);
        while (!of.status) step(false);
    }
    void start_visitor(std::uint64_t size) {
        auto const number = std::to_string(machine_.processes().size());
        bool const retains = !retainer_ || retainer_->status;
        std::vector<std::string> words{how_.place + "/ledger", how_.place + "/promises/" + number,
                                       std::to_string(1000 * (machine_.processes().size() + 1)),
                                       std::to_string(size), std::to_string(random_() % 1'000'000)};
        if (retains) words.emplace_back("retain");
        auto& made = start_program("visitor", words);
        if (retains) retainer_ = &made;
    }

    struct place {
        process* of;
        task* at;
    };
    [[nodiscard]] static std::pair<int, int> names_of(place const& of) {
        return {of.of->number, of.at->number};
    }
    [[nodiscard]] std::vector<place> all(bool (*wanted)(task const&)) const {
        std::vector<place> found;
        for (auto const& each : machine_.processes()) {
            if (each->status) continue;
            for (auto const& one : each->tasks)
                if (wanted(*one)) found.push_back({each.get(), one.get()});
        }
        return found;
    }

    void step(bool faults) {
        ++steps_;
        auto const ready = all([](task const& one) { return one.on == waits::no; });
        auto const timed = all([](task const& one) {
            return (one.on == waits::for_time || one.on == waits::for_futex) && one.deadline != 0;
        });
        if (ready.empty() || (!timed.empty() && once_in(random_, 24))) {
            if (auto const next = first_of(timed, ready.empty()); next.at != nullptr) {
                machine_.wake_by_time(*next.of, *next.at);
                return judge(*next.of);
            }
        }
        if (ready.empty()) throw broken{"liveness", "everybody waits for ever" + who_waits()};
        place chosen = ready[below(random_, ready.size())];
        for (place const& each : ready)
            if (names_of(each) == last_ && !once_in(random_, 4)) chosen = each;
        if (aftermath_ > 0) {
            --aftermath_;
            // The one that was struck is slow, so that others come upon what it has left.
            for (place const& each : ready)
                if (chosen.of == struck_ && each.of != struck_ && once_in(random_, 2))
                    chosen = each;
        }
        last_ = names_of(chosen);
        if (faults && maybe_kill(*chosen.of)) return;
        auto const how = faults ? choose_fault(*chosen.of, *chosen.at) : decision{};
        if (how_.tells) tell(chosen, how);
        machine_.step(*chosen.of, *chosen.at, how);
        judge(*chosen.of);
    }
    // Whose time is come first; where others could go on, only if that is soon.
    [[nodiscard]] place first_of(std::vector<place> const& timed, bool at_any_time) const {
        place first{nullptr, nullptr};
        for (place const& each : timed)
            if (first.at == nullptr || each.at->deadline < first.at->deadline) first = each;
        if (first.at != nullptr && !at_any_time && first.at->deadline > machine_.now() + patience)
            return {nullptr, nullptr};
        return first;
    }

    bool maybe_kill(process& victim) {
        bool others_wait = false;
        for (auto const& each : machine_.processes())
            for (auto const& one : each->tasks)
                others_wait = others_wait || (each.get() != &victim && one->on == waits::for_lock);
        // Where others wait for what this one has: that is where it hurts.
        auto rate = others_wait ? rates_.kill / 20 : rates_.kill;
        if (aftermath_ > 0)
            rate = &victim == struck_ ? 0
                   : others_wait      ? die_in_the_way
                                      : (std::min)(rate, die_young);
        if (!once_in(random_, rate)) return false;
        ++counts_.kills;
        if (how_.tells)
            std::fprintf(stderr, "%llu %d is killed\n", static_cast<unsigned long long>(steps_),
                         victim.number);
        counts_.while_others_wait += others_wait ? 1 : 0;
        machine_.kill(victim);
        return true;
    }

    decision choose_fault(process& of, task const& at) {
        auto const call = machine_.look_at(of, at);
        decision how;
        if (!call.on_ledger) return how;
        if (is_full_ && call.grows) {
            of.met_fault = true;
            how.error = ENOSPC;
            return how;
        }
        if (rates_.error == 0) return how;
        auto const rate = call.makes_durable ? rates_.error / 20 : rates_.error;
        if (!once_in(random_, rate)) return how;
        of.met_fault = true;
        if (call.writes && once_in(random_, 3)) {
            how.part = below(random_, 256);
            ++counts_.shorts;
            return how;
        }
        how.error = EIO;
        how.late = once_in(random_, 2);
        ++(how.late ? counts_.late : counts_.errors);
        if (call.makes_durable && once_in(random_, 3)) begin_aftermath(of);
        return how;
    }
    // All others are gone, and new ones come, while one sees to a commit that failed; perhaps the
    // power goes too.
    void begin_aftermath(process& struck) {
        struck_ = &struck;
        aftermath_ = 400;
        if (rates_.cut != 0 && once_in(random_, 4)) cut_at_ = steps_ + below(random_, 200);
        for (auto const& each : machine_.processes()) {
            if (each->status || each.get() == &struck) continue;
            machine_.kill(*each);
            ++counts_.kills;
        }
    }

    // What happens to all at once. True where nobody lives any more.
    bool maybe_disaster() {
        if (once_in(random_, is_full_ ? 200 : rates_.full)) {
            is_full_ = !is_full_;
            counts_.full += is_full_ ? 1 : 0;
            if (is_full_)
                for (auto const& each : machine_.processes()) each->met_fault = true;
        }
        if (rates_.restore != 0 && once_in(random_, rates_.restore / 4)) {
            copy_ = disk_.snapshot();
            copied_promises_ = promises();
        }
        if (once_in(random_, rates_.cut) || steps_ == cut_at_) {
            kill_all();
            if (how_.tells)
                std::fprintf(stderr, "%llu the power goes\n",
                             static_cast<unsigned long long>(steps_));
            disk_.cut(random_);
            ++counts_.cuts;
            return true;
        }
        if (copy_ && once_in(random_, rates_.restore)) {
            kill_all();
            disk_.restore(*copy_);
            restore_promises();
            ++counts_.restores;
            return true;
        }
        return false;
    }
    void tell(place const& chosen, decision const& how) const {
        std::fprintf(stderr, "%llu %d/%d %s%s\n", static_cast<unsigned long long>(steps_),
                     chosen.of->number, chosen.at->number,
                     machine_.words_of(*chosen.of, *chosen.at).c_str(),
                     how.error == 0 ? ""
                     : how.late     ? " -> done, told as failed"
                                    : " -> fails");
    }
    void kill_all() {
        ++steps_;
        for (auto const& each : machine_.processes())
            if (!each->status) machine_.kill(*each);
    }

    using texts = std::map<std::string, std::string>;
    [[nodiscard]] texts promises() const {
        texts found;
        for (auto const& each : std::filesystem::directory_iterator(how_.place + "/promises")) {
            std::ifstream in(each.path(), std::ios::binary);
            found[each.path()] = {std::istreambuf_iterator<char>(in), {}};
        }
        return found;
    }
    void restore_promises() const {
        std::filesystem::remove_all(how_.place + "/promises");
        std::filesystem::create_directory(how_.place + "/promises");
        for (auto const& [path, text] : copied_promises_)
            std::ofstream(path, std::ios::binary) << text;
    }

    // How a process ended that nobody killed.
    void judge(process const& of) const {
        if (!of.status || of.killed) return;
        int const refused = spends_ ? 2 : 4;
        int const status = *of.status;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
        std::ifstream in(output_of(of));
        std::string last, line;
        while (std::getline(in, line)) last = line;
        auto const who = "process " + std::to_string(of.number) + ": ";
        if (WIFSIGNALED(status))
            throw broken{"safety", who + "died of " + ::strsignal(WTERMSIG(status)) + " " + last};
        if (WEXITSTATUS(status) != refused) throw broken{"safety", who + last};
        if (!of.met_fault) throw broken{"liveness", who + "went on being refused: " + last};
    }

    [[nodiscard]] std::string who_waits() const {
        std::string text;
        for (auto const& each : machine_.processes()) {
            for (auto const& one : each->tasks) {
                constexpr char const* names[] = {"ready", "futex", "time", "lock"};
                text += "; " + std::to_string(each->number) + "/" + std::to_string(one->number) +
                        " " + names[static_cast<int>(one->on)] + " in call " +
                        std::to_string(one->call.orig_rax);
            }
        }
        return text;
    }

    void verify() {
        if (spends_) return run_alone({"check", how_.place + "/ledger"});
        auto command = how_.programs + "/verifier " + how_.place + "/ledger --retain";
        if (counts_.errors + counts_.late + counts_.cuts + counts_.full != 0) command += " --loose";
        for (auto const& [path, text] : promises())
            if (!path.ends_with(".note") && !path.ends_with(".new")) command += " " + path;
        auto* const output = ::popen((command + " 2>&1").c_str(), "r");
        std::string said;
        for (char piece[512]; std::fgets(piece, sizeof piece, output) != nullptr;) said = piece;
        int const status = ::pclose(output);
        if (!said.empty() && said.back() == '\n') said.pop_back();
        if (status != 0) throw broken{"safety", "verifier: " + said};
    }

    arguments const& how_;
    std::uint64_t seed_;
    chance random_;
    std::uint64_t kind_;
    fault_rates rates_;
    simulated_disk disk_;
    kernel machine_;
    std::uint64_t steps_ = 0;
    counts counts_{};
    process* retainer_ = nullptr;
    std::pair<int, int> last_{-1, 0};
    process const* struck_ = nullptr;
    int aftermath_ = 0;
    std::uint64_t cut_at_ = 0;
    bool is_full_ = false;
    bool spends_ = kind_ == spenders;
    std::size_t alive_at_once_ = how_.kind ? 2 : 2 + seed_ / 6 % 3;
    std::optional<simulated_disk::copy> copy_{};
    texts copied_promises_{};
};

// One thread of all runs at a time: on one processor the turns cost a tenth.
void stay_on_this_processor() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(::sched_getcpu()), &one);
    ::sched_setaffinity(0, sizeof one, &one);
}

int run_worlds(arguments const& how) {
    stay_on_this_processor();
    using clock = std::chrono::steady_clock;
    auto const begin = clock::now();
    auto const seconds = [&] {
        return std::chrono::duration<double>(clock::now() - begin).count();
    };
    std::uint64_t steps = 0, worlds = 0, failures = 0, trace = 0;
    counts all;
    for (; worlds < how.worlds && steps < how.steps && seconds() < 60 * how.minutes; ++worlds) {
        auto const seed = how.seed + worlds;
        world now(how, seed);
        try {
            now.run();
        } catch (broken const& found) {
            ++failures;
            std::printf("%s: %s <- seed %llu, step %llu; %llu steps and %.0f s from the first\n",
                        found.kind, found.what.c_str(), static_cast<unsigned long long>(seed),
                        static_cast<unsigned long long>(now.steps()),
                        static_cast<unsigned long long>(steps + now.steps()), seconds());
            std::fflush(stdout);
        }
        steps += now.steps();
        trace = (trace ^ now.trace()) * 0x100000001B3U;
        all.add(now.faults());
        if (how.first && failures != 0) break;
    }
    auto const number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf("%llu worlds from seed %llu, %llu steps, %llu broken, %.0f s, trace %016llx\n",
                number(worlds), number(how.seed), number(steps), number(failures), seconds(),
                number(trace));
    std::printf(
        "%llu processes, %llu kills (%llu while others waited for a lock), %llu power cuts, %llu "
        "restores, "
        "%llu failed calls, %llu done and told as failed, %llu short writes, %llu full disks\n",
        number(all.processes), number(all.kills), number(all.while_others_wait), number(all.cuts),
        number(all.restores), number(all.errors), number(all.late), number(all.shorts),
        number(all.full));
    return failures == 0 ? 0 : 1;
}

// Whether this process may trace another.
bool may_trace() {
    pid_t const child = ::fork();
    if (child == 0) ::_exit(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : 1);
    return child > 0 && wait_for(child) == 0;
}

}  // namespace

int main(int count, char** words) {
    if (count < 3) {
        std::fprintf(stderr,
                     "usage: simulation PROGRAMS PLACE [--seed N] [--worlds N] [--steps N] "
                     "[--minutes N] [--first]\n");
        return 2;
    }
    arguments how{words[1], words[2]};
    for (int i = 3; i < count; ++i) {
        std::string const word = words[i];
        if (word == "--first") how.first = true;
        if (word == "--tell") how.tells = true;
        if (i + 1 == count) continue;
        if (word == "--seed") how.seed = std::strtoull(words[i + 1], nullptr, 10);
        if (word == "--worlds") how.worlds = std::strtoull(words[i + 1], nullptr, 10);
        if (word == "--kind") how.kind = std::strtoull(words[i + 1], nullptr, 10);
        if (word == "--steps") how.steps = std::strtoull(words[i + 1], nullptr, 10);
        if (word == "--minutes") how.minutes = std::strtod(words[i + 1], nullptr);
    }
    if (!may_trace()) {
        std::printf("no process may be traced here\n");
        return 77;
    }
    try {
        return run_worlds(how);
    } catch (std::exception const& failed) {
        std::printf("simulation: %s\n", failed.what());
        return 2;
    }
}
