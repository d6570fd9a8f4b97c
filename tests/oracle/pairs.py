# SPDX-License-Identifier: MIT
"""Pairs of answers to one question, which of them differ, and which differences are known.

A question is what `aiaudit prices quote` reads. The program and a library answer it, each with a cost or a refusal.
"""
import collections
import csv
import dataclasses
import fnmatch
import json
import subprocess
from decimal import Decimal

# Costs are equal to the pico-USD, but for the noise of the library's binary floating point.
PICO = Decimal("1e-12")
NOISE = Decimal("1e-9")
OUTCOMES = ("differs", "flagged", "refused", "unknown", "answered")


@dataclasses.dataclass
class Question:
    oracle: str  # who answers beside the program
    book: str  # the price file's name, or "builtin"
    provider: str
    model: str
    feature: str  # what is asked about: "cached@200001", "batch/plain@1000"
    usage: dict
    at: str
    service_tier: str = ""
    region: str = ""
    speed: str = ""

    def line(self, number):
        asked = {"id": str(number), "provider": self.provider, "model": self.model, "usage": self.usage, "at": self.at}
        asked.update((k, v) for k in ("service_tier", "region", "speed") if (v := getattr(self, k)))
        return json.dumps(asked)


@dataclasses.dataclass
class Answer:
    """A cost in USD, or why there is none."""

    cost: Decimal | None
    words: str = ""
    flags: tuple = ()


def ask_program(program, price_file, questions):
    """One process for all questions of a price file; None is the table that is built in."""
    command = [program, "prices", "quote"] + (["--prices", str(price_file)] if price_file else [])
    text = "\n".join(each.line(i) for i, each in enumerate(questions)) + "\n"
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"oracle: {' '.join(command)}: {done.stderr.strip() or done.returncode}")
    answers = []
    for line in done.stdout.splitlines():
        said = json.loads(line)
        flags = tuple(k for k in ("standard_tier_used", "region_ignored", "speed_ignored", "unpriced") if said.get(k))
        if said["cost_usd"] is None:
            answers.append(Answer(None, said["error"]))
        else:
            answers.append(Answer(Decimal(said["cost_usd"]), said["price_entry"], flags))
    if len(answers) != len(questions):
        raise SystemExit(f"oracle: {len(questions)} questions and {len(answers)} answers")
    return answers


def outcome(ours, theirs):
    """None where both say the same, else one of OUTCOMES.

    differs: two costs; flagged: two costs, and the program says that it used another rate; refused: only the library
    gives a cost; unknown: so, since the program knows no such model; answered: only the program gives one.
    """
    if ours.cost is None or theirs.cost is None:
        if ours.cost is None and theirs.cost is None:
            return None
        if ours.cost is not None:
            return "answered"
        return "unknown" if ours.words == "unknown_model" else "refused"
    if abs(ours.cost - theirs.cost) <= max(PICO, NOISE * abs(theirs.cost)):
        return None
    return "flagged" if ours.flags else "differs"


@dataclasses.dataclass
class Known:
    """A line of differences.tsv: a difference that is meant, with its reason."""

    oracle: str
    book: str
    models: str
    feature: str
    outcome: str
    most: int  # no more pairs than this may differ so, in the full run
    reason: str
    line: int
    found: int = 0

    def covers(self, question, what):
        return (self.oracle == question.oracle and self.book == question.book and self.outcome == what and
                fnmatch.fnmatchcase(f"{question.provider}:{question.model}", self.models) and
                fnmatch.fnmatchcase(question.feature, self.feature))


COLUMNS = ["oracle", "file", "models", "feature", "outcome", "most", "reason"]


def read_known(path):
    rows = []
    with open(path, newline="") as file:
        lines = [(n, line) for n, line in enumerate(file, 1) if line.strip() and not line.startswith("#")]
    for (number, _), row in zip(lines, csv.reader([line for _, line in lines], delimiter="\t", quoting=csv.QUOTE_NONE)):
        if row == COLUMNS:
            continue
        if len(row) != len(COLUMNS) or row[4] not in OUTCOMES or not row[5].isdigit() or len(row[6]) < 10:
            raise SystemExit(f"oracle: {path}:{number}: not a line of {', '.join(COLUMNS)}")
        rows.append(Known(*row[:5], int(row[5]), row[6], number))
    return rows


class Comparison:
    """Counts the pairs of one run and keeps those that nothing explains."""

    def __init__(self, known):
        self.known = known
        self.totals = collections.defaultdict(collections.Counter)  # (oracle, book) -> counts
        self.unexplained = []

    def add(self, question, ours, theirs):
        counts = self.totals[question.oracle, question.book]
        counts["pairs"] += 1
        what = outcome(ours, theirs)
        if what is None:
            counts["equal"] += 1
            counts["neither"] += ours.cost is None
            return
        for row in self.known:
            if row.covers(question, what):
                row.found += 1
                counts["explained"] += 1
                return
        counts["unexplained"] += 1
        self.unexplained.append((question, what, ours, theirs))

    def problems(self, full):
        """Lines about the list itself: more pairs than it says, or (in the full run) a line without any."""
        found = []
        for row in self.known:
            if row.found > row.most:
                found.append(f"differences.tsv:{row.line}: explains {row.found} pairs, and allows {row.most}: "
                             "new differences hide behind it; look at them, then correct its number")
            elif full and row.found == 0 and (row.oracle, row.book) in self.totals:
                found.append(f"differences.tsv:{row.line}: explains nothing any more; remove it")
        return found


def told(question, what, ours, theirs):
    """One line about a pair."""
    extra = " ".join(f"{k}={v}" for k in ("service_tier", "region", "speed") if (v := getattr(question, k)))
    usage = " ".join(f"{k}={v}" for k, v in question.usage.items())

    def said(answer):
        if answer.cost is None:
            return f"refuses ({answer.words[:80]})"
        return format(answer.cost.normalize(), "f") + "".join(f" {flag}" for flag in answer.flags)
    asked = f"{usage}{' ' + extra if extra else ''} at {question.at}"
    return (f"{question.oracle} {question.book} {question.provider}:{question.model} {question.feature} {what}: "
            f"aiaudit {said(ours)}, {question.oracle} {said(theirs)} [{asked}]")
