/* SPDX-License-Identifier: MIT
 *
 * aiaudit.h: the ledger for C, and for every language that can call C (docs/embedding.md).
 *
 * Link with -laiaudit_c. C99 and C++.
 *
 * Values. All texts are UTF-8 and end in NUL. Objects go in and out as JSON; money is a decimal
 * string of US dollars ("0.002583"), exact to 10^-12, never a number. A JSON object that is read
 * here has only the members that its function names: any other one is AIAUDIT_BAD_ARGUMENT.
 * Where NULL is allowed for a JSON text, it says the same as "{}".
 *
 * Results. Functions return AIAUDIT_OK or a code of enum aiaudit_code. They never throw, print, or
 * end the process. Text that a function hands out through a `char**` belongs to the caller, who
 * frees it with aiaudit_free(); it is NULL after a failure unless the function says otherwise. A
 * `char**` may be NULL where the text is not wanted.
 *
 * Threads. All functions may be called from any thread at once, also with the same ledger, but for
 * aiaudit_close(), which must be the last call with its ledger. A call that appends waits for the
 * disk; those that wait at one time share one write.
 *
 * fork(). A ledger belongs to the process that opened it. In a forked child each function returns
 * AIAUDIT_CLOSED, and aiaudit_close() only lets go; the child may open the same path anew.
 *
 * ABI. The library is libaiaudit_c.so.1 and exports its functions under the version AIAUDIT_1.
 * Within .so.1 no function is removed or changes its meaning or its parameters; no number changes;
 * JSON that is handed out may gain members.
 */
#ifndef AIAUDIT_H
#define AIAUDIT_H

#include <stdint.h>

#if defined(__GNUC__)
#define AIAUDIT_API __attribute__((visibility("default")))
#else
#define AIAUDIT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are those of errc in aiaudit/error.hpp. */
enum aiaudit_code {
    AIAUDIT_OK = 0,
    AIAUDIT_INTERNAL = 1, /* a defect of the library; its text says which */
    AIAUDIT_OUT_OF_MEMORY = 2,
    /* The log cannot be read or written. */
    AIAUDIT_STORAGE_FAILED = 100,
    AIAUDIT_NOT_A_LEDGER = 101,
    AIAUDIT_NEWER_FORMAT = 102,
    AIAUDIT_CORRUPT = 103,
    AIAUDIT_DISK_FULL = 104, /* nothing acknowledged was lost; free space, then try again */
    AIAUDIT_READ_ONLY = 105,
    AIAUDIT_NOT_FOUND = 106,
    AIAUDIT_CLOSED = 107, /* the process forked, or the ledger is NULL */
    AIAUDIT_LOG_FULL = 108,
    AIAUDIT_ALREADY_OPEN = 109, /* this process has that ledger open already */
    AIAUDIT_UNSAFE_FILE_SYSTEM = 110,
    AIAUDIT_NO_THREAD = 111,
    AIAUDIT_MOVED = 112,
    /* An exchange cannot be understood. */
    AIAUDIT_BAD_JSON = 200,
    AIAUDIT_UNKNOWN_DIALECT = 201,
    AIAUDIT_NO_USAGE = 202,
    AIAUDIT_BAD_USAGE = 203,
    AIAUDIT_PROVIDER_ERROR = 204,
    AIAUDIT_TRUNCATED = 205,
    AIAUDIT_NOT_BILLABLE = 206,
    /* A price cannot be given. */
    AIAUDIT_BAD_PRICE = 300,
    AIAUDIT_UNKNOWN_MODEL = 301,
    AIAUDIT_UNPRICED_UNIT = 302,
    AIAUDIT_MONEY_OVERFLOW = 303,
    AIAUDIT_MONEY_INEXACT = 304,
    /* What is claimed is not proved. */
    AIAUDIT_VERIFICATION_FAILED = 400,
    /* A budget or a rate limit does not allow the call: do not make it. */
    AIAUDIT_BUDGET_EXCEEDED = 600,
    AIAUDIT_RATE_LIMITED = 601,
    AIAUDIT_UNBOUNDED = 602, /* what it may cost has no bound, and a budget covers it */
    /* The caller's input. */
    AIAUDIT_BAD_ARGUMENT = 900,
    AIAUDIT_UNKNOWN_ZONE = 901,
    AIAUDIT_BAD_TIME = 902,
    AIAUDIT_BAD_INPUT = 903,
    AIAUDIT_TOO_LARGE = 904
};

/* An open ledger. */
typedef struct aiaudit_ledger aiaudit_ledger;

/* "0.1.0": the version of the library. Static; never freed. */
AIAUDIT_API const char* aiaudit_version(void);

/* Of the last call of this thread that failed: its code (AIAUDIT_OK if none did), and one line
 * "name: what, where", safe to print. The text belongs to the library and is valid until the next
 * failure in this thread. */
AIAUDIT_API int aiaudit_error_code(void);
AIAUDIT_API const char* aiaudit_error_text(void);

/* Frees a text that a function handed out. NULL is allowed. */
AIAUDIT_API void aiaudit_free(char* text);

/* Opens the ledger in the directory `path` and stores its handle, which aiaudit_close() frees.
 * Options (NULL allowed):
 *   "create"      bool, true: make the directory if it is not there
 *   "read_only"   bool, false
 *   "durability"  "committed" (default): a call that appends returns when the record is on disk;
 *                 "relaxed": it returns when the record is queued, so a crash may lose the last
 *                 records, and its sequence is 0; aiaudit_flush() waits. admit and settle too
 *   "budgets"     "shared" (default) or "exclusive": whether other processes admit calls too
 *   "prices"      path of a price file (genai-prices or LiteLLM JSON); default: the built-in book
 */
AIAUDIT_API int aiaudit_open(const char* path, const char* options_json, aiaudit_ledger** ledger);

/* Writes what is queued and frees the ledger, also if that fails; returns the failure of a record
 * that was queued and could not be written. NULL is allowed. */
AIAUDIT_API int aiaudit_close(aiaudit_ledger* ledger);

/* Waits until all that was appended before, by whatever thread, is on disk. */
AIAUDIT_API int aiaudit_flush(aiaudit_ledger* ledger);

/* Appends a finished call: reads its usage from the response, prices it, and hands out the record.
 *   "provider"  "openai", ...                "path"      "/v1/chat/completions"
 *   "request"   the body: JSON or text       "response"  the body: JSON or text; null if none came
 *   "status"    of HTTP, default 0           "content_type", "headers" {} of the response
 *   "user", "project", "key" (an id, never the key itself), "tags" {}
 *   "timestamp" when it began, ISO 8601; default: now. It selects the price
 *   "duration_ms", "ttft_ms", "operation_id" (UUID), "attempt" (from 1), "trace_id", "id" (ignored)
 * provider, path and response are required. A body that is a string is taken byte by byte, so the
 * bytes of an event stream go in as one string, in which those from 0x80 on may be any. The record:
 *   {"sequence":1,"kind":"outcome","provider":"openai",...,"usage":{...},"cost_status":"priced",
 *    "cost_usd":"0.002583","operation_id":"...","attempt":1}
 * A call that cannot be priced is recorded too: cost_usd is null (or "0" where nothing is charged),
 * and "problem" {"code":301,"text":"unknown_model: ..."} says why. Such a call returns AIAUDIT_OK. */
AIAUDIT_API int aiaudit_record(aiaudit_ledger* ledger, const char* exchange_json,
                               char** record_json);

/* Appends a record made by the caller, for calls whose bodies are not at hand. Members as in the
 * record that aiaudit_record() hands out ("sequence" and "problem" are ignored); "kind" is
 * "outcome" (default) or "refusal". Without "cost_usd" and "cost_status" the usage is priced. */
AIAUDIT_API int aiaudit_append(aiaudit_ledger* ledger, const char* record_json,
                               char** appended_json);

/* Before a call: asks the budgets that cover it, and holds the most that it may cost.
 *   "provider", "path", "request" (the body), "user", "project", "key", "tags", "trace_id"
 *   "operation_id", "attempt"  default: a new id, 1. The same attempt again: holds the larger of both
 *   "timeout_ms"         how long the call may take, default 600000
 *   "output_tokens_max"  the most output, where the request has no limit of its own
 *   "max_cost_usd"       the most that it may cost; default: computed from the request
 * AIAUDIT_OK: make the call, then settle it. The text:
 *   {"admitted":true,"operation_id":"...","attempt":1,"sequence":7,"reserved_usd":"0.0212",
 *    "warned":false}
 * AIAUDIT_BUDGET_EXCEEDED, AIAUDIT_RATE_LIMITED, AIAUDIT_UNBOUNDED: do not make it; nothing is held,
 * and the refusal is recorded. The text is handed out too:
 *   {"admitted":false,"operation_id":"...","attempt":1,"code":600,"text":"budget_exceeded: ...",
 *    "refusal":{"budget":"daily","subject":"user=ana","reason":"full","unit":"usd","limit":"50",
 *    "spent":"49.98","reserved":"0","asked":"0.0212","resets_at":"...","retry_after_ms":1000,
 *    "then":"refuse"}}
 * It does not wait: where "then" is "wait=2000" the caller may, and ask again. */
AIAUDIT_API int aiaudit_admit(aiaudit_ledger* ledger, const char* request_json,
                              char** admission_json);

/* After a call that was admitted: what it did cost is spent, the rest is free again. "operation_id"
 * and "attempt" (default 1) say which, and one of these how it ended:
 *   "response"          and "status", "content_type", "headers", as in aiaudit_record()
 *   "sent": false       no request left: nothing is charged
 *   "cost_usd"          the cost, from elsewhere; "usage" {} beside it, or absent
 * Beside it "duration_ms", "ttft_ms", "error" (a code such as "timed_out"). Who, what and when are
 * those of the admission. An outcome whose cost is not known stays charged at what was held.
 * AIAUDIT_NOT_FOUND: no such attempt is open. One that was admitted by another process, or before
 * this ledger was opened, is open only if a budget covered it; record any other by
 * aiaudit_record() with its operation_id. */
AIAUDIT_API int aiaudit_settle(aiaudit_ledger* ledger, const char* outcome_json,
                               char** record_json);

/* Settles attempts whose time was over so many seconds ago (a process died), at what was held for
 * them. Stores how many; `count` may be NULL. */
AIAUDIT_API int aiaudit_reconcile(aiaudit_ledger* ledger, uint64_t older_than_seconds,
                                  uint64_t* count);

/* Sets a budget, or replaces the one of that name (docs/budgets.md has the words):
 *   "name", "limit" ("50.00"), "window" ("day", "month", "total", "24h", "minute")  required
 *   "unit" "usd", "scope" "everyone", "tz" (day, month) "UTC", "then" "refuse", "alerts" "50,80,100"
 */
AIAUDIT_API int aiaudit_budget_set(aiaudit_ledger* ledger, const char* budget_json);
/* AIAUDIT_NOT_FOUND: none has that name. */
AIAUDIT_API int aiaudit_budget_remove(aiaudit_ledger* ledger, const char* name);
/* [{"budget":"daily","scope":"everyone","unit":"usd","limit":"50","window":"day","zone":"UTC",
 *   "then":"refuse","alerts":"50,80,100"}]; how they stand is the report "budgets". */
AIAUDIT_API int aiaudit_budget_list(aiaudit_ledger* ledger, char** budgets_json);

/* Sums (NULL allowed for the query):
 *   "kind"    "daily" (default), "models", "users", "user", "projects", "keys", "providers",
 *             "statuses"; "budgets": how each budget stands, which takes only "format"
 *   "user"    whose models, for the kind "user"
 *   "tz"      whose calendar days, an IANA name, default "UTC"
 *   "days"    the last so many, today included; or "from" and "to", such as "2026-03-01"
 *   "format"  "json" (default: an array of rows), "jsonl", "csv", "table" */
AIAUDIT_API int aiaudit_report(aiaudit_ledger* ledger, const char* query_json, char** report);

/* The records from a sequence on, `count_max` at the most, oldest first, as a JSON array; 0: from the
 * oldest that there is. The array is empty past the last. */
AIAUDIT_API int aiaudit_records(aiaudit_ledger* ledger, uint64_t start, uint64_t count_max,
                                char** records_json);

/* Reads the whole log and holds it to its Merkle tree (NULL allowed):
 *   "checkpoint"  text of a signed checkpoint that was kept elsewhere, with "key", the verification
 *                 key of who signed; "only_after": true reads only the records after it
 * AIAUDIT_VERIFICATION_FAILED: it is not what it was; the text is handed out too:
 *   {"sound":true,"records":9,"read":9,"dropped":0,"anchored":0,"root":"...","findings":[],
 *    "conclusion":"..."} */
AIAUDIT_API int aiaudit_verify(aiaudit_ledger* ledger, const char* request_json,
                               char** verification_json);

/* A signed checkpoint of the log as it is now, to be kept where the log's writer cannot reach it.
 * `signing_key` is the text of a secret key ("aiaudit checkpoint --new-key" makes one). */
AIAUDIT_API int aiaudit_checkpoint(aiaudit_ledger* ledger, const char* signing_key, char** note);

#ifdef __cplusplus
}
#endif

#endif /* AIAUDIT_H */
