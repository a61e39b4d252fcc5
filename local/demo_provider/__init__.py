"""A model provider on this machine: it speaks OpenAI's and Anthropic's streaming formats, and needs no key.

`python -m demo_provider --port 0` serves `POST /v1/chat/completions` and `POST /v1/messages` (any key is taken), so
`OPENAI_BASE_URL` and `XAI_BASE_URL` are `http://<address>/v1` and `ANTHROPIC_BASE_URL` is `http://<address>`. Answers
are deterministic Markdown that depends on the prompt and mentions the turn before, DEMO_TOKENS_PER_SECOND (40) tokens a
second; 0 is as quick as possible.

The last user message may direct what happens, in one pair of brackets: `[demo:tokens=500 rate=0 die-after=20]`.

    status=N            answer HTTP status N with the provider's own error body
    times=N               ... only to the first N calls with this very message, then answer
    retry-after=S         ... with a `retry-after` header (seconds, or any text)
    slow-first=S        wait S seconds before the first token
    hang                never answer: not even the headers
    stall-after=N       send N tokens, then nothing more
    die-after=N         send N tokens, then cut the connection
    cut-after=N         send N tokens, then end the body as if that were all
    error-after=N       send N tokens, then the provider's error event
    malformed-after=N   send N tokens, then an event that is not JSON (`malformed` alone: at once)
    empty               an answer without text
    finish=REASON       end with that reason: stop, length or content_filter
    tokens=N            an answer of N tokens
    token-chars=N       letters and digits at random, N of them a token: nothing makes such a text shorter
    rate=N              tokens a second for this answer
    surrogates          characters outside the BMP come as two halves, in two events

`GET /demo/calls` counts: `{"calls", "open", "completed", "closedByClient"}`; `?contains=TEXT` counts only the calls
whose last user message has that text. `GET /demo/requests` (also with `contains`) lists the requests: path,
client (address and port) and body.
"""
