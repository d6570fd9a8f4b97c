// SPDX-License-Identifier: MIT
//
// aiaudit prices: what a price book says, what of a file was not understood, and what changed.

#include "commands.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace aiaudit_tool {
namespace prices_command {

namespace detail = aiaudit::detail;

struct options {
    std::string prices{};
    std::string provider{};
    std::string model{};
    std::string at{};
    std::string first{};
    std::string second{};
    std::string format = "table";
};

// A file, or the word for the book built in.
aiaudit::price_book read_book(std::string const& path) {
    return read_prices(path == "builtin" ? "" : path);
}

// ---- check

std::string remarks_json(std::map<std::string, aiaudit::load_report::remark> const& remarks,
                         std::string_view name) {
    std::vector<std::string> items;
    for (auto const& [what, remark] : remarks) {
        detail::json_writer object;
        object.text(name, what);
        object.number("count", remark.count);
        object.text("example", remark.example);
        items.push_back(object.finish());
    }
    return detail::json_list_of(items);
}

void print_remarks(std::map<std::string, aiaudit::load_report::remark> const& remarks,
                   std::string const& title) {
    if (remarks.empty()) return;
    std::cout << title << ":\n";
    for (auto const& [what, remark] : remarks) {
        std::cout << "  " << what << " (" << remark.count << ", first in " << remark.example
                  << ")\n";
    }
}

int check(options const& with) {
    aiaudit::price_book const book = read_book(with.first);
    aiaudit::load_report const& report = book.report();
    if (with.format == "json") {
        detail::json_writer object;
        object.number("models", report.entries);
        detail::json_writer taken;
        for (auto const& [field, count] : report.taken) taken.number(field, count);
        object.raw("understood", taken.finish());
        object.raw("meaningless", remarks_json(report.meaningless, "field"));
        object.raw("not_understood", remarks_json(report.unknown, "field"));
        object.raw("remarks", remarks_json(report.remarks, "what"));
        std::cout << object.finish() << '\n';
    } else {
        std::size_t prices = 0;
        for (auto const& field : report.taken) prices += field.second;
        std::cout << report.entries << " models, " << prices << " prices in " << report.taken.size()
                  << " fields understood\n";
        print_remarks(report.meaningless, "no meaning here");
        print_remarks(report.unknown, "NOT UNDERSTOOD");
        print_remarks(report.remarks, "left out");
    }
    return report.unknown.empty() ? exit_done : exit_finding;
}

// ---- list

void list(options const& with) {
    aiaudit::price_book const book = read_book(with.prices);
    std::string const wanted = detail::lower(with.provider);
    auto const* const one = wanted.empty() ? nullptr : book.find_provider(wanted);
    if (!wanted.empty() && one == nullptr) {
        throw failure{"--provider: the book has no provider " + with.provider};
    }
    std::vector<std::string> items;
    for (aiaudit::price_provider const& provider : book.providers()) {
        if (one != nullptr && one != &provider) continue;
        for (aiaudit::price_entry const& entry : provider.entries) {
            if (with.format == "json") {
                detail::json_writer object;
                object.text("provider", provider.id);
                object.text("model", entry.id);
                object.number("cards", entry.cards.size());
                object.number("context_tokens", entry.context_tokens);
                object.number("output_tokens_max", entry.output_tokens_max);
                items.push_back(object.finish());
            } else {
                std::cout << provider.id << ' ' << entry.id << '\n';
            }
        }
    }
    if (with.format == "json") std::cout << detail::json_list_of(items) << '\n';
}

// ---- show

std::string rates_json(aiaudit::rate_table const& rates) {
    detail::json_writer object;
    for (auto const& row : rates.rows()) {
        int const power = detail::price_power(row.what);
        detail::json_writer price;
        price.text("usd", row.price.base.to_string(power));
        price.number("for", power == 6 ? 1'000'000 : 1);
        std::vector<std::string> tiers;
        for (aiaudit::rate_tier const& tier : row.price.tiers) {
            detail::json_writer step;
            step.number(tier.inclusive ? "from" : "above", tier.start);
            step.text("usd", tier.price.to_string(power));
            tiers.push_back(step.finish());
        }
        if (!tiers.empty()) price.raw("tiers", detail::json_list_of(tiers));
        object.raw(name_of(row.what), price.finish());
    }
    return object.finish();
}

void print_rates(aiaudit::rate_table const& rates, std::string const& indent) {
    for (auto const& row : rates.rows()) {
        int const power = detail::price_power(row.what);
        std::cout << indent << name_of(row.what) << ' ' << row.price.base.to_string(power);
        for (aiaudit::rate_tier const& tier : row.price.tiers) {
            std::cout << (tier.inclusive ? ", from " : ", above ") << tier.start << ": "
                      << tier.price.to_string(power);
        }
        std::cout << (power == 6 ? " USD a million\n" : " USD each\n");
    }
}

std::string factor_text(aiaudit::multiplier factor) {
    return std::to_string(factor.numerator) +
           (factor.denominator == 1 ? "" : "/" + std::to_string(factor.denominator));
}

void show_json(aiaudit::price_book::found const& hit, aiaudit::price_basis basis,
               aiaudit::rate_card const* card, aiaudit::timestamp instant) {
    detail::json_writer object;
    object.text("provider", hit.provider->id);
    object.text("model", hit.entry->id);
    object.text("at", instant.to_string());
    object.text("basis", name_of(basis));
    object.text_if("source", hit.entry->source);
    object.number("context_tokens", hit.entry->context_tokens);
    object.number("output_tokens_max", hit.entry->output_tokens_max);
    object.raw("rates", card == nullptr ? "null" : rates_json(card->rates));
    detail::json_writer tiers;
    if (card != nullptr) {
        for (auto const& each : card->services) tiers.raw(each.tier, rates_json(each.rates));
    }
    object.raw("service_tiers", tiers.finish());
    std::vector<std::string> factors;
    for (aiaudit::price_modifier const& each : hit.entry->modifiers) {
        detail::json_writer factor;
        factor.text("kind", name_of(each.kind));
        factor.text("value", each.value);
        factor.text("factor", factor_text(each.factor));
        factors.push_back(factor.finish());
    }
    object.raw("factors", detail::json_list_of(factors));
    std::cout << object.finish() << '\n';
}

int show(options const& with) {
    aiaudit::price_book const book = read_book(with.prices);
    aiaudit::timestamp const instant = instant_or_now(with.at, "--at");
    auto const hit = book.find(with.provider, with.model);
    if (!hit) {
        std::string const provider = with.provider.empty() ? "any provider" : with.provider;
        throw failure{with.model + ": no such model of " + provider +
                          " in the book (aiaudit prices list names them)",
                      exit_finding};
    }
    aiaudit::rate_card const* const card = detail::card_at(*hit.entry, instant);
    aiaudit::price_basis const basis = book.basis_of(hit, instant);
    if (with.format == "json") {
        show_json(hit, basis, card, instant);
        return card == nullptr ? exit_finding : exit_done;
    }
    std::cout << hit.provider->id << ' ' << hit.entry->id << " at " << instant.to_string() << ", "
              << name_of(basis) << '\n';
    if (!hit.entry->source.empty()) std::cout << "source " << hit.entry->source << '\n';
    if (hit.entry->context_tokens != 0) {
        std::cout << "context " << hit.entry->context_tokens << " tokens\n";
    }
    if (hit.entry->output_tokens_max != 0) {
        std::cout << "output at most " << hit.entry->output_tokens_max << " tokens\n";
    }
    if (card == nullptr) {
        std::cout << "no price at that time\n";
        return exit_finding;
    }
    print_rates(card->rates, "");
    for (auto const& each : card->services) {
        std::cout << "tier " << each.tier << '\n';
        print_rates(each.rates, "  ");
    }
    for (aiaudit::price_modifier const& each : hit.entry->modifiers) {
        std::cout << "factor " << factor_text(each.factor) << " for " << name_of(each.kind) << ' '
                  << each.value << '\n';
    }
    return exit_done;
}

// ---- diff

// What an entry says, a line each, without its name.
using entry_lines = std::multiset<std::string>;

std::map<std::string, entry_lines> entries_of(aiaudit::price_book const& book) {
    std::map<std::string, entry_lines> entries;
    for (aiaudit::price_provider const& provider : book.providers()) {
        for (aiaudit::price_entry const& entry : provider.entries) {
            std::string const text = detail::canonical(entry);
            entry_lines& lines = entries[provider.id + " " + entry.id];
            // A rate is told apart by the card that it stands under.
            std::string head;
            for_each_line(text, [&](std::size_t number, std::string_view line) {
                if (number == 1) return;
                auto const words = line.find_first_not_of(' ');
                std::string const plain{line.substr(words)};
                if (words == 1) head = plain;
                bool const rate = words > 1;
                lines.insert(rate ? head + ": " + plain : plain);
            });
        }
    }
    return entries;
}

struct difference {
    std::string sign{};  // "+", "-" or "~"
    std::string name{};
    std::vector<std::string> gone{};
    std::vector<std::string> come{};
};

std::vector<difference> differences(std::map<std::string, entry_lines> const& old,
                                    std::map<std::string, entry_lines> const& now) {
    std::vector<difference> found;
    std::set<std::string> names;
    for (auto const& each : old) names.insert(each.first);
    for (auto const& each : now) names.insert(each.first);
    for (std::string const& name : names) {
        auto const before = old.find(name);
        auto const after = now.find(name);
        difference each{"~", name, {}, {}};
        if (before == old.end()) {
            each.sign = "+";
        } else if (after == now.end()) {
            each.sign = "-";
        } else {
            std::set_difference(before->second.begin(), before->second.end(), after->second.begin(),
                                after->second.end(), std::back_inserter(each.gone));
            std::set_difference(after->second.begin(), after->second.end(), before->second.begin(),
                                before->second.end(), std::back_inserter(each.come));
            if (each.gone.empty() && each.come.empty()) continue;
        }
        found.push_back(std::move(each));
    }
    return found;
}

int diff(options const& with) {
    auto const old = read_book(with.first);
    auto const now = read_book(with.second);
    auto const found = differences(entries_of(old), entries_of(now));
    if (with.format == "json") {
        std::vector<std::string> items;
        for (difference const& each : found) {
            auto const texts = [](std::vector<std::string> const& lines) {
                std::vector<std::string> quoted;
                for (auto const& line : lines) quoted.push_back(detail::json_string(line));
                return detail::json_list_of(quoted);
            };
            auto const space = each.name.find(' ');
            detail::json_writer object;
            object.text("change", each.sign == "+"   ? "added"
                                  : each.sign == "-" ? "removed"
                                                     : "changed");
            object.text("provider", each.name.substr(0, space));
            object.text("model", each.name.substr(space + 1));
            object.raw("before", texts(each.gone));
            object.raw("after", texts(each.come));
            items.push_back(object.finish());
        }
        std::cout << detail::json_list_of(items) << '\n';
    } else {
        for (difference const& each : found) {
            std::cout << each.sign << ' ' << each.name << '\n';
            for (auto const& line : each.gone) std::cout << "    - " << line << '\n';
            for (auto const& line : each.come) std::cout << "    + " << line << '\n';
        }
        std::cout << found.size() << (found.size() == 1 ? " difference\n" : " differences\n");
    }
    return found.empty() ? exit_done : exit_finding;
}

void add_format(CLI::App& command, options& with) {
    command.add_option("--format", with.format, "table or json")
        ->check(CLI::IsMember({"table", "json"}));
}

void add_book(CLI::App& command, options& with) {
    command.add_option("--prices", with.prices,
                       "A price file (genai-prices or LiteLLM JSON); default: built in");
    command.add_option("--provider", with.provider, "Of this provider alone");
}

}  // namespace prices_command

void add_prices(CLI::App& program, int& status) {
    using namespace prices_command;
    auto with = std::make_shared<options>();
    CLI::App* const prices =
        program.add_subcommand("prices", "Price books: check, list, show, diff, quote, update");
    prices->require_subcommand(1);
    CLI::App* const checking = prices->add_subcommand(
        "check", "What of a price file is understood, and what is not; 1 if a price is not");
    checking->add_option("file", with->first, "The price file")->required();
    add_format(*checking, *with);
    checking->callback([with, &status] { status = check(*with); });
    CLI::App* const listing = prices->add_subcommand("list", "The models of a book");
    add_book(*listing, *with);
    add_format(*listing, *with);
    listing->callback([with] { list(*with); });
    CLI::App* const showing = prices->add_subcommand("show", "The prices of a model at a time");
    showing->add_option("model", with->model, "The model's name")->required();
    add_book(*showing, *with);
    showing->add_option("--at", with->at, "The instant whose prices hold; default: now");
    add_format(*showing, *with);
    showing->callback([with, &status] { status = show(*with); });
    CLI::App* const comparing =
        prices->add_subcommand("diff", "What changed between two books; 1 if anything did");
    comparing->add_option("old", with->first, "A price file, or 'builtin'")->required();
    comparing->add_option("new", with->second, "A price file, or 'builtin'")->required();
    add_format(*comparing, *with);
    comparing->callback([with, &status] { status = diff(*with); });
    add_prices_quote(*prices);
    add_prices_update(*prices);
}

}  // namespace aiaudit_tool
