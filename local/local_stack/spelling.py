"""Detects probable misspellings of known names."""

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

_MIN_SIMILARITY = 0.88
"""One wrong letter in nine, or two in eighteen."""
_MIN_LENGTH = 8
"""A shorter name of one word is not compared: HOST and HOSTS are both common."""
_DURATION = "SECONDS"
"""A name with this last word and a known first word is probably meant for us: PROVIDER_TIMEOUT_SECONDS."""


def misspelled(names: Iterable[str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yields the unknown names that resemble a known one, each with the closest known name."""
    for name in sorted(set(names).difference(known)):
        if (nearest := _nearest(name, known)) is not None:
            yield name, nearest


def _nearest(name: str, known: Collection[str]) -> str | None:
    candidates = [one for one in known if one[:1] == name[:1] and ("_" in one or len(one) >= _MIN_LENGTH)]
    if similar := get_close_matches(name, candidates, n=1, cutoff=_MIN_SIMILARITY):
        return similar[0]
    related = [one for one in candidates if _is_prefix(name, one) or _is_duration(name, one)]
    return next(iter(get_close_matches(name, related, n=1, cutoff=0)), None)


def _is_prefix(name: str, known: str) -> bool:
    """True for the first words of the known name, at least two: CACHE_TTL of CACHE_TTL_SECONDS."""
    return "_" in name and known.startswith(f"{name}_")


def _is_duration(name: str, known: str) -> bool:
    """True if both names end in SECONDS and have the same first word."""
    ending = f"_{_DURATION}"
    return name.endswith(ending) and known.endswith(ending) and name.partition("_")[0] == known.partition("_")[0]
