#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two gateways, one limit: `aiaudit serve --fleet` before a provider that is a mock, and the commands around it."""
import argparse
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import postgres  # noqa: E402

ANSWER = {"id": "x", "object": "chat.completion", "model": "gpt-4.1-mini", "choices": [{"index": 0, "finish_reason": "stop", "message": {
    "role": "assistant", "content": "hello"}}], "usage": {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}}


class Mock(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Failure(Exception):
    pass


def expect(fact: bool, what: str):
    if not fact:
        raise Failure(what)


def call(port: int) -> int:
    body = json.dumps({"model": "gpt-4.1-mini", "max_tokens": 500, "messages": [{"role": "user", "content": "hi"}]}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as refused:
        refused.read()
        return refused.code


class Gateway:
    def __init__(self, program: str, folder: str, name: str, mock: int, store: str):
        self.db = os.path.join(folder, name)
        environment = dict(os.environ, FLEET_STORE=store, OPENAI_API_KEY="k")
        self.process = subprocess.Popen(
            [program, "serve", "--db", self.db, "--listen", "127.0.0.1:0", "--keys", "optional", "--upstream",
             f"openai=http://127.0.0.1:{mock}/v1", "--fleet", "$FLEET_STORE", "--node", name],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        line = self.process.stdout.readline()
        expect(line.startswith("gateway at "), f"serve said {line!r}: {self.process.stderr.read() if not line else ''}")
        self.port = int(line.strip().rpartition(":")[2])

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return answer.read().decode()

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def end(self) -> str:
        self.process.terminate()
        return self.process.communicate(timeout=60)[1]


def shipping_of(program: str, url: str, *words: str, wait: float = 0) -> dict:
    """What the dashboard of `collect serve` says of the logs."""
    token = "the-token-of-the-fleet-test"
    process = subprocess.Popen([program, "collect", "serve", "--from", url, "--listen", "127.0.0.1:0", "--dashboard-token", "$TOKEN", *words],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ, TOKEN=token))
    try:
        line = process.stdout.readline()
        expect(line.startswith("dashboard at "), f"collect serve said {line!r}")
        time.sleep(wait)
        asked = urllib.request.Request(f"{line.split()[-1]}/api/v1/shipping", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)
    finally:
        process.terminate()
        process.communicate(timeout=60)


def try_all(program: str, folder: str, server: postgres.Server, mock: int):
    url = server.url()

    def run(*words: str, code: int = 0) -> str:
        done = subprocess.run([program, *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        expect(done.returncode == code, f"{' '.join(words)}: exit {done.returncode}: {done.stdout}")
        return done.stdout

    # 1,000 tokens in at $0.40 and 500 out at $1.60 a million: $0.0012 a call.
    run("budget", "set", "--fleet", url, "--name", "all", "--limit", "0.12", "--window", "total")
    expect("fleet=closed" in run("budget", "list", "--fleet", url), "budget list --fleet shows no rule")
    expect("password" in run("budget", "list", "--fleet", "postgresql://a:secret@127.0.0.1/x", code=2), "a password was taken")
    one = Gateway(program, folder, "one", mock, url)
    two = Gateway(program, folder, "two", mock, url)
    statuses = {200: 0, 429: 0}
    refused_in_a_row = 0
    for number in range(600):
        status = call((one if number % 2 else two).port)
        statuses[status] = statuses.get(status, 0) + 1
        refused_in_a_row = 0 if status == 200 else refused_in_a_row + 1
        if status != 200:
            time.sleep(0.05)
        if refused_in_a_row > 60:
            break
    passed = statuses[200]
    print(f"  two gateways: {passed} calls of at most 100 passed, {sum(statuses.values()) - passed} were refused")
    expect(passed <= 100, f"{passed} calls passed a limit of 100")
    expect(passed >= 95, f"only {passed} of 100 calls passed")
    text = one.metrics()
    for name in ("aiaudit_fleet_store_reachable 1", 'aiaudit_fleet_state{state="connected"} 1', "aiaudit_fleet_last_answer_age_seconds",
                 'aiaudit_fleet_ceiling{budget="all",unit="usd"}', 'aiaudit_fleet_limit{budget="all",unit="usd"} 0.12'):
        expect(name in text, f"/metrics lacks {name}")
    shown = json.loads(run("report", "budgets", "--fleet", url, "--format", "json"))
    expect(sorted(each["node"] for each in shown) == ["one", "two"], f"report budgets --fleet: {shown}")
    local = json.loads(run("report", "budgets", "--db", one.db, "--format", "json"))
    expect(local[0]["limit"] == "0.12" and local[0]["ceiling"] is not None, f"report budgets: {local}")
    # A raised limit reaches the nodes; the store goes away, and the rest of a ceiling can be used.
    run("budget", "set", "--fleet", url, "--name", "all", "--limit", "0.24", "--window", "total")
    time.sleep(3)
    expect(call(one.port) == 200, "a raised limit did not reach a node")
    server.stop()
    time.sleep(0.2)
    one.kill()
    server.start()
    run("budget", "write-off", "one", "--fleet", url, "--by", "ana", "--why", "the machine burnt", "--db", one.db)
    run("verify", "--db", one.db)
    after = {each["node"]: each for each in json.loads(run("report", "budgets", "--fleet", url, "--format", "json"))}
    expect(after["one"]["state"] == "written off", f"write-off: {after}")
    expect(after["one"]["ceiling"] == after["one"]["spent"], f"write-off by the ledger is exact: {after}")
    events = server.ask("select who, why, what from aiaudit_fleet.event")
    expect(events == [["ana", "the machine burnt", "wrote off node one"]], f"events: {events}")
    said = two.end()
    expect("fleet: node two" in said, f"serve said nothing of its fleet: {said}")
    run("verify", "--db", two.db)
    print("  write-off, metrics, reports and verify: as they should be")
    server.ask("create database shipped encoding 'UTF8' template template0 lc_collate 'C' lc_ctype 'C'")
    shipped = url.rpartition("/")[0] + "/shipped"
    run("ship", "--db", two.db, "--to", shipped, "--origin", "node-two", "--once")
    status = json.loads(run("collect", "status", "--from", shipped, "--format", "json"))
    shown = shipping_of(program, shipped)
    expect([each["state"] for each in status] == ["ok"], f"collect status: {status}")
    expect(shown["sinks"] == [] and shown["log_count"] == 1, f"collect serve: {shown}")
    log = shown["logs"][0]
    expect((log["name"], log["state"], str(log["shipped"])) == ("node-two", "current", str(status[0]["records"])), f"collect serve: {shown}")
    silent = shipping_of(program, shipped, "--silent", "1", wait=2)["logs"][0]
    expect(silent["state"] == "silent" and silent["silent_s"] >= 1, f"collect serve --silent 1: {silent}")
    print("  collect serve: shows the log as collect status says it")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    args = parser.parse_args()
    bin_folder = postgres.programs()
    if bin_folder is None or shutil.which("psql") is None:
        print("fleet serving: skipped: there is no PostgreSQL server on this machine (scripts/setup ci installs it)")
        return 0
    folder = tempfile.mkdtemp(prefix="aiaudit-serving-")
    os.chmod(folder, 0o755)
    mock = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mock)
    threading.Thread(target=mock.serve_forever, daemon=True).start()
    server = postgres.Server(os.path.join(folder, "postgres"), bin_folder)
    server.start()
    children: list = []
    begin = Gateway.__init__

    def noted(self, *words):
        begin(self, *words)
        children.append(self)
    Gateway.__init__ = noted
    try:
        try_all(args.program, folder, server, mock.server_port)
        return 0
    except Failure as wrong:
        print(f"fleet serving: FAILED: {wrong}")
        return 1
    finally:
        for each in children:
            if each.process.poll() is None:
                each.kill()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
