# SPDX-License-Identifier: MIT
"""The clients: how each is told of the gateway (two lines at the most), and how it is run for a case.

A class has `configure`, which writes those lines, and `command`, the words of its own command line for a prompt. docs/gateway.md
has the same lines; nothing else of a client is changed."""
import json
import pathlib

import pictures

HERE = pathlib.Path(__file__).resolve().parent
CASES = ("text", "tool", "image", "long", "abort", "429")


class Client:
    name = ""
    model = ""
    told = ()  # errors of the gateway's own that are as they should be
    prefix = "/v1"

    def __init__(self, place, url, key, programs):
        self.place, self.url, self.key, self.programs = place, url, key, programs
        self.home, self.work = place / "home", place / "work"
        for each in (self.home, self.work):
            each.mkdir(parents=True)
        self.picture = self.work / "heron.png"
        self.picture.write_bytes(pictures.png())
        self.configuration = self.configure() or {}

    def environment(self):
        return {"PATH": f"{self.programs / 'npm/node_modules/.bin'}:/usr/local/bin:/usr/bin:/bin", "HOME": str(self.home), "LANG": "C.UTF-8",
                "TERM": "dumb", "NO_COLOR": "1", **self.configuration}

    def configure(self):
        raise NotImplementedError

    def command(self, case, prompt):
        raise NotImplementedError

    def write(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def proof(self, case):
        """Whether the tool of the case has run."""
        return (self.work / f"{case}.proof").is_file()


class ClaudeCode(Client):
    name, model = "claude-code", "claude-opus-5-5"  # the one that it takes by itself
    needs = "npm/node_modules/.bin/claude"

    def configure(self):
        return {"ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_AUTH_TOKEN": self.key}

    def command(self, case, prompt):
        if case == "image":
            prompt += f" file:{self.picture}"  # its tool Read brings the picture
        return ["claude", "-p", "--allowedTools", "Bash,Read", "--", prompt]


class Codex(Client):
    name, model = "codex", "gpt-6.1-sol"  # by itself it takes gpt-6.2-sol, whose price nobody has published
    needs = "npm/node_modules/.bin/codex"
    told = (("GET", "/v1/responses", 426),)  # it tries a WebSocket first, and is told to ask by POST

    def configure(self):
        self.write(self.home / ".codex/config.toml", f'openai_base_url = "{self.url}/v1"\n')
        return {"CODEX_API_KEY": self.key}

    def command(self, case, prompt):
        picture = ["-i", str(self.picture)] if case == "image" else []
        return ["codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-m", self.model, *picture, "--", prompt]


class GeminiCli(Client):
    name, model, prefix = "gemini-cli", "gemini-3.1-pro-preview", "/v1beta"  # the one that it takes by itself
    needs = "npm/node_modules/.bin/gemini"

    def configure(self):
        self.write(self.home / ".gemini/settings.json", json.dumps({"security": {"auth": {"selectedType": "gemini-api-key"}}}))
        return {"GOOGLE_GEMINI_BASE_URL": self.url, "GEMINI_API_KEY": self.key}

    def command(self, case, prompt):
        if case == "image":
            prompt += f" @{self.picture.name}"
        return ["gemini", "--skip-trust", "--yolo", "-p", prompt]


class Opencode(Client):
    needs = "npm/node_modules/.bin/opencode"
    provider = ""

    def configure(self):
        options = {"baseURL": self.url + self.prefix, "apiKey": self.key}
        self.write(self.work / "opencode.json", json.dumps({"provider": {self.provider: {"options": options}}}))

    def command(self, case, prompt):
        picture = ["-f", str(self.picture)] if case == "image" else []
        return ["opencode", "run", "-m", f"{self.provider}/{self.model}", prompt, *picture]


class OpencodeOpenai(Opencode):
    name, provider, model = "opencode-openai", "openai", "gpt-5"


class OpencodeAnthropic(Opencode):
    name, provider, model = "opencode-anthropic", "anthropic", "claude-haiku-4-5"


class OpencodeGoogle(Opencode):
    name, provider, model, prefix = "opencode-google", "google", "gemini-2.5-flash", "/v1beta"


class Framework(Client):
    """A program of ours over a framework; the address and the key are all that it is told."""
    words = ()
    api = ""

    def configure(self):
        return {"GATEWAY": self.url, "GATEWAY_KEY": self.key}

    def command(self, case, prompt):
        return [*self.words(), self.api, self.model, case, prompt, str(self.picture), str(self.work)]


class AiSdk(Framework):
    needs = "npm/node_modules/ai/package.json"

    def words(self):
        return ["node", "--no-warnings", str(self.programs / "npm/ai_sdk.mjs")]


class AiSdkResponses(AiSdk):
    name, api, model = "ai-sdk-responses", "responses", "gpt-5"


class AiSdkChat(AiSdk):
    name, api, model = "ai-sdk-chat", "chat", "gpt-4.1"


class AiSdkAnthropic(AiSdk):
    name, api, model = "ai-sdk-anthropic", "anthropic", "claude-haiku-4-5"


class AiSdkGoogle(AiSdk):
    name, api, model = "ai-sdk-google", "google", "gemini-2.5-flash"


class LangChain(Framework):
    needs = "python/bin/python"

    def words(self):
        return [str(self.programs / "python/bin/python"), "-W", "ignore", str(HERE / "langchain_program.py")]


class LangChainOpenai(LangChain):
    name, api, model = "langchain-openai", "openai", "gpt-4.1"


class LangChainAnthropic(LangChain):
    name, api, model = "langchain-anthropic", "anthropic", "claude-haiku-4-5"


class LangChainGoogle(LangChain):
    name, api, model = "langchain-google", "google", "gemini-2.5-flash"


CLIENTS = (ClaudeCode, Codex, GeminiCli, OpencodeOpenai, OpencodeAnthropic, OpencodeGoogle, AiSdkResponses, AiSdkChat, AiSdkAnthropic,
           AiSdkGoogle, LangChainOpenai, LangChainAnthropic, LangChainGoogle)
