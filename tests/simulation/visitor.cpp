// SPDX-License-Identifier: MIT
//
// visitor.cpp: a program of the simulated world: opens the ledger, does some of everything, and
// ends.
//
//     visitor DIR PROMISES WRITER SIZE SEED [retain]
//
// SIZE is the number of its steps, SEED chooses them; only with "retain" it drops old segments.
// After errors it goes on with what it has open, and opens the ledger anew at the third in a row.
// It ends when an append went well. Exit status: 0 done; 4 the ledger went on refusing; 5 the
// ledger contradicted itself.
#include "../torture/work.hpp"

#include <random>
#include <thread>

using namespace aiaudit;
using namespace aiaudit_torture;

namespace {

constexpr shape small{.segment_bytes = 20'000, .save_records = 40, .batch_records_max = 16};

class visit {
public:
    visit(job const& of, std::uint64_t seed) : job_(of), random_(seed), out_(of, of.writer) {}

    int run() {
        opened_ = open_ledger(job_);
        int failed = 0;
        for (std::uint64_t i = 0; i < job_.size && opened_; ++i) {
            failed = step() ? 0 : failed + 1;
            if (failed > 2) reopen();
        }
        for (int tries = 0; opened_ && tries < 6; ++tries) {
            if (out_.committed(*opened_)) return check_reports();
            if (tries > 1) reopen();
        }
        return gave_up;
    }

private:
    void reopen() {
        opened_.reset();
        opened_ = open_ledger(job_);
    }

    bool step() {
        switch (random_() % 12) {
        case 0: reopen(); return opened_.has_value();
        case 1: return told("rotate", opened_->rotate());
        case 2: return told("save", opened_->save());
        case 3: return job_.extra != "retain" || retain_some(job_, *opened_);
        case 4: return keep_a_checkpoint(job_, *opened_);
        case 5: return two_threads();
        case 6:
        case 7:
        case 8: return out_.relaxed_and_flushed(*opened_, 1 + random_() % 12);
        default: return out_.committed(*opened_);
        }
    }
    template <class Answer>
    bool told(char const* when, Answer const& answer) {
        if (!answer) note_failure(job_, job_.writer, when, answer.error());
        return answer.has_value();
    }
    bool two_threads() {
        bool good = true;
        appender other(job_, job_.writer + ++threads_);
        std::thread beside([&] { good = other.relaxed_and_flushed(*opened_, 3); });
        bool const mine = out_.committed(*opened_);
        beside.join();
        return good && mine;
    }

    // A report made after others' appends counts them.
    int check_reports() {
        for (int tries = 0; tries < 3; ++tries) {
            auto const before = opened_->last_sequence();
            auto const report = opened_->report({});
            auto const after = opened_->last_sequence();
            if (before && report && after) {
                if (report->sum.attempts <= value_of(*after)) return 0;
                std::printf("a report counts more records than the log has\n");
                return contradiction;
            }
            reopen();
            if (!opened_) break;
        }
        return gave_up;
    }

    job const& job_;
    std::mt19937_64 random_;
    appender out_;
    std::optional<ledger> opened_{};
    std::uint32_t threads_ = 0;
};

}  // namespace

int main(int count, char** words) {
    if (count < 6) {
        std::fprintf(stderr, "usage: visitor DIR PROMISES WRITER SIZE SEED [retain]\n");
        return 2;
    }
    job const of{small,
                 words[1],
                 words[2],
                 promise_file(words[2]),
                 static_cast<std::uint32_t>(std::strtoul(words[3], nullptr, 10)),
                 std::strtoull(words[4], nullptr, 10),
                 count > 6 ? words[6] : ""};
    return visit(of, std::strtoull(words[5], nullptr, 10)).run();
}
