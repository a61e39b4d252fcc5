"""The demo provider's HTTP interface."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from demo_provider import anthropic_wire, openai_wire
from demo_provider.answers import answer, exactly, noise, tokens_of
from demo_provider.calls import Call, Calls
from demo_provider.directives import Directives
from demo_provider.streaming import StreamedAnswer
from demo_provider.wire import CompletionRequest, Wire


@dataclass(frozen=True, slots=True)
class Format:
    """One provider's wire format."""

    read: Callable[[Mapping[str, Any]], CompletionRequest]
    write: Callable[[CompletionRequest], Wire]
    error_body: Callable[[int], dict[str, object]]


OPENAI = Format(openai_wire.read, openai_wire.OpenAIWire, openai_wire.error_body)
ANTHROPIC = Format(anthropic_wire.read, anthropic_wire.AnthropicWire, anthropic_wire.error_body)


def create_app(*, tokens_per_second: float = 40.0) -> Starlette:
    """`tokens_per_second` 0: as fast as possible."""
    calls = Calls()

    async def openai(request: Request) -> ASGIApp:
        return await _answer(request, OPENAI, calls, tokens_per_second)

    async def anthropic(request: Request) -> ASGIApp:
        return await _answer(request, ANTHROPIC, calls, tokens_per_second)

    async def counts(request: Request) -> JSONResponse:
        return JSONResponse(calls.counts(request.query_params.get("contains", "")))

    async def requests(request: Request) -> JSONResponse:
        found = calls.having(request.query_params.get("contains", ""))
        return JSONResponse([{"path": call.path, "client": call.client, "body": call.body} for call in found])

    return Starlette(
        routes=[
            Route("/v1/chat/completions", openai, methods=["POST"]),
            Route("/v1/messages", anthropic, methods=["POST"]),
            Route("/demo/calls", counts),
            Route("/demo/requests", requests),
        ]
    )


async def _answer(request: Request, form: Format, calls: Calls, tokens_per_second: float) -> ASGIApp:
    try:
        body = await request.json()
        completion = form.read(body)
        prompt = completion.prompts[-1]
        directives = Directives.parse(prompt)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return JSONResponse(form.error_body(400), status_code=400)
    client = f"{request.client.host}:{request.client.port}" if request.client else ""
    call = Call(path=request.url.path, prompt=prompt, body=body, client=client)
    before = calls.add(call)
    if directives.status is not None and (directives.times is None or before < directives.times):
        call.state = "completed"
        headers = {} if directives.retry_after is None else {"retry-after": directives.retry_after}
        return JSONResponse(form.error_body(directives.status), status_code=directives.status, headers=headers)
    tokens, finish = _tokens(completion, directives)
    wire = form.write(completion)
    if not completion.stream:
        call.state = "completed"
        return JSONResponse(wire.whole(text="".join(tokens), finish=finish, output_tokens=len(tokens)))
    rate = tokens_per_second if directives.rate is None else directives.rate
    return StreamedAnswer(wire, tokens, finish, rate, directives, call)


def _tokens(request: CompletionRequest, directives: Directives) -> tuple[list[str], str]:
    """The answer's tokens and finish reason."""
    tokens = [] if directives.empty else tokens_of(answer(request.prompts))
    if directives.tokens is not None:
        tokens = exactly(tokens, directives.tokens)
    if directives.token_chars is not None:
        tokens = noise(len(tokens), directives.token_chars)
    if directives.surrogates:
        tokens = list(itertools.chain.from_iterable(_halves(token) for token in [*tokens, " \N{GRINNING FACE}"]))
    if request.max_tokens is not None and len(tokens) > request.max_tokens:
        return tokens[: request.max_tokens], "length"
    return tokens, directives.finish or "stop"


def _halves(token: str) -> list[str]:
    """Splits `token` within each character that UTF-16 encodes as a surrogate pair."""
    units = token.encode("utf-16-be")
    characters = [units[at : at + 2].decode("utf-16-be", "surrogatepass") for at in range(0, len(units), 2)]
    pieces = [""]
    for character in characters:
        if "\udc00" <= character <= "\udfff":
            pieces.append("")
        pieces[-1] += character
    return pieces
