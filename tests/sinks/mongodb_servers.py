# SPDX-License-Identifier: MIT
"""Two servers of MongoDB's wire protocol for the battery of sinks. MongoDB itself is not to be had from registries.

FerretDB 1.24 (SQLite) keeps what it acknowledged over a SIGKILL, but closes the connection on Decimal128: before it a
proxy writes those as text. mongo-java-server takes Decimal128, and holds all in memory: it is not killed.
install.py beside this file gets both, and pymongo, which reads the rows here.
"""
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from install import FERRET, HINT, JARS, PYTHON
from proxy import Proxy, pass_on
from servers import KINDS, Row, Server, Unavailable

sys.path.insert(0, str(PYTHON))


def read_exactly(source: socket.socket, size: int) -> bytes:
    whole = b""
    while len(whole) < size:
        piece = source.recv(size - len(whole))
        if not piece:
            raise OSError("the end")
        whole += piece
    return whole


def without_decimals(documents: bytes) -> bytes:
    """The same documents of BSON, with Decimal128 as text."""
    import bson

    def plain(value: object) -> object:
        if isinstance(value, bson.Decimal128):
            return str(value)
        if isinstance(value, dict):
            return {name: plain(each) for name, each in value.items()}
        return [plain(each) for each in value] if isinstance(value, list) else value

    return b"".join(bson.encode(plain(each)) for each in bson.decode_all(documents))


def forward_without_decimals(source: socket.socket, target: socket.socket) -> None:
    """OP_MSG: a header of 16 bytes, flags, then sections: 0 and a document, or 1, a size, a name and documents."""
    while True:
        head = read_exactly(source, 16)
        size, number, answered, code = struct.unpack("<iiii", head)
        body = read_exactly(source, size - 16)
        if code == 2013 and b"\x01" in body[4:]:
            made, at = body[:4], 4
            while at < len(body):
                if body[at] == 0:
                    length = struct.unpack_from("<i", body, at + 1)[0]
                    made += body[at:at + 1 + length]
                    at += 1 + length
                    continue
                length = struct.unpack_from("<i", body, at + 1)[0]
                name_end = body.index(b"\0", at + 5) + 1
                documents = without_decimals(body[name_end:at + 1 + length])
                name = body[at + 5:name_end]
                made += b"\x01" + struct.pack("<i", 4 + len(name) + len(documents)) + name + documents
                at += 1 + length
            body = made
        target.sendall(struct.pack("<iiii", 16 + len(body), number, answered, code) + body)


class WireServer(Server):
    """What both have in common: a process on a port, a proxy before it, pymongo beside it."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        if not PYTHON.exists():
            raise Unavailable(f"no pymongo in {PYTHON}; {HINT}")
        folder.mkdir(parents=True, exist_ok=True)
        self.process: subprocess.Popen | None = None
        self.client = None
        self.proxy = Proxy(self.port, self.forward())

    def forward(self):
        return pass_on

    def command(self) -> list:
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.proxy.port}/audit"

    def start(self) -> None:
        import pymongo
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([str(each) for each in self.command()], cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env={**os.environ, "DO_NOT_TRACK": "1"})
        deadline = time.monotonic() + 60
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    break
            except OSError as reason:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{self.kind} did not start: {self.folder}/log") from reason
            time.sleep(0.05)
        self.client = pymongo.MongoClient(f"mongodb://127.0.0.1:{self.port}/?retryWrites=false&serverSelectionTimeoutMS=30000")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.proxy.close()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def cut(self) -> int:
        return self.proxy.cut()

    @property
    def database(self):
        return self.client["audit"]

    def rows(self, origin: str) -> Iterator[Row]:
        fields = {"seq": 1, "leaf": 1, "spent_pico": 1}
        for each in sorted(self.database["aiaudit_record"].find({"origin": origin}, fields), key=lambda row: row["seq"]):
            if each["_id"] != f"{origin}/{each['seq']:012}":
                raise RuntimeError(f"{each['_id']} has the sequence {each['seq']}")
            yield Row(each["seq"], bytes(each["leaf"]), Decimal(each.get("spent_pico", 0)) / 10**12)

    def _newest(self, origin: str) -> dict:
        return max(self.database["aiaudit_log"].find({"origin": origin}), key=lambda row: row["size"], default={"size": 0, "root": b""})

    def size(self, origin: str) -> int:
        return self._newest(origin)["size"]

    def root(self, origin: str) -> bytes:
        return bytes(self._newest(origin)["root"])

    def lose(self, origin: str) -> None:
        """Documents in the middle."""
        size = self.size(origin)
        self.database["aiaudit_record"].delete_many({"origin": origin, "seq": {"$gt": size // 3, "$lte": size // 2}})

    def clear(self) -> None:
        self.client.drop_database("audit")

    def bulk_seconds(self, origin: str) -> float | None:
        """The same documents by the driver's own insert_many, unordered, 5000 at once."""
        documents = list(self.database["aiaudit_record"].find({"origin": origin}))
        loaded = self.database["loaded"]
        loaded.drop()
        loaded.create_index([("origin", 1), ("seq", 1)], unique=True)
        loaded.create_index("started_at")
        loaded.create_index([("project", 1), ("started_at", 1)])
        begin = time.monotonic()
        for at in range(0, len(documents), 5000):
            loaded.insert_many(documents[at:at + 5000], ordered=False)
        seconds = time.monotonic() - begin
        loaded.drop()
        return seconds


class Ferret(WireServer):
    kind = "ferretdb"

    def __init__(self, folder: Path):
        if not FERRET.exists():
            raise Unavailable(f"no FerretDB in {FERRET}; {HINT}")
        super().__init__(folder)
        (folder / "data").mkdir(exist_ok=True)

    def forward(self):
        return forward_without_decimals

    def command(self) -> list:
        return [FERRET, "--handler=sqlite", f"--sqlite-url=file:{self.folder.absolute()}/data/", f"--listen-addr=127.0.0.1:{self.port}",
                "--debug-addr=-", "--telemetry=disable", f"--state-dir={self.folder.absolute()}", "--log-level=warn"]


class MongoJava(WireServer):
    kind = "mongo-java-server"

    def __init__(self, folder: Path):
        if not (JARS / "Main.java").exists() or not shutil.which("java"):
            raise Unavailable(f"no mongo-java-server in {JARS}, or no java; {HINT}")
        super().__init__(folder)

    def command(self) -> list:
        return ["java", "-Xmx1g", "-cp", f"{JARS}/*", JARS / "Main.java", self.port]

    def kill(self) -> None:
        """It holds all in memory, so its connections are cut instead."""
        self.cut()

    def restart(self) -> None:
        pass

    def rows(self, origin: str) -> Iterator[Row]:
        """Money by the Decimal128, which must be what the whole numbers say."""
        whole = {each.seq: each.spent for each in super().rows(origin)}
        for each in sorted(self.database["aiaudit_record"].find({"origin": origin}), key=lambda row: row["seq"]):
            spent = each["spent"].to_decimal() if "spent" in each else Decimal(0)
            if spent != whole[each["seq"]]:
                raise RuntimeError(f"record {each['seq']}: {spent} is not {whole[each['seq']]}")
            yield Row(each["seq"], bytes(each["leaf"]), spent)


for each in (Ferret, MongoJava):
    KINDS[each.kind] = each
