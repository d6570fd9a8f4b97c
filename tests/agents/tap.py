# SPDX-License-Identifier: MIT
"""A wire between clients and the gateway that hands every byte on at once and reads the heads: what was asked, which status came
back, and whether the mock said it (its `x-mock`) or the gateway itself. It closes one side when the other one closes."""
import socket
import threading


class Heads:
    """Finds the messages of one direction in bytes that come in pieces."""

    def __init__(self, take):
        self.take, self.buffer, self.state, self.left = take, b"", "head", 0

    def feed(self, data):
        self.buffer += data
        while self.step():
            pass

    def step(self):
        if self.state == "open":  # until the connection closes
            self.buffer = b""
            return False
        if self.state in ("body", "chunk"):
            taken = self.buffer[:self.left]
            self.buffer, self.left = self.buffer[len(taken):], self.left - len(taken)
            if self.left == 0:
                self.state = "head" if self.state == "body" else "size"
            return self.left == 0
        end = b"\r\n\r\n" if self.state == "head" else b"\r\n"
        found = self.buffer.find(end)
        if found < 0:
            return False
        text, self.buffer = self.buffer[:found].decode("latin-1"), self.buffer[found + len(end):]
        if self.state == "head":
            self.begin(text)
        elif self.state == "trailer":
            self.state = "trailer" if text else "head"
        else:
            size = int(text.split(";")[0], 16)
            self.state, self.left = ("chunk", size + 2) if size else ("trailer", 0)
        return True

    def begin(self, text):
        first, *rest = text.split("\r\n")
        head = {name.strip().lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
        empty = self.take(first, head)
        if empty:
            return
        if head.get("transfer-encoding", "").lower() == "chunked":
            self.state = "size"
        elif "content-length" in head:
            self.left = int(head["content-length"])
            self.state = "body" if self.left else "head"
        elif first.startswith("HTTP/"):
            self.state = "open"


class Tap:
    def __init__(self, port):
        self.to, self.answers, self.lock = port, [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            gateway = socket.create_connection(("127.0.0.1", self.to), timeout=10)
        except OSError:
            return client.close()
        gateway.settimeout(None)
        asked = []

        def request(line, _):
            method, _, rest = line.partition(" ")
            asked.append((method, rest.rpartition(" ")[0]))

        def response(line, head):
            status = int(line.split(" ")[1])
            if status == 101 or status >= 200:
                method, path = asked.pop(0)
                with self.lock:
                    self.answers.append((method, path, status, "x-mock" in head))
                return method == "HEAD" or status in (101, 204, 304)
            return True

        back = threading.Thread(target=self.pump, args=(gateway, client, Heads(response)), daemon=True)
        back.start()
        self.pump(client, gateway, Heads(request))
        back.join(60)
        client.close()
        gateway.close()

    @staticmethod
    def pump(source, target, heads):
        try:
            while data := source.recv(65536):
                heads.feed(data)
                target.sendall(data)
        except OSError:
            pass
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def own(self, since):
        """Errors of the gateway's own since a count of answers."""
        with self.lock:
            return [each[:3] for each in self.answers[since:] if each[2] >= 400 and not each[3]]
