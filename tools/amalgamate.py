#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the single headers of single_include/ from include/.

usage: tools/amalgamate.py            writes them
       tools/amalgamate.py --check    fails if what is written is not what would be

The output depends on nothing but include/ and LICENSE. Every header of ours stands in it once, before the first that
includes it, with its include guard; so a source may include a single header and modular ones in any order.

A single header has three parts: what its users name; the templates behind that, which instantiate for policies of
their own; and the definitions. The default is all three. With AIAUDIT_SEPARATE a source gets the first alone, with
AIAUDIT_TEMPLATES too the second, and the one source that defines AIAUDIT_IMPLEMENTATION all.
"""
import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Output:
    name: str  # what users include
    implementation: tuple[str, ...]  # what one source includes in separate mode


OUTPUTS = (
    Output("aiaudit/aiaudit.hpp", ("aiaudit/impl.hpp",)),
    Output("aiaudit/ledger.hpp", ("aiaudit/impl/ledger.hpp",)),
    Output("aiaudit/gateway.hpp", ("aiaudit/impl.hpp", "aiaudit/impl/gateway.hpp")),
)

# Headers that a user includes by name: aiaudit.hpp does not reach them. A name may be a folder.
OPT_IN = (
    "aiaudit/sinks",  # for who ships there; some need libpq or libmongoc
    "aiaudit/transport/pq_connection",  # needs libpq
    "aiaudit/fleet",  # a part of it, too
    "aiaudit/alerts/smtp",  # needs libcurl
    "aiaudit/alerts/mail",  # what only smtp needs
    "aiaudit/engine/shipped_log",  # what only sinks/ and gateway/ need
    "aiaudit/gateway",  # needs Boost.Asio and Boost.Beast
    "aiaudit/templates.hpp",  # a single header has AIAUDIT_TEMPLATES for it
    "aiaudit/impl",
)

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
# At the end of a header: its definitions, unless they are compiled apart.
DEFINITIONS = re.compile(r"#ifndef AIAUDIT_SEPARATE\n((?:#include <aiaudit/impl/[\w/]+\.[it]pp>\n)+)#(?:endif|else)\n")

TEMPLATES = "!defined(AIAUDIT_SEPARATE) || defined(AIAUDIT_TEMPLATES) || defined(AIAUDIT_IMPLEMENTATION)"
IMPLEMENTATION = "!defined(AIAUDIT_SEPARATE) || defined(AIAUDIT_IMPLEMENTATION)"


class Failure(Exception):
    pass


class Amalgamation:
    """Collects the text of a header after that of the headers it includes."""

    def __init__(self, include: Path):
        self.include = include
        self.seen: list[str] = []
        self.open: list[str] = []
        self.parts: dict[str, list[str]] = {"declarations": [], "templates": [], "definitions": []}
        self.part = "declarations"

    def text(self, name: str) -> str:
        text = (self.include / name).read_text(encoding="ascii")
        # Definitions come in a part of their own; an #else is what separate mode declares instead.
        return DEFINITIONS.sub(lambda found: "#ifdef AIAUDIT_SEPARATE\n" if found.group().endswith("#else\n") else "", text)

    def add(self, name: str) -> None:
        if name in self.seen:
            if name in self.open:
                raise Failure(f"{name} includes itself: {' > '.join(self.open + [name])}")
            return
        self.seen.append(name)
        self.open.append(name)
        kept: list[str] = []
        depth = 0
        for number, line in enumerate(self.text(name).splitlines(), 1):
            directive = re.match(r"\s*#\s*(\w+)", line)
            word = directive.group(1) if directive else ""
            depth += word in ("if", "ifdef", "ifndef")
            depth -= word == "endif"
            found = INCLUDE.match(line)
            if not found or not found.group(2).startswith("aiaudit/"):
                if found and found.group(1) == '"':
                    raise Failure(f"{name}:{number}: include in <>: {line}")
                if word == "pragma" and "once" in line:
                    raise Failure(f"{name}:{number}: an include guard, not #pragma once")
                kept.append(line)
                continue
            if depth != 1:
                raise Failure(f"{name}:{number}: a header of ours is included conditionally: {line}")
            if not (self.include / found.group(2)).is_file():
                raise Failure(f"{name}:{number}: no such header: {found.group(2)}")
            self.add(found.group(2))
        self.open.pop()
        body = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")
        is_definition = self.part != "declarations" and "/impl" in name and not name.endswith(".tpp")
        part = "definitions" if is_definition else self.part
        self.parts[part].append(f"// ---- {name} ----\n{body}\n")


def version(include: Path) -> str:
    text = (include / "aiaudit/version.hpp").read_text(encoding="ascii")
    return ".".join(re.findall(r"#define AIAUDIT_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text))


def section(condition: str, parts: list[str]) -> str:
    return f"#if {condition}\n\n" + "\n".join(parts) + f"\n#endif  // {condition}\n"


def amalgamate(root: Path, output: Output) -> str:
    include = root / "include"
    made = Amalgamation(include)
    made.add(output.name)
    if output == OUTPUTS[0]:
        reached = Amalgamation(include)
        for name in (output.name, *output.implementation):
            reached.add(name)
        for path in sorted((include / "aiaudit").rglob("*.hpp")):
            name = path.relative_to(include).as_posix()
            if name not in reached.seen and not name.startswith(OPT_IN):
                raise Failure(f"{name} is not reached from {output.name}, nor is it in OPT_IN of tools/amalgamate.py")
    made.part = "templates"
    for name in output.implementation:
        made.add(name)
    banner = [f"aiaudit {version(include)}: <{output.name}> and all that it includes, in one file.",
              "Generated by tools/amalgamate.py: edit include/ and run that.", ""]
    banner += (root / "LICENSE").read_text(encoding="ascii").splitlines()
    head = "".join(f"// {line}".rstrip() + "\n" for line in banner)
    return "\n".join([head, *made.parts["declarations"], section(TEMPLATES, made.parts["templates"]),
                      section(IMPLEMENTATION, made.parts["definitions"])])


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes the single headers of single_include/.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if they are not current")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    stale = []
    for output in OUTPUTS:
        try:
            wanted = amalgamate(arguments.root, output).encode("ascii")
        except (Failure, OSError, UnicodeError) as failure:
            print(f"amalgamate: {failure}", file=sys.stderr)
            return 1
        path = arguments.root / "single_include" / output.name
        if path.is_file() and path.read_bytes() == wanted:
            continue
        if arguments.check:
            stale.append(f"single_include/{output.name}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted)
            print(f"wrote single_include/{output.name}")
    if stale:
        print(f"amalgamate: not current: {', '.join(stale)}; run tools/amalgamate.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
