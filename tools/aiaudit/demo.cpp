// SPDX-License-Identifier: MIT
//
// aiaudit demo: a self-contained tour. A mock provider in this process answers some hundred calls
// of several users over thirty simulated days; the exchanges are recorded as a real program would,
// and the reports printed.

#include <aiaudit/templates.hpp>
#include "commands.hpp"

#include <httplib.h>
#include <unistd.h>

#include <boost/json.hpp>

#include <array>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <thread>

namespace aiaudit_tool {
namespace demo_command {

constexpr int simulated_days = 30;
constexpr int calls = 400;

struct demo_policies : aiaudit::default_policies {
    using clock = aiaudit::manual_clock;
};

struct mock_model {
    std::string_view provider;
    std::string_view path;
    std::string_view model;
    int latency_ms;  // simulated
};
constexpr std::array<mock_model, 5> models{{
    {"openai", "/v1/chat/completions", "gpt-4.1", 1800},
    {"openai", "/v1/chat/completions", "gpt-4.1-mini", 900},
    {"anthropic", "/v1/messages", "claude-sonnet-4-5", 2600},
    {"deepseek", "/chat/completions", "deepseek-chat", 2100},
    {"mistral", "/v1/chat/completions", "mistral-small-latest", 700},
}};
constexpr std::array<std::string_view, 6> users{"ana",    "binh",  "chloe",
                                                "dipesh", "emeka", "fatima"};

// Token counts that depend on nothing but the prompt, as if it had been read.
struct token_counts {
    std::uint64_t input;
    std::uint64_t cached;
    std::uint64_t output;
};
token_counts counts_of(std::string const& body) {
    std::minstd_rand random(static_cast<unsigned>(std::hash<std::string>{}(body)));
    std::uint64_t const input = 200 + random() % 6000;
    return {input, random() % 3 == 0 ? input / 2 : 0, 20 + random() % 900};
}

// The providers' answers, on loopback, over HTTP.
class mock_provider {
public:
    mock_provider() {
        server_.Post("/v1/messages",
                     [](httplib::Request const& request, httplib::Response& response) {
                         answer(request, response, anthropic_body);
                     });
        for (char const* const path : {"/v1/chat/completions", "/chat/completions"}) {
            server_.Post(path, [](httplib::Request const& request, httplib::Response& response) {
                answer(request, response, openai_body);
            });
        }
        server_.set_tcp_nodelay(true);
        port_ = server_.bind_to_any_port("127.0.0.1");
        if (port_ <= 0) throw failure{"the mock provider cannot listen on 127.0.0.1"};
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ~mock_provider() {
        server_.stop();
        thread_.join();
    }
    mock_provider(mock_provider const&) = delete;
    mock_provider& operator=(mock_provider const&) = delete;
    [[nodiscard]] int port() const noexcept { return port_; }

private:
    using body_maker = boost::json::object (*)(boost::json::value const& model,
                                               token_counts counts);

    static void answer(httplib::Request const& request, httplib::Response& response,
                       body_maker make) {
        token_counts const counts = counts_of(request.body);
        if (counts.input % 29 == 0) {  // now and then a bad day
            response.status = 429;
            response.set_content(R"({"error":{"type":"rate_limit_error","message":"slow down"}})",
                                 "application/json");
            return;
        }
        auto const asked = boost::json::parse(request.body);
        response.set_content(boost::json::serialize(make(asked.at("model"), counts)),
                             "application/json");
    }
    static boost::json::object openai_body(boost::json::value const& model, token_counts counts) {
        return {{"id", "chatcmpl-demo"},
                {"model", model},
                {"choices",
                 {{{"index", 0},
                   {"finish_reason", "stop"},
                   {"message", {{"role", "assistant"}, {"content", "Yes."}}}}}},
                {"usage",
                 {{"prompt_tokens", counts.input},
                  {"completion_tokens", counts.output},
                  {"total_tokens", counts.input + counts.output},
                  {"prompt_tokens_details", {{"cached_tokens", counts.cached}}}}}};
    }
    static boost::json::object anthropic_body(boost::json::value const& model,
                                              token_counts counts) {
        return {{"id", "msg_demo"},
                {"type", "message"},
                {"role", "assistant"},
                {"model", model},
                {"stop_reason", "end_turn"},
                {"content", {{{"type", "text"}, {"text", "Yes."}}}},
                {"usage",
                 {{"input_tokens", counts.input - counts.cached},
                  {"cache_read_input_tokens", counts.cached},
                  {"cache_creation_input_tokens", 0},
                  {"output_tokens", counts.output}}}};
    }

    httplib::Server server_{};
    std::thread thread_{};
    int port_ = 0;
};

struct options {
    std::string db{};
};

// A new directory, unless the user named one.
std::string directory_for(options const& with) {
    if (!with.db.empty()) {
        if (std::filesystem::exists(with.db))
            throw failure{with.db + ": exists; the demo wants a new directory"};
        return with.db;
    }
    std::string name = (std::filesystem::temp_directory_path() / "aiaudit-demo-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw failure{name + ": cannot be made"};
    return name;
}

aiaudit::exchange make_call(httplib::Client& client, mock_model const& model, int number) {
    boost::json::object const request{
        {"model", boost::json::string_view(model.model.data(), model.model.size())},
        {"max_tokens", 1000},
        {"messages",
         {{{"role", "user"}, {"content", "Question " + std::to_string(number) + ": is it so?"}}}}};
    aiaudit::exchange made;
    made.id = std::to_string(number);
    made.provider = model.provider;
    made.path = model.path;
    made.request = boost::json::serialize(request);
    auto const response = client.Post(made.path.c_str(), made.request, "application/json");
    if (!response) throw failure{"the mock provider does not answer"};
    made.status = response->status;
    made.content_type = "application/json";
    made.response = response->body;
    return made;
}

void print_report(aiaudit::basic_ledger<demo_policies>& ledger, std::string const& title,
                  aiaudit::report_query const& query) {
    auto const made = value_or_fail(ledger.report(query));
    std::cout << '\n' << title << "\n\n" << to_text(made, aiaudit::text_format::table);
}

void run(options const& with) {
    std::string const db = directory_for(with);
    auto ledger = value_or_fail(aiaudit::basic_ledger<demo_policies>::open({.path = db}), db);
    aiaudit::price_book const prices = aiaudit::builtin_book();
    aiaudit::price_lookup_cache cache;
    mock_provider const provider;
    httplib::Client client("127.0.0.1", provider.port());
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    std::cout << "A mock provider listens on 127.0.0.1:" << provider.port() << ". Making " << calls
              << " calls of " << users.size() << " users to " << models.size()
              << " models, as if over " << simulated_days << " days ...\n";
    aiaudit::timestamp const end = aiaudit::system_clock{}.now();
    std::int64_t const step_ns =
        simulated_days * aiaudit::seconds_per_day * aiaudit::nanoseconds_per_second / calls;
    std::minstd_rand random(7);
    for (int number = 0; number < calls; ++number) {
        mock_model const& model = models[random() % models.size()];
        aiaudit::exchange exchange = make_call(client, model, number);
        exchange.context.timestamp = aiaudit::timestamp{end.ns - step_ns * (calls - 1 - number)};
        exchange.context.user = users[random() % 21 % users.size()];
        exchange.context.project = number % 3 == 0 ? "search" : "support";
        exchange.context.duration_ms =
            static_cast<std::uint64_t>(model.latency_ms) * (50 + random() % 150) / 100;
        ledger.time().set(*exchange.context.timestamp);
        auto made =
            value_or_fail(aiaudit::record_of(exchange, prices, *exchange.context.timestamp, cache));
        value_or_fail(ledger.append(std::move(made.entry), aiaudit::durability::relaxed));
    }
    value_or_fail(ledger.flush());
    print_report(ledger, "What each model cost (aiaudit report models)",
                 {.kind = aiaudit::report_kind::models});
    print_report(ledger, "Who spent it (aiaudit report users)",
                 {.kind = aiaudit::report_kind::users});
    print_report(ledger, "One of them, by model (aiaudit report user --user ana)",
                 {.kind = aiaudit::report_kind::user, .user = "ana"});
    aiaudit::civil_day const today = aiaudit::time_zone{}.day_of(end);
    print_report(ledger, "The last ten days (aiaudit report daily --days 10)",
                 {.days = {today.plus(-9), today}});
    std::cout << "\nSpent today so far: " << value_or_fail(ledger.spent_today()).to_string()
              << " USD, exactly.\n"
              << "\nEvery call is a record in " << db << ". Try next:\n\n"
              << "    aiaudit tail   --db " << db << " -n 5\n"
              << "    aiaudit report models --db " << db << " --format json\n"
              << "    aiaudit report daily  --db " << db << " --tz Asia/Kathmandu\n";
}

}  // namespace demo_command

void add_demo(CLI::App& program, int&) {
    using namespace demo_command;
    auto with = std::make_shared<options>();
    CLI::App* const command =
        program.add_subcommand("demo", "A tour: a mock provider, some hundred calls, the reports");
    command->add_option("--db", with->db,
                        "Where to keep the ledger; default: a new temporary directory");
    command->callback([with] { run(*with); });
}

}  // namespace aiaudit_tool
