#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Facts of the sinks that have no transactions, each held to real servers: a hole is found and filled, by a shipper that
starts and by one that runs while its server comes back with less; another log under the same name is refused; a body that
is cut inserts nothing; TLS is verified; no message shows a password. And of those that audits read, PostgreSQL too: rows that
were changed, in a column alone or in the record, or deleted, are named.
usage: facts.py PROGRAM [--sink KIND]
"""
import argparse
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import battery
import clickhouse_server
import ledgers
import mongodb_servers
import row_audits
import servers
from proxy import Proxy

KINDS = (clickhouse_server.ClickHouse, mongodb_servers.Ferret, mongodb_servers.MongoJava, servers.Postgres)


class Facts:
    def __init__(self, server: servers.Server, program: str, folder: Path, records: int):
        self.server, self.program, self.folder = server, program, folder
        self.ledger = ledgers.make(program, folder / "one", records, 1)
        self.truth = ledgers.truth_of(program, self.ledger)

    def ship(self, *words: str, ledger: Path | None = None, to: str = "") -> subprocess.CompletedProcess:
        return subprocess.run([self.program, "ship", "--db", str(ledger or self.ledger), "--to", to or self.server.url, "--once",
                               "--patience", "5", *words], check=False, capture_output=True, text=True)

    def hold(self, what: str) -> None:
        if found := battery.differences(self.server, self.truth):
            raise AssertionError(f"{what}: {found}")

    def a_hole_is_filled_when_a_shipper_starts(self) -> None:
        assert self.ship().returncode == 0
        self.hold("shipped")
        self.server.lose(self.truth.origin)
        assert battery.differences(self.server, self.truth), "nothing was lost"
        run = self.ship()
        assert run.returncode == 0, run.stderr
        self.hold("a hole")

    def a_hole_is_filled_when_the_server_comes_back_with_less(self) -> None:
        if not isinstance(self.server, clickhouse_server.ClickHouse):
            return  # the others keep what they acknowledged, or all in memory
        shipper = subprocess.Popen([self.program, "ship", "--db", str(self.ledger), "--to", self.server.url, "--quiet"])
        try:
            time.sleep(3.5)  # it is current, and waits
            self.server.kill()
            self.server.restart()
            self.server.lose(self.truth.origin)
            ledgers.make(self.program, self.folder / "one", 100, 2)
            self.truth = ledgers.truth_of(self.program, self.ledger)
            self.wait_for(len(self.truth.leaves))
        finally:
            shipper.send_signal(signal.SIGTERM)
            shipper.wait()
        self.hold("a hole under a running shipper")

    def wait_for(self, size: int) -> None:
        deadline = time.monotonic() + 60
        while self.server.size(self.truth.origin) != size or battery.differences(self.server, self.truth):
            assert time.monotonic() < deadline, "the hole stays"
            time.sleep(0.1)

    def another_log_under_the_same_name_is_refused(self) -> None:
        other = ledgers.make(self.program, self.folder / "two", len(self.truth.leaves) + 10, 9)
        run = self.ship("--origin", self.truth.origin, ledger=other)
        assert run.returncode != 0 and "another one" in run.stderr, run.stderr
        self.hold("another log")

    def a_body_that_is_cut_inserts_nothing(self) -> None:
        if not isinstance(self.server, clickhouse_server.ClickHouse):
            return
        before = self.server.copies(self.truth.origin)
        rows = subprocess.run(["clickhouse-client", f"--port={self.server.tcp}", "--database=audit",
                               "--query=select * from aiaudit_record limit 1000 format RowBinary"], check=True, capture_output=True).stdout
        query = "insert%20into%20aiaudit_record%20format%20RowBinary"
        with socket.create_connection(("127.0.0.1", self.server.port)) as to:
            to.sendall(f"POST /?database=audit&query={query} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(rows)}\r\n\r\n".encode())
            to.sendall(rows[:len(rows) * 2 // 3])
            to.shutdown(socket.SHUT_WR)
            to.recv(65536)
        assert self.server.copies(self.truth.origin) == before

    def a_column_that_an_older_version_lacked_is_added_and_one_of_a_newer_is_refused(self) -> None:
        if not isinstance(self.server, clickhouse_server.ClickHouse):
            return
        self.server.one("alter table aiaudit_record drop column made_narrow")
        run = self.ship()
        assert run.returncode == 0, run.stderr
        self.hold("a column that was added")
        assert self.server.one("select sum(made_narrow) from aiaudit_spend_by_day") == "0.000000000000"
        self.server.one("alter table aiaudit_record add column of_the_future Int64")
        run = self.ship()
        assert run.returncode != 0 and "of_the_future" in run.stderr, run.stderr
        self.server.one("alter table aiaudit_record drop column of_the_future")

    def tls_is_verified(self) -> None:
        if not isinstance(self.server, clickhouse_server.ClickHouse):
            return
        key, certificate = self.folder / "key.pem", self.folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        to = self.server.address(Proxy(self.server.port, tls=context).port).replace("clickhouse://", "clickhouses://")
        run = self.ship(to=to)
        assert run.returncode != 0 and "certificate" in run.stderr, run.stderr
        run = self.ship(to=f"{to}?ca_file={certificate}")
        assert run.returncode == 0, run.stderr

    def no_message_shows_a_password(self) -> None:
        if not isinstance(self.server, clickhouse_server.ClickHouse):
            return  # they have no passwords here
        for to in (self.server.url.replace("pa%3Ass", "pa%3Asecret"), self.server.url.replace("/audit", "/no`such")):
            run = self.ship(to=to)
            assert run.returncode != 0 and "secret" not in run.stderr and "w@rd" not in run.stderr and "w%40rd" not in run.stderr, run.stderr

    def rows_that_are_changed_or_deleted_are_named(self) -> None:
        if self.server.kind in row_audits.CHANGES:
            row_audits.rows_that_are_changed_or_deleted_are_named(self.program, self.server, self.folder / "audited", 1000)

    def run(self) -> None:
        if isinstance(self.server, servers.Postgres):  # tests/engine/sink_postgres.cpp has the others
            self.rows_that_are_changed_or_deleted_are_named()
            return
        for name in ("a_hole_is_filled_when_a_shipper_starts", "a_hole_is_filled_when_the_server_comes_back_with_less",
                     "another_log_under_the_same_name_is_refused", "a_body_that_is_cut_inserts_nothing",
                     "a_column_that_an_older_version_lacked_is_added_and_one_of_a_newer_is_refused", "tls_is_verified", "no_message_shows_a_password",
                     "rows_that_are_changed_or_deleted_are_named"):
            getattr(self, name)()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--sink", choices=[each.kind for each in KINDS], action="append")
    parser.add_argument("--records", type=int, default=3000)
    with_ = parser.parse_args()
    program = str(Path(with_.program).resolve())
    status = 0
    for kind in KINDS:
        if with_.sink and kind.kind not in with_.sink:
            continue
        folder = Path(tempfile.mkdtemp(prefix="sink_facts."))
        folder.chmod(0o755)  # PostgreSQL is another user's
        for name in ("one", "two"):
            (folder / name).mkdir()
        try:
            server = kind(folder / kind.kind)
        except servers.Unavailable as reason:
            print(f"skipped: {kind.kind}: {reason}")
            continue
        server.start()
        begin = time.monotonic()
        try:
            Facts(server, program, folder, with_.records).run()
            print(f"{kind.kind}: all facts hold, {time.monotonic() - begin:.0f} s")
        except AssertionError as reason:
            print(f"{kind.kind}: FAILED: {reason}\nleft in {folder}")
            status = 1
            continue
        finally:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
