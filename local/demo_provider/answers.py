"""The demo provider's answers: deterministic Markdown, selected by keywords of the prompt, with a quote of it."""

import itertools
import random
import re
import string
import zlib
from collections.abc import Sequence

from demo_provider.directives import without_directives

_TOKEN = re.compile(r"\s*[^\s]{1,6}|\s+")
_QUOTED_CHARS = 120

_INTELLIGENCE = """\
**Artificial intelligence** is the craft of building systems that do things we would call intelligent in a person: \
they recognise, predict, plan, translate and converse.

Three ideas carry most of it today:

1. **Learning from examples.** Instead of rules written by hand, a model adjusts millions of numbers until its \
answers fit the examples it is shown.
2. **Representations.** Words, pictures and sounds become vectors, and things that mean alike end up near each other.
3. **Prediction.** A language model reads what has been said and predicts what comes next, a token at a time, which \
is why this very answer arrives in pieces.

It is strong where examples are many and checking is cheap, and weak where a confident guess does harm."""

_CODE = """\
Here is a small example in Python:

```python
from collections.abc import Iterator


def fibonacci(limit: int) -> Iterator[int]:
    \"\"\"The Fibonacci numbers below `limit`.\"\"\"
    current, following = 0, 1
    while current < limit:
        yield current
        current, following = following, current + following


print(list(fibonacci(100)))
```

It is a generator, so it holds two numbers at a time however far you count. `list(...)` collects what it yields:

```text
[0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
```"""

_STEPS = """\
A way that works, step by step:

1. Write down in one sentence what should be true when you are done.
2. Find the smallest piece of it that can be tried on its own.
3. Try it, and look at what *really* happened rather than at what should have.
4. Keep what worked, change one thing, and go again.

| Step | Takes | You get |
|------|-------|---------|
| Sentence | minutes | a goal |
| Smallest piece | an hour | a first result |
| Look | minutes | the truth |

Stop as soon as the sentence is true."""

_STREAMING = """\
A streamed answer travels like this:

- the browser opens an `EventSource` and keeps the connection open
- the server writes an event for each piece of text, with an `id`
- when the connection breaks, the browser reconnects with `Last-Event-ID` and gets only what it has not seen

```text
id: 42
data: {"type":"token","content":"Hello"}
```

> Nothing is buffered on the way, so the first words arrive while the last are still being thought of."""

_GENERAL = (
    """\
There is a short answer and a longer one. The short one: **it depends on what you want to do with it.**

The longer one has three parts:

- *What it is.* Begin with a plain description, without the words of the trade.
- *What it is for.* Name one person who is better off because of it.
- *Where it ends.* Every good idea has a border; knowing it is half of using it.

Ask me about any of the three, and I will go deeper.""",
    """\
Let us take it apart.

**First**, what is certain: the question has a context, and the context decides more than the words do. \
**Second**, what is likely: a simple example says more than a definition. **Third**, what is open, and worth a try.

> The map is not the territory, but it is easier to fold.

If you give me one concrete case, I can answer in concrete terms.""",
    """\
Good question. Seen from a little distance it looks like this:

1. Someone had a problem and no time.
2. A tool was made that solved the problem in front of it.
3. Others bent the tool to problems of their own, and that is what we use today.

So before asking *how* it works, it pays to ask *which* of these three you are standing in. 🙂""",
)

_TOPICS = (
    (("artificial intelligence", "machine learning", "language model"), _INTELLIGENCE),
    (("code", "python", "function", "program"), _CODE),
    (("sse", "stream", "eventsource", "server-sent"), _STREAMING),
    (("how ", "steps", "plan", "list", "table"), _STEPS),
)


def answer(prompts: Sequence[str]) -> str:
    """The answer to the last of the user's prompts, oldest first."""
    prompt = without_directives(prompts[-1])
    parts = [_topic(prompt)]
    if len(prompts) > 1:
        earlier = _quoted(without_directives(prompts[-2]))
        count = len(prompts) - 1
        parts.insert(0, f"Earlier you asked: “{earlier}”. Now to “{_quoted(prompt)}”.")
        parts.append(f"*We have talked about {count} other {'thing' if count == 1 else 'things'} before this one.*")
    return "\n\n".join(parts)


def tokens_of(text: str) -> list[str]:
    """Splits `text` into pieces of about one token; joined they equal the text."""
    return _TOKEN.findall(text)


def exactly(tokens: Sequence[str], count: int) -> list[str]:
    """Exactly `count` tokens: truncated or repeated."""
    return list(itertools.islice(itertools.cycle([*tokens, "\n\n"]), count))


def noise(tokens: int, chars: int) -> list[str]:
    """`tokens` pseudo-random tokens of `chars` characters each; deterministic."""
    source = random.Random(tokens * chars)  # noqa: S311  # not used for security
    return ["".join(source.choices(string.ascii_letters + string.digits, k=chars)) for _ in range(tokens)]


def _topic(prompt: str) -> str:
    lower = prompt.lower()
    for words, text in _TOPICS:
        if any(word in lower for word in words):
            return text
    return _GENERAL[zlib.crc32(lower.encode("utf-8", "replace")) % len(_GENERAL)]


def _quoted(prompt: str) -> str:
    line = " ".join(prompt.split())
    return line if len(line) <= _QUOTED_CHARS else line[: _QUOTED_CHARS - 1] + "…"
