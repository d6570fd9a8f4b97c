// SPDX-License-Identifier: MIT
//
// gateway_rivals.hpp: gateways of others, installed from where they are published into a scratch
// directory and run on loopback in front of the mock. One that cannot be had is left out, and why
// is said.
#ifndef AIAUDIT_BENCHMARKS_SUPPORT_GATEWAY_RIVALS_HPP
#define AIAUDIT_BENCHMARKS_SUPPORT_GATEWAY_RIVALS_HPP

#include "child_process.hpp"
#include "mock_provider.hpp"

namespace benchmark_support {

// A gateway that runs, and how it is asked.
struct running_gateway {
    std::unique_ptr<child_process> process{};
    std::uint16_t port = 0;
    std::string headers{};  // that it wants
    std::string path = "/v1/chat/completions";
};

// Null where it is left out.
using rival = std::optional<running_gateway>;

inline rival left_out(std::string const& name, std::string const& why) {
    std::cout << name << " is left out: " << why << std::endl;
    return std::nullopt;
}

// Portkey's, which is told by headers where to send a request; on one process of Node, as its
// makers run it.
inline rival start_portkey(std::string const& scratch, mock_provider const& mock) {
    std::string const home = scratch + "/portkey";
    std::string const log = home + ".log";
    if (!succeeds({"npm", "install", "--prefix", home, "--no-audit", "--no-fund",
                   "--ignore-scripts", "@portkey-ai/gateway@1.15.2"},
                  log))
        return left_out("portkey", "npm or its registry is out of reach");
    running_gateway made;
    made.port = free_port();
    made.headers =
        "Authorization: Bearer sk-bench\r\nx-portkey-provider: openai\r\n"
        "x-portkey-custom-host: " +
        mock.origin() + "/v1\r\n";
    made.process = std::make_unique<child_process>(
        std::vector<std::string>{"node",
                                 home + "/node_modules/@portkey-ai/gateway/build/start-server.js",
                                 "--port=" + std::to_string(made.port), "--headless"},
        log, std::vector<std::string>{"NODE_ENV=production"});
    made.process->wait_until_it_listens(made.port, 30);
    return made;
}

// LiteLLM's proxy, with one worker and nothing kept.
inline rival start_litellm(std::string const& scratch, mock_provider const& mock) {
    std::string const home = scratch + "/litellm";
    std::string const key = "sk-litellm-0123456789abcdef0123456789abcdef";  // it wants one
    std::string const log = home + ".log";
    if (!succeeds({"python3", "-m", "venv", home}, log) ||
        !succeeds({home + "/bin/pip", "install", "--quiet", "litellm[proxy]"}, log))
        return left_out("litellm", "Python's venv or its package index is out of reach");
    std::ofstream(home + "/config.yaml")
        << "model_list:\n  - model_name: " << mock_model << "\n    litellm_params:\n"
        << "      model: openai/" << mock_model << "\n      api_base: " << mock.origin()
        << "/v1\n      api_key: sk-bench\n";
    running_gateway made;
    made.port = free_port();
    made.process = std::make_unique<child_process>(
        std::vector<std::string>{home + "/bin/litellm", "--config", home + "/config.yaml", "--host",
                                 "127.0.0.1", "--port", std::to_string(made.port), "--telemetry",
                                 "False"},
        log,
        std::vector<std::string>{"LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_MASTER_KEY=" + key});
    made.headers = "Authorization: Bearer " + key + "\r\n";
    made.process->wait_until_it_listens(made.port, 120);
    return made;
}

}  // namespace benchmark_support

#endif  // AIAUDIT_BENCHMARKS_SUPPORT_GATEWAY_RIVALS_HPP
