"""Reads the project's Markdown documents: their sections, headings, links and code blocks."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md")),
    "layers/common/lambda_asgi/README.md",
    "tests/simulation/README.md",
    "web/README.md",
)
"""Every document that people read, by its path from the root."""
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)|\b(?:src|href|srcset)=\"([^\"]+)\"")


def text(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def prose(document: str) -> str:
    """The document without its code blocks, in which `#` begins a comment."""
    return _FENCE.sub("", text(document))


def blocks(markdown: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return [block[2] for block in _FENCE.finditer(markdown) if block[1] == language]


def section(document: str, title: str) -> str:
    """A section with everything below it.

    Raises:
        AssertionError: the document has no such section.
    """
    match = re.search(
        rf"^(?P<level>#+) {re.escape(title)}\n(?P<body>.*?)(?=^(?!(?P=level)#)#+ |\Z)",
        text(document),
        re.MULTILINE | re.DOTALL,
    )
    assert match is not None, f"{document} has no section {title}"
    return match["body"]


def anchors(document: str) -> set[str]:
    """The anchors that GitHub gives to the headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", prose(document), re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = 0
        while (numbered := f"{anchor}-{number}" if number else anchor) in found:
            number += 1
        found.add(numbered)
    return found


def links(document: str) -> list[str]:
    """The targets of all links and pictures."""
    return [markdown or html for markdown, html in _LINK.findall(prose(document))]
