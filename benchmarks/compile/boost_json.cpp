// SPDX-License-Identifier: MIT
//
// Boost.JSON: text is parsed, read, changed and written.
#include <boost/json.hpp>

#include <iostream>

int main() {
    auto body = boost::json::parse(R"({"model":"gpt-4.1","usage":{"prompt_tokens":1200}})");
    auto const tokens = body.at("usage").at("prompt_tokens").as_int64();
    body.as_object()["messages"] = {{{"role", "user"}, {"content", "Hello"}}};
    for (auto const& [key, value] : body.as_object()) std::cout << key << ' ' << value << '\n';
    std::cout << boost::json::serialize(body) << '\n';
    return tokens == 1200 ? 0 : 1;
}
