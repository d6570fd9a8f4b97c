# SPDX-License-Identifier: MIT
"""Compares the ledger with what the mock billed: one record for each attempt, its usage, its cost to the last digit, whose it is; and
what the budget says of all of them."""
import collections
import decimal
import json

# USD for a million tokens, from the vendors' price lists of November 2026: input, read from a cache, written for 5 minutes and for an
# hour, output. On purpose no file of the project: its prices are what is checked.
RATES = {
    "claude-haiku-4-5": ("1", "0.1", "1.25", "2", "5"),
    "claude-opus-5-5": ("4", "0.2", "5", "8", "20"),
    "gemini-2.5-flash": ("0.3", "0.03", "0", "0", "2.5"),
    "gemini-3.1-pro-preview": ("2", "0.2", "0", "0", "12"),
    "gemini-3.5-flash-lite": ("0.3", "0.03", "0", "0", "2.5"),
    "gemini-3.8-flash": ("0.75", "0.075", "0", "0", "3.75"),
    "gpt-4.1": ("2", "0.5", "0", "0", "8"),
    "gpt-5": ("1.25", "0.125", "0", "0", "10"),
    "gpt-5.4-nano": ("0.2", "0.02", "0", "0", "1.25"),
    "gpt-6.1-sol": ("2", "0.1", "0", "0", "10"),
}

Usage = collections.namedtuple("Usage", "fresh read write_5m write_1h output")


def usage_of(exchange):
    """What the mock billed, in parts that do not overlap."""
    said = exchange.usage
    if "cache_creation" in said:
        written = said["cache_creation"]
        return Usage(said["input_tokens"], said["cache_read_input_tokens"], written["ephemeral_5m_input_tokens"],
                     written["ephemeral_1h_input_tokens"], said["output_tokens"])
    if "promptTokenCount" in said:
        read = said["cachedContentTokenCount"]
        return Usage(said["promptTokenCount"] - read, read, 0, 0, said["candidatesTokenCount"] + said["thoughtsTokenCount"])
    words = ("input", "output") if "input_tokens" in said else ("prompt", "completion")
    read = said[("input_tokens_details" if words[0] == "input" else "prompt_tokens_details")]["cached_tokens"]
    return Usage(said[f"{words[0]}_tokens"] - read, read, 0, 0, said[f"{words[1]}_tokens"])


def usage_on_record(record):
    said = record.get("usage", {})
    read, write = said.get("cache_read_tokens", 0), said.get("cache_write_tokens", 0)
    hour = said.get("cache_write_1h_tokens", 0)
    return Usage(said.get("input_tokens", 0) - read - write, read, write - hour, hour, said.get("output_tokens", 0))


def cost(model, usage):
    name = model.removesuffix("-20251001")
    return sum(decimal.Decimal(rate) * count for rate, count in zip(RATES[name], usage)) / 1_000_000


def compare(exchange, record):
    """What is wrong with the record of an exchange."""
    model = exchange.model
    wanted = {"user": "ana", "key": exchange.case.rpartition("-")[0], "http_status": exchange.status, "model_requested": model}
    for name, value in wanted.items():
        if record.get(name) != value:
            yield f"{name} is {record.get(name)!r}, not {value!r}"
    charged = decimal.Decimal(record["cost_usd"]) if record.get("cost_usd") is not None else None
    if charged is None:
        yield f"it has no cost: {record.get('cost_status')}"
    elif exchange.status != 200:
        if charged:
            yield f"an error is charged {charged}"
    elif exchange.whole:
        if record.get("complete") is False or record.get("error"):
            yield f"a whole answer is on record as {record.get('error', 'incomplete')}"
        if usage_on_record(record) != usage_of(exchange):
            yield f"{usage_on_record(record)}, but the mock billed {usage_of(exchange)}"
        if charged != cost(model, usage_of(exchange)) or record["cost_status"] != "priced":
            yield f"{record['cost_status']} {charged}, but the mock billed {cost(model, usage_of(exchange))}"
    else:
        yield from compare_cut(record, charged, cost(model, usage_of(exchange)))


def compare_cut(record, charged, truth):
    if record.get("complete") is not False or record.get("error") != "cancelled":
        yield f"an answer that was left is on record as {record.get('error')}, complete {record.get('complete')}"
    if charged < truth:
        yield f"an answer that was left is charged {charged}, less than the mock billed: {truth}"
    low = record.get("cost_low_usd")
    if low is None or decimal.Decimal(low) > charged:
        yield f"the least that it may have cost is {low}, beside {charged}"


def check_budgets(at, outcomes):
    """The window of each key's budget is the sum of its records, and holds nothing any more."""
    spent = collections.defaultdict(decimal.Decimal)
    for each in outcomes:
        spent[each["key"]] += decimal.Decimal(each["cost_usd"])
    for budget in json.loads(at.tool("report", "budgets", "--db", at.db, "--format", "json")):
        wanted = spent[budget["subject"].removeprefix("key=")]
        if decimal.Decimal(budget["spent"]) != wanted or decimal.Decimal(budget["reserved"]) or budget["open"]:
            yield (f"{budget['budget']}: {budget['spent']} spent, {budget['reserved']} held, {budget['open']} open; "
                   f"its records make {wanted}")


def check_aborted(at, most):
    """What Anthropic's answers that were left are charged is near to what the mock billed: its streams begin with what the input is."""
    for who, model, charged, truth in aborted(at):
        if model.startswith("claude-") and charged > most * truth:
            yield f"{who}: {model}: an answer that was left is charged {charged}, {charged / truth:.1f} times what the mock billed: {truth}"


def check(at):
    """All that is wrong, in words."""
    records = at.records()
    problems = [f"a refusal is on record: {json.dumps(each)[:600]}" for each in records if each["kind"] == "refusal"]
    outcomes = [each for each in records if each["kind"] == "outcome"]
    if at.mock.wrong_keys:
        problems.append(f"{at.mock.wrong_keys} requests came to the mock without its own key")
    if sum(each["kind"] == "intent" for each in records) != len(outcomes):
        problems.append("there are not as many outcomes as intents")
    left = collections.defaultdict(list)
    for each in outcomes:
        left[each.get("provider_request_id")].append(each)
    for exchange in at.mock.exchanges:
        record = left[exchange.id].pop() if left[exchange.id] else None
        wrong = compare(exchange, record) if record else ["no record of it"]
        problems += [f"{exchange.case}: {exchange.path}: {each}" for each in wrong]
    problems += [f"a record that the mock knows nothing of: {json.dumps(each)[:600]}" for some in left.values() for each in some]
    problems += check_budgets(at, outcomes)
    verdict = at.tool("verify", "--db", at.db)
    if "match the tree" not in verdict:
        problems.append(f"verify: {verdict}")
    return problems


def aborted(at):
    """Of each answer that was left: whose, what was charged, what the mock billed."""
    charged = {each.get("provider_request_id"): each.get("cost_usd") for each in at.records() if each["kind"] == "outcome"}
    return [(each.case.rpartition("-")[0], each.model, decimal.Decimal(charged[each.id]), cost(each.model, usage_of(each)))
            for each in at.mock.exchanges if each.status == 200 and not each.whole and charged.get(each.id)]
