# SPDX-License-Identifier: MIT
"""Real servers that the battery of sinks starts itself: on loopback, on a free port, each in its own folder.

A server is a class below Server; KINDS names them all. The battery knows nothing else of a server, so a new one is one
class here.
"""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """What the battery checks of a record in a sink."""
    seq: int
    leaf: bytes  # 32 bytes
    spent: Decimal  # the report's cost; 0 where there is none


class Unavailable(Exception):
    """The server, or what is needed to ask it, is not installed: the text says which."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_running(process: int) -> bool:
    """False for one that ended and was not yet waited for."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Server:
    """A server of one sink. start() and restart() return when it answers; kill() is SIGKILL, without warning."""
    kind = ""

    def __init__(self, folder: Path):
        """Makes what the server needs below the folder, which is its own. Raises Unavailable."""
        self.folder = folder
        self.port = free_port()

    @property
    def url(self) -> str:
        """What `aiaudit ship --to` takes."""
        raise NotImplementedError

    @property
    def direct_url(self) -> str:
        """The same without a proxy, if url has one, to measure speed."""
        return self.url

    def start(self) -> None:
        raise NotImplementedError

    def kill(self) -> None:
        """SIGKILL to all of the server's processes; what it has on disk stays."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ends it in order, at the end of the battery."""
        raise NotImplementedError

    def restart(self) -> None:
        self.start()

    def cut(self) -> int:
        """Cuts the shippers' connections from the server's side, if it can; how many."""
        return 0

    def rows(self, origin: str) -> Iterator[Row]:
        """All rows of a log, by sequence, as they are: one that is there twice comes twice."""
        raise NotImplementedError

    def size(self, origin: str) -> int:
        """What the sink's cursor says it has; 0 for a log that it does not know."""
        raise NotImplementedError

    def root(self, origin: str) -> bytes:
        """The root of the tree that the cursor says; empty where the sink keeps none."""
        return b""

    def spent(self, origin: str) -> Decimal | None:
        """The sum of money as the server itself adds it up; None where its arithmetic is not to be trusted."""
        return None

    def clear(self) -> None:
        """Drops all that was shipped, for another run."""
        raise NotImplementedError

    def settle(self) -> None:
        """Before a measurement: lets the server finish what it would do later."""

    def bulk_seconds(self, origin: str) -> float | None:
        """How long the server's own loader takes for the rows of that log, into a table of the same form, from a file
        that the server's own tools wrote; None where there is no such loader."""
        return None


class Postgres(Server):
    kind = "postgresql"

    def __init__(self, folder: Path):
        super().__init__(folder)
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
        if not found or not shutil.which("psql"):
            raise Unavailable("no PostgreSQL server (Debian: postgresql)")
        self.bin = found[-1].parent
        # It refuses to run as root.
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self.data = folder / "data"
        self.process: subprocess.Popen | None = None
        folder.mkdir(parents=True, exist_ok=True)
        if self.user:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        self._run([self.bin / "initdb", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8", "-U", "aiaudit",
                   "-D", self.data])

    def _as_user(self) -> dict:
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}

    def _run(self, command: list) -> None:
        subprocess.run([str(each) for each in command], check=True, cwd=self.folder, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, **self._as_user())

    @property
    def url(self) -> str:
        return f"postgresql://aiaudit@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        # Not fsync=off: what it had acknowledged has to be there after a kill.
        command = [self.bin / "postgres", "-D", self.data, "-p", self.port, "-k", self.folder,
                   "-c", "listen_addresses=127.0.0.1", "-c", "max_wal_size=2GB", "-c", "log_min_messages=warning"]
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([str(each) for each in command], stdout=log, stderr=log, cwd=self.folder,
                                        start_new_session=True, **self._as_user())
        log.close()
        deadline = time.monotonic() + 60
        while subprocess.run([str(self.bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                             check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {self.folder}/log")
            time.sleep(0.05)

    def kill(self) -> None:
        """The postmaster and its children, each by its id: they are sessions of their own."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for each in [self.process.pid, *map(int, children)]:
            try:
                os.kill(each, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        # A new postmaster waits for the old one's last child to let go of the shared memory.
        for each in map(int, children):
            while is_running(each):
                time.sleep(0.01)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast: open transactions are rolled back
            self.process.wait()

    def ask(self, statement: str) -> Iterator[list[str]]:
        """The rows of a statement, as text."""
        run = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", self.url, "-c", statement],
                               stdout=subprocess.PIPE, text=True,
                               env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"})
        for line in run.stdout:
            yield line.rstrip("\n").split("\t")
        if run.wait() != 0:
            raise RuntimeError(f"psql failed: {statement}")

    def one(self, statement: str) -> str:
        return next(self.ask(statement), [""])[0]

    def cut(self) -> int:
        return int(self.one("select count(pg_terminate_backend(pid)) from pg_stat_activity "
                            "where application_name like 'aiaudit%'"))

    def _log(self, origin: str) -> str:
        return "(select log_id from aiaudit.log where origin = '" + origin.replace("'", "''") + "')"

    def rows(self, origin: str) -> Iterator[Row]:
        for seq, leaf, spent in self.ask("select seq, encode(leaf, 'hex'), coalesce(spent, 0) from aiaudit.record "
                                         f"where log_id = {self._log(origin)} order by seq"):
            yield Row(int(seq), bytes.fromhex(leaf), Decimal(spent))

    def _has_log(self) -> bool:
        return self.one("select to_regclass('aiaudit.log') is not null") == "t"

    def size(self, origin: str) -> int:
        return int(self.one(f"select size from aiaudit.log where log_id = {self._log(origin)}") or 0) if self._has_log() else 0

    def root(self, origin: str) -> bytes:
        return bytes.fromhex(self.one(f"select encode(root, 'hex') from aiaudit.log where log_id = {self._log(origin)}"))

    def spent(self, origin: str) -> Decimal:
        return Decimal(self.one(f"select coalesce(sum(spent), 0) from aiaudit.record where log_id = {self._log(origin)}"))

    def clear(self) -> None:
        list(self.ask("drop schema if exists aiaudit cascade"))

    def settle(self) -> None:
        list(self.ask("checkpoint"))

    def bulk_seconds(self, origin: str) -> float:
        """psql's \\copy in binary form, into a table with the same columns, key, index and partitions."""
        file = self.folder / "rows.bin"
        columns = self.one("select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute "
                           "where attrelid = 'aiaudit.record'::regclass and attnum > 0")
        list(self.ask(f"\\copy (select {columns} from aiaudit.record where log_id = {self._log(origin)} order by seq) "
                      f"to '{file}' (format binary)"))
        list(self.ask("create schema bulk; create table bulk.record (like aiaudit.record including all) "
                      "partition by range (started_at)"))
        partitions = self.ask("select c.relname, pg_get_expr(c.relpartbound, c.oid) from pg_inherits i "
                              "join pg_class c on c.oid = i.inhrelid where i.inhparent = 'aiaudit.record'::regclass")
        for name, bounds in list(partitions):
            list(self.ask(f"create table bulk.{name} partition of bulk.record {bounds}"))
        self.settle()
        begin = time.monotonic()
        list(self.ask(f"\\copy bulk.record ({columns}) from '{file}' (format binary)"))
        seconds = time.monotonic() - begin
        list(self.ask("drop schema bulk cascade"))
        file.unlink()
        return seconds


KINDS: dict[str, type[Server]] = {each.kind: each for each in (Postgres,)}
