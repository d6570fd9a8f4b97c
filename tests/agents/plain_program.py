# SPDX-License-Identifier: MIT
"""plain_program.py PROMPT: a client of the self-test: one streamed chat with nothing but Python. It shows what comes, and fails where that
is an error."""
import json
import os
import sys
import urllib.error
import urllib.request

body = {"model": "gpt-4.1", "stream": True, "messages": [{"role": "user", "content": sys.argv[1]}]}
request = urllib.request.Request(os.environ["GATEWAY"] + "/v1/chat/completions", json.dumps(body).encode(),
                                 {"Authorization": "Bearer " + os.environ["GATEWAY_KEY"], "Content-Type": "application/json"})
try:
    with urllib.request.urlopen(request, timeout=60) as answer:
        for line in answer:
            if line.startswith(b"data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    print(choice["delta"].get("content") or "", end="")
except urllib.error.HTTPError as failure:
    sys.exit(failure.read().decode())
