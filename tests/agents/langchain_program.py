# SPDX-License-Identifier: MIT
"""langchain_program.py API MODEL CASE PROMPT PICTURE DIRECTORY: one case of clients.py with LangChain. The address and the key of the
gateway are the only settings; limits of output and of tries are LangChain's own."""
import base64
import os
import pathlib
import re
import sys

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool

API, MODEL, CASE, PROMPT, PICTURE, DIRECTORY = sys.argv[1:]
GATEWAY, KEY = os.environ["GATEWAY"], os.environ["GATEWAY_KEY"]


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    (pathlib.Path(DIRECTORY) / (re.search("case:([a-z0-9-]+)", PROMPT)[1] + ".proof")).write_text(city)
    return f"rain in {city}"


def model():
    if API == "openai":
        from langchain_openai import ChatOpenAI
        return ChatOpenAI(model=MODEL, base_url=f"{GATEWAY}/v1", api_key=KEY)
    if API == "anthropic":
        from langchain_anthropic import ChatAnthropic
        return ChatAnthropic(model=MODEL, base_url=GATEWAY, api_key=KEY)
    from langchain_google_genai import ChatGoogleGenerativeAI
    return ChatGoogleGenerativeAI(model=MODEL, base_url=GATEWAY, google_api_key=KEY)


def ask(chat, messages):
    whole = None
    for piece in chat.stream(messages):
        whole = piece if whole is None else whole + piece
        print(piece.text() if callable(piece.text) else piece.text, end="", flush=True)
    return whole


def main():
    content = [{"type": "text", "text": PROMPT}]
    if CASE == "image":
        data = base64.b64encode(pathlib.Path(PICTURE).read_bytes()).decode()
        content.append({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}})
    messages = [HumanMessage(content=content)]
    chat = model().bind_tools([weather]) if CASE == "tool" else model()
    answer = ask(chat, messages)
    for call in answer.tool_calls:
        messages += [answer, ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"])]
        ask(chat, messages)


main()
