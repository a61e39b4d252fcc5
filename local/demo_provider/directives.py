"""Parses the directives in a prompt: `[demo:...]`."""

import re
from dataclasses import dataclass
from typing import Self

_BRACKETS = re.compile(r"\[demo:([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Directives:
    """See the package's docstring. Each `*_after` is a number of tokens; None means never."""

    status: int | None = None
    times: int | None = None
    retry_after: str | None = None
    slow_first: float = 0.0
    hang: bool = False
    stall_after: int | None = None
    die_after: int | None = None
    cut_after: int | None = None
    error_after: int | None = None
    malformed_after: int | None = None
    empty: bool = False
    finish: str | None = None
    tokens: int | None = None
    token_chars: int | None = None
    rate: float | None = None
    surrogates: bool = False

    @classmethod
    def parse(cls, prompt: str) -> Self:
        """Parses the directives in `prompt`; unknown ones are ignored.

        Raises:
            ValueError: an invalid number.
        """
        found = _BRACKETS.search(prompt)
        words = dict(word.partition("=")[::2] for word in found[1].split()) if found else {}

        def count(name: str) -> int | None:
            return int(words[name] or 0) if name in words else None

        return cls(
            status=count("status"),
            times=count("times"),
            retry_after=words.get("retry-after"),
            slow_first=float(words.get("slow-first", 0)),
            hang="hang" in words,
            stall_after=count("stall-after"),
            die_after=count("die-after"),
            cut_after=count("cut-after"),
            error_after=count("error-after"),
            malformed_after=0 if "malformed" in words else count("malformed-after"),
            empty="empty" in words,
            finish=words.get("finish"),
            tokens=count("tokens"),
            token_chars=count("token-chars"),
            rate=float(words["rate"]) if "rate" in words else None,
            surrogates="surrogates" in words,
        )


def without_directives(prompt: str) -> str:
    """The prompt with its directives removed."""
    return _BRACKETS.sub("", prompt).strip()
