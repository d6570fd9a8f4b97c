/* SPDX-License-Identifier: MIT
 *
 * One call on record, and what the day cost. Run it twice: the day has two. */
#include <aiaudit.h>
#include <stdio.h>

int main(void) {
    const char* call =
        "{\"provider\":\"openai\",\"path\":\"/v1/chat/completions\",\"user\":\"ana\",\"status\":200,"
        "\"request\":{\"model\":\"gpt-4.1-mini\"},\"response\":{\"model\":\"gpt-4.1-mini\","
        "\"usage\":{\"prompt_tokens\":1000,\"completion_tokens\":200}}}";
    aiaudit_ledger* ledger = NULL;
    char* report = NULL;
    int failed = aiaudit_open("calls.aiaudit", NULL, &ledger) || aiaudit_record(ledger, call, NULL) ||
                 aiaudit_report(ledger, "{\"kind\":\"daily\",\"format\":\"table\"}", &report);
    printf("%s", failed ? aiaudit_error_text() : report);
    aiaudit_free(report);
    return aiaudit_close(ledger) || failed;
}
