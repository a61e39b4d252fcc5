"""HTTP by hand, for servers that misbehave."""

import asyncio
import json
import re
from typing import Any

EVENT_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


async def read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, Any]]:
    """A request's head, in lower case, and its JSON body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = re.search(r"content-length: (\d+)", head)
    assert length is not None
    body: dict[str, Any] = json.loads(await reader.readexactly(int(length[1])))
    return head, body


def chunk(data: bytes) -> bytes:
    """A chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def openai_token(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


def anthropic_token(text: str) -> bytes:
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    return b"event: content_block_delta\ndata: " + json.dumps(event).encode() + b"\n\n"


def token(provider: str, text: str) -> bytes:
    """The event of a token, in that provider's format."""
    return anthropic_token(text) if provider == "anthropic" else openai_token(text)
