#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The bytes that the ClickHouse sink sends, given to today's engine (chdb-core of PyPI) as well as to a server of 2018.

A proxy before the old server keeps each statement and each body. The engine runs those statements and takes those bodies,
each twice, with the settings that the sink gives newer servers; both must then hold the log, and say the same.
usage: clickhouse_today.py PROGRAM [--records N]
"""
import argparse
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from decimal import Decimal
from pathlib import Path

import ledgers
import servers
from clickhouse_server import ClickHouse
from install import CHDB, HINT
from proxy import Proxy

# What settings_of() of clickhouse_sink.ipp says to a newer server.
SETTINGS = "async_insert = 0, max_partitions_per_insert_block = 0, insert_deduplication_token = '{token}'"
ASKED = ("select count(), uniqExact(seq), sum(cost), sum(spent), sum(input_tokens), sum(started_at_ns), "
         "sum(length(encoded)), sum(length(tag_k)), sum(cost * seq) from aiaudit_record final",
         "select groupBitXor(cityHash64(leaf, encoded, user_name, status, duration_ns)) from aiaudit_record final",
         "select count(), sum(spent), sum(requests) from aiaudit_spend_by_day",
         "select spent, model from aiaudit_spend_by_month order by spent desc, model limit 3",
         "select max(size), lower(hex(argMax(root, size))) from aiaudit_log final")


class Recorder:
    """The requests of HTTP that pass: (statement in the URL, body)."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes]] = []
        self.lock = threading.Lock()

    def forward(self, source, target) -> None:
        kept = b""
        while piece := source.recv(65536):
            target.sendall(piece)
            kept += piece
            while (end := kept.find(b"\r\n\r\n")) >= 0:
                head = kept[:end].decode()
                length = int(next(line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length:")))
                if len(kept) < end + 4 + length:
                    break
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(head.split(" ")[1]).query)
                with self.lock:
                    self.requests.append((query.get("query", [""])[0], kept[end + 4:end + 4 + length]))
                kept = kept[end + 4 + length:]


def ask_today(session, statement: str) -> str:
    return session.query(statement, "TabSeparated").bytes().decode()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--records", type=int, default=3000)
    with_ = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="clickhouse_today."))
    try:
        old = ClickHouse(folder / "clickhouse")
        if not CHDB.exists():
            raise servers.Unavailable(f"no chdb in {CHDB}; {HINT}")
    except servers.Unavailable as reason:
        print(f"skipped: clickhouse_today: {reason}")
        return 0
    sys.path.insert(0, str(CHDB))
    from chdb import session
    program = str(Path(with_.program).resolve())
    ledger = ledgers.make(program, folder, with_.records, 1)
    truth = ledgers.truth_of(program, ledger)
    recorder = Recorder()
    old.start()
    try:
        recording = Proxy(old.port, recorder.forward)
        subprocess.run([program, "ship", "--db", str(ledger), "--to", old.address(recording.port), "--once", "--quiet",
                        "--batch", "1000"], check=True)
        today = session.Session(str(folder / "today"))
        version = ask_today(today, "select version()").strip()
        today.query("create database audit")
        today.query("use audit")
        today.query("set output_format_decimal_trailing_zeros = 1")  # as the old one writes them
        bodies = 0
        for statement, body in recorder.requests:
            if body.startswith((b"create table", b"create view")):
                today.query(body.decode())
            elif statement.startswith("insert into "):
                bodies += 1
                file = folder / f"body{bodies}"
                file.write_bytes(body)
                into = statement.removesuffix(" format RowBinary")
                for _ in range(2):
                    today.query(f"{into} from infile '{file}' settings {SETTINGS.format(token=bodies)} format RowBinary")
        found = []
        for each in ASKED:
            before, now = "".join("\t".join(row) + "\n" for row in old.ask(each)), ask_today(today, each)
            if before != now:
                found.append(f"{each}: 18.16 says {before!r}, {version} says {now!r}")
        count, different, _, spent = ask_today(today, ASKED[0]).split("\t")[:4]
        if (int(count), int(different), Decimal(spent)) != (len(truth.leaves), len(truth.leaves), truth.spent):
            found.append(f"{count} records, {different} of them different, {spent} USD; the log has {len(truth.leaves)}, {truth.spent} USD")
        leaves = [bytes.fromhex(line) for line in ask_today(today, "select hex(leaf) from aiaudit_record final order by seq").split()]
        if leaves != truth.leaves:
            found.append("the leaves are not the log's")
        raw = int(ask_today(today, "select count() from aiaudit_record"))
    finally:
        old.stop()
    for each in found:
        print(f"FAILED: {each}")
    if not found:
        print(f"clickhouse_today: {bodies} bodies, each twice, taken by {version} as by 18.16: {count} records ({raw} rows before "
              f"merges), {spent} USD exactly, leaves and reports the same")
        shutil.rmtree(folder, ignore_errors=True)
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
