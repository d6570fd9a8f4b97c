#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the rules of this house that no compiler checks. Runs as the test `tidy`.

usage: tools/tidy.py                checks the source tree; one line a finding, exit 1 if there is any
       tools/tidy.py --self-test    checks that each rule finds what it forbids
"""
import os
import re
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path

# A header includes only headers of lower floors, and those of its own folder. Keys are paths under include/aiaudit/.
# The definitions of a header, impl/NAME.ipp and impl/NAME.tpp, stand on its floor; impl.hpp and impl/*.hpp, which collect
# them for the source that compiles them, above all.
FLOORS = {
    "version.hpp": 0, "config.hpp": 0, "fwd.hpp": 0,
    "error.hpp": 1, "limits.hpp": 1, "detail/": 1,
    "core/": 2,
    "codec/": 3,
    "providers/": 4, "pricing/": 4, "integrity/": 4, "rollup/": 4, "budget/": 4, "resilience/": 4,
    "storage/": 5, "transport/": 5, "clock/": 5, "timezone/": 5,
    "policies.hpp": 6, "engine/": 6, "cache/": 6, "alerts/": 6,
    "basic_ledger.hpp": 7, "client/": 7,
    "client.hpp": 8, "alerts.hpp": 8, "import.hpp": 8, "verify.hpp": 8, "retain.hpp": 8, "reprice.hpp": 8, "late_costs.hpp": 8, "export/": 8, "audit/": 8, "fleet/": 8,
    "ledger.hpp": 9, "sinks/": 9, "gateway/": 9,
    "aiaudit.hpp": 10, "gateway.hpp": 10,
    "templates.hpp": 11,
}

IMPL_FLOOR = 11

# Who may include what of others, so that its cost is paid only by those who use it. Standard headers are free.
THIRD_PARTY = {
    "boost/json": ["codec/json*.hpp", "providers/*", "transport/replay_transport.hpp", "pricing/genai_prices.hpp", "pricing/litellm.hpp",
                   "pricing/load.hpp", "pricing/*json*.hpp", "alerts/webhook.hpp", "audit/row_lines.hpp", "sinks/held_rows.hpp", "sinks/line_rows.hpp",
                   "gateway/*", "fleet/etcd*"],
    "boost/asio": ["gateway/*"],
    "boost/beast": ["gateway/*"],
    "openssl/": ["detail/sha256.hpp", "integrity/*", "transport/tls.hpp", "alerts/signature.hpp", "alerts/smtp*",
                 "gateway/*"],
    "lmdb.h": ["storage/*", "cache/cache_tables.hpp"],
    "httplib.h": ["transport/*"],
    "date/": ["timezone/*"],
    "curl/": ["alerts/smtp*"],
    "libpq-fe.h": ["sinks/postgres*", "transport/pq_connection*"],
    "bson/": ["sinks/mongodb*"],
    "mongoc/": ["sinks/mongodb*"],
}
POSIX = re.compile(r"(sys|net|netinet|arpa)/\w+\.h|linux/(magic|futex)\.h|(unistd|fcntl|signal|pthread|poll|dirent|netdb|spawn)\.h")
POSIX_FLOOR = 5  # the lowest that does I/O

LINE_MAX = 100
HEADER_LINES_MAX = 500
GENERATED = (  # by tools/embed.py and tools/prices.py: as long as what they hold
    "include/aiaudit/gateway/dashboard_assets.hpp",
    "include/aiaudit/pricing/builtin_table.hpp",
)

# Macros of others that one header defines, only where nobody else has: how Debian builds the library (decision 0011).
LENT_MACROS = {
    "CPPHTTPLIB_OPENSSL_SUPPORT": "include/aiaudit/transport/response_reader.hpp",
    "USE_OS_TZDB": "include/aiaudit/impl/timezone/tzdb.ipp",
    "ONLY_C_LOCALE": "include/aiaudit/impl/timezone/tzdb.ipp",
}

# Where, what, why. `where` is a pattern of paths from the root; `what` is looked for in code without comments and
# strings, or in every line where the rule says "text".
BANNED = (
    ("include/*", "code", r"std::c(out|err|log)\b", "a library prints nothing: return it"),
    ("include/*", "code", r"(?<![a-z])f?printf\s*\(", "a library prints nothing: return it"),
    ("include/*", "code", r"\b(abort|exit|rand|srand)\s*\(", "not ours to call: return an error, or std::random_device"),
    ("include/*", "code", r"^using namespace\b", "it leaks into every user"),
    ("include/*", "code", r"#\s*pragma\s+once", "an include guard: it outlives amalgamation"),
    ("include/*", "code", rf"#\s*define\s+(?!AIAUDIT_|(?:{'|'.join(LENT_MACROS)})\b)", "macros of ours begin with AIAUDIT_"),
    ("include/*", "code", r"\bstd::(min|max)\s*\(|::(min|max)\(\)", "a macro may have that name: (std::max)(a, b)"),
    ("include/*", "code", r"^\s*[^#\s].*\bthrow\b|^\s*throw\b", "AIAUDIT_THROW: a user may have no exceptions"),
    ("include/*", "code", r"^namespace\s*\{", "an anonymous namespace in a header is an ODR trap: use detail"),
    ("include/aiaudit/core/money.hpp", "code", r"\b(float|double)\b", "money never meets binary floating point"),
    ("include/aiaudit/pricing/*", "code", r"\b(float|double|stod|strtod|stof)\b", "money never meets binary floating point"),
    ("*", "text", r"\b(TODO|FIXME|XXX)\b", "file an issue, or do it"),
    ("*", "text", r"[ \t]+$", "white space at the end of the line"),
    ("*", "text", r"\t", "a tab"),
)

LISTS = {  # each list, and the files that it must name
    "tests/sources.list": "tests/*/*.cpp",
    "tools/sources.list": "tools/*/*.cpp",
    "examples/sources.list": "examples/*.cpp",
    "benchmarks/sources.list": "benchmarks/*.cpp",
    "tests/fuzz/sources.list": "tests/fuzz/*.cpp",
}
UNLISTED = ("tests/*/main.cpp", "tests/fuzz/*", "tests/compile/*", "tests/consumers/*", "tests/torture/*", "tests/simulation/*", "tests/fleet/*")
UNBUILT = ("benchmarks/compile/*",)  # programs that are only compiled, by scripts/bench compile
DEFINITIONS = ("include/*.ipp", "include/*.tpp")
SOURCES = ("include/*.hpp", *DEFINITIONS, "tests/*.hpp", "tests/*.cpp", "tests/*.py", "tools/*.cpp", "tools/*.hpp", "tools/*.py",
           "examples/*.cpp", "benchmarks/*.cpp", "benchmarks/*.hpp", "scripts/*", ".ci/*", "cmake/*",
           "CMakeLists.txt", "meson.build", "meson_options.txt")

INCLUDE = re.compile(r"\s*#\s*include\s*[<\"]([^>\"]+)[>\"]")


def blanked(text: str) -> list[str]:
    """The lines of C++ source without comments and the insides of literals."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^( ]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',
                       re.DOTALL)

    def blank(found: re.Match) -> str:
        if found.group().startswith('"') and re.search(r"#\s*include\s*$", text[:found.start()].rpartition("\n")[2]):
            return found.group()
        return "\n" * found.group().count("\n") if found.group()[0] == "/" else '""' + "\n" * found.group().count("\n")
    return token.sub(blank, text).split("\n")


def declarations(name: str) -> str:
    """The header that declares what impl/NAME.ipp or impl/NAME.tpp defines; of another header, itself."""
    found = re.fullmatch(r"impl/(.+)\.[it]pp", name)
    return f"{found.group(1)}.hpp" if found else name


def place(name: str) -> tuple[str, int] | None:
    """The room of a header, given its path under include/aiaudit/, and the room's floor."""
    name = declarations(name)
    if name == "impl.hpp" or name.startswith("impl/"):
        return ("impl/", IMPL_FLOOR)
    room = name.split("/")[0] + "/" if "/" in name else name
    return (room, FLOORS[room]) if room in FLOORS else None


class Tree:
    def __init__(self, root: Path):
        self.root = root
        self.findings: list[str] = []

    def find(self, path: str, line: int, words: str) -> None:
        self.findings.append(f"{path}:{line}: {words}")

    def files(self, patterns: tuple[str, ...]) -> list[str]:
        names = []
        for folder, folders, found in os.walk(self.root):
            here = Path(folder).relative_to(self.root)
            folders[:] = [f for f in folders if f not in (".git", "build", "fixtures", "__pycache__", "single_include", "node_modules")]
            names += [(here / name).as_posix() for name in found]
        return sorted(name for name in names if any(fnmatch(name, pattern) for pattern in patterns))

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def check(self) -> list[str]:
        for path in self.files(SOURCES):
            self.check_text(path)
        for path in self.files(("include/*.hpp",)):
            self.check_header(path)
            self.check_lent_macros(path)
        for path in self.files(DEFINITIONS):
            self.check_definitions(path)
            self.check_lent_macros(path)
        self.check_collected()
        self.check_cycles()
        self.check_lists()
        self.check_suites()
        self.check_version()
        return self.findings

    def check_text(self, path: str) -> None:
        text = self.read(path)
        if not text.endswith("\n"):
            self.find(path, text.count("\n") + 1, "no new line at the end")
        is_code = path.endswith((".hpp", ".ipp", ".tpp", ".cpp"))
        lines = text.split("\n")
        code = blanked(text) if is_code else lines
        for where, kind, what, why in BANNED:
            if not fnmatch(path, where) or (path == "tools/tidy.py" and kind == "text" and "TODO" in what):
                continue
            for number, line in enumerate(code if kind == "code" else lines, 1):
                if re.search(what, line):
                    self.find(path, number, f"'{re.search(what, line).group().strip() or 'space'}': {why}")
        for number, line in enumerate(lines, 1):
            if is_code and len(line) > LINE_MAX and "http" not in line and 'R"' not in line:
                self.find(path, number, f"{len(line)} columns, at most {LINE_MAX}")
            if not line.isascii():
                self.find(path, number, "not ASCII")

    def check_header(self, path: str) -> None:
        text = self.read(path)
        lines = text.split("\n")
        name = path.removeprefix("include/aiaudit/")
        if len(lines) - 1 > HEADER_LINES_MAX and path not in GENERATED:
            self.find(path, len(lines) - 1, f"more than {HEADER_LINES_MAX} lines: it does too much")
        self.check_guard(path, text)
        where = place(name)
        if where is None:
            self.find(path, 1, "on no floor: add its folder to FLOORS in tools/tidy.py")
            return
        room, floor = where
        comment = "\n".join(lines[:next((i for i, line in enumerate(lines) if not line.startswith("//")), 0)])
        if not comment.startswith("// SPDX-License-Identifier: MIT\n//\n// " + name.split("/")[-1] + ":"):
            self.find(path, 1, "begin with the licence, an empty comment line and '// NAME.hpp: what it is'")
        if not re.search(rf"\bFloor {floor}\.", comment):
            self.find(path, 1, f"the comment at its head must say 'Floor {floor}.'")
        if floor not in (0, 10, IMPL_FLOOR) and "Threads:" not in comment:
            self.find(path, 1, "the comment at its head must say 'Threads: ...'")
        self.check_includes(path, lines, name, room, floor)

    def check_guard(self, path: str, text: str) -> None:
        guard = re.sub(r"[^A-Z0-9]", "_", path.removeprefix("include/").upper())
        if f"#ifndef {guard}\n#define {guard}\n" not in text or not text.endswith(f"#endif  // {guard}\n"):
            self.find(path, 1, f"the include guard must be {guard}, and be named at its end")

    def check_definitions(self, path: str) -> None:
        """Definitions stand on the floor of the header that declares them, and include what it may."""
        text = self.read(path)
        lines = text.split("\n")
        self.check_guard(path, text)
        if len(lines) - 1 > HEADER_LINES_MAX:
            self.find(path, len(lines) - 1, f"more than {HEADER_LINES_MAX} lines: it does too much")
        name = declarations(path.removeprefix("include/aiaudit/"))
        include = f"#include <{path.removeprefix('include/')}>"
        if not (self.root / "include/aiaudit" / name).is_file():
            self.find(path, 1, f"no header {name} that declares what this defines")
        elif f"#ifndef AIAUDIT_SEPARATE\n" not in self.read(f"include/aiaudit/{name}") or \
                include not in self.read(f"include/aiaudit/{name}"):
            self.find(path, 1, f"{name} must end with '#ifndef AIAUDIT_SEPARATE' and '{include}'")
        where = place(name)
        if where is not None:
            self.check_includes(path, lines, name, *where)

    def check_collected(self) -> None:
        """Definitions that no impl/*.hpp includes are compiled by nobody; those that two include, twice."""
        collectors = {path: self.read(path) for path in self.files(("include/aiaudit/impl/*.hpp",))}
        for path in self.files(DEFINITIONS):
            include = f"#include <{path.removeprefix('include/')}>"
            count = sum(include in text for text in collectors.values())
            if collectors and count != 1:
                self.find(path, 1, f"must be included by one of {', '.join(collectors)}, not by {count}")

    def check_includes(self, path: str, lines: list[str], name: str, room: str, floor: int) -> None:
        for number, line in enumerate(lines, 1):
            inner = re.search(r"\binline (?:namespace )?(v\w+)(?: \{|::)", line)
            if inner and inner.group(1) != self.inline_namespace():
                self.find(path, number, f"the inline namespace of this version is {self.inline_namespace()}")
            found = INCLUDE.match(line)
            if found and found.group(1).startswith("aiaudit/"):
                self.check_floor(path, number, room, floor, found.group(1).removeprefix("aiaudit/"))
            elif found:
                self.check_third_party(path, number, name, floor, found.group(1))

    def check_lent_macros(self, path: str) -> None:
        for number, line in enumerate(blanked(self.read(path)), 1):
            found = re.match(r"\s*#\s*define\s+(\w+)", line)
            if found and LENT_MACROS.get(found.group(1), path) != path:
                self.find(path, number, f"{found.group(1)} is only for {LENT_MACROS[found.group(1)]}")

    def check_floor(self, path: str, number: int, room: str, floor: int, wanted: str) -> None:
        if not (self.root / "include/aiaudit" / wanted).is_file():
            self.find(path, number, f"no such header: {wanted}")
        other = place(wanted)
        if other is not None and other[0] != room and other[1] >= floor:
            self.find(path, number, f"floor {floor} includes {wanted} of floor {other[1]}: only lower ones")

    def check_third_party(self, path: str, number: int, name: str, floor: int, wanted: str) -> None:
        if "." not in wanted and "/" not in wanted:
            return  # a standard header
        if POSIX.fullmatch(wanted):
            if floor < POSIX_FLOOR:
                self.find(path, number, f"<{wanted}>: floors below {POSIX_FLOOR} do no I/O")
            return
        for prefix, allowed in THIRD_PARTY.items():
            if wanted.startswith(prefix):
                if not any(fnmatch(name, pattern) for pattern in allowed):
                    self.find(path, number, f"<{wanted}> is only for {', '.join(allowed)}")
                return
        self.find(path, number, f"<{wanted}> is not in THIRD_PARTY of tools/tidy.py")

    def check_cycles(self) -> None:
        def node(path: str) -> str:  # a header and its definitions are one
            return "include/aiaudit/" + declarations(path.removeprefix("include/aiaudit/"))
        graph: dict[str, list[str]] = {}
        for path in self.files(("include/*.hpp", *DEFINITIONS)):
            found = [INCLUDE.match(line) for line in self.read(path).split("\n")]
            wanted = ["include/" + f.group(1) for f in found if f and f.group(1).startswith("aiaudit/")]
            graph.setdefault(node(path), []).extend(node(w) for w in wanted if w == path or node(w) != node(path))
        done: set[str] = set()

        def visit(path: str, trail: list[str]) -> None:
            if path in trail:
                self.find(path, 1, f"includes itself: {' > '.join(trail[trail.index(path):] + [path])}")
            elif path not in done:
                for wanted in graph.get(path, []):
                    visit(wanted, trail + [path])
                done.add(path)
        for path in graph:
            visit(path, [])

    def check_lists(self) -> None:
        for name, pattern in LISTS.items():
            if not (self.root / name).is_file():
                self.find(name, 1, "missing")
                continue
            listed = {}
            for number, line in enumerate(self.read(name).split("\n"), 1):
                words = line.split()
                if not words or line.startswith("#"):
                    continue
                if len(words) != 2 or not re.fullmatch(r"[a-z0-9_]+", words[0]):
                    self.find(name, number, f"not 'PROGRAM FILE': {line}")
                    continue
                if words[1] in listed:
                    self.find(name, number, f"{words[1]} stands twice")
                if not (self.root / words[1]).is_file():
                    self.find(name, number, f"no such file: {words[1]}")
                if name == "tests/sources.list" and not words[1].startswith(f"tests/{words[0]}/"):
                    self.find(name, number, f"the tests of {words[0]} stand in tests/{words[0]}/")
                listed[words[1]] = number
            unlisted = () if "fuzz" in name else UNLISTED if name.startswith("tests/") else UNBUILT
            for path in self.files((pattern,)):
                if path not in listed and not any(fnmatch(path, skip) for skip in unlisted):
                    self.find(path, 1, f"not in {name}, so nothing builds it")

    def check_suites(self) -> None:
        """A test is run by its file's name, so a suite of another name would not run at all."""
        for path in self.files(("tests/*/*.cpp",)):
            if any(fnmatch(path, skip) for skip in UNLISTED):
                continue
            depth = 0
            outer = []
            for number, line in enumerate(blanked(self.read(path)), 1):
                if found := re.match(r"\s*BOOST_(?:AUTO|FIXTURE)_TEST_SUITE\s*\(\s*(\w+)", line):
                    outer += [found.group(1)] if depth == 0 else []
                    depth += 1
                elif re.match(r"\s*BOOST_AUTO_TEST_SUITE_END\b", line):
                    depth -= 1
                elif depth == 0 and re.match(r"\s*BOOST_(AUTO|FIXTURE|DATA|PARAM)\w*TEST_CASE", line):
                    self.find(path, number, "a test outside the suite of its file is not run")
            if outer != [Path(path).stem]:
                self.find(path, 1, f"needs one suite, {Path(path).stem}; has {', '.join(outer) or 'none'}")

    def version(self) -> str:
        header = self.read("include/aiaudit/version.hpp")
        return ".".join(re.findall(r"#define AIAUDIT_VERSION_\w+ (\d+)", header))

    def inline_namespace(self) -> str:
        """Two versions in one process must not share a weak symbol: layouts differ between them."""
        return "v" + self.version().replace(".", "_")

    def check_version(self) -> None:
        version = self.version()
        if len(version.split(".")) != 3:
            self.find("include/aiaudit/version.hpp", 1, "must define AIAUDIT_VERSION_MAJOR, _MINOR and _PATCH")
        if (self.root / "CHANGELOG.md").is_file():
            found = re.search(r"^## \[?v?(\d+\.\d+\.\d+)", self.read("CHANGELOG.md"), re.MULTILINE)
            if found and found.group(1) != version:
                self.find("CHANGELOG.md", 1, f"newest release is {found.group(1)}, version.hpp says {version}")


HEAD = "// SPDX-License-Identifier: MIT\n//\n// x.hpp: x.\n//\n// Threads: any.\n// Floor 2.\n"
GUARD = "#ifndef AIAUDIT_CORE_X_HPP\n#define AIAUDIT_CORE_X_HPP\n{}\n#endif  // AIAUDIT_CORE_X_HPP\n"


def self_test() -> int:
    """Each case: a file with a fault, and words of the finding. The last one has none."""
    x = "include/aiaudit/core/x.hpp"

    def header(body: str) -> str:
        return HEAD + GUARD.format(body)
    cases = [
        (x, header("#include <aiaudit/codec/y.hpp>"), "only lower ones"),
        (x, header("#include <aiaudit/nowhere.hpp>"), "no such header"),
        (x, header("#include <aiaudit/core/x.hpp>"), "includes itself"),
        (x, header("#include <boost/json.hpp>"), "is only for"),
        (x, header("#include <foo/bar.h>"), "not in THIRD_PARTY"),
        (x, header("#include <unistd.h>"), "do no I/O"),
        (x, header("int i;  // " + "x" * 100), "columns, at most"),
        (x, header("// caf\u00e9"), "not ASCII"),
        (x, header("int i;\n" * 501), "more than 500 lines"),
        (x, header("").replace("CORE_X", "X"), "include guard must be"),
        (x, header("").replace("Floor 2", "Floor 3"), "must say 'Floor 2.'"),
        (x, header("").replace("Threads", "Thread"), "must say 'Threads"),
        (x, header("").replace("SPDX", "SPDY"), "begin with the licence"),
        (x, header("using namespace std;"), "leaks into every user"),
        (x, header("#pragma once"), "outlives amalgamation"),
        (x, header("inline void f() { std::cout << 1; }"), "prints nothing"),
        (x, header("inline void f() { printf(\"\"); }"), "prints nothing"),
        (x, header("#define small 1"), "begin with AIAUDIT_"),
        (x, header("int const i = std::max(1, 2);"), "a macro may have that name"),
        (x, header("int const i = std::numeric_limits<int>::max();"), "a macro may have that name"),
        (x, header("inline void f() { throw 1; }"), "a user may have no exceptions"),
        (x, header("#define CPPHTTPLIB_ZLIB_SUPPORT"), "begin with AIAUDIT_"),
        (x, header("#define USE_OS_TZDB 1"), "is only for"),
        (x, header("// TO" + "DO: later"), "file an issue"),
        ("include/aiaudit/impl/core/x.ipp", "int i;\n", "include guard must be"),
        ("include/aiaudit/impl/core/z.ipp", "int i;\n", "no header core/z.hpp"),
        (x, header("inline namespace v9 {"), "the inline namespace of this version is v0_1_0"),
        (x, header("int i; "), "end of the line"),
        (x, header("").rstrip("\n"), "no new line at the end"),
        ("include/aiaudit/core/money.hpp", header("double d;"), "binary floating point"),
        ("include/aiaudit/other/x.hpp", header(""), "on no floor"),
        ("tests/unit/a.cpp", "BOOST_AUTO_TEST_SUITE(a)\nBOOST_AUTO_TEST_SUITE_END()\n", "nothing builds it"),
        ("tests/unit/a.cpp", "BOOST_AUTO_TEST_SUITE(b)\nBOOST_AUTO_TEST_SUITE_END()\n", "needs one suite"),
        ("tests/unit/a.cpp", "BOOST_AUTO_TEST_CASE(b) {}\n", "outside the suite"),
        ("tests/sources.list", "unit tests/unit/gone.cpp\n", "no such file"),
        ("tests/sources.list", "unit\n", "not 'PROGRAM FILE'"),
        ("CHANGELOG.md", "## 9.9.9\n", "newest release is"),
        (x, header("/* std::cout */ inline char const* s = \"printf( double std::cout\";\nint snprintf(int);"), ""),
    ]
    failed = 0
    for path, text, words in cases:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            good = {name: "# nothing\n" for name in LISTS}
            good["include/aiaudit/version.hpp"] = (
                header("#define AIAUDIT_VERSION_MAJOR 0\n#define AIAUDIT_VERSION_MINOR 1\n"
                       "#define AIAUDIT_VERSION_PATCH 0").replace("CORE_X", "VERSION").replace("x.hpp:", "version.hpp:")
                .replace("Floor 2", "Floor 0"))
            good["include/aiaudit/codec/y.hpp"] = (
                header("").replace("CORE_X", "CODEC_Y").replace("x.hpp:", "y.hpp:").replace("Floor 2", "Floor 3"))
            good[path] = text
            for name, content in good.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content, encoding="utf-8")
            findings = Tree(root).check()
            right = any(words in finding for finding in findings) if words else not findings
            if not right:
                failed += 1
                print(f"self-test: wanted '{words or 'nothing'}' of {path}, found {findings}: {text[-80:]!r}")
    print(f"self-test: {len(cases) - failed} of {len(cases)} rules hold")
    return 1 if failed else 0


def main() -> int:
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    findings = Tree(Path(__file__).resolve().parent.parent).check()
    for finding in findings:
        print(finding)
    print(f"tidy: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
