# SPDX-License-Identifier: MIT
"""What LiteLLM's own calculator says of its price file."""
import collections
import datetime
import json
import logging
import os
import re
from decimal import Decimal

from pairs import Answer, Question

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # its own copy of the file; nothing comes from the network
import litellm  # noqa: E402
from litellm._internal_context import pinned_billing_time  # noqa: E402
from litellm.cost_calculator import (  # noqa: E402
    default_image_cost_calculator, default_video_cost_calculator, ocr_batch_cost)
from litellm.litellm_core_utils.llm_cost_calc.tool_call_cost_tracking import (  # noqa: E402
    StandardBuiltInToolCostTracking as Tools)
from litellm.litellm_core_utils.llm_cost_calc.utils import flat_image_cost  # noqa: E402
from litellm.llms.base_llm.ocr.transformation import OCRResponse, OCRUsageInfo  # noqa: E402
from litellm.types.utils import (  # noqa: E402
    CacheCreationTokenDetails, CompletionTokensDetailsWrapper, ImageObject, ImageResponse, PromptTokensDetailsWrapper,
    Usage)

NAME = "litellm"
NOW = "2026-11-28T12:00:00Z"
TIERS = {tier: re.compile(rf"_{mark}(_above_|$)") for tier, mark in (
    ("batch", "batches"), *((tier, tier) for tier in ("priority", "flex", "ultrafast", "balanced", "decisions")))}
# The price fields that questions are about, without tiers of service and context; those of things by the models' mode.
TOKENS = re.compile(r"(input|output)_cost_per_((audio|image|video)_)?token|"
                    r"cache_read_input_((audio|image)_)?token_cost|"
                    r"cache_creation_input_token_cost(_above_12?hr)?|output_cost_per_reasoning_token|"
                    r"input_cost_per_token_cache_hit|tiered_pricing|off_peak_pricing|search_context_cost_per_query|"
                    r"google_maps_grounding_cost_per_query|\w*uplift_multiplier\w*|provider_specific_entry")
OF_MODE = {"rerank": ["input_cost_per_query"], "search": ["input_cost_per_query", "tiered_pricing"],
           "ocr": ["ocr_cost_per_page"], "audio_transcription": ["input_cost_per_second", "output_cost_per_second"],
           "audio_speech": ["input_cost_per_character"],
           "image_generation": ["output_cost_per_image", "input_cost_per_image"],
           "image_edit": ["output_cost_per_image", "input_cost_per_image"],
           "video_generation": ["output_cost_per_second", "output_cost_per_video_per_second"],
           "embedding": ["input_cost_per_image", "input_cost_per_video_per_second", "input_cost_per_audio_per_second"]}
MARKS = re.compile(r"_(batches|priority|flex|ultrafast|balanced|decisions)(?=_above_|$)|_above_\d+k?_tokens")
# The providers whose prices are built in, by the names of the file.
BUILTIN = {"openai": "openai", "text-completion-openai": "openai", "anthropic": "anthropic", "gemini": "google",
           "deepseek": "deepseek", "mistral": "mistral", "codestral": "mistral", "xai": "x-ai", "groq": "groq",
           "cohere": "cohere", "cohere_chat": "cohere", "perplexity": "perplexity", "moonshot": "moonshotai",
           "zai": "zai"}
SIZED = re.compile(r"(?:(?:.*/)?(low|medium|high|standard|hd)/)?(?:(\d+-x-\d+)/)?(.*)$")
ABOVE = re.compile(r"_above_(\d+)(k?)_tokens")


def load(path):
    """The models of the file, which LiteLLM prices by from now on."""
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    litellm.suppress_debug_info = True
    models = json.loads(path.read_text())
    if litellm.model_cost != models:
        litellm.model_cost = models
        litellm.add_known_models()
        litellm.get_model_info.cache_clear()
    return {name: model for name, model in models.items() if name != "sample_spec"}


def custom_provider(provider):
    """The provider that LiteLLM's users name, where the file divides it into several."""
    if provider.startswith("vertex_ai"):
        return "vertex_ai"
    return {"bedrock_converse": "bedrock"}.get(provider, provider)


def contexts(model):
    """Counts of input below, at and above every tier."""
    starts = {int(n) * (1000 if k else 1) for field in model for n, k in ABOVE.findall(field)}
    for tier in model.get("tiered_pricing") or []:
        starts.update(int(edge) for edge in tier.get("range", []) if 0 < edge < 1e9)
    starts = sorted(starts)
    counts = {1000} | {start + more for start in starts for more in (0, 1)}
    return sorted(counts | {starts[-1] + 50_000}) if starts else sorted(counts)


def usages(model, n):
    """Usages of n input tokens, by name: each part alone, and all that the model has a rate for together."""
    def has(*parts):
        return any(all(part in field for part in parts) for field in model)
    tiered = any("output_cost_per_token" in tier for tier in model.get("tiered_pricing") or [])
    takes = tiered or any(has(f"input_cost_per_{mode}token") for mode in ("", "image_", "audio_"))
    gives = has("output_cost_per_token") or tiered
    draws = has("output_cost_per_image_token") and not gives  # all its output is images
    heard = takes and not tiered and not has("input_cost_per_token") and not has("input_cost_per_image_token")
    base = {"input_tokens": n} if takes else {}
    if heard:  # all its input is audio
        base |= {"input_audio_tokens": n}
    if gives or draws:
        base |= {"output_tokens": 507}
    if draws:
        base |= {"output_image_tokens": 507}
    if not base:
        if n == 1000:
            yield "unrated", {"input_tokens": 1000, "output_tokens": 507}
        return
    if not gives or not takes or heard:
        yield "half_unrated", {"input_tokens": n, "output_tokens": 507}
    yield "plain", base
    everything = dict(base)
    if takes and not heard:
        yield from inputs(model, base, everything, has, n)
    if gives:
        yield "reasoning", base | {"output_reasoning_tokens": 203}
        for mode in ("audio", "image", "video"):
            rated = has(f"output_cost_per_{mode}_token")
            if rated or mode == "audio":
                yield f"{mode}_out", base | {f"output_{mode}_tokens": 101}
            if rated:
                everything |= {f"output_{mode}_tokens": 101}
        if has("output_cost_per_reasoning_token"):
            everything |= {"output_reasoning_tokens": 203}
    if everything != base:
        yield "everything", everything


def inputs(model, base, everything, has, n):
    read, wrote, other = n * 2 // 5, n // 5, n // 10
    yield "cached", base | {"cache_read_tokens": read}
    yield "written", base | {"cache_write_tokens": wrote}
    yield "cached_written", base | {"cache_read_tokens": read, "cache_write_tokens": wrote}
    lives = [life for life, part in (("1h", "above_1hr"), ("12h", "above_12hr")) if has("cache_creation", part)]
    for life in lives:
        yield f"written_{life}", base | {"cache_write_tokens": wrote, f"cache_write_{life}_tokens": wrote}
    if lives:
        yield "written_both", base | {"cache_write_tokens": wrote, "cache_write_5m_tokens": wrote - 37,
                                      f"cache_write_{lives[0]}_tokens": 37}
    apart = {}  # cached tokens are text, and so none of the others
    if has("cache_read_input_token_cost") or has("cache_hit") or has("cache_creation"):
        apart = {f"cache_{mode}_read_tokens": 0 for mode in ("audio", "image", "video")}
    if has("cache_read_input_token_cost"):
        everything |= {"cache_read_tokens": read}
    if has("cache_creation_input_token_cost"):
        everything |= {"cache_write_tokens": wrote}
    for mode in ("audio", "image", "video"):
        rated = has(f"input_cost_per_{mode}_token")
        if rated or mode == "audio":
            yield f"{mode}_in", base | {f"input_{mode}_tokens": other}
        if rated and has("cache_read_input_token_cost"):
            yield f"{mode}_in_cached", base | apart | {f"input_{mode}_tokens": other, "cache_read_tokens": read}
        if rated and "cache_write_tokens" not in everything:
            everything |= apart | {f"input_{mode}_tokens": other}
        if has(f"cache_read_input_{mode}_token_cost"):
            yield f"cached_{mode}", base | {"cache_read_tokens": read, f"input_{mode}_tokens": other * 2,
                                            f"cache_{mode}_read_tokens": other}


def things(model):
    """What is no token: (feature, usage, how LiteLLM is asked)."""
    mode = model.get("mode")
    chat = {"input_tokens": 1000, "output_tokens": 507}
    rated = "input_cost_per_token" in model and "output_cost_per_token" in model
    if mode == "rerank" and "input_cost_per_query" in model:
        yield "rerank", {"search_units": 3}, {"call_type": "rerank", "rerank_billed_units": {"search_units": 3}}
    if mode == "search":
        yield "search", {"requests": 3}, {"call_type": "search", "number_of_queries": 3}
    if mode == "ocr" and "ocr_cost_per_page" in model:
        yield "pages", {"pages": 7}, {"call_type": "ocr", "response": OCRResponse(
            pages=[], model="any", usage_info=OCRUsageInfo(pages_processed=7))}
    if mode == "audio_transcription" and ("input_cost_per_second" in model or "output_cost_per_second" in model):
        yield "seconds", {"input_audio_milliseconds": 61_000}, {"call_type": "transcription",
                                                                "audio_transcription_file_duration": 61.0}
    if mode == "audio_speech" and "input_cost_per_character" in model:
        yield "characters", {"input_characters": 1234}, {"call_type": "speech", "prompt_characters": 1234}
    if mode in ("image_generation", "image_edit") and model.keys() & {"output_cost_per_image", "input_cost_per_image"}:
        yield "images", {"output_images": 3}, {"images": 3}
    if mode == "video_generation" and model.keys() & {"output_cost_per_second", "output_cost_per_video_per_second"}:
        yield "video", {"output_video_milliseconds": 8000}, {"video_seconds": 8.0}
    if "search_context_cost_per_query" in model and rated:
        yield "web_search", chat | {"web_searches": 1}, {"web_search": True}
    if "google_maps_grounding_cost_per_query" in model and rated:
        yield "maps", chat | {"map_searches": 1}, {"maps": True}
    if mode == "embedding" and "input_cost_per_token" in model:
        details = (("input_cost_per_image", "image_count", "input_images", 2),
                   ("input_cost_per_video_per_second", "video_length_seconds", "input_video_milliseconds", 3000),
                   ("input_cost_per_audio_per_second", "audio_length_seconds", "input_audio_milliseconds", 5000))
        for field, theirs, unit, count in details:
            if field in model:
                of_theirs = count / 1000 if "seconds" in theirs else count
                options = {"details": {theirs: of_theirs, "text_tokens": 1000}, "call_type": "embedding"}
                yield unit, {"input_tokens": 1000, unit: count}, options


def usage_object(usage, details):
    """The units in the shape of LiteLLM's own usage; zeros are left out, as its dialects do."""
    of = usage.get
    prompt = {"cached_tokens": of("cache_read_tokens"), "cache_write_tokens": of("cache_write_tokens"),
              "audio_tokens": of("input_audio_tokens"), "image_tokens": of("input_image_tokens"),
              "video_tokens": of("input_video_tokens")}
    lives = {f"ephemeral_{life}_input_tokens": of(f"cache_write_{life}_tokens") for life in ("5m", "1h", "12h")}
    if any(lives.values()):
        prompt["cache_creation_token_details"] = CacheCreationTokenDetails(**{k: v or 0 for k, v in lives.items()})
    parts = {f"{mode}_tokens": of(f"cache_{mode}_read_tokens") for mode in ("audio", "image")}
    if any(parts.values()):
        prompt["cached_tokens_details"] = {k: v for k, v in parts.items() if v}
    output = {"reasoning_tokens": of("output_reasoning_tokens"), "audio_tokens": of("output_audio_tokens"),
              "image_tokens": of("output_image_tokens"), "video_tokens": of("output_video_tokens")}
    prompt = {k: v for k, v in prompt.items() if v} | details
    output = {k: v for k, v in output.items() if v}
    return Usage(prompt_tokens=of("input_tokens", 0), completion_tokens=of("output_tokens", 0),
                 total_tokens=of("input_tokens", 0) + of("output_tokens", 0),
                 prompt_tokens_details=PromptTokensDetailsWrapper(**prompt) if prompt else None,
                 completion_tokens_details=CompletionTokensDetailsWrapper(**output) if output else None)


def instants(model):
    """Now, and inside and outside of every window of cheaper hours."""
    off_peak = model.get("off_peak_pricing")
    if not isinstance(off_peak, dict):
        return [("", NOW)]
    hours = set()
    windows = [off_peak] + [w for w in off_peak.get("windows") or [] if isinstance(w, dict)]
    for window in windows:
        texts = window.get("hours_utc") or []
        for text in [texts] if isinstance(texts, str) else texts:
            hours.update(part.strip() for part in text.split("-"))
    found = [("", NOW)]
    for day in ("2026-11-25", "2026-11-28"):  # a Wednesday, a Saturday
        for hour in sorted(hours):
            edge = datetime.datetime.fromisoformat(f"{day}T{hour}:00+00:00")
            for moment in (edge - datetime.timedelta(seconds=1), edge):
                found.append((f"{moment:%a%H:%M:%S}/", moment.strftime("%Y-%m-%dT%H:%M:%SZ")))
    return found


def fields_left_out(models):
    """The price fields that no question is about, with how many models have them."""
    found = collections.Counter()
    for model in models.values():
        for field, value in model.items():
            plain = MARKS.sub("", field)
            if re.search("cost|pric|multiplier", field) and value and not TOKENS.fullmatch(plain):
                found[field] += plain not in OF_MODE.get(model.get("mode"), [])
    return +found


def provider_of(book, provider, name):
    """The provider and the model by which the program is asked."""
    if book != "builtin":
        return provider, name
    return BUILTIN[provider], name.split("/", 1)[1] if name.startswith(f"{provider}/") else name


def questions(models, book="litellm"):
    """Questions of every model of the file, or of the providers whose prices are built in."""
    for name, model in models.items():
        provider = model.get("litellm_provider")
        if not provider or (book == "builtin" and provider not in BUILTIN):
            continue
        shown, known = provider_of(book, provider, name)

        def ask(feature, usage, at=NOW, options={}, by=shown, **asked):
            question = Question(NAME, book, by, known, feature, usage, at, **asked)
            question.theirs = (name, custom_provider(provider), options)
            return question

        for tier in [""] + [tier for tier, mark in TIERS.items() if any(mark.search(field) for field in model)]:
            for when, at in instants(model) if not tier else [("", NOW)]:
                for n in contexts(model):
                    for feature, usage in usages(model, n):
                        if not when or feature in ("plain", "cached_written", "reasoning"):
                            selected = f"{tier}/" if tier else when
                            yield ask(f"{selected}{feature}@{n}", usage, at, service_tier=tier)
        if shown == "openai" and any("_priority" in field for field in model):
            yield ask("fast/plain@1000", {"input_tokens": 1000, "output_tokens": 507}, service_tier="fast")
        yield from factors(model, ask)
        if book != "builtin":
            if custom_provider(provider) != provider:
                for feature, usage in usages(model, 1000):
                    if feature in ("plain", "everything"):
                        yield ask("name/" + feature, usage, by=custom_provider(provider))
            for feature, usage, options in things(model):
                yield ask(feature, usage, options=options)
            if model.get("mode") == "ocr" and "ocr_cost_per_page" in model and "ocr_cost_per_page_batches" in model:
                yield ask("batch/pages", {"pages": 7}, options={"batch_pages": 7}, service_tier="batch")


def factors(model, ask):
    usage = {"input_tokens": 1000, "output_tokens": 507, "cache_read_tokens": 400}
    if "cache_creation_input_token_cost" in model:
        usage["cache_write_tokens"] = 200
    tiers = [""] + [tier for tier in ("batch", "priority", "flex") if any(TIERS[tier].search(f) for f in model)]
    regions = [(region, {"data_residency": region}) for region in ("eu", "us")
               if f"regional_processing_uplift_multiplier_{region}" in model]
    if "fedramp_uplift_multiplier" in model:
        regions.append(("fedramp", {"data_residency": "fedramp"}))
    if "regional_endpoint_uplift_multiplier" in model:
        regions.append(("us-east5", {"vertex_location": "us-east5"}))
    for region, options in regions:
        for tier in tiers:
            yield ask(f"{tier}{'/' if tier else ''}region_{region}@1000", usage, options=options, region=region,
                      service_tier=tier)
    own = model.get("provider_specific_entry") or {}
    if "us" in own:
        yield ask("geo_us@1000", usage, region="us")
    if "fast" in own:
        yield ask("speed_fast@1000", usage, speed="fast")
    if "us" in own and "fast" in own:
        yield ask("geo_us_speed_fast@1000", usage, region="us", speed="fast")


def answer(question):
    model, provider, options = question.theirs
    options = dict(options)
    moment = datetime.datetime.fromisoformat(question.at.replace("Z", "+00:00"))
    try:
        with pinned_billing_time(moment):
            return Answer(Decimal(repr(float(cost_of(question, model, provider, options)))))
    except Exception as wrong:
        return Answer(None, f"{type(wrong).__name__}: {wrong}".replace("\n", " ")[:200])


def cost_of(question, model, provider, options):
    if "batch_pages" in options:
        return sum(ocr_batch_cost(model, provider, OCRUsageInfo(pages_processed=options["batch_pages"])))
    if "images" in options:
        info = litellm.get_model_info(model, provider)
        if info.get("output_cost_per_image") is not None:  # as the calculators of most providers
            return flat_image_cost(info, ImageResponse(data=[ImageObject()] * options["images"]))
        quality, size, sized = SIZED.match(model).groups()
        return default_image_cost_calculator(model=sized, custom_llm_provider=provider, n=options["images"],
                                             size=size or "1024-x-1024", quality=quality)
    if "video_seconds" in options:
        return default_video_cost_calculator(model, options["video_seconds"], provider)
    usage = usage_object(question.usage, options.pop("details", {}))
    if question.service_tier == "batch":
        options["call_type"] = "retrieve_batch"
    elif question.service_tier == "decisions":
        options["call_type"] = "decisions"
    elif question.service_tier:
        options["service_tier"] = question.service_tier
    if question.feature.startswith("geo"):
        usage.inference_geo = question.region
    if question.speed:
        usage.speed = question.speed
    searched, mapped = options.pop("web_search", False), options.pop("maps", False)
    cost = sum(litellm.cost_per_token(
        model=model, custom_llm_provider=provider, usage_object=usage, prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens, **options))
    if searched:
        cost += Tools.get_default_cost_for_web_search(litellm.get_model_info(model, provider))
    if mapped:
        usage.prompt_tokens_details = PromptTokensDetailsWrapper(google_maps_grounding_requests=1)
        cost += Tools._handle_google_maps_grounding_cost(model=model, custom_llm_provider=provider, usage=usage)
    return cost
