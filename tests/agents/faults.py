# SPDX-License-Identifier: MIT
"""The self-test: the battery must pass where all is right, and find each fault that is made here on purpose."""
import dataclasses
import pathlib
import sys
import urllib.request

import bills
import clients
import stack


class Plain(clients.Framework):
    name, model = "plain", "gpt-4.1"

    def command(self, case, prompt):
        return [sys.executable, str(pathlib.Path(__file__).with_name("plain_program.py")), prompt]


@dataclasses.dataclass
class Fault:
    name: str
    case: str = "text"
    key: tuple = ()
    serve: tuple = ()
    surcharge: int = 0  # tokens that the mock bills and does not tell
    bypass: bool = False  # a request to the mock past the gateway
    expected: str = ""  # in the words of what is found; empty: nothing is


FAULTS = (
    Fault("nothing is wrong: text"),
    Fault("nothing is wrong: a long answer", case="long"),
    Fault("the gateway cuts answers", case="long", serve=("--output-most", "4096"), expected="the long answer is not whole"),
    Fault("the gateway refuses", key=("--limit", "0.0001", "--window", "day"), expected="the gateway itself said 429"),
    Fault("the mock bills a token more", surcharge=1, expected="but the mock billed"),
    Fault("a call is not on record", bypass=True, expected="no record of it"),
)


def ask_mock(at):
    """As the gateway does, but without it."""
    body = b'{"model":"gpt-4.1","messages":[{"role":"user","content":"case:plain-text"}]}'
    request = urllib.request.Request(f"http://127.0.0.1:{at.mock.port}/v1/chat/completions", body, {"Authorization": "Bearer sk-mock-openai"})
    urllib.request.urlopen(request, timeout=20).read()


def find(fault, program, place, try_case):
    """All problems that the battery finds."""
    at = stack.Stack(program, place, fault.serve)
    try:
        client = Plain(place / "plain", at.url, at.make_key("plain", fault.key), place)
        at.mock.surcharge = fault.surcharge
        problems = try_case(at, client, fault.case)
        if fault.bypass:
            ask_mock(at)
        ended = at.end()
        return problems + ([ended] if ended else []) + bills.check(at)
    finally:
        at.close()


def judge(fault, problems):
    """What is wrong with what was found."""
    if not fault.expected:
        return problems
    if any(fault.expected in each for each in problems):
        return []
    return [f"the battery did not find it; it found: {problems}"]
