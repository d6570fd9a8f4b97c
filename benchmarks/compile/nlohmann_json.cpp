// SPDX-License-Identifier: MIT
//
// nlohmann/json: text is parsed, read, changed and written.
#include <nlohmann/json.hpp>

#include <iostream>

int main() {
    auto body = nlohmann::json::parse(R"({"model":"gpt-4.1","usage":{"prompt_tokens":1200}})");
    auto const tokens = body.at("usage").at("prompt_tokens").get<long>();
    body["messages"].push_back({{"role", "user"}, {"content", "Hello"}});
    for (auto const& [key, value] : body.items()) std::cout << key << ' ' << value.size() << '\n';
    std::cout << body.dump() << '\n';
    return tokens == 1200 ? 0 : 1;
}
