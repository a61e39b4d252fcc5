"""What the stack prints: lines with the name of whoever wrote them."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import TextIO


class Style:
    """Colours, on a terminal only; https://no-color.org says when not."""

    def __init__(self, *, colours: bool = False) -> None:
        self._colours = colours

    @classmethod
    def of(cls, output: TextIO | None, environ: Mapping[str, str] = os.environ) -> "Style":
        """The style for an output."""
        return cls(colours=output is not None and output.isatty() and not environ.get("NO_COLOR"))

    def bad(self, text: str) -> str:
        """A text that stands out."""
        return f"\033[31m{text}\033[0m" if self._colours else text


class Console:
    """Writes lines to stdout at once; a reader that went away is no error."""

    def __init__(self) -> None:
        self._width = len("history")

    def line(self, source: str, text: str) -> None:
        """One line."""
        self._width = max(self._width, len(source))
        self.plain(f"{source:>{self._width}} | {text}")

    def plain(self, text: str) -> None:
        """Text as it is."""
        try:
            print(text, flush=True)
        except (BrokenPipeError, ValueError):
            sys.stdout = None  # print() then writes nothing

    def writer(self, source: str) -> Callable[[str], None]:
        """Takes lines of one source."""
        return lambda text: self.line(source, text)


def short_name(function: str) -> str:
    """As `stream` for StreamFunction."""
    return (function.removesuffix("Function") or function).lower()
