# SPDX-License-Identifier: MIT
"""What genai-prices' own code says of its price file."""
import datetime
import json
import re
import warnings
from decimal import Decimal

from genai_prices import Usage, data_snapshot, types

from pairs import Answer, Question

NAME = "genai-prices"
NOW = "2026-11-28T12:00:00Z"
# Its units that have another name here: ours, and how many of ours one of theirs is.
UNITS = {"audio_seconds": ("input_audio_milliseconds", 1000), "input_audio_seconds": ("input_audio_milliseconds", 1000),
         "output_audio_seconds": ("output_audio_milliseconds", 1000), "input_document_pages": ("pages", 1),
         "rerank_searches": ("search_units", 1), "social_searches": ("x_searches", 1),
         "storage_searches": ("file_searches", 1)}
THINGS = {"audio_hours": {"audio_seconds": 3600},
          "input_audio_hours": {"audio_seconds": 3600, "input_audio_seconds": 3600},
          "output_audio_hours": {"audio_seconds": 3600, "output_audio_seconds": 3600},
          "input_document_kpages": {"input_document_pages": 7},
          "input_annotated_document_kpages": {"input_document_pages": 7, "input_annotated_document_pages": 3},
          "rerank_searches_kcount": {"rerank_searches": 3}, "web_searches_kcount": {"web_searches": 3},
          "social_searches_kcount": {"social_searches": 3}, "storage_searches_kcount": {"storage_searches": 3},
          "code_executions_kcount": {"code_executions": 3}, "input_mchars": {"input_characters": 12_345},
          "input_text_messages_kcount": {"input_text_messages": 3}, "input_gpixels": {"input_pixels": 1_048_576}}
SELECTORS = {"processing": "service_tier", "service_tier": "service_tier", "speed": "speed", "route": "region",
             "search_type": "service_tier"}
BUILTIN = ("openai", "anthropic", "google", "deepseek", "mistral", "x-ai", "groq", "cohere", "perplexity", "moonshotai",
           "zai")
SNAPSHOT = None


def load(path):
    """The providers of the file, which genai-prices prices by from now on."""
    global SNAPSHOT
    raw = json.loads(path.read_text(), parse_float=Decimal)
    warnings.simplefilter("ignore")
    SNAPSHOT = data_snapshot.DataSnapshot(providers=types._providers_from_raw(raw), from_auto_update=False)
    data_snapshot.set_custom_snapshot(SNAPSHOT)
    return raw


def texts(rule):
    """The (kind, text) of a match rule."""
    for key, value in rule.items():
        if isinstance(value, list):
            for each in value:
                yield from texts(each)
        elif key != "regex":
            yield key, value


def names(model):
    """Names that the match rule speaks of: its texts, one longer, one with its date without hyphens."""
    found = {model["id"]}
    for kind, text in texts(model["match"]):
        found.add(text)
        if kind != "equals":
            found.add(text + "-any")
        found.add(re.sub(r"(20\d\d)-(\d\d)-(\d\d)$", r"\1\2\3", text))
    return sorted(found)


def name_of(provider, model):
    """A name that leads to this model: its id, or a text of its match rule. None where others hide it."""
    parsed = next(p for p in SNAPSHOT.providers if p.id == provider["id"])
    for name in [model["id"], *(text for _, text in texts(model["match"]))]:
        found = parsed.find_model(name, all_providers=SNAPSHOT.providers)
        if found is not None and found.id == model["id"]:
            return name
    return None


def cards(model):
    """Every set of prices of a model, whatever its condition."""
    prices = model["prices"]
    found = [card["prices"] for card in prices] if isinstance(prices, list) else [prices]
    return found + [variant["prices"] for variant in model.get("price_variants") or []]


def instants(model):
    found = {NOW}
    conditions = model["prices"] if isinstance(model["prices"], list) else []
    for card in [*conditions, *(model.get("price_variants") or [])]:
        condition = card.get("constraint") or {}
        edges = [f"{condition['start_date']}T00:00:00+00:00"] if "start_date" in condition else []
        edges += [f"2026-11-28T{condition[key]}" for key in ("start_time", "end_time") if key in condition]
        for edge in edges:
            edge = datetime.datetime.fromisoformat(edge.replace("Z", "+00:00"))
            edge = edge.replace(tzinfo=edge.tzinfo or datetime.timezone.utc)
            for moment in (edge - datetime.timedelta(seconds=1), edge):
                found.add(moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return sorted(found)


def contexts(model):
    starts = sorted({tier["start"] for card in cards(model) for price in card.values() if isinstance(price, dict)
                     for tier in price["tiers"]})
    counts = {1000}
    for start in starts:
        counts.update((start, start + 1))
    if starts:
        counts.add(starts[-1] + 50_000)
    return sorted(counts)


def usages(model, n):
    keys = {key for card in cards(model) for key, price in card.items() if price is not None}
    rated = {key.removesuffix("_mtok") for key in keys if key.endswith("_mtok")}
    base = {f"{way}_tokens": count for way, count in (("input", n), ("output", 507)) if way in rated}
    if base:
        yield "plain", base
        yield from token_usages(rated, base, n)
    if n == 1000:
        if len(base) < 2:
            yield "half_unrated" if base else "unrated", {"input_tokens": 1000, "output_tokens": 507}
        for key in sorted(keys & THINGS.keys()):
            yield key, base | THINGS[key]
            if "seconds" in str(THINGS[key]):
                yield key + "_short", base | {unit: 4 for unit in THINGS[key]}


def token_usages(rated, base, n):
    if "output" in rated:
        yield from output_usages(rated, base)
    if "input" in rated:
        yield from input_usages(rated, base, n)


def output_usages(rated, base):
    yield "reasoning", base | {"output_reasoning_tokens": 203}
    for mode in ("audio", "image", "video"):
        if f"output_{mode}" in rated or mode == "audio":
            yield f"{mode}_out", base | {f"output_{mode}_tokens": 101}
    if "output_citation" in rated:
        yield "citation", base | {"output_citation_tokens": 101}


def input_usages(rated, base, n):
    read, wrote, other = n * 2 // 5, n // 5, n // 10
    apart = {f"cache_{mode}_read_tokens": 0 for mode in ("audio", "image", "video")} if "cache_read" in rated else {}
    cached, written = {"cache_read_tokens": read}, {"cache_write_tokens": wrote}
    yield "cached", base | cached
    yield "written", base | written
    yield "cached_written", base | cached | written
    everything = dict(base)
    everything |= cached if "cache_read" in rated else {}
    everything |= written if "cache_write" in rated else {}
    if "cache_write_1h" in rated:
        yield "written_1h", base | written | {"cache_write_1h_tokens": wrote}
        yield "written_both", base | written | {"cache_write_1h_tokens": 37, "cache_write_5m_tokens": wrote - 37}
    for mode in ("audio", "image", "video"):
        part = {f"input_{mode}_tokens": other}
        if f"input_{mode}" in rated or mode == "audio":
            yield f"{mode}_in", base | part
        if f"input_{mode}" in rated and apart:
            yield f"{mode}_in_cached", base | apart | cached | part
        if f"input_{mode}" in rated and "cache_write" not in rated:
            everything |= apart | part
        if f"cache_{mode}_read" in rated:
            both = {f"input_{mode}_tokens": other * 2, f"cache_{mode}_read_tokens": other}
            yield f"cached_{mode}", base | cached | both
    if "output_reasoning" in rated:
        everything |= {"output_reasoning_tokens": 203}
    if everything != base:
        yield "everything", everything


def ours(usage):
    """The same counts by the names of our units; None where one has none."""
    counts = {}
    if "output_audio_seconds" in usage:  # all its seconds; elsewhere they are those of the input
        usage = {key: count for key, count in usage.items() if key != "audio_seconds"}
    for key, count in usage.items():
        if key.startswith("input_annotated") or key in ("input_text_messages", "input_pixels"):
            return None
        name, times = UNITS.get(key, (key, 1))
        counts[name] = count * times
    return counts


def questions(raw, left_out, book="genai-prices"):
    """Questions of every model of the file, or of those of the makers whose prices are built in. What cannot be
    asked for is counted in `left_out`, by reason."""
    for provider in raw:
        if book == "builtin" and provider["id"] not in BUILTIN:
            continue
        for model in provider["models"]:
            name = name_of(provider, model)
            if name is None:
                left_out[f"the name of {provider['id']}:{model['id']} leads to a model before it"] += 1
                continue
            for context in contexts_of_requests(model):
                yield from questions_of(provider["id"], name, model, context, left_out, book)
            plain = dict(usages(model, 1000)).get("plain")
            for other in names(model) if plain and book != "builtin" else []:
                yield named_question(provider["id"], other, plain)


def named_question(provider, name, usage):
    question = Question(NAME, "genai-prices", provider, name, "name", usage, NOW)
    question.theirs = usage, {}
    return question


def contexts_of_requests(model):
    """None, each that has its own prices, and batch together with each speed."""
    own = []
    for variant in model.get("price_variants") or []:
        if variant["when"] not in own:
            own.append(variant["when"])
    return [{}, *own, *({**a, **b} for a in own for b in own if "processing" in a and "speed" in b)]


def questions_of(provider, name, model, context, left_out, book):
    asked = {SELECTORS[key]: value for key, value in context.items()}
    selected = "".join(f"{value}/" for value in context.values())
    for at in instants(model):
        when = "" if at == NOW else f"{at.removesuffix('Z')}/"
        for n in contexts(model):
            for feature, usage in usages(model, n):
                counts = ours(usage)
                if counts is None:
                    left_out[f"no unit for {feature}"] += 1
                    continue
                question = Question(NAME, book, provider, name, f"{selected}{when}{feature}@{n}", counts, at, **asked)
                question.theirs = usage, context
                yield question


def answer(question):
    usage, context = question.theirs
    moment = datetime.datetime.fromisoformat(question.at.replace("Z", "+00:00"))
    try:
        cost = SNAPSHOT.calc(Usage(**usage), question.model, question.provider, None, moment, context)
    except Exception as wrong:
        return Answer(None, f"{type(wrong).__name__}: {wrong}".replace("\n", " ")[:200])
    return Answer(cost.total_price, cost.model.id)
