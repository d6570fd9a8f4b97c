# SPDX-License-Identifier: MIT
"""The ledger, over the C interface (include/aiaudit.h)."""
import atexit
import ctypes
import json
import os
import re
import threading
import weakref
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Union

from ._library import library

Body = Union[str, bytes, bytearray, Mapping[str, Any], Sequence[Any], None, Any]
Money = Union[Decimal, int, str]
Row = Dict[str, Any]

_AMOUNTS = ("limit", "spent", "reserved", "left", "forecast", "asked")
_NAMES = {0: "ok", 1: "internal", 2: "out_of_memory"}


def version() -> str:
    """The version of the library, such as "0.1.0"."""
    text: bytes = library.aiaudit_version()
    return text.decode()


class Error(Exception):
    """A failure. `code` is its number (enum aiaudit_code of aiaudit.h), `name` its word, str() one line of text."""

    def __init__(self, code: int, text: str):
        super().__init__(text)
        self.code = code
        self.name = text.partition(":")[0] if text else _NAMES.get(code, "unknown")


class Refusal(Error):
    """A budget or a rate limit does not allow the call: do not make it.

    `budget` says which and why: budget, subject, reason, unit, limit, spent, reserved, asked (Decimal), resets_at,
    retry_after_ms, then. `retry_after_ms` is 0 where it is not known when there will be room.
    """

    def __init__(self, code: int, text: str, admission: Row):
        super().__init__(code, text)
        self.budget: Row = admission["refusal"]
        self.operation_id: str = admission["operation_id"]
        self.retry_after_ms: int = self.budget["retry_after_ms"]


class Unsound(Error):
    """The log is not what it was. `verification` says what was found: findings, records, root, ..."""

    def __init__(self, code: int, text: str, verification: Row):
        super().__init__(code, text)
        self.verification = verification


class Admission:
    """A call that may be made: settle it once, when it has ended.

        with ledger.admit(request, provider="openai", path="/v1/chat/completions", user="ana") as admission:
            response = send(request)
            admission.settle(response, status=200)

    A block that ends without settle() settles what nobody knows: the call stays charged at what was held. Where it is
    certain that no request left, call cancel().
    """

    def __init__(self, ledger: "Ledger", answer: Row):
        self._ledger = ledger
        self.operation_id: str = answer["operation_id"]
        self.attempt: int = answer["attempt"]
        self.reserved_usd: Optional[Decimal] = answer["reserved_usd"]
        self.warned: bool = answer["warned"]  # a budget that only warns is over its limit
        self.is_settled = False

    def settle(self, response: Body = None, **how: Any) -> Row:
        """As Ledger.settle()."""
        record = self._ledger.settle(self.operation_id, response, attempt=self.attempt, **how)
        self.is_settled = True
        return record

    def cancel(self, error: str = "not_sent") -> Row:
        """Nothing was sent: nothing is charged."""
        record = self._ledger.settle(self.operation_id, sent=False, attempt=self.attempt, error=error)
        self.is_settled = True
        return record

    def __enter__(self) -> "Admission":
        return self

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        if not self.is_settled:
            self.settle(None, error="no_outcome" if kind is None else "exception")


class Ledger:
    """An open ledger. Use it as a context manager, or call close().

    Threads: any number at once; while one waits for the disk the others run. fork(): a child opens its own, and this
    one raises Error with the name "closed" there.
    """

    def __init__(self, path: Union[str, "os.PathLike[str]"], *, create: bool = True, read_only: bool = False,
                 durability: str = "committed", budgets: str = "shared",
                 prices: Optional[Union[str, "os.PathLike[str]"]] = None):
        """Opens the ledger in the directory `path`.

        durability: "committed", where a call that appends returns when the record is on disk, or "relaxed", where a crash
        may lose the last records and flush() waits. budgets: "shared", or "exclusive" where no other process admits
        calls. prices: a price file (genai-prices or LiteLLM JSON); default: the built-in book.
        """
        self._handle: Optional[int] = None
        self._release()
        _open_ledgers.add(self)
        options: Row = {"create": create, "read_only": read_only, "durability": durability, "budgets": budgets}
        if prices is not None:
            options["prices"] = os.fspath(prices)
        handle = ctypes.c_void_p()
        code = library.aiaudit_open(_plain(os.fsencode(path)), _json(options), ctypes.byref(handle))
        if code != 0:
            raise _failure(code)
        self._handle = handle.value

    # --- Records ---

    def record(self, request: Body, response: Body, *, provider: str, path: str, status: int = 0,
               content_type: Optional[str] = None, headers: Optional[Mapping[str, str]] = None,
               user: Optional[str] = None, project: Optional[str] = None, key: Optional[str] = None,
               tags: Optional[Mapping[str, str]] = None, timestamp: Union[datetime, str, None] = None,
               duration_ms: Optional[float] = None, ttft_ms: Optional[float] = None,
               operation_id: Optional[str] = None, attempt: Optional[int] = None,
               trace_id: Optional[str] = None) -> Row:
        """Appends a finished call: reads its usage from the response, prices it, and returns the record.

        Bodies are JSON text, bytes as they came (also those of an event stream), dicts and lists, or objects of an SDK that
        have model_dump_json(); None for a response that never came. `key` is the id of the API key, never the key.
        record["cost_usd"] is a Decimal, or None where the cost is not known; record["problem"] then says why.
        """
        members = {"provider": provider, "path": path, "status": status, "content_type": content_type,
                   "headers": headers, "user": user, "project": project, "key": key, "tags": tags,
                   "timestamp": _instant(timestamp), "duration_ms": duration_ms, "ttft_ms": ttft_ms,
                   "operation_id": operation_id, "attempt": attempt, "trace_id": trace_id}
        return self._row("aiaudit_record", _json(members, request=request, response=_NullableBody(response)))

    def append(self, record: Mapping[str, Any]) -> Row:
        """Appends a record made by the caller, with the members of those that record() returns. Without cost_usd and
        cost_status its usage is priced."""
        return self._row("aiaudit_append", _json(dict(record), keep_none=True))

    def records(self, start: int = 0, *, batch: int = 1000) -> Iterator[Row]:
        """The records from a sequence on, oldest first; 0: from the oldest that there is."""
        while True:
            rows = self._rows("aiaudit_records", start, batch)
            yield from rows
            if len(rows) < batch:
                return
            start = rows[-1]["sequence"] + 1

    def flush(self) -> None:
        """Waits until all that was appended before is on disk."""
        self._call("aiaudit_flush")

    # --- Budgets ---

    def admit(self, request: Body = None, *, provider: str, path: str, user: Optional[str] = None,
              project: Optional[str] = None, key: Optional[str] = None, tags: Optional[Mapping[str, str]] = None,
              trace_id: Optional[str] = None, operation_id: Optional[str] = None, attempt: Optional[int] = None,
              timeout_ms: Optional[int] = None, output_tokens_max: Optional[int] = None,
              max_cost_usd: Optional[Money] = None) -> Admission:
        """Asks the budgets that cover a call, before it is made, and holds the most that it may cost.

        Raises Refusal where one does not let it through. What it may cost is computed from the request, its model and its
        limit of output (`output_tokens_max` where it has none), or is `max_cost_usd`.
        """
        members = {"provider": provider, "path": path, "user": user, "project": project, "key": key, "tags": tags,
                   "trace_id": trace_id, "operation_id": operation_id, "attempt": attempt, "timeout_ms": timeout_ms,
                   "output_tokens_max": output_tokens_max, "max_cost_usd": _money(max_cost_usd, "max_cost_usd")}
        return Admission(self, self._row("aiaudit_admit", _json(members, request=request)))

    def settle(self, operation_id: str, response: Body = None, *, attempt: int = 1, status: Optional[int] = None,
               content_type: Optional[str] = None, headers: Optional[Mapping[str, str]] = None, sent: bool = True,
               cost_usd: Optional[Money] = None, usage: Optional[Mapping[str, int]] = None,
               duration_ms: Optional[float] = None, ttft_ms: Optional[float] = None,
               error: Optional[str] = None) -> Row:
        """Settles an admitted call once: by its response, by `cost_usd` from elsewhere, or by sent=False.

        What it did cost is spent, the rest of what was held is free again. Where the cost is not known (no response, no
        usage in it) the call stays charged at what was held.
        """
        members: Row = {"operation_id": operation_id, "attempt": attempt, "error": error,
                        "duration_ms": _whole(duration_ms), "ttft_ms": _whole(ttft_ms), "status": status,
                        "content_type": content_type, "headers": headers, "usage": usage,
                        "cost_usd": _money(cost_usd, "cost_usd")}
        bodies: Row = {}
        if not sent:
            members["sent"] = False
        if response is not None or (sent and cost_usd is None):
            bodies["response"] = _NullableBody(response)
        return self._row("aiaudit_settle", _json(members, **bodies))

    def reconcile(self, older_than_seconds: int = 3600) -> int:
        """Settles calls of processes that died, at what was held for them; returns how many."""
        settled = ctypes.c_uint64()
        self._call("aiaudit_reconcile", older_than_seconds, ctypes.byref(settled))
        return settled.value

    def budget(self, name: str, limit: Money, window: str, *, unit: str = "usd", scope: str = "everyone",
               tz: Optional[str] = None, then: str = "refuse", alerts: Optional[Sequence[int]] = None) -> None:
        """Sets a budget, or replaces the one of that name: ledger.budget("daily", "50.00", "day", scope="each-user").

        window: "day", "week", "month", "quarter", "year@04-06", "total", "24h", "minute". scope: "everyone", "each-user", "user=ana", "tag:team=red", ...
        then: "refuse", "warn", "downgrade=MODEL", "wait=MS". docs/budgets.md has all of it.
        """
        members: Row = {"name": name, "limit": _money(limit, "limit"), "window": window, "unit": unit, "scope": scope,
                        "tz": tz, "then": then}
        if alerts is not None:
            members["alerts"] = ",".join(str(int(each)) for each in alerts)
        self._call("aiaudit_budget_set", _json(members))

    def remove_budget(self, name: str) -> None:
        """Raises Error "not_found" where none has that name."""
        self._call("aiaudit_budget_remove", _plain(name.encode()))

    def budgets(self) -> List[Row]:
        """The budgets as they are set; report("budgets") says how they stand."""
        return self._rows("aiaudit_budget_list")

    # --- Reports and verification ---

    def report(self, kind: str = "daily", *, user: Optional[str] = None, tz: Optional[str] = None,
               days: Optional[int] = None, start: Union[date, str, None] = None,
               end: Union[date, str, None] = None) -> List[Row]:
        """The rows of a report. Money is Decimal.

        kind: "daily", "models", "users", "user" (with `user`), "projects", "keys", "providers", "statuses", "budgets".
        days: the last so many, today included; or `start` and `end`, both included. tz: whose calendar days.
        """
        return self._rows("aiaudit_report", _json({"kind": kind, "user": user, "tz": tz, "days": days,
                                                     "from": _day(start), "to": _day(end)}))

    def report_text(self, kind: str = "daily", format: str = "table", **filters: Any) -> str:
        """The same as "table", "csv", "jsonl" or "json" text."""
        filters["from"] = _day(filters.pop("start", None))
        filters["to"] = _day(filters.pop("end", None))
        return self._text("aiaudit_report", _json({"kind": kind, "format": format, **filters}))

    def verify(self, checkpoint: Optional[str] = None, key: Optional[str] = None, *, only_after: bool = False) -> Row:
        """Holds the whole log to its Merkle tree, and to a signed checkpoint that was kept elsewhere.

        Returns what may be concluded: ["records"], ["anchored"], ["root"], ["conclusion"], ... Raises Unsound where it is not
        what it was.
        """
        members: Row = {"checkpoint": checkpoint, "key": key}
        if only_after:
            members["only_after"] = True
        return self._row("aiaudit_verify", _json(members))

    def checkpoint(self, signing_key: str) -> str:
        """A signed checkpoint of the log as it is now, to be kept where the log's writer cannot reach it."""
        return self._text("aiaudit_checkpoint", _plain(signing_key.encode()))

    # --- Life ---

    def close(self) -> None:
        """Waits for the calls that are under way, writes what is queued and closes. More than once is allowed."""
        with self._idle:
            handle, self._handle = self._handle, None
            while self._calls and handle is not None:
                self._idle.wait()
        if handle is None:
            return
        code = library.aiaudit_close(handle)
        if code != 0:
            raise _failure(code)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *unused: Any) -> None:
        self.close()

    def __del__(self) -> None:
        handle, self._handle = getattr(self, "_handle", None), None
        if handle is not None:
            library.aiaudit_close(handle)

    def _release(self) -> None:
        """No call is under way. In a forked child those of the parent's other threads are not."""
        self._calls = 0
        self._idle = threading.Condition()

    @contextmanager
    def _open(self) -> Iterator[int]:
        with self._idle:
            if self._handle is None:
                raise Error(107, "closed: the ledger was closed")
            handle = self._handle
            self._calls += 1
        try:
            yield handle
        finally:
            with self._idle:
                self._calls -= 1
                if self._calls == 0:
                    self._idle.notify_all()

    def _call(self, function: str, *arguments: Any) -> None:
        with self._open() as handle:
            code = getattr(library, function)(handle, *arguments)
            if code != 0:
                raise _failure(code)

    def _text(self, function: str, *arguments: Any) -> str:
        out = ctypes.c_void_p()
        with self._open() as handle:
            code = getattr(library, function)(handle, *arguments, ctypes.byref(out))
            failure = _failure(code) if code != 0 else None
        text = _take_text(out)
        if failure is None:
            return text
        if failure.code in (600, 601, 602) and text:
            raise Refusal(failure.code, str(failure), _parse(text))
        if failure.code == 400 and text:
            raise Unsound(failure.code, str(failure), _parse(text))
        raise failure

    def _row(self, function: str, *arguments: Any) -> Row:
        row: Row = _parse(self._text(function, *arguments))
        return row

    def _rows(self, function: str, *arguments: Any) -> List[Row]:
        rows: List[Row] = _parse(self._text(function, *arguments))
        return rows


_open_ledgers: "weakref.WeakSet[Ledger]" = weakref.WeakSet()


def _after_fork() -> None:
    for ledger in list(_open_ledgers):
        ledger._release()


def _close_all() -> None:
    """What is queued when the program ends is written, also where nobody closed the ledger."""
    with ExitStack() as ledgers:
        for ledger in list(_open_ledgers):
            ledgers.callback(ledger.close)


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_close_all)


class _NullableBody:
    """A body that is written also where it is None."""

    def __init__(self, body: Body):
        self.body = body


def _failure(code: int) -> Error:
    return Error(code, library.aiaudit_error_text().decode("utf-8", "backslashreplace"))


def _take_text(out: ctypes.c_void_p) -> str:
    if not out.value:
        return ""
    try:
        return (ctypes.string_at(out.value) or b"").decode("utf-8", "backslashreplace")
    finally:
        library.aiaudit_free(out)


def _set_decimals(row: Row) -> None:
    """Money to Decimal, in this object alone: tags may have any names."""
    for name, value in row.items():
        if isinstance(value, str) and (name.endswith("_usd") or (name in _AMOUNTS and "unit" in row)):
            row[name] = Decimal(value)


def _parse(text: str) -> Any:
    value = json.loads(text, parse_float=Decimal)
    for row in value if isinstance(value, list) else [value]:
        _set_decimals(row)
        if "refusal" in row:
            _set_decimals(row["refusal"])
    return value


def _plain(text: bytes) -> bytes:
    if b"\0" in text:
        raise ValueError("a text that holds a NUL")
    return text


def _money(value: Optional[Money], name: str) -> Optional[str]:
    """Exact text. A float is refused: it is no exact amount."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (Decimal, int)):
        raise TypeError(f"{name} must be a Decimal, an int or a str, not {type(value).__name__}")
    return str(value)


def _whole(value: Optional[float]) -> Optional[int]:
    return None if value is None else round(value)


def _day(value: Union[date, str, None]) -> Optional[str]:
    return value.isoformat() if isinstance(value, date) else value


def _instant(value: Union[datetime, str, None]) -> Optional[str]:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("timestamp: a datetime needs its tzinfo")
    return value.astimezone(timezone.utc).isoformat()


_ESCAPED = re.compile(rb'[\x00-\x1f"\\]')


def _quoted(raw: bytes) -> bytes:
    """Bytes as a JSON string that holds exactly these."""
    return b'"' + _ESCAPED.sub(lambda found: b"\\u%04x" % found.group()[0], raw) + b'"'


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _body(value: Body) -> bytes:
    if value is None:
        return b"null"
    if isinstance(value, str):
        return _quoted(value.encode("utf-8", "surrogateescape"))
    if isinstance(value, (bytes, bytearray)):
        return _quoted(bytes(value))
    if hasattr(value, "model_dump_json"):
        return _quoted(value.model_dump_json().encode())
    return json.dumps(value, default=_default, allow_nan=False).encode()


def _json(members: Row, keep_none: bool = False, **bodies: Body) -> bytes:
    """An object of what is not None, with bodies beside it."""
    given = {name: value for name, value in members.items() if keep_none or value is not None}
    parts = [json.dumps(given, default=_default, allow_nan=False).encode()[1:-1]]
    for name, value in bodies.items():
        if isinstance(value, _NullableBody):
            value = value.body
        elif value is None:
            continue
        parts.append(b'"' + name.encode() + b'":' + _body(value))
    return b"{" + b",".join(part for part in parts if part) + b"}"
