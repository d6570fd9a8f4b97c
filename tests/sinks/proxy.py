# SPDX-License-Identifier: MIT
"""A proxy on loopback that passes bytes on, can change them, and cuts all its connections when told to."""
import socket
import ssl
import threading
from collections.abc import Callable

Rewriter = Callable[[socket.socket, socket.socket], None]


def pass_on(source: socket.socket, target: socket.socket) -> None:
    while piece := source.recv(65536):
        target.sendall(piece)


class Proxy:
    """`forward` copies what comes from a client until its end; what comes back is passed on as it is. With `tls` clients
    speak TLS with it."""

    def __init__(self, target_port: int, forward: Rewriter = pass_on, tls: ssl.SSLContext | None = None):
        self.target_port, self.forward, self.tls = target_port, forward, tls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                if self.tls:
                    client = self.tls.wrap_socket(client, server_side=True)
                server = socket.create_connection(("127.0.0.1", self.target_port), 5)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.open |= {client, server}
            threading.Thread(target=self._copy, args=(client, server, self.forward), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client, pass_on), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, forward: Rewriter) -> None:
        try:
            forward(source, target)
        except OSError:
            pass
        self._end(source)
        self._end(target)

    def _end(self, one: socket.socket) -> None:
        with self.lock:
            self.open.discard(one)
        try:
            one.shutdown(socket.SHUT_RDWR)  # wakes the other thread
        except OSError:
            pass
        one.close()

    def cut(self) -> int:
        """Wherever they are, in the middle of a request or an answer; how many."""
        with self.lock:
            ends = list(self.open)
        for each in ends:
            self._end(each)
        return len(ends) // 2

    def close(self) -> None:
        self.listener.close()
        self.cut()
