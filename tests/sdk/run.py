#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The official Python SDKs, unmodified, through a gateway to the mock provider (mock.js); then what
the ledger says of it. A line a case; at the end "N passed, M failed".

usage: pip install -r requirements.txt && python3 run.py --program FILE
Without the SDKs, or without node for the mock, it says that it was skipped.
"""
import argparse
import asyncio
import decimal
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

try:
    import anthropic
    import openai
except ImportError as missing:
    print(f"skipped: {missing}; pip install -r tests/sdk/requirements.txt would bring it")
    sys.exit(0)

HERE = pathlib.Path(__file__).resolve().parent
TEXT = "The heron waits where the river bends, and waits."
ARGUMENTS = {"city": "Z\u00fcrich", "unit": "celsius"}
CHAT, EMBEDDING, CLAUDE = "gpt-4o-mini", "text-embedding-3-small", "claude-haiku-4-5"
# 10^-12 USD a token: input, output. The mock's counts are 42 and 25, 42 and none, 30 and 12.
COSTS = {CHAT: 42 * 150_000 + 25 * 600_000, EMBEDDING: 42 * 20_000, CLAUDE: 30 * 1_000_000 + 12 * 5_000_000}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}}
FORGED = "aia-nobody.0123456789012345678901234567890123456789abc"


def said(name):
    return [{"role": "user", "content": f"Say something about herons. case:{name}"}]


class OpenAi:
    """Each case returns the records that it must leave: (model, status), status None where it was cut."""

    def __init__(self, url, key):
        self.client = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=20)
        self.later = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=20)

    def chat(self, name, **rest):
        return self.client.chat.completions.create(model=CHAT, max_tokens=200, messages=said(name), **rest)

    def py_chat_plain(self, name):
        got = self.chat(name)
        assert got.choices[0].message.content == TEXT and got.usage.total_tokens == 67
        return [(CHAT, 200)]

    def py_chat_stream(self, name):
        chunks = list(self.chat(name, stream=True, stream_options={"include_usage": True}))
        assert "".join(each.choices[0].delta.content or "" for each in chunks if each.choices) == TEXT
        assert chunks[-1].usage.completion_tokens == 25
        return [(CHAT, 200)]

    def py_chat_stream_usage_not_asked(self, name):
        chunks = list(self.chat(name, stream=True))
        assert all(len(each.choices) == 1 and each.usage is None for each in chunks)
        return [(CHAT, 200)]

    def py_chat_async(self, name):
        async def ask():
            async with self.later as client:
                made = [client.chat.completions.create(model=CHAT, max_tokens=200, messages=said(name)) for _ in range(10)]
                return await asyncio.gather(*made)
        assert all(each.choices[0].message.content == TEXT for each in asyncio.run(ask()))
        return [(CHAT, 200)] * 10

    def py_chat_tools(self, name):
        tools = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
        call = self.chat(name, tools=tools).choices[0].message.tool_calls[0]
        assert json.loads(call.function.arguments) == ARGUMENTS
        return [(CHAT, 200)]

    def py_chat_tools_stream(self, name):
        tools = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
        pieces = [call.function.arguments for chunk in self.chat(name, tools=tools, stream=True)
                  for call in chunk.choices[0].delta.tool_calls or []]
        assert json.loads("".join(pieces)) == ARGUMENTS
        return [(CHAT, 200)]

    def py_embeddings(self, name):
        got = self.client.embeddings.create(model=EMBEDDING, input=[f"case:{name}", "another"])
        assert [list(each.embedding) for each in got.data] == [[0.5, -0.25, 0], [0.5, -0.25, 1]]
        return [(EMBEDDING, 200)]

    def py_models(self, _):
        assert CHAT in [each.id for each in self.client.models.list()]
        return []

    def fails(self, name, status, kind):
        try:
            self.chat(name)
        except kind as failure:
            assert failure.status_code == status and failure.request_id == f"req-{name}", failure
            assert f"the mock says {status}" in str(failure), failure
            return [(CHAT, status)]
        raise AssertionError("it did not fail")

    def py_chat_error_400(self, name):
        return self.fails(name, 400, openai.BadRequestError)

    def py_chat_error_429(self, name):
        return self.fails(name, 429, openai.RateLimitError)

    def py_chat_error_500(self, name):
        return self.fails(name, 500, openai.InternalServerError)

    def py_key_not_known(self, name):
        try:
            self.client.with_options(api_key=FORGED).chat.completions.create(model=CHAT, messages=said(name))
        except openai.AuthenticationError:
            return []
        raise AssertionError("a forged key was let through")

    def py_chat_aborted(self, name):
        stream = self.chat(name, stream=True)
        for _ in range(5):
            next(stream)
        stream.close()
        return [(CHAT, None)]


class Anthropic:
    def __init__(self, url, key):
        self.client = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=20)

    def ask(self, name, **rest):
        return self.client.messages.create(model=CLAUDE, max_tokens=200, messages=said(name), **rest)

    def py_message_plain(self, name):
        got = self.ask(name)
        assert got.content[0].text == TEXT and got.usage.output_tokens == 12
        return [(CLAUDE, 200)]

    def py_message_stream(self, name):
        with self.client.messages.stream(model=CLAUDE, max_tokens=200, messages=said(name)) as stream:
            assert "".join(stream.text_stream) == TEXT
            assert stream.get_final_message().usage.output_tokens == 12
        return [(CLAUDE, 200)]

    def py_message_tools(self, name):
        got = self.ask(name, tools=[{"name": "weather", "input_schema": SCHEMA}])
        assert got.content[0].input == ARGUMENTS
        return [(CLAUDE, 200)]

    def py_message_count_tokens(self, name):
        assert self.client.messages.count_tokens(model=CLAUDE, messages=said(name)).input_tokens == 30
        return []

    def fails(self, name, status, kind):
        try:
            self.ask(name)
        except kind as failure:
            assert failure.status_code == status, failure
            assert failure.body["error"]["message"] == f"the mock says {status}", failure
            return [(CLAUDE, status)]
        raise AssertionError("it did not fail")

    def py_message_error_400(self, name):
        return self.fails(name, 400, anthropic.BadRequestError)

    def py_message_error_429(self, name):
        return self.fails(name, 429, anthropic.RateLimitError)

    def py_message_error_529(self, name):
        return self.fails(name, 529, anthropic.APIStatusError)

    def py_key_not_known(self, name):
        try:
            self.client.with_options(api_key=FORGED).messages.create(model=CLAUDE, max_tokens=9, messages=said(name))
        except anthropic.AuthenticationError:
            return []
        raise AssertionError("a forged key was let through")

    def py_message_aborted(self, name):
        stream = self.ask(name, stream=True)
        for _ in range(5):
            next(iter(stream))
        stream.close()
        return [(CLAUDE, None)]


class Count:
    passed = failed = 0

    def take(self, name, check):
        try:
            made = check()
            self.passed += 1
            print(f"ok      {name}")
            return made
        except Exception:  # whatever the SDK throws
            self.failed += 1
            print(f"FAILED  {name}\n        " + traceback.format_exc().replace("\n", "\n        "))
            return []


def tool(program, *words):
    return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout


def start_gateway(program, home, port):
    db = str(home / "db")
    key = tool(program, "key", "create", "--db", db, "--id", "sdk", "--user", "ada").strip()
    log = home / "log"
    with log.open("w") as out:
        gateway = subprocess.Popen(
            [program, "serve", "--db", db, "--listen", "127.0.0.1:0", "--upstream", f"openai=http://127.0.0.1:{port}",
             "--upstream", f"anthropic=http://127.0.0.1:{port}"], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            env={**os.environ, "OPENAI_API_KEY": "sk-mock-openai", "ANTHROPIC_API_KEY": "sk-mock-anthropic"})
    until = time.monotonic() + 20
    while not (found := re.search(r"^gateway at (\S+)$", log.read_text(), re.M)):
        if gateway.poll() is not None or time.monotonic() > until:
            gateway.kill()
            raise RuntimeError(f"the gateway does not start: {log.read_text()}")
        time.sleep(0.02)
    return gateway, db, key, found[1]


def ends_well(process):
    assert process.wait(60) == 0, f"it ended with {process.returncode}"


def check_records(program, db, wanted):
    lines = tool(program, "tail", "--db", db, "-n", "100000", "--format", "jsonl").splitlines()
    left = [each for each in map(json.loads, lines) if each["kind"] == "outcome"]
    for name, model, status in wanted:
        its = [each for each in left if re.sub("^(req|chatcmpl|msg)[-_]", "", each["provider_request_id"]) == name]
        assert its, f"no record is left for {name}, {status}"
        one = its[0]
        left.remove(one)
        pico = decimal.Decimal(one["cost_usd"]).scaleb(12)
        right = {None: pico > 0 and one.get("complete") is False, 200: pico == COSTS[model] and one.get("complete", True)}
        assert right.get(status, pico == 0) and one["http_status"] == (status or 200), (name, status, one)
        assert one["model_requested"] == model and one["user"] == "ada" and one["key"] == "sdk", one
    assert not left, f"records besides: {left}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    program = parser.parse_args().program
    if shutil.which("node") is None:
        print("skipped: no node, which runs the mock provider")
        return 0
    count, wanted = Count(), []
    mock = subprocess.Popen(["node", str(HERE / "mock.js")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with tempfile.TemporaryDirectory(prefix="aiaudit-sdk-") as place:
        gateway, db, key, url = start_gateway(program, pathlib.Path(place), mock.stdout.readline().strip())
        try:
            for sdk in (OpenAi(url, key), Anthropic(url, key)):
                for method in [each for each in dir(sdk) if each.startswith("py_")]:
                    name = method.replace("_", "-")
                    for model, status in count.take(f"{type(sdk).__name__.lower()}: {name}", lambda: getattr(sdk, method)(name)):
                        wanted.append((name, model, status))
            gateway.send_signal(signal.SIGTERM)
            count.take("the gateway ends well", lambda: ends_well(gateway))
            count.take("every call is on record, with what it cost", lambda: check_records(program, db, wanted))
        finally:
            gateway.kill()
            mock.stdin.close()
    count.take("the provider was asked with its own keys", lambda: ends_well(mock))
    print(f"{count.passed} passed, {count.failed} failed")
    return 1 if count.failed else 0


sys.exit(main())
