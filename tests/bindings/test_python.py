# SPDX-License-Identifier: MIT
"""The Python package over the C interface: records, costs of the corpus, budgets, threads, fork, bad input.

usage: test_python.py [-v] [NAME ...]    with `aiaudit` installed, or AIAUDIT_LIBRARY and PYTHONPATH set
"""
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timezone
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import aiaudit

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("AIAUDIT_SHARED_DIR") or ROOT.parent / "shared")
NOON = "2026-08-15T12:00:00Z"
CHAT = {"provider": "openai", "path": "/v1/chat/completions"}
REQUEST = {"model": "gpt-4.1-mini", "max_tokens": 200, "messages": [{"role": "user", "content": "Hello"}]}
RESPONSE = {"model": "gpt-4.1-mini", "usage": {"prompt_tokens": 1000, "completion_tokens": 200}}
COST = Decimal("0.00072")


class LedgerTest(unittest.TestCase):
    def setUp(self):
        self.place = Path(tempfile.mkdtemp(prefix="aiaudit_py_"))
        self.addCleanup(shutil.rmtree, self.place)

    def open(self, **options):
        ledger = aiaudit.Ledger(self.place / "calls", **options)
        self.addCleanup(ledger.close)
        return ledger

    @contextlib.contextmanager
    def fails(self, name):
        with self.assertRaises(aiaudit.Error) as caught:
            yield caught
        self.assertEqual(caught.exception.name, name, str(caught.exception))


class Records(LedgerTest):
    def test_a_call_is_on_record_with_its_exact_cost(self):
        with self.open() as ledger:
            record = ledger.record(REQUEST, RESPONSE, **CHAT, status=200, user="ana", project="p", key="k1",
                                   tags={"team": "red", "x_usd": "no money", "limit": "none", "unit": "usd"},
                                   timestamp=datetime(2026, 8, 15, 12, tzinfo=timezone.utc), duration_ms=12.4, ttft_ms=3)
        self.assertEqual(record["sequence"], 1)
        self.assertEqual(record["cost_usd"], COST)
        self.assertIsInstance(record["cost_usd"], Decimal)
        self.assertEqual(record["at"], NOON)
        self.assertEqual(record["usage"], {"input_tokens": 1000, "output_tokens": 200})
        self.assertEqual(record["tags"]["x_usd"], "no money")
        self.assertEqual(record["duration_ns"], 12_000_000)
        self.assertEqual((record["user"], record["project"], record["key"]), ("ana", "p", "k1"))

    def test_bodies_may_be_text_bytes_or_objects_of_an_sdk(self):
        class Completion:
            def model_dump_json(self):
                return json.dumps(RESPONSE)
        text = json.dumps(RESPONSE)
        with self.open() as ledger:
            for body in (text, text.encode(), bytearray(text.encode()), Completion()):
                with self.subTest(type(body).__name__):
                    self.assertEqual(ledger.record(json.dumps(REQUEST), body, **CHAT)["cost_usd"], COST)

    def test_a_stream_is_read_and_bytes_that_are_no_utf8_pass(self):
        stream = (b'data: {"model":"gpt-4.1-mini","choices":[{"delta":{"content":"a\xff\\"b"}}]}\n\n'
                  b'data: {"model":"gpt-4.1-mini","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":200}}\n\n'
                  b"data: [DONE]\n\n")
        with self.open() as ledger:
            record = ledger.record(REQUEST | {"stream": True}, stream, **CHAT, status=200, content_type="text/event-stream")
        self.assertEqual(record["cost_usd"], COST)
        self.assertNotIn("complete", record)

    def test_what_cannot_be_priced_is_on_record_and_says_why(self):
        with self.open() as ledger:
            record = ledger.record(REQUEST, RESPONSE | {"model": "nobody-knows"}, **CHAT, status=200)
            self.assertIsNone(record["cost_usd"])
            self.assertEqual(record["problem"]["code"], 301)
            refused = ledger.record(REQUEST, {"error": {"type": "rate_limit"}}, **CHAT, status=429)
            self.assertEqual(refused["cost_status"], "no_charge")
            none = ledger.record(REQUEST, None, **CHAT)
            self.assertEqual(none["cost_status"], "unknown")
            self.assertEqual(ledger.report("daily")[0]["requests"], 3)

    def test_a_record_that_was_handed_out_can_be_appended(self):
        with self.open() as ledger:
            record = ledger.record(REQUEST, RESPONSE, **CHAT, status=200, user="an\u00e4 \u2603", timestamp=NOON)
            again = ledger.append(record)
            self.assertEqual(again.pop("sequence"), 2)
            self.assertEqual(record.pop("sequence"), 1)
            self.assertEqual(again, record)
            unknown = ledger.record(REQUEST, RESPONSE | {"model": "nobody-knows"}, **CHAT, status=200)
            del unknown["problem"]
            again = ledger.append(unknown)
            self.assertEqual(again | {"sequence": 0}, unknown | {"sequence": 0})
            priced = ledger.append({"provider": "openai", "model_requested": "gpt-4.1-mini", "at": NOON,
                                    "usage": {"input_tokens": 1000, "output_tokens": 200}})
            self.assertEqual(priced["cost_usd"], COST)

    def test_records_come_in_order_over_batches(self):
        with self.open(durability="relaxed") as ledger:
            for number in range(25):
                self.assertEqual(ledger.append({"cost_usd": Decimal(number)})["sequence"], 0)
            ledger.flush()
            self.assertEqual([row["cost_usd"] for row in ledger.records(batch=10)], list(range(25)))
            self.assertEqual([row["sequence"] for row in ledger.records(20, batch=3)], list(range(20, 26)))
            self.assertEqual(list(ledger.records(26)), [])

    def test_bad_input_is_an_error_with_a_code_and_leaves_nothing(self):
        with self.open() as ledger:
            with self.fails("bad_time"):
                ledger.record(REQUEST, RESPONSE, **CHAT, timestamp="noon")
            with self.fails("bad_input"):
                ledger.record(REQUEST, RESPONSE, **CHAT, operation_id="x")
            with self.fails("bad_argument") as caught:
                ledger.append({"colour": "red"})
            self.assertEqual(caught.exception.code, 900)
            self.assertIn("no member 'colour'", str(caught.exception))
            with self.fails("money_inexact"):
                ledger.append({"cost_usd": "0.0000000000001"})
            with self.assertRaises(TypeError):
                ledger.record(object(), RESPONSE, **CHAT)
            with self.assertRaises(ValueError):
                ledger.record(REQUEST, RESPONSE, **CHAT, timestamp=datetime(2026, 8, 15))
            with self.assertRaises(ValueError):
                ledger.record({"x": float("nan")}, RESPONSE, **CHAT)
            self.assertEqual(list(ledger.records()), [])


class Reports(LedgerTest):
    def test_reports_filter_and_money_is_exact(self):
        with self.open() as ledger:
            for user, when in (("ana", NOON), ("ana", "2026-08-16T23:30:00Z"), ("bo", NOON)):
                ledger.record(REQUEST, RESPONSE, **CHAT, status=200, user=user, timestamp=when)
            rows = ledger.report("users")
            self.assertEqual([(row["user"], row["cost_usd"]) for row in rows], [("ana", 2 * COST), ("bo", COST)])
            for row in rows:
                for name, value in row.items():
                    self.assertNotIsInstance(value, float, name)
            days = ledger.report(start=date(2026, 8, 17), end="2026-08-17", tz="Asia/Tokyo")
            self.assertEqual([(row["date"], row["requests"]) for row in days], [("2026-08-17", 1)])
            self.assertEqual(ledger.report("user", user="bo")[0]["model"], "gpt-4.1-mini")
            self.assertEqual(ledger.report(days=1), [])
            self.assertIn("ana,2,", ledger.report_text("users", "csv", start="2026-08-01"))
            with self.fails("unknown_zone"):
                ledger.report(tz="Mars/Olympus")
            with self.fails("bad_argument"):
                ledger.report("weekly")
            with self.assertRaises(ValueError):
                ledger.checkpoint("a\0b")

    def test_verify_raises_where_the_log_is_not_what_it_was(self):
        with self.open() as ledger:
            for number in range(300):
                ledger.append({"cost_usd": "1", "user": f"user-{number}-of-many"})
                if number == 3:
                    ledger.flush()
            found = ledger.verify()
            self.assertEqual((found["sound"], found["read"]), (True, 300))
            with self.fails("bad_argument"):
                ledger.verify("a checkpoint")
        damaged = 0
        for file in (self.place / "calls").rglob("*"):
            if file.is_file() and (bytes_before := file.read_bytes()).count(b"user-7-of-many"):
                file.write_bytes(bytes_before.replace(b"user-7-of-many", b"user-8-of-many"))
                damaged += 1
        self.assertGreater(damaged, 0)
        with self.assertRaises(aiaudit.Error) as caught:
            with self.open(read_only=True) as ledger:
                ledger.verify()
        self.assertIn(caught.exception.name, ("verification_failed", "corrupt"))
        if isinstance(caught.exception, aiaudit.Unsound):
            self.assertTrue(caught.exception.verification["findings"])


class Budgets(LedgerTest):
    def test_a_full_budget_refuses_and_says_why_in_exact_numbers(self):
        with self.open() as ledger:
            ledger.budget("day", Decimal("0.001"), "day", scope="each-user", tz="Asia/Tokyo", alerts=[90])
            self.assertEqual(ledger.budgets()[0]["limit"], Decimal("0.001"))
            self.assertEqual(ledger.budgets()[0]["alerts"], "90")
            with ledger.admit(REQUEST, **CHAT, user="ana") as admission:
                self.assertGreater(admission.reserved_usd, 0)
                record = admission.settle(RESPONSE, status=200, duration_ms=5.6)
            self.assertEqual((record["cost_usd"], record["user"], record["duration_ns"]), (COST, "ana", 6_000_000))
            self.assertEqual(record["operation_id"], admission.operation_id)
            with self.assertRaises(aiaudit.Refusal) as caught:
                ledger.admit(REQUEST, **CHAT, user="ana")
            refusal = caught.exception
            self.assertEqual((refusal.code, refusal.name), (600, "budget_exceeded"))
            self.assertEqual(refusal.budget["spent"], COST)
            self.assertEqual(refusal.budget["subject"], "user=ana")
            self.assertGreater(refusal.retry_after_ms, 0)
            ledger.admit(REQUEST, **CHAT, user="bo").cancel()
            state = {row["subject"]: row for row in ledger.report("budgets")}
            self.assertEqual(state["user=ana"]["left"], Decimal("0.00028"))
            ledger.flush()
            self.assertEqual([row["kind"] for row in ledger.records()].count("refusal"), 1)
            ledger.remove_budget("day")
            with self.fails("not_found"):
                ledger.remove_budget("day")

    def test_an_attempt_is_settled_once(self):
        with self.open() as ledger:
            admission = ledger.admit(max_cost_usd="0.5", provider="own", path="/think")
            self.assertEqual(admission.reserved_usd, Decimal("0.5"))
            self.assertEqual(admission.settle(cost_usd=Decimal("0.25"), usage={"requests": 1})["cost_usd"], Decimal("0.25"))
            with self.fails("not_found"):
                admission.settle(cost_usd=1)
            self.assertEqual(ledger.report()[0]["cost_usd"], Decimal("0.25"))

    def test_a_block_that_ends_otherwise_stays_charged_at_what_was_held(self):
        with self.open() as ledger:
            ledger.budget("all", 1, "total")
            with self.assertRaises(KeyError):
                with ledger.admit(max_cost_usd="0.5", provider="own", path="/think"):
                    raise KeyError
            state = ledger.report("budgets")[0]
            self.assertEqual((state["spent"], state["reserved"], state["open"]), (Decimal("0.5"), 0, 0))

    def test_what_has_no_bound_is_refused_and_a_rate_says_when(self):
        with self.open() as ledger:
            ledger.budget("rate", 1, "minute", unit="requests", scope="each-key")
            ledger.budget("all", "1", "total", then="downgrade=gpt-4.1-nano")
            with self.assertRaises(aiaudit.Refusal) as caught:
                ledger.admit({"model": "gpt-4.1-mini", "messages": [], "tools": [{"type": "web_search"}]}, **CHAT)
            self.assertEqual(caught.exception.name, "unbounded")
            self.assertEqual(caught.exception.budget["then"], "downgrade=gpt-4.1-nano")
            ledger.admit({"model": "gpt-4.1-mini", "messages": []}, **CHAT, output_tokens_max=10, key="k")
            with self.assertRaises(aiaudit.Refusal) as caught:
                ledger.admit(REQUEST, **CHAT, key="k")
            self.assertEqual(caught.exception.name, "rate_limited")
            self.assertGreater(caught.exception.retry_after_ms, 0)

    def test_limits_are_never_floats(self):
        with self.open() as ledger:
            for call in (lambda: ledger.budget("a", 0.1, "day"),
                         lambda: ledger.admit(REQUEST, **CHAT, max_cost_usd=0.1),
                         lambda: ledger.settle("x", cost_usd=0.1)):
                with self.assertRaises(TypeError):
                    call()
            self.assertEqual(ledger.budgets(), [])

    def test_many_threads_never_pass_a_limit(self):
        with self.open() as ledger:
            ledger.budget("all", "0.10", "total")

            def ask(number):
                try:
                    return ledger.admit(max_cost_usd="0.01", provider="own", path="/think").settle(cost_usd="0.01")
                except aiaudit.Refusal:
                    return None
            with ThreadPoolExecutor(8) as pool:
                through = [row for row in pool.map(ask, range(40)) if row]
            self.assertEqual(len(through), 10)
            self.assertEqual(ledger.report("budgets")[0]["left"], 0)

    def test_calls_of_a_process_that_died_are_reconciled(self):
        ledger = self.open()
        ledger.budget("all", "1", "total")
        ledger.admit(max_cost_usd="0.5", provider="own", path="/think", timeout_ms=1)
        ledger.close()
        with self.open() as ledger:
            self.assertEqual(ledger.reconcile(3600), 0)
            waited = threading.Event()
            for _ in range(5000):  # its deadline is a millisecond, but a clock's second may be long
                if ledger.reconcile(0):
                    break
                waited.wait(0.001)
            self.assertEqual(ledger.report("budgets")[0]["spent"], Decimal("0.5"))


class Life(LedgerTest):
    def test_opening_says_what_is_wrong(self):
        with self.fails("not_found"):
            aiaudit.Ledger(self.place / "none", create=False)
        with self.fails("bad_argument"):
            self.open(durability="perhaps")
        with self.fails("bad_input"):
            self.open(prices=self.place / "none.json")
        (self.place / "prices.json").write_text("{")
        with self.fails("bad_price"):
            self.open(prices=self.place / "prices.json")
        self.assertFalse((self.place / "calls").exists())
        self.open()
        with self.fails("already_open"):
            self.open()

    def test_a_closed_ledger_says_so_to_all_threads(self):
        ledger = self.open()
        started = threading.Barrier(5)
        failures = []

        def record():
            started.wait()
            try:
                while True:
                    ledger.record(REQUEST, RESPONSE, **CHAT)
            except aiaudit.Error as failure:
                failures.append(failure.name)
        threads = [threading.Thread(target=record) for _ in range(4)]
        for thread in threads:
            thread.start()
        started.wait()
        ledger.close()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, ["closed"] * 4)
        ledger.close()
        with self.fails("closed"):
            ledger.flush()

    def test_what_is_queued_is_written_when_the_program_ends(self):
        program = ("import aiaudit, sys, threading\n"
                   "ledger = aiaudit.Ledger(sys.argv[1], durability='relaxed')\n"
                   "for number in range(100): ledger.append({'cost_usd': str(number)})\n"
                   "wait = threading.Event().wait\n"
                   "threading.Thread(target=lambda held: wait(), args=(ledger,), daemon=True).start()\n")
        subprocess.run([sys.executable, "-c", program, str(self.place / "calls")], check=True, timeout=60)
        with self.open() as ledger:
            self.assertEqual(len(list(ledger.records())), 100)

    def test_closing_waits_for_the_call_that_is_under_way(self):
        ledger = self.open()
        closer = threading.Thread(target=ledger.close)
        with ledger._open():
            closer.start()
            while closer.is_alive() and not ledger._idle._waiters:
                pass
            self.assertTrue(closer.is_alive(), "closed under a call")
            with self.fails("closed"):
                ledger.flush()  # a new one is told
        closer.join()

    def test_threads_record_at_once_and_errors_are_each_ones_own(self):
        with self.open() as ledger:
            def record(number):
                with self.fails("bad_argument") as caught:
                    ledger.append({f"member{number}": 1})
                self.assertIn(f"member{number}'", str(caught.exception))
                return ledger.record(REQUEST, RESPONSE, **CHAT)["sequence"]
            with ThreadPoolExecutor(8) as pool:
                numbers = list(pool.map(record, range(200)))
            self.assertEqual(sorted(numbers), list(range(1, 201)))
            self.assertEqual(ledger.report()[0]["cost_usd"], 200 * COST)

    def test_a_forked_child_is_told_and_opens_its_own(self):
        with self.open() as ledger:
            ledger.record(REQUEST, RESPONSE, **CHAT)
            busy = threading.Event()
            holder = threading.Thread(target=lambda: (ledger._idle.acquire(), busy.set(), done.wait(), ledger._idle.release()))
            done = threading.Event()
            holder.start()
            busy.wait()  # another thread holds the ledger's lock in the moment of the fork
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                status = 9
                try:
                    try:
                        ledger.record(REQUEST, RESPONSE, **CHAT)
                    except aiaudit.Error as failure:
                        status = 0 if failure.name == "closed" and "forked" in str(failure) else 1
                    ledger.close()
                    with aiaudit.Ledger(self.place / "calls") as own:
                        own.record(REQUEST, RESPONSE, **CHAT)
                except BaseException as failure:
                    print(failure, file=sys.stderr)
                    status = 8
                finally:
                    os._exit(status)
            done.set()
            holder.join()
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
            ledger.record(REQUEST, RESPONSE, **CHAT)
            self.assertEqual(ledger.report()[0]["requests"], 3)
            self.assertTrue(ledger.verify()["sound"])


class Corpus(LedgerTest):
    """Recorded exchanges, and what others reckon that they cost."""

    @staticmethod
    def differences():
        lines = (ROOT / "tests/fixtures/deliberate_differences.tsv").read_text().splitlines()
        return {line.split("\t")[0] for line in lines if line and not line.startswith("#")}

    def test_every_exchange_costs_what_the_corpus_expects(self):
        file = SHARED / "corpus/exchanges.jsonl"
        prices = SHARED / "prices/genai-prices.json"
        if not file.is_file() or not prices.is_file():
            self.skipTest(f"no corpus in {SHARED} (set AIAUDIT_SHARED_DIR)")
        equal, different, unpriced, unexpected = 0, set(), 0, 0
        total = Decimal(0)
        with self.open(prices=prices, durability="relaxed") as ledger:
            for line in file.read_text().splitlines():
                exchange = json.loads(line, parse_float=Decimal)
                record = ledger.record(exchange["request"], exchange["response"], provider=exchange["provider"],
                                       path=exchange["path"], status=exchange["status"], user="corpus", timestamp=NOON,
                                       content_type=exchange["content_type"], headers=exchange.get("headers"))
                total += record["cost_usd"] or 0
                expected = exchange["expected"]
                if expected is None:
                    unexpected += 1
                    continue
                with self.subTest(exchange["id"]):
                    self.assertEqual(record["model_served"], expected["model"])
                    # The provider's own charge is the cost; the corpus expects what the price file says.
                    own = record.get("price_basis") == "provider"
                    if own:
                        self.assertEqual(record["cost_usd"], record["provider_cost_usd"])
                    computed = record.get("computed_cost_usd") if own else record["cost_usd"]
                    if expected["cost_usd"] is None:
                        if record["model_served"].endswith(":free"):
                            self.assertIn(computed, (None, 0))
                        else:
                            self.assertIsNone(computed)
                            self.assertTrue(own or "problem" in record)
                        unpriced += 1
                        continue
                    cost = Decimal(expected["cost_usd"]).quantize(Decimal("1e-12"), ROUND_HALF_EVEN)
                    if computed == cost:
                        equal += 1
                        self.assertEqual(record["price_entry"], expected["price_entry"])
                    else:
                        different.add(exchange["id"])
                        self.assertIn(exchange["id"], self.differences(), f"{computed}, expected {cost}")
            ledger.flush()
            self.assertEqual(ledger.report("users")[0]["cost_usd"], total)
            self.assertTrue(ledger.verify()["sound"])
        print(f"corpus: {equal} of {equal + len(different)} equal, {len(different)} different on purpose, "
              f"{unpriced} without a price as expected, {unexpected} of which nothing is expected")
        self.assertGreater(equal, 600)


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=1)
    outcome = program.result
    skipped = "".join(f"\nskipped: {test.id()}: {why}" for test, why in outcome.skipped)
    print(f"test_python: {outcome.testsRun} ran, {len(outcome.failures) + len(outcome.errors)} failed, "
          f"{len(outcome.skipped)} skipped{skipped}")
    sys.exit(0 if outcome.wasSuccessful() and outcome.testsRun > 0 else 1)
