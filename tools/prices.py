#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""prices.py: makes include/aiaudit/pricing/builtin_table.hpp from two public price files.

    tools/prices.py [--genai FILE] [--litellm FILE] [--earlier DIRECTORY] [--decisions FILE]
                    [--output FILE] [--check]
    tools/prices.py --self-test

Every model of the providers below is read from both files. What only one of them says is taken;
where the two disagree about a rate, the script stops and lists it, unless tools/price_decisions.json
names the file that is right, with source and date. Rows that neither file has stand there too.
--check writes nothing and fails where the header is not what would be written. The files are
looked for in $AIAUDIT_SHARED_DIR/prices, else beside the project.
"""
import argparse
import fnmatch
import json
import os
import re
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("AIAUDIT_SHARED_DIR") or ROOT.parent / "shared")
PRICES = SHARED / "prices" / "2026-11"

# Of each provider: its id in genai-prices, its parts in LiteLLM's file in the order in which a name
# is looked for, and its own price page.
PROVIDERS = {
    "openai": ("openai", ["openai", "text-completion-openai"],
               "https://platform.openai.com/docs/pricing"),
    "anthropic": ("anthropic", ["anthropic"], "https://www.anthropic.com/pricing#api"),
    "google": ("google", ["gemini"], "https://ai.google.dev/gemini-api/docs/pricing"),
    "deepseek": ("deepseek", ["deepseek"], "https://api-docs.deepseek.com/quick_start/pricing"),
    "mistral": ("mistral", ["mistral"], "https://mistral.ai/pricing#api-pricing"),
    "x-ai": ("x-ai", ["xai"], "https://docs.x.ai/docs/models"),
    "groq": ("groq", ["groq"], "https://groq.com/pricing"),
    "cohere": ("cohere", ["cohere", "cohere_chat"], "https://cohere.com/pricing"),
    "perplexity": ("perplexity", ["perplexity"], "https://docs.perplexity.ai/guides/pricing"),
    "moonshotai": ("moonshotai", ["moonshot"], "https://platform.moonshot.ai/docs/pricing"),
    "zai": ("zai", ["zai"], "https://docs.z.ai/guides/overview/pricing"),
}

# The letters of a unit in the table, its name, and how many of it a figure is for (10^power).
UNITS = [
    ("i", "input_tokens", 6), ("r", "cache_read_tokens", 6), ("w", "cache_write_tokens", 6),
    ("wh", "cache_write_1h_tokens", 6), ("wd", "cache_write_12h_tokens", 6),
    ("o", "output_tokens", 6), ("or", "output_reasoning_tokens", 6),
    ("ia", "input_audio_tokens", 6), ("ra", "cache_audio_read_tokens", 6),
    ("oa", "output_audio_tokens", 6), ("ii", "input_image_tokens", 6),
    ("ri", "cache_image_read_tokens", 6), ("oi", "output_image_tokens", 6),
    ("iv", "input_video_tokens", 6), ("ov", "output_video_tokens", 6),
    ("oc", "output_citation_tokens", 6), ("q", "requests", 3), ("s", "web_searches", 3),
    ("f", "file_searches", 3), ("m", "map_searches", 3), ("x", "code_executions", 3),
    ("u", "search_units", 3), ("c", "input_characters", 6), ("k", "output_characters", 6),
    ("p", "pages", 3), ("t", "input_audio_milliseconds", 6), ("y", "output_audio_milliseconds", 6),
    ("n", "output_images", 3), ("e", "input_images", 3),
    ("v", "output_video_milliseconds", 6), ("j", "input_video_milliseconds", 6),
    ("xs", "x_searches", 3),
]
POWER = {name: power for _, name, power in UNITS}
CODE = {name: code for code, name, _ in UNITS}

# LiteLLM's fields: the unit, for how many of it the price is, and the modes in which it holds.
LITELLM = {
    "input_cost_per_token": ("input_tokens", 1, None),
    "output_cost_per_token": ("output_tokens", 1, None),
    "cache_read_input_token_cost": ("cache_read_tokens", 1, None),
    "input_cost_per_token_cache_hit": ("cache_read_tokens", 1, None),
    "cache_creation_input_token_cost": ("cache_write_tokens", 1, None),
    "cache_creation_input_token_cost_above_1hr": ("cache_write_1h_tokens", 1, None),
    "cache_creation_input_token_cost_above_12hr": ("cache_write_12h_tokens", 1, None),
    "output_cost_per_reasoning_token": ("output_reasoning_tokens", 1, None),
    "input_cost_per_audio_token": ("input_audio_tokens", 1, None),
    "output_cost_per_audio_token": ("output_audio_tokens", 1, None),
    "cache_read_input_audio_token_cost": ("cache_audio_read_tokens", 1, None),
    "input_cost_per_image_token": ("input_image_tokens", 1, None),
    "output_cost_per_image_token": ("output_image_tokens", 1, None),
    "cache_read_input_image_token_cost": ("cache_image_read_tokens", 1, None),
    "input_cost_per_video_token": ("input_video_tokens", 1, None),
    "output_cost_per_video_token": ("output_video_tokens", 1, None),
    "citation_cost_per_token": ("output_citation_tokens", 1, None),
    "input_cost_per_character": ("input_characters", 1, None),
    "output_cost_per_character": ("output_characters", 1, None),
    "input_cost_per_request": ("requests", 1, None),
    "ocr_cost_per_page": ("pages", 1, None),
    "output_cost_per_image": ("output_images", 1, {"image_generation", "image_edit"}),
    "input_cost_per_second": ("input_audio_milliseconds", 1000, {"audio_transcription"}),
    "output_cost_per_second": ("output_video_milliseconds", 1000, {"video_generation"}),
    "output_cost_per_video_per_second": ("output_video_milliseconds", 1000, None),
    "google_maps_grounding_cost_per_query": ("map_searches", 1, None),
    "file_search_cost_per_1k_calls": ("file_searches", 1000, None),
    "code_interpreter_cost_per_session": ("code_executions", 1, None),
    "input_cost_per_query": ("search_units", 1, {"rerank"}),
}
TEXT = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
FACTORS = {"region:us": "u", "region:eu": "e", "region:fedramp": "g", "vertex:*": "v",
           "speed:fast": "f", "service_tier:batch": "b"}
SERVICES = {"_priority": "priority", "_flex": "flex", "_batches": "batch", "_ultrafast": "ultrafast",
            "_fast": "fast", "_balanced": "balanced", "_decisions": "decisions"}

GENAI = {
    "input_mtok": "input_tokens", "output_mtok": "output_tokens",
    "cache_read_mtok": "cache_read_tokens", "cache_write_mtok": "cache_write_tokens",
    "cache_write_1h_mtok": "cache_write_1h_tokens", "input_audio_mtok": "input_audio_tokens",
    "output_audio_mtok": "output_audio_tokens", "cache_audio_read_mtok": "cache_audio_read_tokens",
    "input_image_mtok": "input_image_tokens", "cache_image_read_mtok": "cache_image_read_tokens",
    "output_image_mtok": "output_image_tokens", "input_video_mtok": "input_video_tokens",
    "output_video_mtok": "output_video_tokens", "output_reasoning_mtok": "output_reasoning_tokens",
    "output_citation_mtok": "output_citation_tokens", "web_searches_kcount": "web_searches",
    "storage_searches_kcount": "file_searches", "requests_kcount": "requests",
    "rerank_searches_kcount": "search_units", "input_document_kpages": "pages",
    "input_audio_hours": "input_audio_milliseconds", "input_mchars": "input_characters",
}
# The factor to units of the table's figure.
GENAI_SCALE = {"input_audio_hours": Decimal(1_000_000) / Decimal(3_600_000)}


def number(text):
    return Decimal(str(text))


def show(value):
    """The shortest plain decimal; at most 18 digits behind the point."""
    value = round(value, 18).normalize()
    return format(value, "f")


class rate:
    """A base and the tiers above it: (start, price), the price above `start` tokens."""

    def __init__(self, base=None, tiers=()):
        self.base, self.tiers = base, tuple(sorted(tiers))

    def __eq__(self, other):
        return (isinstance(other, rate) and self.base == other.base and
                self.tiers == other.tiers)

    def __str__(self):
        return show(self.base) + "".join(f">{start}:{show(price)}" for start, price in self.tiers)

    def near(self, other):
        return not self.tiers and not other.tiers and abs(self.base - other.base) * 100 < self.base

    def zero(self):
        return self.base == 0 and all(price == 0 for _, price in self.tiers)


def matches(rule, name):
    (kind, value), = rule.items()
    if kind in ("or", "and"):
        found = [matches(part, name) for part in value]
        return any(found) if kind == "or" else all(found)
    value, name = (value if kind == "regex" else value.lower()), name.lower()
    return {"equals": lambda: name == value, "starts_with": lambda: name.startswith(value),
            "ends_with": lambda: name.endswith(value), "contains": lambda: value in name,
            "regex": lambda: re.search(value, name) is not None}[kind]()


def in_force(cards, day):
    """The card of all hours that holds on a day."""
    return [card for card in cards if card["from"] <= day and card["hours"] is None][-1]


def copies(cards):
    return [{**card, "rates": dict(card["rates"]), "services": dict(card["services"])}
            for card in cards]


def listed_names(rule):
    """The names that a rule says by equality, and the plain starts, which stand for themselves."""
    (kind, value), = rule.items()
    if kind in ("or", "and"):
        return [name for part in value for name in listed_names(part)] if kind == "or" else []
    if kind == "starts_with":
        return [] if re.search(r"([-@]|-20\d\d|ft:gpt-4-0)$", value) else [value]
    if kind == "regex":
        plain = re.fullmatch(r"\^([a-z0-9.\\/-]+)-\\d\{8\}\$", value)
        return [plain.group(1).replace("\\", "")] if plain else []
    return [value] if kind == "equals" else []


# ---------------------------------------------------------------------------------- genai-prices

def genai_rates(prices):
    rates = {}
    for key, value in prices.items():
        unit = GENAI.get(key)
        if unit is None or value is None:
            continue
        scale = GENAI_SCALE.get(key, Decimal(1))
        if isinstance(value, dict):
            rates[unit] = rate(number(value["base"]) * scale,
                               [(tier["start"], number(tier["price"]) * scale)
                                for tier in value["tiers"]])
        else:
            rates[unit] = rate(number(value) * scale)
    return rates


def genai_services(model, as_of):
    """The rates of each service tier as of the table's day, and those that begin later."""
    now, later = {}, {}
    for variant in model.get("price_variants") or []:
        when = variant["when"]
        tier = when.get("service_tier") or when.get("speed")
        if when.get("processing") == "batch":
            tier = "batch"
        if tier is None or tier == "default":
            continue
        begin = (variant.get("constraint") or {}).get("start_date", "")
        into = now if begin <= as_of else later.setdefault(begin, {})
        into[tier] = genai_rates(variant["prices"])
    return now, later


def read_genai(root, provider, as_of):
    entries = []
    for model in [model for each in root if each["id"] == provider for model in each["models"]]:
        parts = model["prices"] if isinstance(model["prices"], list) else [model]
        now, later = genai_services(model, as_of)
        cards = []
        for part in parts:
            condition = part.get("constraint") or {} if part is not model else {}
            cards.append({"from": condition.get("start_date", ""),
                          "hours": (condition.get("start_time", "")[:5],
                                    condition.get("end_time", "")[:5])
                          if "start_time" in condition else None,
                          "days": None, "rates": genai_rates(part["prices"]), "services": {}})
        if all(not card["rates"] for card in cards):
            continue
        in_force(cards, as_of)["services"] = now
        for card in cards:
            if card["hours"] is None and card["from"] > as_of and card["from"] in later:
                card["services"] = later[card["from"]]
        entries.append({"id": model["id"], "match": model["match"], "cards": cards,
                        "names": listed_names(model["match"]),
                        "context": model.get("context_window") or 0, "output": 0,
                        "factors": {}, "request": None})
    return entries


# --------------------------------------------------------------------------------------- LiteLLM

def split_field(name):
    base, above, service = name, None, ""
    again = True
    while again:
        again = False
        for suffix, tier in SERVICES.items():
            if not service and base.endswith(suffix) and base not in LITELLM:
                base, service, again = base[:-len(suffix)], tier, True
        found = re.fullmatch(r"(.+)_above_(\d+)k_tokens", base)
        if above is None and found:
            base, above, again = found.group(1), int(found.group(2)) * 1000, True
    return base, above, service


def litellm_rates(node, inclusive):
    """The rates by service tier."""
    gathered = {}
    mode = node.get("mode", "")
    for name, value in node.items():
        base, above, service = split_field(name)
        if base not in LITELLM or not isinstance(value, (int, Decimal)):
            continue
        unit, per, modes = LITELLM[base]
        if modes is not None and mode not in modes:
            continue
        price = number(value) / per * Decimal(10) ** POWER[unit]
        into = gathered.setdefault(service, {}).setdefault(unit, [None, []])
        if above is not None:
            into[1].append((above - 1 if inclusive else above, price))
        elif into[0] is None or base != "input_cost_per_token_cache_hit":
            into[0] = price
    result = {}
    for service, rates in gathered.items():
        result[service] = {}
        for unit, (base, tiers) in rates.items():
            standard = gathered.get("", {}).get(unit)
            if base is None:
                if standard is None or standard[0] is None:
                    continue
                base = standard[0]
            # Past a threshold that only the standard price has: the dearer of the two, as in the
            # library's own reader of this format.
            own = {start for start, _ in tiers}
            if service and standard:
                tiers = tiers + [(start, max(price, base)) for start, price in standard[1]
                                 if start not in own]
            if all(price == base for _, price in tiers):
                tiers = []
            result[service][unit] = rate(base, tiers)
    return result


def family(name, names):
    """The name that this one is an edition of, if there is one."""
    short = re.sub(r"[-@](\d{8}|\d{4}-\d\d-\d\d|latest|\d{3,4})$", "", name)
    return short if short in names else name


def at_date(name):
    """claude-haiku-4-5-20251001 as Vertex names it: claude-haiku-4-5@20251001."""
    return re.sub(r"-(\d{8})$", r"@\1", name)


def search_fee(node):
    sizes = node.get("search_context_cost_per_query") or {}
    return {key.rsplit("_", 1)[1]: number(value) * 1000 for key, value in sizes.items()}


def peaks(node, services):
    """off_peak_pricing: the dearer hours are the base here, the cheaper ones cards of their own."""
    off = node.get("off_peak_pricing")
    if not off:
        return []
    rates = {LITELLM[name][0]: rate(number(value) * 10 ** 6)
             for name, value in off.items() if name in LITELLM}
    cards = []
    for window in off["windows"]:
        hours = window["hours_utc"]
        for each in hours if isinstance(hours, list) else [hours]:
            start, end = each.split("-")
            cards.append({"from": "", "hours": None if start == end else (start, end),
                          "days": window.get("weekdays"), "rates": {**services[""], **rates},
                          "services": {}})
    return cards


def read_litellm(root, parts):
    """Of each name: rates, services, limits, factors."""
    models = {}
    for part in parts:
        for key, node in root.items():
            if not isinstance(node, dict) or node.get("litellm_provider") != part:
                continue
            if "cost" not in " ".join(node):
                continue
            name = key.lower()
            prefix = part + "/"
            prefixed = name.startswith(prefix)
            name = name[len(prefix):] if prefixed else name
            if "/" in name and part != "groq" and part != "perplexity":
                continue  # sizes and qualities of images
            if name in models and not prefixed:
                continue
            services = litellm_rates(node, part == "xai")
            if not services.get(""):
                continue
            factors = {}
            for kind in ("us", "eu"):
                if (value := node.get(f"regional_processing_uplift_multiplier_{kind}")):
                    factors[f"region:{kind}"] = number(value)
            if (value := node.get("fedramp_uplift_multiplier")):
                factors["region:fedramp"] = number(value)
            for key_there in (name, "vertex_ai/" + name, "vertex_ai/" + at_date(name)):
                there = root.get(key_there) or {}
                if there.get("litellm_provider", "").startswith("vertex_ai") and \
                        (value := there.get("regional_endpoint_uplift_multiplier")):
                    factors["vertex:*"] = number(value)
            own = node.get("provider_specific_entry") or {}
            if "us" in own:
                factors["region:us"] = number(own["us"])
            if "fast" in own:
                factors["speed:fast"] = number(own["fast"])
            request = None
            fee = search_fee(node)
            if fee and (part == "perplexity" or "-search-preview" in name or "-search-api" in name):
                services[""]["requests"] = rate(fee["low" if part == "perplexity" else "medium"])
                request = True
            elif fee:
                services[""]["web_searches"] = rate(fee["medium"])
            models[name] = {"services": services, "factors": factors, "request": request,
                            "cards": peaks(node, services),
                            "context": int(node.get("max_input_tokens") or 0),
                            "output": int(node.get("max_output_tokens") or 0)}
    return models


# ----------------------------------------------------------------------------------------- merge

def drop_redundant(rates):
    """A part that costs what its whole costs needs no rate of its own."""
    for part, whole in (("output_reasoning_tokens", "output_tokens"),
                        ("input_image_tokens", "input_tokens"),
                        ("input_video_tokens", "input_tokens"),
                        ("input_audio_tokens", "input_tokens"),
                        ("output_image_tokens", "output_tokens"),
                        ("output_video_tokens", "output_tokens"),
                        ("output_audio_tokens", "output_tokens"),
                        ("cache_write_1h_tokens", "cache_write_tokens"),
                        ("cache_write_12h_tokens", "cache_write_tokens"),
                        ("cache_image_read_tokens", "cache_read_tokens"),
                        ("cache_audio_read_tokens", "cache_read_tokens")):
        # Without tiers of its own a part follows its whole past the whole's thresholds.
        if part in rates and whole in rates and (
                rates[part] == rates[whole] or
                (not rates[part].tiers and rates[part].base == rates[whole].base)):
            if part.startswith("cache_") and part.endswith("read_tokens"):
                modality = "input_" + part.split("_")[1] + "_tokens"
                if modality in rates:
                    continue  # what cached and image tokens share needs its rate
            del rates[part]
    return rates


class decisions:
    def __init__(self, root):
        self.rules = root["decisions"]
        self.used = [False] * len(self.rules)
        for rule in self.rules:
            for key in ("provider", "models", "take", "source", "date", "why"):
                if key not in rule:
                    sys.exit(f"price_decisions.json: a decision without {key}: {rule}")

    def find(self, provider, model, unit):
        for at, rule in enumerate(self.rules):
            if rule["provider"] != provider:
                continue
            if unit not in rule.get("units", [] if "-only:" in unit else [unit]):
                continue
            if any(fnmatch.fnmatchcase(model, each) for each in rule["models"]):
                self.used[at] = True
                return rule["take"]
        return None


def merge_rates(provider, name, tier, mine, theirs, choose, conflicts):
    merged = {}
    for unit in CODE:
        a, b = mine.get(unit), theirs.get(unit)
        if a is not None and b is not None and "milliseconds" in unit and a.near(b):
            merged[unit] = a  # the same price by the hour, rounded by one of the two
        elif a is not None and b is not None and a != b:
            take = choose.find(provider, name, unit)
            if take is None:
                conflicts.append((provider, name, tier, unit, str(a), str(b)))
                take = "genai"
            merged[unit] = a if take == "genai" else b
        elif a is not None or b is not None:
            # What one file alone says is taken, unless a decision says that it is wrong.
            source = "genai" if a is not None else "litellm"
            take = choose.find(provider, name, f"{source}-only:{unit}")
            if take is None or take == source:
                merged[unit] = a if a is not None else b
    return merged


def merge(provider, entry, name, model, as_of, choose, conflicts):
    """One name of an entry of genai-prices with what LiteLLM's file says about it."""
    cards = copies(entry["cards"])
    current = in_force(cards, as_of)
    services = model["services"]
    current["rates"] = merge_rates(provider, name, "", current["rates"], services[""], choose,
                                   conflicts)
    if model["request"]:
        current["rates"].pop("web_searches", None)
    for tier in sorted(set(current["services"]) | set(services)):
        if not tier:
            continue
        mine, theirs = current["services"].get(tier, {}), services.get(tier, {})
        current["services"][tier] = merge_rates(provider, name, tier, mine, theirs, choose,
                                                conflicts)
    if model["cards"] and all(card["hours"] is None for card in cards):
        cards += model["cards"]
    return cards


def drop_double(card):
    """"fast" is OpenAI's newer name of "priority": the book takes one for the other."""
    services = card["services"]
    fast, priority = services.get("fast"), services.get("priority")
    if fast and priority and all(priority.get(unit) == price for unit, price in fast.items()):
        del services["fast"]
    # An image has a rate by its tokens, and beside it one by the piece for those who do not count.
    if "output_image_tokens" in card["rates"]:
        card["rates"].pop("output_images", None)


def drop_factored(provider, name, cards, factors):
    """Fast rates that a factor says too; the factor is what combines with a region."""
    factor = factors.get("speed:fast")
    for card in cards if factor else []:
        for unit, price in card["services"].pop("fast", {}).items():
            base = card["rates"][unit].base
            if unit != "web_searches" and price.base != base * factor:
                sys.exit(f"{provider} {name}: fast {unit} {price} is not {factor} times {base}")


def finish(cards):
    """Leaves out what says nothing: equal parts, tiers equal to the standard, zero rates of units
    that are no tokens."""
    for card in cards:
        drop_redundant(card["rates"])
        drop_double(card)
        for tier in list(card["services"]):
            rates = {unit: price for unit, price in card["services"][tier].items()
                     if card["rates"].get(unit) != price or unit in ("input_tokens",
                                                                     "output_tokens")}
            # A part that costs what its whole costs in this tier, but not in the standard one,
            # keeps its rate: the standard one would take its place.
            for part, whole in (("output_reasoning_tokens", "output_tokens"),
                                ("input_audio_tokens", "input_tokens"),
                                ("input_image_tokens", "input_tokens")):
                if part in rates and rates.get(whole) == rates[part] and part not in card["rates"]:
                    del rates[part]
            if rates:
                card["services"][tier] = rates
            else:
                del card["services"][tier]
    return cards


def describe_card(card, first):
    parts = []
    if not first or card["from"] or card["hours"] or card["days"]:
        head = "$" + card["from"]
        if card["hours"]:
            head += "^" + "-".join(each.replace(":", "") for each in card["hours"])
        if card["days"]:
            head += "*" + "".join(str(day) for day in card["days"])
        parts.append(head)
    for unit, code in CODE.items():
        if unit in card["rates"]:
            parts.append(code + str(card["rates"][unit]))
    for tier in sorted(card["services"]):
        parts.append("/" + tier)
        for unit, code in CODE.items():
            if unit in card["services"][tier]:
                parts.append(code + str(card["services"][tier][unit]))
    return parts


def describe(entry):
    """Everything of an entry but its names."""
    parts = []
    if entry["context"] or entry["output"]:
        parts.append(f"={entry['context']}/{entry['output']}")
    for kind, factor in sorted(entry["factors"].items()):
        parts.append(f"%{FACTORS[kind]}{show(factor)}")
    if entry.get("new"):
        parts.append("+")
    if entry["request"]:
        parts.append("!")
    for at, card in enumerate(entry["cards"]):
        parts += describe_card(card, at == 0)
    return " ".join(parts)


def own_rows(rows):
    """The decisions file's own rows, in the words of the table."""
    entries = []
    for row in rows:
        for key in ("provider", "id", "cards", "source", "date", "why"):
            if key not in row:
                sys.exit(f"price_decisions.json: a row without {key}: {row}")
        cards = []
        for card in row["cards"]:
            def rates_of(node):
                return {unit: rate(number(value[0]), [(start, number(price))
                                                      for start, price in value[1:]])
                        if isinstance(value, list) else rate(number(value))
                        for unit, value in node.items() if unit in CODE}
            cards.append({"from": card.get("from", ""),
                          "hours": tuple(card["hours"]) if "hours" in card else None,
                          "days": card.get("days"), "rates": rates_of(card),
                          "services": {tier: rates_of(node)
                                       for tier, node in card.get("services", {}).items()}})
        entries.append({"provider": row["provider"], "id": row["id"],
                        "names": row.get("names", []), "cards": cards,
                        "context": row.get("context", 0), "output": row.get("output", 0),
                        "factors": {kind: number(value)
                                    for kind, value in row.get("factors", {}).items()},
                        "request": None})
    return entries


def plain(name):
    """A name without the edition behind it."""
    return re.sub(r"[-@](\d{8}|\d{4}-\d\d-\d\d|\d{3,4})$", "", name.lower())


class earlier_files:
    """What both files said on an earlier day, to tell which prices hold since before it."""

    def __init__(self, genai, litellm, theirs, parts, day):
        self.genai = read_genai(genai, theirs, day) if any(
            each["id"] == theirs for each in genai) else []
        self.litellm = read_litellm(litellm, parts)
        self.day = day

    def knows(self, name, cards):
        """True where a price of that day, for a name listed then, is that of these cards."""
        now = [c for c in cards if c["from"][:10] <= self.day and not c["hours"] and not c["days"]]
        if not now:
            return False
        if now[-1]["from"]:
            return True  # the file itself says since when
        said = []
        if name in self.litellm:
            said.append(self.litellm[name]["services"][""])
        for entry in self.genai:
            if matches(entry["match"], name) and plain(name) in map(plain, entry["names"]):
                said.append(in_force(entry["cards"], self.day)["rates"])
                break
        return any(all(rates[unit] == price for unit, price in now[-1]["rates"].items()
                       if unit in rates and "tokens" in unit) for rates in said)


def agreed(entry, model, as_of):
    theirs = model["services"][""]
    return all(theirs.get(unit, price) == price
               for unit, price in in_force(entry["cards"], as_of)["rates"].items() if unit in TEXT)


def make_provider(provider, genai, litellm, root, as_of, choose, conflicts, before):
    replaced = {name for row in root["rows"] if row["provider"] == provider
                for name in [row["id"], *row.get("names", [])]}
    left = dict(litellm)
    groups = {}  # (id, everything but the names) -> [entry, names]

    def add(entry, names):
        names = [name for name in names if name not in replaced and not (
            provider == "google" and "claude" in name)]  # Anthropic's rows serve Google too
        for extra in root["additions"]:
            if extra["provider"] != provider or "models" not in extra:
                continue
            fits = [name for name in names
                    if any(fnmatch.fnmatchcase(name, each) for each in extra["models"])]
            for card in entry["cards"] if fits and len(fits) == len(names) else []:
                for unit, value in extra.get("rates", {}).items():
                    card["rates"].setdefault(unit, rate(number(value)))
            if fits and len(fits) == len(names):
                entry = {**entry, "request": entry["request"] or extra.get("assumed"),
                         "factors": {**{kind: number(value) for kind, value in
                                                 extra.get("factors", {}).items()},
                                              **entry["factors"]}}
        if not names:
            return
        for name in names:
            # A price that is first seen in these files is assumed for calls before them.
            # Another spelling of a known id is known with it, an alias that moves is not.
            known = before.knows(name, entry["cards"]) or (
                not name.endswith("latest") and before.knows(entry["id"], entry["cards"]))
            since = {**entry, "new": not known}
            since["cards"] = finish(copies(entry["cards"]))
            group = groups.setdefault((entry["id"], describe(since)), [since, []])
            if name not in group[1]:
                group[1].append(name)

    def add_merged(entry, name, names, conflicts):
        """What both files say of `name`, for all of these names."""
        model = litellm[name]
        cards = merge(provider, entry, name, model, as_of, choose, conflicts)
        drop_factored(provider, name, cards, model["factors"])
        add({**entry, "cards": cards, "factors": model["factors"], "request": model["request"],
             "context": model["context"] or entry["context"], "output": model["output"]}, names)

    taken = set()
    for entry in genai:
        mine = [name for name in left if name not in taken and name not in replaced and
                matches(entry["match"], name)]
        for name in mine:
            taken.add(name)
            del left[name]
            add_merged(entry, name, [name], conflicts)
        rest = [name.lower() for name in dict.fromkeys(entry["names"])
                if name not in taken and name.lower() not in litellm]
        taken.update(rest)
        if rest:
            # What the other names of the entry have beyond its own rates, they have too: from a
            # name about which both files agree, its id first.
            known = next((name for name in sorted(mine, key=lambda each: each != entry["id"])
                          if agreed(entry, litellm[name], as_of)), None)
            if known is None:
                add({**entry, "cards": copies(entry["cards"])}, rest)
            else:
                add_merged(entry, known, rest, [])
    for name, model in left.items():
        if name in replaced or all(price.zero() for price in model["services"][""].values()):
            continue
        standard = {"from": "", "hours": None, "days": None, "rates": dict(model["services"][""]),
                    "services": {tier: dict(rates) for tier, rates in model["services"].items()
                                 if tier}}
        add({"id": family(name, left), "cards": [standard, *model["cards"]], "factors": model["factors"],
             "context": model["context"], "output": model["output"], "request": model["request"]},
            [name])
    for entry in own_rows(root["rows"]):
        if entry["provider"] == provider:
            finish(entry["cards"])
            text = describe(entry)
            groups[(entry["id"], text)] = [entry, [entry["id"], *entry["names"]]]
    rows = []
    for key, (entry, names) in groups.items():
        names.sort(key=lambda name: (len(name), name))
        # The nearest to the id, so that a record names what people know.
        head = entry["id"] if entry["id"] in names else max(
            names, key=lambda name: (len(os.path.commonprefix([name, entry["id"]])), -len(name)))
        rows.append((head, [name for name in names if name != head], key[1]))
    rows.sort()
    check_names(provider, rows)
    return rows


def check_names(provider, rows):
    seen = set()
    for head, names, _ in rows:
        for name in [head, *names]:
            if name in seen:
                sys.exit(f"{provider}: {name} stands in two rows")
            found = re.match(r"([a-z]{1,2})\d", shorten(head, name))
            price = name != head and found and found.group(1) in CODE.values()
            if " " in name or not name.isascii() or price:
                sys.exit(f"{provider}: {name} is no name for the table")
            seen.add(name)


def shorten(head, name):
    return "~" + name[len(head):] if name.startswith(head) and name != head else name


def wrap(text, width=90):
    """C++ string literals, a line each."""
    lines = []
    while text:
        cut = len(text) if len(text) <= width else text.rfind(" ", 0, width) + 1 or width
        lines.append('    "' + text[:cut].replace("\\", "\\\\") + '"')
        text = text[cut:]
    return lines


HEADER = '''// SPDX-License-Identifier: MIT
//
// builtin_table.hpp: public prices of {count} models, as text. Data only.
//
// Made by tools/prices.py from genai-prices' and LiteLLM's files and tools/price_decisions.json; do
// not edit. A line is a model: its name, further names ("~-x" for the name with "-x" behind it),
// "=" with its context window and most output tokens, "%" with a factor, "+" where the price is
// first seen on the table's day, "!" where it is not sure (a fee that depends on what no answer
// tells), and its rates: a unit's letters (builtin_units) with its price, and ">N:price" above N
// input tokens. "$" begins a card: its first day, "^" its hours (UTC), "*" its weekdays; "/" a
// service tier. Figures are USD a million tokens, or a thousand of what is no token (a million
// milliseconds or characters).
// Threads: constants.
// Floor 4.
#ifndef AIAUDIT_PRICING_BUILTIN_TABLE_HPP
#define AIAUDIT_PRICING_BUILTIN_TABLE_HPP

#include <array>
#include <cstddef>
#include <string_view>

namespace aiaudit {{
inline namespace v0_1_0 {{

namespace detail {{

// A literal with its length: to count so many characters takes a compiler long.
template <std::size_t N>
[[nodiscard]] constexpr std::string_view table_rows(char const (&text)[N]) noexcept {{
    return {{text, N - 1}};
}}

}}  // namespace detail

// The day as of which the table's prices are known.
inline constexpr std::string_view builtin_prices_day = "{as_of}";

struct builtin_provider_rows {{
    std::string_view provider;
    std::string_view url;      // the provider's own price page
    std::string_view factors;  // on every model of the provider, where it has no rates of its own
    std::string_view rows;     // lines
}};

// clang-format off
inline constexpr std::array<builtin_provider_rows, {providers}> builtin_rows{{{{
'''

FOOTER = '''}};
// clang-format on

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PRICING_BUILTIN_TABLE_HPP
'''


def write(tables, root, as_of):
    count = sum(len(rows) for rows in tables.values())
    lines = [HEADER.format(count=count, as_of=as_of, providers=len(tables)).rstrip("\n")]
    for provider, rows in tables.items():
        whole = " ".join(f"%{FACTORS[kind]}{value}" for rule in root["providers"]
                         if rule["provider"] == provider
                         for kind, value in sorted(rule["factors"].items()))
        lines.append(f'    {{"{provider}", "{PROVIDERS[provider][2]}", "{whole}", detail::table_rows(')
        for head, names, rest in rows:
            text = " ".join([head, *(shorten(head, name) for name in names), rest])
            parts = wrap(text)
            parts[-1] = parts[-1][:-1] + '\\n"'
            lines += parts
        lines[-1] += ")},"
    return "\n".join(lines) + "\n" + FOOTER


def newest_day(genai, month):
    """The newest day in the file that prices begin on, not after the month of the files."""
    days = []

    def walk(node):
        if isinstance(node, dict):
            if "start_date" in node:
                days.append(node["start_date"])
            node = list(node.values())
        if isinstance(node, list):
            for each in node:
                walk(each)
    walk(genai)
    return max(day for day in days if day[:7] <= month)


def self_test():
    """Runs this script on small files: what it stops at, and what it writes."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "2026-11").mkdir()
        node = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2e-06,
                "output_cost_per_token": 8e-06, "input_cost_per_token_above_200k_tokens": 4e-06,
                "input_cost_per_token_batches": 1e-06, "max_input_tokens": 1000,
                "max_output_tokens": 100}
        model = {"id": "m", "match": {"equals": "m"}, "prices": [
            {"prices": {"input_mtok": 9, "output_mtok": 8}},
            {"constraint": {"start_date": "2026-11-03"},
             "prices": {"input_mtok": {"base": 2, "tiers": [{"start": 200000, "price": 4}]},
                        "output_mtok": 8}}]}
        rule = {"provider": "openai", "models": ["m"], "units": ["output_tokens"],
                "take": "litellm", "source": "x", "date": "2026-11-03", "why": "x"}

        def run(output, decided, *arguments):
            model["prices"][1]["prices"]["output_mtok"] = output
            files = {"2026-11/genai-prices.json": [{"id": "openai", "models": [model]}],
                     "2026-11/litellm.json": {"m": node}, "genai-prices.json": [],
                     "litellm.json": {"old": node},
                     "decisions.json": {"earlier_day": "2026-08-15", "decisions": decided,
                                        "rows": [], "additions": [], "providers": []}}
            for file, content in files.items():
                (home / file).write_text(json.dumps(content))
            command = [sys.executable, __file__, "--genai", home / "2026-11/genai-prices.json",
                       "--litellm", home / "2026-11/litellm.json", "--earlier", home,
                       "--decisions", home / "decisions.json", "--output", home / "table.hpp",
                       *arguments]
            done = subprocess.run(command, capture_output=True, text=True)
            return done.returncode, done.stdout + done.stderr

        def expect(what, found, status, text):
            if found[0] != status or text not in found[1]:
                sys.exit(f"self-test: {what}: {found}")

        expect("files that agree", run(8, []), 0, "2 rows")
        table = (home / "table.hpp").read_text()
        for row in ('"m =1000/100 + i9 o8 $2026-11-03 i2>200000:4 o8 /batch i1',
                    '"old =1000/100 i2>200000:4 o8 /batch i1>200000:4'):
            if row not in table:
                sys.exit(f"self-test: {row} is not in {table}")
        expect("a header that is current", run(8, [], "--check"), 0, "2 rows")
        (home / "table.hpp").write_text(table + "x")
        expect("a header that is not", run(8, [], "--check"), 1, "run it")
        expect("a disagreement", run(7, []), 1,
               "openai m: output_tokens: genai-prices 7, LiteLLM 8")
        expect("a decision", run(7, [rule]), 0, "2 rows")
        if "o8 /batch" not in (home / "table.hpp").read_text():
            sys.exit("self-test: the decision did not hold")
        expect("a decision that nothing needs", run(8, [rule]), 1, "no longer needed")
    print("prices.py: self-test passed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--genai", type=Path, default=PRICES / "genai-prices.json")
    parser.add_argument("--litellm", type=Path, default=PRICES / "litellm.json")
    parser.add_argument("--earlier", type=Path, default=PRICES.parent,
                        help="a directory with both files of an earlier day")
    parser.add_argument("--decisions", type=Path, default=ROOT / "tools" / "price_decisions.json")
    parser.add_argument("--output", type=Path,
                        default=ROOT / "include" / "aiaudit" / "pricing" / "builtin_table.hpp")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    missing = [path for path in (options.genai, options.litellm, options.earlier)
               if not path.exists()]
    if missing:
        text = f"tools/prices.py: {missing[0]} is not there"
        if options.check:
            print(text + "; not checked")
            return
        sys.exit(text)
    genai = json.loads(options.genai.read_text(), parse_float=Decimal)
    litellm = json.loads(options.litellm.read_text(), parse_float=Decimal)
    before = [json.loads((options.earlier / name).read_text(), parse_float=Decimal)
              for name in ("genai-prices.json", "litellm.json")]
    # What only the earlier file has was retired since; its price was not withdrawn with it.
    litellm = {**{key: node for key, node in before[1].items() if key not in litellm}, **litellm}
    root = json.loads(options.decisions.read_text(), parse_float=Decimal)
    as_of = root.get("as_of") or newest_day(genai, options.genai.resolve().parent.name)
    choose, conflicts, tables = decisions(root), [], {}
    for provider, (theirs, parts, _) in PROVIDERS.items():
        tables[provider] = make_provider(provider, read_genai(genai, theirs, as_of),
                                         read_litellm(litellm, parts), root, as_of, choose,
                                         conflicts,
                                         earlier_files(*before, theirs, parts,
                                                       root["earlier_day"]))
    unused = [rule for rule, used in zip(choose.rules, choose.used) if not used]
    for rule in unused:
        print(f"price_decisions.json: no longer needed: {rule['provider']} {rule['models']}")
    for provider, name, tier, unit, mine, other in conflicts:
        where = f"{unit} ({tier})" if tier else unit
        print(f"{provider} {name}: {where}: genai-prices {mine}, LiteLLM {other}")
    if conflicts or unused:
        sys.exit(f"{len(conflicts)} disagreements without a decision, {len(unused)} decisions "
                 f"without a disagreement (tools/price_decisions.json)")
    text = write(tables, root, as_of)
    count = sum(len(rows) for rows in tables.values())
    if options.check:
        if options.output.read_text() != text:
            sys.exit(f"{options.output} is not what tools/prices.py makes; run it")
    else:
        options.output.write_text(text)
    print(f"{count} rows, {len(text)} bytes, as of {as_of}")


if __name__ == "__main__":
    main()
