# SPDX-License-Identifier: MIT
"""What the three APIs say: routes, answers, streams, usage. Only what the clients of clients.py read."""
import json
import re

TOKENS = 5  # of each piece of text
ABORT_TOKENS = 100  # after so many an answer is to be aborted; more than any thinking
SHORT = ["The heron ", "waits where ", "the river ", "bends, ", "and waits. "]
LONG = [f"{number:04d} herons wait here.\n" for number in range(2000)]
TEXT = "".join(SHORT).strip()
SEEN = "The picture came. "
SHELLS = ("bash", "exec_command", "shell", "shell_command", "local_shell", "run_shell_command", "exec", "weather")
READERS = ("read", "read_file", "view_image")


def model_of(path, body):
    named = re.search(r"/models/([^:?]+):", path)
    return named[1] if named else body.get("model")


def route(method, path, headers):
    """The API and what is asked of it."""
    tail = re.sub(r"^/v1(beta|alpha)?(?=/)", "", path)
    google = "x-goog-api-key" in headers
    api = "google" if google else "anthropic" if "anthropic-version" in headers or "x-api-key" in headers else "openai"
    named = re.fullmatch(r"/models/([^:]+):(\w+)", tail)
    if method == "POST" and named:
        return "google", named[2] if named[2] in BILLED or named[2] in FREE else "none"
    if method == "POST" and (tail in BILLED or tail in FREE):
        return ("anthropic" if tail.startswith("/messages") else "openai"), tail
    return api, "models" if method in ("GET", "HEAD") and tail.startswith("/models") else "none"


def problem(api, status):
    kind = {404: ("not_found", "not_found_error", "NOT_FOUND"), 429: ("rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED")}[status]
    message = f"the mock says {status}"
    if api == "anthropic":
        return {"type": "error", "error": {"type": kind[1], "message": message}}
    if api == "google":
        retry = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}] if status == 429 else []
        return {"error": {"code": status, "message": message, "status": kind[2], "details": retry}}
    return {"error": {"message": message, "type": kind[0], "param": None, "code": kind[0]}}


def fill(schema, name, words):
    """An argument that fits a schema: `words` has those that matter by name."""
    if name in words:
        return [words[name]] if schema.get("type") == "array" else words[name]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()
    if kind == "object":
        return {each: fill(schema.get("properties", {}).get(each, {}), each, words) for each in schema.get("required", [])}
    return {"array": [], "integer": 1, "number": 1, "boolean": False}.get(kind, "heron")


class Answer:
    """Text or one call of a tool, in the words of an API; subclasses say how."""

    def __init__(self, exchange, path):
        self.exchange, self.body_in, self.path = exchange, exchange.body, path
        self.stream = bool(self.body_in.get("stream"))
        self.model = exchange.model
        self.call = self.choose()
        pieces = [SEEN] if self.has_image() else exchange.pieces
        most = self.limit()
        count = len(pieces) if most is None else max(0, min(len(pieces), (most - self.thought) // TOKENS))
        self.cut = count < len(pieces)
        said = self.call and (self.call[1] if isinstance(self.call[1], str) else json.dumps(self.call[1]))
        self.pieces = [said] if self.call else pieces[:count]
        self.text = "" if self.call else "".join(self.pieces)
        self.output_tokens = TOKENS * len(self.pieces) + self.thought

    thought = 0

    def has_image(self):
        return re.search(r'[",](iVBORw0KGgo|/9j/4|UklGR)', self.exchange.text) is not None  # PNG, JPEG, WebP in base64

    def choose(self):
        """The tool to call, with its arguments; none where the case wants none or the tool has answered."""
        kind, offered = self.exchange.kind, self.tools()
        wanted = SHELLS if kind == "tool" else READERS if kind == "image" and "file:" in self.exchange.text else ()
        if not wanted or self.answered() or self.has_image():
            return None
        found = [each for name in wanted for each in offered if each[0].lower() == name]
        if not found:
            return None
        command = f"echo heron > {self.exchange.case}.proof"
        file = re.search(r"file:([^\s\"\\]+)", self.exchange.text)
        words = {"command": command, "cmd": command, "city": "Z\u00fcrich", "timeout": 10000,
                 **dict.fromkeys(("file_path", "path", "filePath", "absolute_path"), file and file[1])}
        name, schema = found[0]
        if schema is None:  # Codex's own tool of free form, whose input is a script
            return name, f"text((await tools.exec_command({{cmd: {json.dumps(command)}}})).output)"
        arguments = {each: fill(value, each, words) for each, value in schema.get("properties", {}).items()
                     if each in schema.get("required", []) or each in ("command", "cmd")}
        return name, arguments

    @property
    def input_tokens(self):
        return max(8, self.exchange.size // 4)


def sse(event, name=None):
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {event if isinstance(event, str) else json.dumps(event)}\n\n".encode()


class Chat(Answer):
    def tools(self):
        return [(each["function"]["name"], each["function"].get("parameters", {})) for each in self.body_in.get("tools", []) if "function" in each]

    def answered(self):
        return any(each["role"] == "tool" for each in self.body_in["messages"])

    def limit(self):
        return self.body_in.get("max_completion_tokens") or self.body_in.get("max_tokens")

    def bill(self, output):
        cached = self.input_tokens // 2
        return {"prompt_tokens": self.input_tokens, "completion_tokens": output, "total_tokens": self.input_tokens + output,
                "prompt_tokens_details": {"cached_tokens": cached}, "completion_tokens_details": {"reasoning_tokens": 0}}

    def base(self, kind):
        return {"id": self.exchange.id, "object": kind, "created": 1795000000, "model": self.model, "service_tier": "default"}

    @property
    def reason(self):
        return "tool_calls" if self.call else "length" if self.cut else "stop"

    def tool_call(self, arguments):
        return {"id": f"call_{self.exchange.id}", "type": "function", "function": {"name": self.call[0], "arguments": arguments}}

    def body(self):
        message = {"role": "assistant", "content": self.text or None, "refusal": None}
        if self.call:
            message["tool_calls"] = [self.tool_call(self.pieces[0])]
        return {**self.base("chat.completion"), "usage": self.bill(self.output_tokens),
                "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": self.reason}]}

    def events(self):
        base = self.base("chat.completion.chunk")

        def chunk(delta, why=None):
            return sse({**base, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": why}]})
        yield chunk({"role": "assistant", "content": None if self.call else ""}), 0
        for piece in self.pieces:
            yield chunk({"tool_calls": [{"index": 0, **self.tool_call(piece)}]} if self.call else {"content": piece}), TOKENS
        yield chunk({}, self.reason), 0
        if self.body_in.get("stream_options", {}).get("include_usage"):
            yield sse({**base, "choices": [], "usage": self.bill(self.output_tokens)}), 0
        yield sse("[DONE]"), 0


class Responses(Answer):
    thought = 64

    def tools(self):
        """Those of the request and those that stand in its input, of groups too; no schema: of free form."""
        items = self.body_in["input"] if isinstance(self.body_in.get("input"), list) else []
        offered = [*self.body_in.get("tools", []), *(tool for item in items for tool in item.get("tools", []))]
        each_one = [tool for one in offered for tool in (one.get("tools", []) if one.get("type") == "namespace" else [one])]
        return [(tool["name"], tool.get("parameters", {}) if tool["type"] == "function" else None) for tool in each_one
                if tool.get("type") in ("function", "custom")]

    def answered(self):
        items = self.body_in.get("input")
        return isinstance(items, list) and any(str(each.get("type", "")).endswith("_output") for each in items)

    def limit(self):
        return self.body_in.get("max_output_tokens")

    def bill(self, output):
        return {"input_tokens": self.input_tokens, "input_tokens_details": {"cached_tokens": self.input_tokens // 2},
                "output_tokens": output, "output_tokens_details": {"reasoning_tokens": min(output, self.thought)},
                "total_tokens": self.input_tokens + output}

    def response(self, status, **rest):
        return {"id": self.exchange.id, "object": "response", "created_at": 1795000000, "status": status, "error": None,
                "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None, "instructions": None,
                "metadata": {}, "model": self.model, "output": [], "parallel_tool_calls": True, "temperature": 1, "tool_choice": "auto",
                "tools": [], "top_p": 1, "usage": None, "service_tier": "default", **rest}

    @property
    def free_form(self):
        return self.call is not None and isinstance(self.call[1], str)

    def item(self):
        if self.free_form:
            return {"type": "custom_tool_call", "id": f"ctc_{self.exchange.id}", "call_id": f"call_{self.exchange.id}",
                    "name": self.call[0], "status": "completed", "input": self.pieces[0]}
        if self.call:
            return {"type": "function_call", "id": f"fc_{self.exchange.id}", "call_id": f"call_{self.exchange.id}", "name": self.call[0],
                    "status": "completed", "arguments": self.pieces[0]}
        return {"type": "message", "id": f"msg_{self.exchange.id}", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": self.text, "annotations": [], "logprobs": []}]}

    def whole(self):
        return self.response("incomplete" if self.cut else "completed", output=[self.item()], usage=self.bill(self.output_tokens))

    body = whole

    def events(self):
        for number, (event, tokens) in enumerate(self.steps()):
            yield sse({**event, "sequence_number": number}, event["type"]), tokens

    def steps(self):
        item = self.item()
        place = {"item_id": item["id"], "output_index": 0}
        yield {"type": "response.created", "response": self.response("in_progress")}, 0
        empty = {"input": ""} if self.free_form else {"arguments": ""} if self.call else {"content": []}
        yield {"type": "response.output_item.added", "output_index": 0, "item": {**item, "status": "in_progress", **empty}}, self.thought
        if self.free_form:
            yield {"type": "response.custom_tool_call_input.delta", **place, "delta": self.pieces[0]}, TOKENS
            yield {"type": "response.custom_tool_call_input.done", **place, "input": self.pieces[0]}, 0
        elif self.call:
            yield {"type": "response.function_call_arguments.delta", **place, "delta": self.pieces[0]}, TOKENS
            yield {"type": "response.function_call_arguments.done", **place, "arguments": self.pieces[0], "name": self.call[0]}, 0
        else:
            place["content_index"] = 0
            yield {"type": "response.content_part.added", **place, "part": {**item["content"][0], "text": ""}}, 0
            for piece in self.pieces:
                yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}, TOKENS
            yield {"type": "response.output_text.done", **place, "text": self.text, "logprobs": []}, 0
            yield {"type": "response.content_part.done", **place, "part": item["content"][0]}, 0
        yield {"type": "response.output_item.done", "output_index": 0, "item": item}, 0
        yield {"type": "response.incomplete" if self.cut else "response.completed", "response": self.whole()}, 0


class Messages(Answer):
    def tools(self):
        return [(each["name"], each["input_schema"]) for each in self.body_in.get("tools", []) if "input_schema" in each]

    def answered(self):
        contents = [each["content"] for each in self.body_in["messages"] if isinstance(each["content"], list)]
        return any(part.get("type") == "tool_result" for parts in contents for part in parts)

    def limit(self):
        return self.body_in["max_tokens"]

    def bill(self, output):
        """With marks of a cache a half is read from it and a quarter written, for as long as the longest mark says."""
        marked = '"cache_control"' in self.exchange.text
        hour = re.search(r'"ttl": ?"1h"', self.exchange.text) is not None
        read, write = (self.input_tokens // 2, self.input_tokens // 4) if marked else (0, 0)
        return {"input_tokens": self.input_tokens - read - write, "cache_read_input_tokens": read, "cache_creation_input_tokens": write,
                "cache_creation": {"ephemeral_5m_input_tokens": 0 if hour else write, "ephemeral_1h_input_tokens": write if hour else 0},
                "output_tokens": output, "service_tier": "standard"}

    @property
    def reason(self):
        return "tool_use" if self.call else "max_tokens" if self.cut else "end_turn"

    def message(self, **rest):
        return {"id": self.exchange.id, "type": "message", "role": "assistant", "model": self.model, "content": [], "stop_reason": None,
                "stop_sequence": None, "usage": self.bill(1), **rest}

    def block(self):
        if self.call:
            return {"type": "tool_use", "id": f"toolu_{self.exchange.id}", "name": self.call[0], "input": self.call[1]}
        return {"type": "text", "text": self.text}

    def body(self):
        return self.message(content=[self.block()], stop_reason=self.reason, usage=self.bill(self.output_tokens))

    def events(self):
        for event, tokens in self.steps():
            yield sse(event, event["type"]), tokens

    def steps(self):
        block = self.block()
        yield {"type": "message_start", "message": self.message()}, 0
        yield {"type": "content_block_start", "index": 0, "content_block": {**block, **({"input": {}} if self.call else {"text": ""})}}, 0
        for piece in self.pieces:
            delta = {"type": "input_json_delta", "partial_json": piece} if self.call else {"type": "text_delta", "text": piece}
            yield {"type": "content_block_delta", "index": 0, "delta": delta}, TOKENS
        yield {"type": "content_block_stop", "index": 0}, 0
        yield {"type": "message_delta", "delta": {"stop_reason": self.reason, "stop_sequence": None},
               "usage": {"output_tokens": self.output_tokens}}, 0
        yield {"type": "message_stop"}, 0


class Gemini(Answer):
    thought = 32

    def __init__(self, exchange, path):
        super().__init__(exchange, path)
        self.stream = path.path.endswith(":streamGenerateContent")

    def config(self):
        return self.body_in.get("generationConfig") or {}

    def tools(self):
        return [(each["name"], each.get("parametersJsonSchema") or each.get("parameters") or {}) for tool in self.body_in.get("tools", [])
                for each in tool.get("functionDeclarations", [])]

    def answered(self):
        return any("functionResponse" in part for each in self.body_in["contents"] for part in each["parts"])

    def limit(self):
        return self.config().get("maxOutputTokens")

    def bill(self, output):
        thought = min(output, self.thought)
        return {"promptTokenCount": self.input_tokens, "cachedContentTokenCount": self.input_tokens // 2,
                "candidatesTokenCount": output - thought, "thoughtsTokenCount": thought, "totalTokenCount": self.input_tokens + output}

    def candidate(self, parts, why, output):
        return {"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0, **({"finishReason": why} if why else {})}],
                "usageMetadata": self.bill(output), "modelVersion": self.model, "responseId": self.exchange.id}

    def parts(self, piece):
        return [{"functionCall": {"name": self.call[0], "args": self.call[1]}}] if self.call else [{"text": piece}]

    def body(self):
        text = '{"answer":"heron"}' if self.config().get("responseMimeType") == "application/json" else self.text
        return self.candidate(self.parts(text), "MAX_TOKENS" if self.cut else "STOP", self.output_tokens)

    def events(self):
        output = self.thought
        for number, piece in enumerate(self.pieces):
            output += TOKENS
            last = number == len(self.pieces) - 1
            why = None if not last else "MAX_TOKENS" if self.cut else "STOP"
            yield sse(self.candidate(self.parts(piece), why, output)), TOKENS + (0 if number else self.thought)


BILLED = {"/chat/completions": Chat, "/responses": Responses, "/messages": Messages, "generateContent": Gemini,
          "streamGenerateContent": Gemini}


def models(exchange):
    names = {"openai": ("gpt-4.1", "gpt-5"), "anthropic": ("claude-opus-4-8", "claude-haiku-4-5"), "google": ("gemini-2.5-flash",)}[exchange.api]
    if exchange.api == "google":
        return {"models": [{"name": f"models/{name}"} for name in names]}
    if exchange.api == "anthropic":
        return {"data": [{"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in names],
                "has_more": False, "first_id": names[0], "last_id": names[-1]}
    return {"object": "list", "data": [{"id": name, "object": "model", "created": 1795000000, "owned_by": "openai"} for name in names]}


FREE = {"models": models, "/messages/count_tokens": lambda exchange: {"input_tokens": max(8, exchange.size // 4)},
        "/responses/input_tokens": lambda exchange: {"object": "response.input_tokens", "input_tokens": max(8, exchange.size // 4)},
        "countTokens": lambda exchange: {"totalTokens": max(8, exchange.size // 4)}}
