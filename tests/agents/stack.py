# SPDX-License-Identifier: MIT
"""What clients are run against: the mock, the gateway before it, a tap before that. All on loopback; all ends with `close`."""
import json
import os
import re
import signal
import subprocess
import time

import mock
import tap


class Stack:
    def __init__(self, program, place, options=()):
        """options: more of `serve`."""
        self.program, self.place, self.db = program, place, str(place / "db")
        place.mkdir()
        self.make_key("nobody", [])  # the gateway wants a file of keys
        self.mock = mock.Mock()
        self.log = place / "gateway.log"
        at = f"http://127.0.0.1:{self.mock.port}"
        with self.log.open("w") as out:
            self.gateway = subprocess.Popen(
                [program, "serve", "--db", self.db, "--listen", "127.0.0.1:0", "--upstream", f"openai={at}/v1", "--upstream", f"anthropic={at}",
                 "--upstream", f"google={at}/v1beta", *options], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                env={**os.environ, "OPENAI_API_KEY": mock.KEYS["openai"], "ANTHROPIC_API_KEY": mock.KEYS["anthropic"],
                     "GEMINI_API_KEY": mock.KEYS["google"]})
        try:
            self.tap = tap.Tap(self.port())
        except BaseException:
            self.gateway.kill()
            raise
        self.url = f"http://127.0.0.1:{self.tap.port}"

    def port(self):
        until = time.monotonic() + 60
        while not (found := re.search(r"^gateway at http://127\.0\.0\.1:(\d+)", self.log.read_text(), re.M)):
            if self.gateway.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the gateway does not start: {self.log.read_text()}")
            time.sleep(0.02)
        return int(found[1])

    def tool(self, *words):
        done = subprocess.run([self.program, *words], capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words[:2])}: {done.stderr or done.stdout}")
        return done.stdout

    def make_key(self, name, options):
        """The secret of a new key."""
        return self.tool("key", "create", "--db", self.db, "--id", name, "--user", "ana", *options).strip()

    def end(self):
        """Asks the gateway to end; the words of what went wrong, or none."""
        self.gateway.send_signal(signal.SIGTERM)
        try:
            status = self.gateway.wait(60)
        except subprocess.TimeoutExpired:
            return "the gateway did not end in 60 s"
        return "" if status == 0 else f"the gateway ended with {status}: {self.log.read_text()[-2000:]}"

    def records(self):
        return [json.loads(line) for line in self.tool("tail", "--db", self.db, "-n", "1000000", "--format", "jsonl").splitlines()]

    def close(self):
        self.tap.stop()
        if self.gateway.poll() is None:
            self.gateway.kill()
            self.gateway.wait()
        self.mock.stop()
