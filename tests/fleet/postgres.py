# SPDX-License-Identifier: MIT
"""A PostgreSQL server of a test's own, and a proxy before it that cuts connections and swallows answers."""
import glob
import os
import shutil
import socket
import subprocess
import threading
import time


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def programs() -> str | None:
    """Where initdb and pg_ctl are; None where there is no server."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if found:
        return os.path.dirname(found[-1])
    there = shutil.which("initdb")
    return os.path.dirname(there) if there else None


class Server:
    def __init__(self, folder: str, bin_folder: str):
        self.bin = bin_folder
        self.folder = folder
        self.data = os.path.join(folder, "data")
        self.port = free_port()
        self.user = "postgres" if os.getuid() == 0 else None  # the server refuses to be root
        os.makedirs(folder, exist_ok=True)
        if self.user:
            shutil.chown(folder, self.user)
        self.run("initdb", "-A", "trust", "--no-sync", "-U", "postgres", "-D", self.data)

    def run(self, program: str, *words: str, check: bool = True) -> str:
        done = subprocess.run([os.path.join(self.bin, program), *words], user=self.user, cwd=self.folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=dict(os.environ, LC_ALL="C"))
        if check and done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stdout.strip()[-400:]}")
        return done.stdout

    def start(self):
        options = (f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} "
                   "-c fsync=off -c max_connections=60")
        self.run("pg_ctl", "-D", self.data, "-o", options, "-l", os.path.join(self.folder, "log"), "-w", "-t", "60", "start")
        # It takes connections before its recovery has ended, and refuses to write until then.
        deadline = time.monotonic() + 60
        while self.ask("select pg_is_in_recovery()") != [["f"]]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the recovery does not end: {self.folder}/log")
            time.sleep(0.05)

    def stop(self, mode: str = "immediate"):
        self.run("pg_ctl", "-D", self.data, "-m", mode, "-w", "-t", "60", "stop", check=False)

    def copy_to(self, name: str):
        """Of a server that is stopped."""
        target = os.path.join(self.folder, name)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.data, target)
        self._own(target)

    def restore(self, name: str, new_timeline: bool):
        """Of a server that is stopped: goes on from an old copy."""
        shutil.rmtree(self.data)
        shutil.copytree(os.path.join(self.folder, name), self.data)
        if new_timeline:  # as a restore from an archive, or a standby that takes over, ends
            with open(os.path.join(self.data, "recovery.signal"), "w", encoding="ascii"):
                pass
            with open(os.path.join(self.data, "postgresql.auto.conf"), "a", encoding="ascii") as conf:
                conf.write("restore_command = 'false'\nrecovery_target_timeline = 'current'\n")
        self._own(self.data)

    def _own(self, root: str):
        if not self.user:
            return
        for folder, _, files in os.walk(root):
            shutil.chown(folder, self.user)
            os.chmod(folder, 0o700)
            for name in files:
                shutil.chown(os.path.join(folder, name), self.user)

    def url(self, port: int | None = None) -> str:
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/postgres"

    def ask(self, statement: str) -> list[list[str]] | None:
        """Rows of text; None where the server is away."""
        done = subprocess.run(["psql", "-X", "-A", "-t", "-F", "\t", "-d", self.url(), "-c", statement], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20)
        if done.returncode != 0:
            return None
        return [line.split("\t") for line in done.stdout.splitlines() if line]


class Etcd:
    """One server of etcd; None of a machine that has none."""

    def __init__(self, folder: str):
        self.process = None
        if shutil.which("etcd") is None:
            return
        client, peer = free_port(), free_port()
        self.origin = f"http://127.0.0.1:{client}"
        mine = f"http://127.0.0.1:{peer}"
        self.process = subprocess.Popen(
            ["etcd", "--data-dir", folder, "--listen-client-urls", self.origin, "--advertise-client-urls", self.origin,
             "--listen-peer-urls", mine, "--initial-advertise-peer-urls", mine, "--initial-cluster", f"default={mine}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        for _ in range(300):
            try:
                with socket.create_connection(("127.0.0.1", client), timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        self.stop()
        raise RuntimeError("etcd does not start")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()


class Proxy:
    """Passes bytes on, until it is told to cut, or to swallow what the server says."""

    def __init__(self, to_port: int):
        self.to_port = to_port
        self.swallows = False
        self.cuts = 0
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.to_port), timeout=5)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.pairs.append((client, server))
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, is_answer: bool):
        try:
            while data := source.recv(65536):
                if not (is_answer and self.swallows):
                    target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for one in pair:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                one.close()
        self.cuts += len(pairs)
