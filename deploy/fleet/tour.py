#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tour of scripts/fleet: two nodes, one budget, one database, one auditor; each step says what it does and what came of it.

usage: tour.py --program FILE --work DIRECTORY [--keep]
Ends with 0 where everything came out as it should, with 1 and a line that says what did not. All on loopback, on free ports.
"""
import argparse
import concurrent.futures
import decimal
import http.client
import http.server
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = "0.50"  # USD a day, of the whole fleet
MODEL = "gpt-4.1-mini"
DEADLINE = 60  # seconds that anything may take to be ready


class Failure(Exception):
    pass


class Provider(http.server.BaseHTTPRequestHandler):
    """Answers every chat with the same usage: 1,000 tokens in, 200 out."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({
            "id": "chatcmpl-tour", "object": "chat.completion", "model": MODEL,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Herons wait."}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(what, ready):
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        found = ready()
        if found:
            return found
        time.sleep(0.05)
    raise Failure(f"{what} is not there after {DEADLINE} s")


class Fleet:
    def __init__(self, program, work):
        self.program, self.work = program, work
        self.processes = {}
        self.place = None  # of the database: the user postgres must be able to enter it
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        self.ports = {name: free_port() for name in ("database", "calls", "one", "two", "one_metrics", "two_metrics",
                                                     "one_tree", "two_tree")}
        self.provider = Server(("127.0.0.1", 0), Provider)
        threading.Thread(target=self.provider.serve_forever, daemon=True).start()
        self.database = f"postgresql://postgres@127.0.0.1:{self.ports['database']}/postgres"

    def tool(self, *words, status=0):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True, timeout=300)
        if done.returncode != status:
            raise Failure(f"aiaudit {' '.join(map(str, words[:2]))} ended with {done.returncode}: {done.stderr or done.stdout}")
        return done.stdout

    def start(self, name, command, env=None):
        log = open(self.work / f"{name}.log", "a")
        self.processes[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)

    def start_database(self):
        binaries = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        if not binaries:
            raise Failure("there is no PostgreSQL: scripts/setup fleet installs it")
        place = self.place = pathlib.Path(tempfile.mkdtemp(prefix="aiaudit-fleet-"))
        as_user = []
        if os.geteuid() == 0:  # its server refuses to be root
            user = pwd.getpwnam("postgres")
            os.chown(place, user.pw_uid, user.pw_gid)
            as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        subprocess.run([*as_user, binaries[-1] / "initdb", "-A", "trust", "--no-sync", "-U", "postgres", "-D", place / "data"],
                       check=True, capture_output=True, cwd="/")
        self.start("database", [*as_user, binaries[-1] / "postgres", "-D", place / "data", "-p", str(self.ports["database"]),
                                "-k", place, "-c", "listen_addresses=127.0.0.1"])
        wait_for("PostgreSQL", lambda: subprocess.run(
            [binaries[-1] / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.ports["database"])]).returncode == 0)

    def start_gateway(self, name):
        provider = f"http://127.0.0.1:{self.provider.server_address[1]}"
        self.start(name, [
            self.program, "serve", "--db", self.work / name, "--listen", f"127.0.0.1:{self.ports[name]}",
            "--metrics", f"127.0.0.1:{self.ports[name + '_metrics']}", "--upstream", f"openai={provider}/v1",
            "--fleet", self.database, "--node", name, "--ship", self.database, "--ship-key", self.work / f"{name}.key",
            "--tlog", f"127.0.0.1:{self.ports[name + '_tree']}", "--tlog-key", self.work / f"{name}.key"],
            env={**os.environ, "OPENAI_API_KEY": "sk-of-the-tour"})
        wait_for(f"the gateway {name}", lambda: self.get(self.ports[name], "/readyz")[0] == 200)

    def start_balancer(self):
        text = (HERE / "haproxy.cfg").read_text().replace("maxconn 20000", "maxconn 1000")  # whatever a shell's limit is
        for usual, name in (("8080", "calls"), ("8081", "one"), ("8082", "two")):
            text = text.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{self.ports[name]}")
        (self.work / "haproxy.cfg").write_text(text)
        haproxy = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if not haproxy:
            raise Failure("there is no haproxy: scripts/setup fleet installs it")
        self.start("haproxy", [haproxy, "-f", self.work / "haproxy.cfg"])
        wait_for("HAProxy", lambda: self.get(self.ports["calls"], "/readyz")[0] == 200)

    @staticmethod
    def get(port, path, method="GET", body=None, headers=None):
        """Status and text; 0 where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except OSError:
            return 0, ""
        except http.client.HTTPException:
            return 0, ""
        finally:
            connection.close()

    def call(self, secret):
        body = json.dumps({"model": MODEL, "max_tokens": 200, "messages": [{"role": "user", "content": "Herons? " * 200}]})
        return self.get(self.ports["calls"], "/v1/chat/completions", "POST", body,
                        {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"})[0]

    def calls(self, secret, count):
        """How often each status came, of so many calls by eight at a time."""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: self.call(secret), range(count)))
        return {status: statuses.count(status) for status in sorted(set(statuses))}

    def spent(self, *place):
        """The sum of a report, exact."""
        rows = json.loads(self.tool("report", "daily", *place, "--format", "json"))
        return sum((decimal.Decimal(row["cost_usd"]) for row in rows), decimal.Decimal(0))

    def end(self):
        for name in ("haproxy", "one", "two", "database"):
            process = self.processes.pop(name, None)
            if process is None or process.poll() is not None:
                continue
            process.send_signal(signal.SIGINT if name == "database" else signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.provider.shutdown()
        if self.place:
            shutil.rmtree(self.place, ignore_errors=True)


def say(step, text):
    print(f"\n{step}. {text}", flush=True)


def show(text):
    print("".join(f"    {line}\n" for line in text.rstrip().splitlines()), end="", flush=True)


def expect(condition, text):
    print(f"    {'ok' if condition else 'WRONG'}: {text}", flush=True)
    if not condition:
        raise Failure(text)


def run(fleet):
    say(1, "PostgreSQL, and in it a budget of the fleet: $" + LIMIT + " a day, whoever calls, by whichever gateway")
    fleet.start_database()
    show(fleet.tool("budget", "set", "--fleet", fleet.database, "--name", "all", "--limit", LIMIT, "--window", "day"))

    say(2, "Two gateways, each with a ledger and a key of its own, behind HAProxy")
    verifiers = {}
    for name in ("one", "two"):
        verifiers[name] = fleet.tool("checkpoint", "--new-key", f"tour.example/{name}", "--out", fleet.work / f"{name}.key").strip()
    secret = fleet.tool("key", "create", "--db", fleet.work / "one", "--id", "tour", "--user", "ana").strip()
    (fleet.work / "two").mkdir(exist_ok=True)
    fleet.tool("key", "create", "--db", fleet.work / "two", "--id", "first", "--user", "nobody")
    copy_keys(fleet)
    for name in ("one", "two"):
        fleet.start_gateway(name)
    fleet.start_balancer()
    show(f"calls go to http://127.0.0.1:{fleet.ports['calls']}/v1")
    wait_for("the fleet's budget at both nodes", lambda: all(
        "aiaudit_fleet" in fleet.get(fleet.ports[f"{name}_metrics"], "/metrics")[1] for name in ("one", "two")))

    say(3, "300 calls, eight at a time; one gateway is killed in the middle and comes back")
    first = fleet.calls(secret, 150)
    fleet.processes["two"].kill()
    fleet.processes["two"].wait()
    second = fleet.calls(secret, 100)
    fleet.start_gateway("two")
    third = fleet.calls(secret, 50)
    show(f"statuses: {first}, one gateway alone {second}, both again {third}")
    expect(first.get(200, 0) > 100, "calls pass")
    expect(second.get(200, 0) > 0, "calls pass while one gateway is gone")

    say(4, "More calls than the budget has room for: the rest is refused, by both gateways")
    last = {}
    for _ in range(20):
        last = fleet.calls(secret, 100)
        if last.get(200, 0) == 0:
            break
        time.sleep(0.2)
    show(f"statuses at the end: {last}")
    expect(last.get(200, 0) == 0 and last.get(429, 0) + last.get(402, 0) == 100, "all is refused once the limit is reached")

    say(5, "The records of both, in one database")
    sizes = {}
    for name in ("one", "two"):
        text = fleet.get(fleet.ports[f"{name}_metrics"], "/metrics")[1]
        show("\n".join(line for line in text.splitlines() if line.startswith(("aiaudit_ship_records", "aiaudit_ship_lag", "aiaudit_fleet"))))
    wait_for("what was shipped", lambda: all(re.search(r"^aiaudit_ship_lag_records\S* 0$", fleet.get(
        fleet.ports[f"{name}_metrics"], "/metrics")[1], re.M) for name in ("one", "two")))
    show(fleet.tool("collect", "status", "--from", fleet.database))
    show(fleet.tool("report", "models", "--from", fleet.database))
    for name in ("one", "two"):
        sizes[name] = fleet.spent("--db", fleet.work / name)
    together = fleet.spent("--from", fleet.database)
    expect(together == sum(sizes.values()), f"the database says {together}, the ledgers {sizes['one']} and {sizes['two']}: the same")
    expect(together <= decimal.Decimal(LIMIT), f"{together} of {LIMIT} was spent: never over, {decimal.Decimal(LIMIT) - together} is left")

    say(6, "The auditor: both logs only grew")
    policy = fleet.work / "policy"
    policy.write_text("".join(f"log {verifiers[name]} http://127.0.0.1:{fleet.ports[name + '_tree']}/tlog/\n" for name in ("one", "two")) +
                      "quorum none\n")
    show(fleet.tool("audit", "--policy", policy, "--state", fleet.work / "mirror"))
    for name in ("one", "two"):
        show(fleet.tool("verify", "--db", fleet.work / name))


def copy_keys(fleet):
    """The fleet's keys are one file, copied to each node and accepted there, on record."""
    shutil.copyfile(fleet.work / "one" / "gateway-keys.json", fleet.work / "two" / "gateway-keys.json")
    fleet.tool("key", "accept", "--db", fleet.work / "two")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    fleet = Fleet(str(pathlib.Path(given.program).resolve()), given.work.resolve())
    try:
        run(fleet)
        print("\nThe tour is over, and everything came out as it should.")
        if given.keep:
            print(f"It goes on until Ctrl-C: calls at http://127.0.0.1:{fleet.ports['calls']}/v1, records at {fleet.database}", flush=True)
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
        return 0
    except Failure as failure:
        print(f"fleet: {failure}; what each part said is in {fleet.work}/*.log", file=sys.stderr)
        return 1
    finally:
        fleet.end()


if __name__ == "__main__":
    sys.exit(main())
