# SPDX-License-Identifier: MIT
"""ClickHouse for the battery of sinks: Debian's clickhouse-server (18.16) and two small XML files."""
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from proxy import Proxy
from servers import KINDS, Row, Server, Unavailable, free_port

USER = "shipper"
PASSWORD = "pa:ss/w@rd"  # an address has to escape it
DATABASE = "audit"

CONFIG = """<yandex>
  <logger><level>warning</level><log>{folder}/server.log</log><errorlog>{folder}/server.err.log</errorlog></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{http}</http_port>
  <tcp_port>{tcp}</tcp_port>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/tmp/</tmp_path>
  <users_config>users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <timezone>UTC</timezone>
  <mark_cache_size>67108864</mark_cache_size>
</yandex>
"""
USERS = """<yandex>
  <profiles><default><max_memory_usage>4000000000</max_memory_usage></default></profiles>
  <users>
    <default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
    <{user}><password>{password}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
      <quota>default</quota></{user}>
  </users>
  <quotas><default></default></quotas>
</yandex>
"""


class ClickHouse(Server):
    kind = "clickhouse"

    def __init__(self, folder: Path):
        super().__init__(folder)
        if not shutil.which("clickhouse-server"):
            raise Unavailable("no ClickHouse server (Debian: clickhouse-server)")
        self.tcp = free_port()
        self.proxy = Proxy(self.port)
        self.process: subprocess.Popen | None = None
        for part in ("data", "tmp"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        words = {"folder": folder.absolute(), "http": self.port, "tcp": self.tcp, "user": USER, "password": PASSWORD}
        (folder / "config.xml").write_text(CONFIG.format(**words))
        (folder / "users.xml").write_text(USERS.format(**words))

    @property
    def url(self) -> str:
        return self.address(self.proxy.port)

    def address(self, port: int) -> str:
        return f"clickhouse://{USER}:{urllib.parse.quote(PASSWORD, safe='')}@127.0.0.1:{port}/{DATABASE}"

    def start(self) -> None:
        with open(self.folder / "out.log", "ab") as log:
            self.process = subprocess.Popen(["clickhouse-server", f"--config-file={self.folder.absolute()}/config.xml"],
                                            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    pass
                if self.one("select 1", "default") == "1":
                    return
            except OSError as reason:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"ClickHouse did not start: {self.folder}") from reason
            time.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.proxy.close()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def ask(self, statement: str, database: str = DATABASE) -> Iterator[list[str]]:
        """The rows of a statement, as text."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/?database={database}", statement.encode())
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                for line in answer:
                    yield line.decode().rstrip("\n").split("\t")
        except urllib.error.HTTPError as reason:
            raise RuntimeError(f"{statement}: {reason.read().decode(errors='replace')[:300]}") from reason

    def one(self, statement: str, database: str = DATABASE) -> str:
        return next(self.ask(statement, database), [""])[0]

    def cut(self) -> int:
        return self.proxy.cut()

    def rows(self, origin: str) -> Iterator[Row]:
        for seq, leaf, spent in self.ask("select seq, hex(leaf), toString(spent) from aiaudit_record final "
                                         f"where origin = '{origin}' order by seq"):
            yield Row(int(seq), bytes.fromhex(leaf), Decimal(spent))

    def _has_log(self) -> bool:
        return self.one(f"select count() from system.tables where database = '{DATABASE}' and name = 'aiaudit_log'",
                        "default") == "1"

    def size(self, origin: str) -> int:
        return int(self.one(f"select max(size) from aiaudit_log where origin = '{origin}'")) if self._has_log() else 0

    def root(self, origin: str) -> bytes:
        return bytes.fromhex(self.one(f"select hex(argMax(root, size)) from aiaudit_log where origin = '{origin}'"))

    def spent(self, origin: str) -> Decimal:
        return Decimal(self.one(f"select toString(sum(spent)) from aiaudit_record final where origin = '{origin}'"))

    def clear(self) -> None:
        self.one(f"drop database if exists {DATABASE}", "default")

    def lose(self, origin: str) -> None:
        """One partition of three, as if its parts were lost."""
        middle = sorted(row[0] for row in self.ask("select distinct partition from system.parts where active and "
                                                   f"database = '{DATABASE}' and table = 'aiaudit_record'"))[1]
        list(self.ask(f"alter table aiaudit_record drop partition {middle}"))

    def copies(self, origin: str) -> int:
        """Rows as they lie there: those that were sent again and not yet merged count too."""
        return int(self.one(f"select count() from aiaudit_record where origin = '{origin}'"))

    def bulk_seconds(self, origin: str) -> float | None:
        """The very rows, as RowBinary, by clickhouse-client."""
        if not shutil.which("clickhouse-client"):
            return None
        client = ["clickhouse-client", "--host=127.0.0.1", f"--port={self.tcp}", f"--database={DATABASE}"]
        rows = self.folder / "rows.bin"
        with open(rows, "wb") as out:
            subprocess.run([*client, f"--query=select * from aiaudit_record where origin = '{origin}' format RowBinary"],
                           check=True, stdout=out)
        self.one("create table aiaudit_loaded as aiaudit_record")
        begin = time.monotonic()
        with open(rows, "rb") as body:
            subprocess.run([*client, "--query=insert into aiaudit_loaded format RowBinary"], check=True, stdin=body)
        seconds = time.monotonic() - begin
        self.one("drop table aiaudit_loaded")
        rows.unlink()
        return seconds


KINDS[ClickHouse.kind] = ClickHouse
