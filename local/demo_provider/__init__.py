"""A local model provider that speaks OpenAI's and Anthropic's streaming formats and needs no key.

`python -m demo_provider --port 0` serves `POST /v1/chat/completions` and `POST /v1/messages` (accepting any key), so
`OPENAI_BASE_URL` and `XAI_BASE_URL` are `http://<address>/v1` and `ANTHROPIC_BASE_URL` is `http://<address>`. Answers
are deterministic Markdown that depends on the prompt and mentions the previous turn, at DEMO_TOKENS_PER_SECOND (40)
tokens per second; 0 is as fast as possible.

Directives in the last user message control the answer, in one bracket: `[demo:tokens=500 rate=0 die-after=20]`.

    status=N            answer HTTP status N with the provider's own error body
    times=N               ... only to the first N calls with the same message, then answer
    retry-after=S         ... with a `retry-after` header (seconds, or any text)
    slow-first=S        wait S seconds before the first token
    hang                never respond, not even with headers
    stall-after=N       send N tokens, then stall
    die-after=N         send N tokens, then cut the connection
    cut-after=N         send N tokens, then end the body without a terminal event
    error-after=N       send N tokens, then the provider's error event
    malformed-after=N   send N tokens, then an event that is not JSON (`malformed` alone: immediately)
    empty               an answer without text
    finish=REASON       end with this finish reason: stop, length or content_filter
    tokens=N            an answer of N tokens
    token-chars=N       random letters and digits, N for each token: incompressible text
    rate=N              tokens per second for this answer
    surrogates          split characters outside the BMP into two halves, in two events

`GET /demo/calls` returns counts: `{"calls", "open", "completed", "closedByClient"}`; `?contains=TEXT` counts only calls
whose last user message contains that text. `GET /demo/requests` (also with `contains`) lists the requests: path,
client (address and port) and body.
"""
