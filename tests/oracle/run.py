#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what the program and two other price calculators say of the same usage at the same price file: each model of
both public files, below and above every context tier, with every part and service tier that the file has a price for;
and the table that is built in, beside both files.

A difference that no line of differences.tsv explains fails. Prints the pairs compared, equal, explained, unexplained.

usage: run.py --program FILE --shared DIRECTORY [--short] [--only NAME] [--shown N] [--self-test]
  --short: one model of each set of prices, all its parts at once   --only: genai-prices or litellm
  --shown: how many differences are printed
"""
import argparse
import collections
import json
import pathlib
import re
import socket
import sys
import time

import pairs
from pairs import Answer, Comparison, Known, Question

HERE = pathlib.Path(__file__).resolve().parent


def without_network():
    """LiteLLM looks some models up on the network; here nothing may."""
    def refuse(*_):
        raise OSError("an oracle does not use the network")
    socket.socket.connect = socket.socket.connect_ex = refuse
    socket.getaddrinfo = refuse


# What the short form leaves out: the parts alone, of which "everything" has all.
ALONE = re.compile(r"(^|/)(cached|written|reasoning|(audio|image|video)_(in|out))[a-z0-9_]*@")


def distinct(questions, prices_of):
    """Of each provider and set of prices the first model, with all its parts at once."""
    first = {}
    for each in questions:
        prices = each.provider, prices_of(each)
        if first.setdefault(prices, each.model) == each.model and not ALONE.search(each.feature):
            yield each


def compare(comparison, oracle, questions, program, price_file):
    questions = list(questions)
    for question, said in zip(questions, pairs.ask_program(program, price_file, questions)):
        comparison.add(question, said, oracle.answer(question))


def by_genai_prices(comparison, with_):
    import by_genai_prices as oracle
    path = with_.prices / "genai-prices.json"
    raw = oracle.load(path)
    prices = {}
    for provider in raw:
        for model in provider["models"]:
            prices[provider["id"], oracle.name_of(provider, model)] = json.dumps(
                [model["prices"], model.get("price_variants")], sort_keys=True, default=str)
    left_out = collections.Counter()
    for book, file in (("genai-prices", path), ("builtin", None)):
        asked = oracle.questions(raw, left_out if file else collections.Counter(), book)
        if with_.short:
            asked = distinct(asked, lambda each: prices.get((each.provider, each.model)))
        compare(comparison, oracle, asked, with_.program, file)
    for reason, count in sorted(left_out.items()):
        print(f"  not asked: {reason} ({count})")


def by_litellm(comparison, with_):
    import by_litellm as oracle
    path = with_.prices / "litellm.json"
    models = oracle.load(path)
    about_money = re.compile("^mode$|cost|pric|multiplier|provider_specific")
    prices = {name: json.dumps({field: value for field, value in model.items() if about_money.search(field)},
                               sort_keys=True) for name, model in models.items()}
    for book, file in (("litellm", path), ("builtin", None)):
        asked = oracle.questions(models, book)
        if with_.short:
            asked = distinct(asked, lambda each: prices[each.theirs[0]])
        compare(comparison, oracle, asked, with_.program, file)
    left_out = oracle.fields_left_out(models)
    print("  not asked: " + ", ".join(f"{field} ({count})" for field, count in left_out.most_common()))


def report(comparison, full, shown):
    for pair in comparison.unexplained[:shown]:
        print(pairs.told(*pair))
    if len(comparison.unexplained) > shown:
        print(f"... and {len(comparison.unexplained) - shown} more; --shown N prints more of them")
    problems = comparison.problems(full)
    for line in problems:
        print(line)
    for (oracle, book), counts in sorted(comparison.totals.items()):
        at = "the built-in table" if book == "builtin" else "its file"
        print(f"{oracle}, {at}: {counts['pairs']} pairs compared, {counts['equal']} equal "
              f"({counts['neither']} of them without a price on both sides), {counts['explained']} explained, "
              f"{counts['unexplained']} unexplained")
    return 1 if comparison.unexplained or problems else 0


def self_test(with_):
    """A planted difference fails, an explained one does not, and neither can hide others."""
    def asked(**other):
        usual = {"oracle": "litellm", "book": "litellm", "provider": "openai", "model": "gpt-5",
                 "feature": "plain@1000", "usage": {"input_tokens": 1000}, "at": "2026-11-28T12:00:00Z"}
        return Question(**usual | other)

    def cost(text, *flags):
        return Answer(None, "unpriced_unit") if text is None else Answer(pairs.Decimal(text), "", flags)

    def status(known, *given, full=False):
        comparison = Comparison(known)
        for pair in given:
            comparison.add(*pair)
        return bool(comparison.unexplained or comparison.problems(full))
    row = dict(oracle="litellm", book="litellm", models="openai:gpt-*", feature="plain@*", outcome="differs", most=1,
               reason="planted", line=1)
    same = (asked(), cost("0.00125"), cost("0.0012500000000000002"))
    other = (asked(), cost("0.00125"), cost("0.001250001"))
    cases = [
        ("equal but for binary noise", False, status([], same)),
        ("a difference of a billionth part and more", True, status([], other)),
        ("a pico-USD of rounding", False, status([], (asked(), cost("0.000000000002"), cost("0.0000000000015")))),
        ("half a cheap call", True, status([], (asked(), cost("0.00000001"), cost("0.00000002")))),
        ("an explained difference", False, status([Known(**row)], other)),
        ("two where the list allows one", True, status([Known(**row)], other, other)),
        ("another model", True, status([Known(**row)], (asked(model="o3"), *other[1:]))),
        ("another provider", True, status([Known(**row)], (asked(provider="azure"), *other[1:]))),
        ("another feature", True, status([Known(**row)], (asked(feature="cached@1000"), *other[1:]))),
        ("another oracle", True, status([Known(**row)], (asked(oracle="genai-prices"), *other[1:]))),
        ("another file", True, status([Known(**row)], (asked(book="builtin"), *other[1:]))),
        ("refused where the list has a difference", True, status([Known(**row)], (asked(), cost(None), cost("1")))),
        ("a price that only the program has", True, status([], (asked(), cost("1"), cost(None)))),
        ("a price that neither has", False, status([], (asked(), cost(None), cost(None)))),
        ("a flag does not make another figure equal", True, status([], (asked(), cost("1", "unpriced"), cost("2")))),
        ("a line that explains nothing, in full", True, status([Known(**row)], same, full=True)),
        ("a line that explains nothing, in short", False, status([Known(**row)], same)),
    ]
    # The program itself: its answer is equal to the exact product, and a count more is not.
    asks = [asked(provider="", model="self-test", usage={"input_tokens": 1000 + more}) for more in (0, 1)]
    book = {"self-test": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.25e-06,
                          "output_cost_per_token": 1e-05}}
    file = with_.work / "self_test.json"
    file.write_text(json.dumps(book))
    right, planted = pairs.ask_program(with_.program, file, asks)
    cases.append(("the program's own answer", False, status([], (asks[0], right, cost("0.00125")))))
    cases.append(("the program's answer to another count", True, status([], (asks[0], planted, cost("0.00125")))))
    wrong = [name for name, expected, got in cases if expected != got]
    for name in wrong:
        print(f"self-test: wrong: {name}")
    print(f"self-test: {len(cases) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


def main():
    options = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    options.add_argument("--program", required=True)
    options.add_argument("--shared", type=pathlib.Path, required=True)
    options.add_argument("--work", type=pathlib.Path, default=pathlib.Path("."))
    options.add_argument("--short", action="store_true")
    options.add_argument("--only", choices=["genai-prices", "litellm"])
    options.add_argument("--shown", type=int, default=20)
    options.add_argument("--unexplained", type=pathlib.Path, help="a file for all of them, a line each")
    options.add_argument("--self-test", action="store_true")
    with_ = options.parse_args()
    if with_.self_test:
        return self_test(with_)
    with_.prices = with_.shared / "prices" / "2026-11"
    without_network()
    comparison = Comparison(pairs.read_known(HERE / "differences.tsv"))
    start = time.monotonic()
    for name, run in (("genai-prices", by_genai_prices), ("litellm", by_litellm)):
        if with_.only in (None, name):
            run(comparison, with_)
    if with_.unexplained:
        with_.unexplained.write_text("".join(pairs.told(*each) + "\n" for each in comparison.unexplained))
    status = report(comparison, not with_.short and not with_.only, with_.shown)
    print(f"{time.monotonic() - start:.0f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
