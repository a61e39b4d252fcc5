"""Console output: lines prefixed with the name of their source."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import TextIO


class Style:
    """Colours, on a terminal only and unless NO_COLOR is set (https://no-color.org)."""

    def __init__(self, *, colours: bool = False) -> None:
        self._colours = colours

    @classmethod
    def of(cls, output: TextIO | None, environ: Mapping[str, str] = os.environ) -> "Style":
        """The style for an output stream."""
        return cls(colours=output is not None and output.isatty() and not environ.get("NO_COLOR"))

    def bad(self, text: str) -> str:
        """Marks an error: red if colours are on."""
        return f"\033[31m{text}\033[0m" if self._colours else text


class Console:
    """Writes lines to stdout unbuffered; a closed pipe is not an error."""

    def __init__(self) -> None:
        self._width = len("history")

    def line(self, source: str, text: str) -> None:
        """Prints a line of one source."""
        self._width = max(self._width, len(source))
        self.plain(f"{source:>{self._width}} | {text}")

    def plain(self, text: str) -> None:
        """Prints text without a source."""
        try:
            print(text, flush=True)
        except (BrokenPipeError, ValueError):
            sys.stdout = None  # print() then writes nothing

    def writer(self, source: str) -> Callable[[str], None]:
        """Returns a function that prints lines of one source."""
        return lambda text: self.line(source, text)


def short_name(function: str) -> str:
    """The short name of a function, such as `stream` for StreamFunction."""
    return (function.removesuffix("Function") or function).lower()
