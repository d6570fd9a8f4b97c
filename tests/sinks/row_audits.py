#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rows that are audited straight out of a store: who changes one there, in a column alone or in the record, is named.

As a program: ships a ledger into a store, audits all of its rows, and says how long that takes and how much memory.
usage: row_audits.py PROGRAM [--sink postgresql|clickhouse] [--records N]
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import clickhouse_server
import ledgers
import servers

ORIGIN = "example.com/audited"
# In a store, what is changed of which record, by an expression of its SQL; and what the auditor says.
CHANGES = {
    "postgresql": ((3, "user_name", "'nobody'"), (4, "spent", "coalesce(spent, 0) + 0.000000000001"), (5, "duration_ns", "0"),
                   (6, "tags", "'[[\"team\",\"x\"]]'"), (7, "started_ns", "started_ns + 1"), (8, "encoded", "encoded || '\\x00'"),
                   (9, "leaf", "sha256(leaf)")),
    "clickhouse": ((3, "user_name", "'nobody'"), (4, "spent", "spent + toDecimal128('0.000000000001', 12)"),
                   (5, "duration_ns", "toInt64(0)"), (6, "tag_k", "['team']"), (7, "started_at_ns", "started_at_ns + 1"),
                   (8, "encoded", "concat(encoded, '.')"), (9, "leaf", "toFixedString(substring(concat('?', toString(leaf)), 1, 32), 32)")),
}
AUDITED = {"encoded": "the row's record is not the one that was signed; its leaf is",
           "leaf": "the row's leaf is not that of its record"}
GONE = 11


class Stand:
    """A ledger that is served as a log, and its auditor."""

    def __init__(self, program: str, folder: Path, ledger: Path):
        self.program, self.folder = program, folder
        key = subprocess.run([program, "checkpoint", "--new-key", ORIGIN, "--out", str(folder / "log.key")], check=True,
                             capture_output=True, text=True).stdout.strip()
        words = ["serve", "--db", str(ledger), "--listen", "127.0.0.1:0", "--upstream", "openai=http://127.0.0.1:9/v1", "--keys", "optional",
                 "--tlog", "127.0.0.1:0", "--tlog-key", str(folder / "log.key")]
        with open(folder / "serve.out", "wb") as out:
            self.server = subprocess.Popen([program, *words], stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not (found := re.search(r"^log at (\S+)", (folder / "serve.out").read_text(), re.M)):
            if self.server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"no log is served: {(folder / 'serve.out').read_text()}")
            time.sleep(0.05)
        (folder / "policy").write_text(f"log {key} {found.group(1)}\nquorum none\n")

    def audit(self, rows: str, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([self.program, "audit", "--policy", str(self.folder / "policy"), "--state", str(self.folder / "audit"), "--rows", "$ROWS",
                               *words], check=False, capture_output=True, text=True, env={**os.environ, "ROWS": rows})

    def stop(self) -> None:
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait()


def change(server: servers.Server, seq: int, column: str, expression: str) -> None:
    if isinstance(server, servers.Postgres):
        list(server.ask(f"update aiaudit.record set {column} = {expression} where seq = {seq} and log_id = {server._log(ORIGIN)}"))
        return
    # A newer version of the row, which FINAL shows instead: what 18.16 has for an update.
    names = [row[0] for row in server.ask("select name from system.columns where database = currentDatabase() and table = 'aiaudit_record'")]
    values = {column: expression, "ver": "toUInt8(2)"}
    list(server.ask(f"insert into aiaudit_record ({', '.join(names)}) select {', '.join(values.get(name, name) for name in names)} "
                    f"from aiaudit_record final where origin = '{ORIGIN}' and seq = {seq}"))


def delete(server: servers.Server, seq: int) -> None:
    if isinstance(server, servers.Postgres):
        list(server.ask(f"delete from aiaudit.record where seq = {seq} and log_id = {server._log(ORIGIN)}"))
        return
    list(server.ask(f"alter table aiaudit_record delete where seq = {seq} and origin = '{ORIGIN}'"))
    deadline = time.monotonic() + 60  # it is done later
    while server.one(f"select count() from aiaudit_record where seq = {seq} and origin = '{ORIGIN}'") != "0":
        assert time.monotonic() < deadline, "the row is not deleted"
        time.sleep(0.05)


def ship(program: str, ledger: Path, url: str) -> None:
    subprocess.run([program, "ship", "--db", str(ledger), "--to", url, "--origin", ORIGIN, "--once", "--quiet"], check=True)


def rows_that_are_changed_or_deleted_are_named(program: str, server: servers.Server, folder: Path, records: int) -> None:
    folder.mkdir()
    ledger = ledgers.make(program, folder, records, 3)
    ship(program, ledger, server.url)
    stand = Stand(program, folder, ledger)
    try:
        shipped = ("--rows-to", str(records))  # the gateway that serves the log adds alerts of its own
        fine = stand.audit(server.url, *shipped)
        assert fine.returncode == 0 and "rows are what the log signed" in fine.stdout, fine.stdout + fine.stderr
        assert "not compared" not in fine.stdout, fine.stdout
        for seq, column, expression in CHANGES[server.kind]:
            change(server, seq, column, expression)
        delete(server, GONE)
        found = stand.audit(server.url, *shipped)
        assert found.returncode == 1, found.stdout + found.stderr
        lines = [line for line in found.stdout.splitlines() if line.startswith("FINDING")]
        for seq, column, _ in CHANGES[server.kind]:
            words = AUDITED.get(column, f"the column {column} is ")
            named = [line for line in lines if f": record {seq}: {words}" in line]
            assert len(named) == 1, f"{column}: {found.stdout}"
            lines.remove(named[0])
        assert [line.partition(ORIGIN)[2] for line in lines] == [f": record {GONE} is missing"], found.stdout
        for seq in (3, 8):  # a part without what was changed is fine
            assert stand.audit(server.url, "--rows-from", "12", *shipped).returncode == 0
            assert stand.audit(server.url, "--rows-from", str(seq), "--rows-to", str(seq)).returncode == 1
        wrong = stand.audit(server.url.replace("/postgres", "/nowhere").replace("/audit", "/nowhere"))
        assert wrong.returncode == 2 and "w%40rd" not in wrong.stderr and "w@rd" not in wrong.stderr, wrong.stderr
        assert stand.audit("mongodb://127.0.0.1:9/x").returncode == 2
    finally:
        stand.stop()


def measure(program: str, server: servers.Server, folder: Path, records: int) -> None:
    ledger = ledgers.make(program, folder, records, 3)
    ship(program, ledger, server.direct_url)
    server.settle()
    stand = Stand(program, folder, ledger)
    try:
        first = stand.audit(server.direct_url, "--rows-to", "1")  # the copy of the tree is made here
        assert first.returncode == 0, first.stdout + first.stderr
        begin = time.monotonic()
        run = subprocess.Popen([program, "audit", "--policy", str(folder / "policy"), "--state", str(folder / "audit"), "--rows", server.direct_url,
                                "--rows-to", str(records)],
                               stdout=subprocess.PIPE, text=True)
        said = run.stdout.read()
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begin
        assert run.returncode == 0, said
        print(said.splitlines()[-1])
        print(f"{server.kind}: {records} rows audited in {seconds:.1f} s ({records / seconds:.0f} a second), {used.ru_utime + used.ru_stime:.1f} s of the "
              f"processor in the program, {used.ru_maxrss // 1024} MiB at most")
    finally:
        stand.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--sink", choices=("postgresql", "clickhouse"), default="postgresql")
    parser.add_argument("--records", type=int, default=1_000_000)
    with_ = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="row_audits.", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    folder.chmod(0o755)
    kind = {"postgresql": servers.Postgres, "clickhouse": clickhouse_server.ClickHouse}[with_.sink]
    try:
        server = kind(folder / with_.sink)
    except servers.Unavailable as reason:
        print(f"skipped: {with_.sink}: {reason}")
        return 0
    try:
        server.start()
        (folder / "measured").mkdir()
        measure(str(Path(with_.program).resolve()), server, folder / "measured", with_.records)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
