// SPDX-License-Identifier: MIT
//
// The answers of the corpus: the same however a stream is cut, and what a direct look into the JSON
// shows.
#include <aiaudit/providers/answer_reader.hpp>
#include <aiaudit/providers/reader.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(answers_of_streams)

namespace {

using namespace aiaudit;
using aiaudit::detail::at_path;
using aiaudit::detail::text_at;

// The exchanges of the dialects whose answers are read.
std::vector<exchange> const& corpus() {
    static std::vector<exchange> const rows = [] {
        std::vector<exchange> read;
        std::ifstream file(AIAUDIT_SHARED_DIR "/corpus/exchanges.jsonl");
        for (std::string line; std::getline(file, line);) {
            exchange row = parse_exchange(line).value();
            auto const where = endpoint_of(row.provider, row.path);
            bool const known =
                where && where->billable &&
                (where->operation == operation::chat || where->operation == operation::responses) &&
                (where->dialect == dialect::openai_chat ||
                 where->dialect == dialect::openai_responses ||
                 where->dialect == dialect::anthropic_messages ||
                 where->dialect == dialect::gemini);
            if (known && row.status == 200) read.push_back(std::move(row));
        }
        return read;
    }();
    return rows;
}

bool corpus_is_here() {
    if (!corpus().empty()) return true;
    BOOST_TEST_MESSAGE("skipped: no corpus at " AIAUDIT_SHARED_DIR "/corpus/exchanges.jsonl");
    return false;
}

bool is_stream(exchange const& of) {
    return of.content_type.find("event-stream") != std::string::npos;
}

dialect dialect_of_row(exchange const& of) { return dialect_of(of.provider, of.path).value(); }

struct heard {
    answer said{};
    std::string pieces{};     // the deltas' text, put together
    std::string arguments{};  // and their arguments
    std::size_t documents = 0;
    reading read{};
};

// Reads a response in pieces of up to `piece_bytes`, of random sizes.
heard hear(exchange const& from, std::size_t piece_bytes, std::mt19937_64& random) {
    heard to;
    answer_reader answers{dialect_of_row(from)};
    stream_reader reader{from};
    reader.listen([&](boost::json::value const& document, std::string_view text) {
        ++to.documents;
        BOOST_TEST(!text.empty());
        answer_delta const delta = answers.take(document);
        to.pieces += delta.text;
        for (auto const& piece : delta.tool_calls) to.arguments += piece.arguments_json;
    });
    std::string_view rest = from.response;
    while (!rest.empty()) {
        std::size_t const size = std::min(rest.size(), 1 + random() % piece_bytes);
        BOOST_REQUIRE(reader.feed(rest.substr(0, size)));
        rest.remove_prefix(size);
    }
    to.read = reader.finish();
    to.said = answers.finish();
    return to;
}

void append(std::string& to, boost::json::value const* text) {
    if (text != nullptr && text->is_string()) to.append(detail::text_of(text->get_string()));
}

// The text of one document, by the shape that the API documents.
void append_text(dialect which, boost::json::value const& document, bool stream, std::string& to) {
    auto const each = [&](boost::json::value const* list, auto&& visit) {
        if (list == nullptr || !list->is_array()) return;
        for (boost::json::value const& element : list->get_array()) visit(element);
    };
    if (which == dialect::openai_chat) {
        each(at_path(&document, "choices"), [&](boost::json::value const& choice) {
            append(to, at_path(&choice, stream ? "delta.content" : "message.content"));
        });
    } else if (which == dialect::openai_responses && stream) {
        bool const text = text_at(&document, "type") == "response.output_text.delta";
        if (text) append(to, at_path(&document, "delta"));
    } else if (which == dialect::openai_responses) {
        each(at_path(&document, "output"), [&](boost::json::value const& item) {
            each(at_path(&item, "content"), [&](boost::json::value const& part) {
                if (text_at(&part, "type") == "output_text") append(to, at_path(&part, "text"));
            });
        });
    } else if (which == dialect::anthropic_messages && stream) {
        bool const text = text_at(&document, "delta.type") == "text_delta";
        if (text) append(to, at_path(&document, "delta.text"));
    } else if (which == dialect::anthropic_messages) {
        each(at_path(&document, "content"), [&](boost::json::value const& block) {
            if (text_at(&block, "type") == "text") append(to, at_path(&block, "text"));
        });
    } else {
        each(at_path(&document, "candidates"), [&](boost::json::value const& candidate) {
            each(at_path(&candidate, "content.parts"), [&](boost::json::value const& part) {
                if (at_path(&part, "thought") == nullptr) append(to, at_path(&part, "text"));
            });
        });
    }
}

std::string text_by_a_direct_look(exchange const& from) {
    std::string text;
    dialect const which = dialect_of_row(from);
    if (!is_stream(from)) {
        append_text(which, detail::parse_json(from.response, "body").value(), false, text);
        return text;
    }
    std::string_view rest = from.response;
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (!line.starts_with("data:")) continue;
        line.remove_prefix(5);
        auto const document = detail::parse_json(line, "event");
        if (document) append_text(which, *document, true, text);
    }
    return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_is_the_same_however_the_stream_is_cut_and_the_usage_too) {
    if (!corpus_is_here()) return;
    std::mt19937_64 random{20'261'124};
    std::size_t streams = 0;
    for (exchange const& row : corpus()) {
        if (!is_stream(row)) continue;
        ++streams;
        BOOST_TEST_CONTEXT(row.id) {
            heard const whole = hear(row, std::size_t{1} << 40, random);
            BOOST_TEST(whole.pieces == whole.said.text);
            reading const alone = describe_exchange(row);
            BOOST_TEST((alone.facts == whole.read.facts), "listening changes what is read");
            for (std::size_t const piece_bytes : {1U, 3U, 17U, 100U, 100U, 1000U, 1000U}) {
                heard const cut = hear(row, piece_bytes, random);
                BOOST_TEST((cut.said == whole.said));
                BOOST_TEST(cut.pieces == whole.pieces);
                BOOST_TEST(cut.documents == whole.documents);
                BOOST_TEST((cut.read.facts == whole.read.facts));
            }
        }
    }
    BOOST_TEST_MESSAGE(streams << " streams, each cut seven ways");
    BOOST_TEST(streams > 0);
}

BOOST_AUTO_TEST_CASE(an_answer_s_text_is_what_the_json_holds) {
    if (!corpus_is_here()) return;
    std::mt19937_64 random{1};
    std::size_t streams = 0;
    std::size_t bodies = 0;
    std::size_t with_text = 0;
    for (exchange const& row : corpus()) {
        heard const all = hear(row, std::size_t{1} << 40, random);
        std::string const expected = text_by_a_direct_look(row);
        BOOST_TEST(all.said.text == expected, row.id);
        BOOST_TEST(!all.said.truncated, row.id);
        ++(is_stream(row) ? streams : bodies);
        with_text += expected.empty() ? 0 : 1;
    }
    BOOST_TEST_MESSAGE(streams << " streams and " << bodies << " bodies, " << with_text
                               << " of them with text");
    BOOST_TEST(with_text > 0);
}

BOOST_AUTO_TEST_CASE(output_that_was_counted_is_text_reasoning_a_call_or_work_of_the_provider_s) {
    if (!corpus_is_here()) return;
    std::mt19937_64 random{2};
    std::size_t calls = 0;
    std::size_t silent = 0;
    for (exchange const& row : corpus()) {
        heard const all = hear(row, std::size_t{1} << 40, random);
        answer const& said = all.said;
        BOOST_TEST(said.finish_reason == all.read.facts.finish_reason, row.id);
        if (!said.model.empty()) BOOST_TEST(said.model == all.read.facts.model_served, row.id);
        std::string arguments;
        for (tool_call const& call : said.tool_calls) {
            ++calls;
            BOOST_TEST(!call.id.empty(), row.id);
            BOOST_TEST(!call.name.empty(), row.id);
            bool const json = detail::parse_json(call.arguments_json, "arguments").has_value();
            BOOST_TEST(json, row.id << ": " << call.arguments_json);
            arguments += call.arguments_json;
        }
        // A call without arguments has no pieces of them.
        if (arguments != "{}") BOOST_TEST(arguments == all.arguments, row.id);
        bool const nothing = said.text.empty() && said.reasoning.empty() && said.refusal.empty() &&
                             said.tool_calls.empty();
        if (!nothing || all.read.facts.usage.count(unit::output_tokens) == 0) continue;
        ++silent;
        BOOST_TEST_MESSAGE("counted, but said nothing: " << row.id << " ("
                                                         << all.read.facts.finish_reason << ")");
    }
    BOOST_TEST_MESSAGE(calls << " calls of tools; " << silent << " answers say nothing");
    BOOST_TEST(calls > 0);
    BOOST_TEST(silent * 20 < corpus().size());
}

BOOST_AUTO_TEST_SUITE_END()
