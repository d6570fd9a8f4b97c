/* SPDX-License-Identifier: MIT
 *
 * c_interface.c: every function of aiaudit.h, from C99: results, bad input, threads, fork.
 * Prints how many checks held; exit 1 where one did not. */
#define _XOPEN_SOURCE 700
#include <aiaudit.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int checks = 0;
static int failures = 0;

static int check_that(int holds, const char* what, int line) {
    ++checks;
    if (!holds) {
        ++failures;
        printf("c_interface.c:%d: not so: %s (last error: %s)\n", line, what, aiaudit_error_text());
    }
    return holds;
}
#define CHECK(condition) check_that((condition) != 0, #condition, __LINE__)

/* A call of a thousand tokens in and two hundred out, by gpt-4.1-mini: 0.00072 USD. */
#define CALL_OF(user)                                                                   \
    "{\"provider\":\"openai\",\"path\":\"/v1/chat/completions?key=secret\",\"status\":200," \
    "\"user\":\"" user "\",\"timestamp\":\"2026-08-15T12:00:00Z\","                     \
    "\"request\":{\"model\":\"gpt-4.1-mini\"},\"response\":{\"model\":\"gpt-4.1-mini\","    \
    "\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":200}}}"
#define ASK_OF(user)                                                        \
    "{\"provider\":\"openai\",\"path\":\"/v1/chat/completions\",\"user\":\"" user \
    "\",\"request\":{\"model\":\"gpt-4.1-mini\",\"max_tokens\":200,"        \
    "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}}"

static int has(const char* text, const char* part) {
    return text != NULL && strstr(text, part) != NULL;
}

/* The text after `name` up to the next quote: of a flat string member. Static. */
static const char* member(const char* json, const char* name) {
    static char value[128];
    char key[64];
    const char* begin;
    size_t size;
    value[0] = '\0';
    snprintf(key, sizeof key, "\"%s\":\"", name);
    begin = json == NULL ? NULL : strstr(json, key);
    if (begin == NULL) return value;
    begin += strlen(key);
    size = strcspn(begin, "\"");
    if (size >= sizeof value) size = sizeof value - 1;
    memcpy(value, begin, size);
    value[size] = '\0';
    return value;
}

static aiaudit_ledger* open_ledger(const char* path, const char* options) {
    aiaudit_ledger* ledger = NULL;
    CHECK(aiaudit_open(path, options, &ledger) == AIAUDIT_OK);
    CHECK(ledger != NULL);
    return ledger;
}

static void test_opening(const char* path) {
    aiaudit_ledger* ledger = NULL;
    aiaudit_ledger* second = NULL;
    CHECK(strcmp(aiaudit_version(), "0.1.0") >= 0);
    CHECK(aiaudit_error_code() == AIAUDIT_OK);
    CHECK(strcmp(aiaudit_error_text(), "") == 0);
    CHECK(aiaudit_open(path, "{\"create\":false}", &ledger) == AIAUDIT_NOT_FOUND);
    CHECK(ledger == NULL);
    CHECK(aiaudit_error_code() == AIAUDIT_NOT_FOUND);
    CHECK(has(aiaudit_error_text(), "not_found: "));
    CHECK(aiaudit_open(NULL, NULL, &ledger) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_open(path, NULL, NULL) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_open(path, "{", &ledger) == AIAUDIT_BAD_JSON);
    CHECK(aiaudit_open(path, "[]", &ledger) == AIAUDIT_BAD_INPUT);
    CHECK(aiaudit_open(path, "{\"creat\":true}", &ledger) == AIAUDIT_BAD_ARGUMENT);
    CHECK(has(aiaudit_error_text(), "no member 'creat'; there are: create"));
    CHECK(aiaudit_open(path, "{\"create\":1}", &ledger) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_open(path, "{\"budgets\":\"mine\"}", &ledger) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_open(path, "{\"prices\":\"/nowhere/prices.json\"}", &ledger) == AIAUDIT_BAD_INPUT);
    CHECK(access(path, F_OK) != 0); /* none of these made anything */

    ledger = open_ledger(path, NULL);
    CHECK(aiaudit_open(path, NULL, &second) == AIAUDIT_ALREADY_OPEN);
    CHECK(second == NULL);
    CHECK(aiaudit_close(ledger) == AIAUDIT_OK);
    CHECK(aiaudit_close(NULL) == AIAUDIT_OK);
    CHECK(aiaudit_flush(NULL) == AIAUDIT_CLOSED);
    aiaudit_free(NULL);
}

static void test_records(const char* path) {
    aiaudit_ledger* ledger = open_ledger(path, NULL);
    char* text = NULL;
    char* again = NULL;
    CHECK(aiaudit_record(ledger, CALL_OF("ana"), &text) == AIAUDIT_OK);
    CHECK(has(text, "\"sequence\":1,"));
    CHECK(has(text, "\"path\":\"/v1/chat/completions\",")); /* a query may carry a key */
    CHECK(has(text, "\"usage\":{\"input_tokens\":1000,"));
    CHECK(strcmp(member(text, "cost_usd"), "0.00072") == 0);
    CHECK(!has(text, "problem"));

    /* What is handed out can be appended: another record of the same call. */
    CHECK(aiaudit_append(ledger, text, &again) == AIAUDIT_OK);
    CHECK(has(again, "\"sequence\":2,"));
    CHECK(text != NULL && again != NULL && strcmp(text + 14, again + 14) == 0);
    aiaudit_free(text);
    aiaudit_free(again);

    /* Usage without a cost is priced; a cost that is given stays. */
    CHECK(aiaudit_append(ledger,
                         "{\"provider\":\"openai\",\"model_requested\":\"gpt-4.1-mini\",\"user\":\"bo\","
                         "\"at\":\"2026-08-15T12:00:00Z\","
                         "\"usage\":{\"input_tokens\":1000,\"output_tokens\":200}}",
                         &text) == AIAUDIT_OK);
    CHECK(strcmp(member(text, "cost_usd"), "0.00072") == 0);
    CHECK(strcmp(member(text, "cost_status"), "priced") == 0);
    aiaudit_free(text);
    CHECK(aiaudit_append(ledger, "{\"provider\":\"own\",\"user\":\"bo\",\"cost_usd\":\"0.000000000001\"}",
                         &text) == AIAUDIT_OK);
    CHECK(strcmp(member(text, "cost_usd"), "0.000000000001") == 0);
    aiaudit_free(text);

    /* One that cannot be priced is on record, and says why. */
    CHECK(aiaudit_record(ledger,
                         "{\"provider\":\"openai\",\"path\":\"/v1/chat/completions\",\"status\":200,"
                         "\"response\":{\"model\":\"nobody-knows\","
                         "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}}",
                         &text) == AIAUDIT_OK);
    CHECK(has(text, "\"cost_usd\":null"));
    CHECK(has(text, "\"problem\":{\"code\":301,\"text\":\"unknown_model: "));
    aiaudit_free(text);

    CHECK(aiaudit_record(ledger, NULL, &text) == AIAUDIT_BAD_ARGUMENT);
    CHECK(text == NULL);
    CHECK(aiaudit_record(ledger, "{}", &text) == AIAUDIT_BAD_INPUT);
    CHECK(aiaudit_record(ledger, "{\"provider\":\"x\"", NULL) == AIAUDIT_BAD_JSON);
    CHECK(aiaudit_record(ledger, "{\"provider\":\"x\",\"path\":\"/\",\"response\":\"\",\"usr\":\"a\"}",
                         NULL) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_record(ledger, "{\"provider\":\"x\",\"path\":\"/\",\"response\":\"\",\"timestamp\":\"?\"}",
                         NULL) == AIAUDIT_BAD_TIME);
    CHECK(aiaudit_append(ledger, "{\"cost_usd\":0.1}", NULL) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_append(ledger, "{\"cost_usd\":\"0.0000000000001\"}", NULL) == AIAUDIT_MONEY_INEXACT);
    CHECK(aiaudit_append(ledger, "{\"cost_usd\":\"-1\"}", NULL) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_append(ledger, "{\"kind\":\"intent\"}", NULL) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_append(ledger, "{\"usage\":{\"tokens\":1}}", NULL) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_append(ledger, "{\"cost_status\":\"priced\"}", NULL) == AIAUDIT_BAD_ARGUMENT);

    CHECK(aiaudit_records(ledger, 0, 100, &text) == AIAUDIT_OK);
    CHECK(has(text, "\"sequence\":1,") && has(text, "\"sequence\":5,") && !has(text, "\"sequence\":6,"));
    aiaudit_free(text);
    CHECK(aiaudit_records(ledger, 2, 1, &text) == AIAUDIT_OK);
    CHECK(!has(text, "\"sequence\":1,") && has(text, "\"sequence\":2,") && !has(text, "\"sequence\":3,"));
    aiaudit_free(text);
    CHECK(aiaudit_records(ledger, 6, 1, &text) == AIAUDIT_OK);
    CHECK(text != NULL && strcmp(text, "[]") == 0);
    aiaudit_free(text);
    CHECK(aiaudit_close(ledger) == AIAUDIT_OK);
}

/* After test_records, whose five records are there. */
static void test_reports(const char* path) {
    aiaudit_ledger* ledger = open_ledger(path, "{\"read_only\":true}");
    char* text = NULL;
    CHECK(aiaudit_report(ledger, "{\"kind\":\"users\"}", &text) == AIAUDIT_OK);
    CHECK(has(text, "{\"user\":\"ana\",\"requests\":2,"));
    CHECK(has(text, "\"cost_usd\":\"0.00144\""));
    aiaudit_free(text);
    CHECK(aiaudit_report(ledger, "{\"kind\":\"user\",\"user\":\"bo\",\"format\":\"csv\"}", &text) ==
          AIAUDIT_OK);
    CHECK(has(text, "provider,model,requests,"));
    CHECK(has(text, "openai,gpt-4.1-mini,1,"));
    aiaudit_free(text);
    CHECK(aiaudit_report(ledger,
                         "{\"tz\":\"Asia/Tokyo\",\"from\":\"2026-08-15\",\"to\":\"2026-08-15\"}",
                         &text) == AIAUDIT_OK);
    CHECK(has(text, "{\"date\":\"2026-08-15\",\"requests\":3,"));
    aiaudit_free(text);
    CHECK(aiaudit_report(ledger, NULL, &text) == AIAUDIT_OK);
    CHECK(has(text, "\"date\":\"2026-08-15\""));
    aiaudit_free(text);
    CHECK(aiaudit_report(ledger, "{\"kind\":\"weekly\"}", &text) == AIAUDIT_BAD_ARGUMENT);
    CHECK(text == NULL);
    CHECK(aiaudit_report(ledger, "{\"kind\":\"user\"}", NULL) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_report(ledger, "{\"user\":\"bo\"}", NULL) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_report(ledger, "{\"tz\":\"Mars\"}", NULL) == AIAUDIT_UNKNOWN_ZONE);
    CHECK(aiaudit_report(ledger, "{\"days\":0}", NULL) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_report(ledger, "{\"days\":3,\"from\":\"2026-01-01\"}", NULL) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_report(ledger, "{\"from\":\"yesterday\"}", NULL) == AIAUDIT_BAD_TIME);
    CHECK(aiaudit_report(ledger, "{\"kind\":\"budgets\",\"days\":3}", NULL) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_record(ledger, CALL_OF("ana"), NULL) == AIAUDIT_READ_ONLY);

    CHECK(aiaudit_verify(ledger, NULL, &text) == AIAUDIT_OK);
    CHECK(has(text, "\"sound\":true,\"records\":5,\"read\":5,"));
    aiaudit_free(text);
    CHECK(aiaudit_verify(ledger, "{\"only_after\":true}", &text) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_verify(ledger, "{\"checkpoint\":\"x\"}", &text) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_verify(ledger, "{\"checkpoint\":\"x\",\"key\":\"y\"}", &text) != AIAUDIT_OK);
    CHECK(aiaudit_checkpoint(ledger, "no key", &text) != AIAUDIT_OK);
    CHECK(text == NULL);
    CHECK(aiaudit_checkpoint(ledger, NULL, &text) == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_close(ledger) == AIAUDIT_OK);
}

static void settle_with(aiaudit_ledger* ledger, const char* id, const char* end, int expected,
                        const char* part) {
    char json[512];
    char* text = NULL;
    snprintf(json, sizeof json, "{\"operation_id\":\"%s\",%s}", id, end);
    CHECK(aiaudit_settle(ledger, json, &text) == expected);
    CHECK(part == NULL || has(text, part));
    aiaudit_free(text);
}

static void test_budgets(const char* path) {
    aiaudit_ledger* ledger = open_ledger(path, NULL);
    char* text = NULL;
    char id[64];
    uint64_t settled = 7;
    CHECK(aiaudit_budget_set(ledger, "{\"name\":\"day\",\"limit\":\"0.001\",\"window\":\"day\","
                                     "\"scope\":\"each-user\"}") == AIAUDIT_OK);
    CHECK(aiaudit_budget_list(ledger, &text) == AIAUDIT_OK);
    CHECK(has(text, "\"budget\":\"day\",\"scope\":\"each-user\",\"unit\":\"usd\",\"limit\":\"0.001\""));
    aiaudit_free(text);
    CHECK(aiaudit_budget_set(ledger, "{\"name\":\"day\",\"limit\":0.001,\"window\":\"day\"}") ==
          AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_budget_set(ledger, "{\"limit\":\"1\",\"window\":\"day\"}") == AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_budget_set(ledger, "{\"name\":\"a b\",\"limit\":\"1\",\"window\":\"day\"}") ==
          AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_budget_set(ledger, "{\"name\":\"a\",\"limit\":\"1\",\"window\":\"24h\",\"tz\":\"Asia/Tokyo\"}") ==
          AIAUDIT_BAD_ARGUMENT);
    CHECK(aiaudit_budget_remove(ledger, "nobody") == AIAUDIT_NOT_FOUND);

    /* Admitted and settled by its response. */
    CHECK(aiaudit_admit(ledger, ASK_OF("ana"), &text) == AIAUDIT_OK);
    CHECK(has(text, "\"admitted\":true"));
    CHECK(strcmp(member(text, "reserved_usd"), "0") > 0);
    strcpy(id, member(text, "operation_id"));
    aiaudit_free(text);
    settle_with(ledger, id,
                "\"status\":200,\"response\":{\"model\":\"gpt-4.1-mini\","
                "\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":200}}",
                AIAUDIT_OK, "\"cost_usd\":\"0.00072\"");
    settle_with(ledger, id, "\"sent\":false", AIAUDIT_NOT_FOUND, NULL); /* once only */

    /* Full: the call is not to be made, and the refusal says why. */
    CHECK(aiaudit_admit(ledger, ASK_OF("ana"), &text) == AIAUDIT_BUDGET_EXCEEDED);
    CHECK(has(text, "\"admitted\":false") && has(text, "\"code\":600"));
    CHECK(has(text, "\"subject\":\"user=ana\"") && has(text, "\"spent\":\"0.00072\""));
    CHECK(has(aiaudit_error_text(), "budget_exceeded: budget 'day' of user=ana"));
    aiaudit_free(text);
    CHECK(aiaudit_flush(ledger) == AIAUDIT_OK);
    CHECK(aiaudit_records(ledger, 0, 100, &text) == AIAUDIT_OK);
    CHECK(has(text, "\"kind\":\"refusal\""));
    aiaudit_free(text);

    /* No bound: not guessed, but refused. */
    CHECK(aiaudit_admit(ledger,
                        "{\"provider\":\"openai\",\"path\":\"/v1/chat/completions\",\"user\":\"bo\","
                        "\"request\":{\"model\":\"gpt-4.1-mini\",\"messages\":[],"
                        "\"tools\":[{\"type\":\"web_search\"}]}}",
                        &text) == AIAUDIT_UNBOUNDED);
    CHECK(has(text, "\"reason\":\"unbounded\""));
    aiaudit_free(text);

    /* Bounds of the caller's: of the output, and of the cost. */
    CHECK(aiaudit_admit(ledger,
                        "{\"provider\":\"openai\",\"path\":\"/v1/chat/completions\",\"user\":\"bo\","
                        "\"output_tokens_max\":100,"
                        "\"request\":{\"model\":\"gpt-4.1-mini\",\"messages\":[]}}",
                        &text) == AIAUDIT_OK);
    strcpy(id, member(text, "operation_id"));
    aiaudit_free(text);
    settle_with(ledger, id, "\"sent\":true", AIAUDIT_BAD_ARGUMENT, NULL);
    settle_with(ledger, id, "\"sent\":false,\"cost_usd\":\"1\"", AIAUDIT_BAD_ARGUMENT, NULL);
    settle_with(ledger, id, "\"cost_usd\":\"-1\"", AIAUDIT_BAD_ARGUMENT, NULL); /* still open: */
    settle_with(ledger, id, "\"sent\":false,\"error\":\"timed_out\"", AIAUDIT_OK,
                "\"error\":\"timed_out\"");
    CHECK(aiaudit_admit(ledger,
                        "{\"provider\":\"own\",\"path\":\"/v9/think\",\"user\":\"bo\","
                        "\"max_cost_usd\":\"0.0005\"}",
                        &text) == AIAUDIT_OK);
    CHECK(strcmp(member(text, "reserved_usd"), "0.0005") == 0);
    strcpy(id, member(text, "operation_id"));
    aiaudit_free(text);
    CHECK(aiaudit_report(ledger, "{\"kind\":\"budgets\"}", &text) == AIAUDIT_OK);
    CHECK(has(text, "\"subject\":\"user=bo\"") && has(text, "\"reserved\":\"0.0005\",\"left\":\"0.0005\",\"open\":1"));
    aiaudit_free(text);
    settle_with(ledger, id, "\"cost_usd\":\"0.0001\",\"usage\":{\"requests\":1}", AIAUDIT_OK,
                "\"cost_usd\":\"0.0001\"");
    CHECK(aiaudit_admit(ledger, "{\"provider\":\"own\",\"path\":\"/v9/think\"}", &text) ==
          AIAUDIT_UNKNOWN_DIALECT);
    CHECK(aiaudit_admit(ledger, "{\"provider\":\"openai\",\"path\":\"/v1/chat/completions\"}", &text) ==
          AIAUDIT_BAD_ARGUMENT);
    settle_with(ledger, "not-a-uuid", "\"sent\":false", AIAUDIT_BAD_ARGUMENT, NULL);

    /* One that was left open by a process that went: settled by the log. */
    CHECK(aiaudit_admit(ledger,
                        "{\"provider\":\"own\",\"path\":\"/v9/think\",\"user\":\"bo\","
                        "\"max_cost_usd\":\"0.0002\"}",
                        &text) == AIAUDIT_OK);
    strcpy(id, member(text, "operation_id"));
    aiaudit_free(text);
    CHECK(aiaudit_close(ledger) == AIAUDIT_OK);
    ledger = open_ledger(path, NULL);
    settle_with(ledger, id, "\"cost_usd\":\"0.0002\"", AIAUDIT_OK, "\"user\":\"bo\"");
    settle_with(ledger, id, "\"cost_usd\":\"0.0002\"", AIAUDIT_NOT_FOUND, NULL);
    CHECK(aiaudit_reconcile(ledger, 0, &settled) == AIAUDIT_OK);
    CHECK(settled == 0);
    CHECK(aiaudit_budget_remove(ledger, "day") == AIAUDIT_OK);
    CHECK(aiaudit_verify(ledger, NULL, NULL) == AIAUDIT_OK);
    CHECK(aiaudit_close(ledger) == AIAUDIT_OK);
}

enum { threads = 4, calls = 50 };

static void* record_calls(void* ledger) {
    int i;
    size_t failed = 0;
    for (i = 0; i < calls; ++i) {
        if (aiaudit_record(ledger, CALL_OF("crowd"), NULL) != AIAUDIT_OK) ++failed;
        /* An error of this thread's own, which no other sees. */
        if (aiaudit_error_code() != (i == 0 ? AIAUDIT_OK : AIAUDIT_BAD_JSON)) ++failed;
        if (aiaudit_record(ledger, "{", NULL) != AIAUDIT_BAD_JSON) ++failed;
    }
    return failed == 0 ? NULL : ledger;
}

static void test_threads(const char* path) {
    aiaudit_ledger* ledger = open_ledger(path, NULL);
    pthread_t others[threads];
    char* text = NULL;
    int i;
    for (i = 0; i < threads; ++i) CHECK(pthread_create(&others[i], NULL, record_calls, ledger) == 0);
    for (i = 0; i < threads; ++i) {
        void* failed = ledger;
        CHECK(pthread_join(others[i], &failed) == 0);
        CHECK(failed == NULL);
    }
    CHECK(aiaudit_report(ledger, "{\"kind\":\"users\"}", &text) == AIAUDIT_OK);
    CHECK(has(text, "{\"user\":\"crowd\",\"requests\":200,"));
    CHECK(has(text, "\"cost_usd\":\"0.144\""));
    aiaudit_free(text);
    CHECK(aiaudit_close(ledger) == AIAUDIT_OK);
}

/* What a child makes of a ledger of its parent's; the exit status of the child. */
static int child_of(aiaudit_ledger* ledger, const char* path) {
    aiaudit_ledger* own = NULL;
    char* text = NULL;
    alarm(20); /* a child that hangs is ended, and is no success */
    if (aiaudit_record(ledger, CALL_OF("child"), NULL) != AIAUDIT_CLOSED) return 1;
    if (!has(aiaudit_error_text(), "forked")) return 2;
    if (aiaudit_report(ledger, NULL, &text) != AIAUDIT_CLOSED || text != NULL) return 3;
    if (aiaudit_flush(ledger) != AIAUDIT_CLOSED) return 4;
    if (aiaudit_close(ledger) != AIAUDIT_OK) return 5;
    if (aiaudit_open(path, NULL, &own) != AIAUDIT_OK) return 6;
    if (aiaudit_record(own, CALL_OF("child"), NULL) != AIAUDIT_OK) return 7;
    if (aiaudit_close(own) != AIAUDIT_OK) return 8;
    return 0;
}

static void test_fork(const char* path) {
    aiaudit_ledger* ledger = open_ledger(path, NULL);
    char* text = NULL;
    int status = -1;
    pid_t child;
    CHECK(aiaudit_record(ledger, CALL_OF("parent"), NULL) == AIAUDIT_OK);
    fflush(stdout);
    child = fork();
    if (child == 0) _exit(child_of(ledger, path));
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(aiaudit_record(ledger, CALL_OF("parent"), NULL) == AIAUDIT_OK);
    CHECK(aiaudit_report(ledger, "{\"kind\":\"users\"}", &text) == AIAUDIT_OK);
    CHECK(has(text, "{\"user\":\"parent\",\"requests\":2,"));
    CHECK(has(text, "{\"user\":\"child\",\"requests\":1,"));
    aiaudit_free(text);
    CHECK(aiaudit_close(ledger) == AIAUDIT_OK);
}

static void test_relaxed(const char* path) {
    aiaudit_ledger* ledger = open_ledger(path, "{\"durability\":\"relaxed\",\"budgets\":\"exclusive\"}");
    char* text = NULL;
    char id[64];
    CHECK(aiaudit_record(ledger, CALL_OF("ana"), &text) == AIAUDIT_OK);
    CHECK(has(text, "{\"sequence\":0,")); /* not known yet */
    aiaudit_free(text);
    CHECK(aiaudit_flush(ledger) == AIAUDIT_OK);
    CHECK(aiaudit_records(ledger, 1, 1, &text) == AIAUDIT_OK);
    CHECK(has(text, "{\"sequence\":1,"));
    aiaudit_free(text);

    /* Without budgets calls are admitted as well; a settlement that fails leaves them open. */
    CHECK(aiaudit_admit(ledger, "{\"provider\":\"own\",\"path\":\"/think\",\"max_cost_usd\":\"1\"}",
                        &text) == AIAUDIT_OK);
    strcpy(id, member(text, "operation_id"));
    aiaudit_free(text);
    settle_with(ledger, id, "\"cost_usd\":\"0.0000000000001\"", AIAUDIT_MONEY_INEXACT, NULL);
    settle_with(ledger, id, "\"cost_usd\":\"0.5\"", AIAUDIT_OK, "\"cost_usd\":\"0.5\"");
    settle_with(ledger, id, "\"cost_usd\":\"0.5\"", AIAUDIT_NOT_FOUND, NULL);
    CHECK(aiaudit_close(ledger) == AIAUDIT_OK);
}

int main(void) {
    char place[] = "/tmp/aiaudit_c_XXXXXX";
    char path[64];
    char command[64];
    if (mkdtemp(place) == NULL) return 2;
    snprintf(path, sizeof path, "%s/calls", place);
    test_opening(path);
    test_records(path);
    test_reports(path);
    snprintf(path, sizeof path, "%s/budgets", place);
    test_budgets(path);
    snprintf(path, sizeof path, "%s/threads", place);
    test_threads(path);
    snprintf(path, sizeof path, "%s/fork", place);
    test_fork(path);
    snprintf(path, sizeof path, "%s/relaxed", place);
    test_relaxed(path);
    snprintf(command, sizeof command, "rm -r %s", place);
    CHECK(system(command) == 0);
    printf("c_interface: %d checks, %d failed\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
