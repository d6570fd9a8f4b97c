// SPDX-License-Identifier: MIT
//
// spdlog: a console and a rotating file are written to, in a pattern of one's own.
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

int main() {
    auto log = spdlog::rotating_logger_mt("calls", "calls.log", 1 << 20, 3);
    log->set_pattern("%Y-%m-%dT%H:%M:%S.%f %l %v");
    log->set_level(spdlog::level::debug);
    log->info("user {} spent {:.6f} USD in {} calls", "ana", 0.00304, 1);
    log->flush();
    spdlog::warn("{} of {}", "ana", 5);
    spdlog::shutdown();
}
