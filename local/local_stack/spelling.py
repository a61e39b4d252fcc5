"""Names that are nearly one that is known, as somebody types them who means that one."""

from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches

_ALIKE = 0.88
"""One wrong letter in nine, or two in eighteen."""
_LEAST_LENGTH = 8
"""A name of one word is compared only if it is as long: HOST and HOSTS are both ordinary."""
_DURATION = "SECONDS"
"""Nobody else's names end so and begin like ours: PROVIDER_TIMEOUT_SECONDS."""


def misspelled(names: Iterable[str], known: Collection[str]) -> Iterator[tuple[str, str]]:
    """The names that are not known but look like one that is, each with the nearest known one."""
    for name in sorted(set(names).difference(known)):
        if (nearest := _nearest(name, known)) is not None:
            yield name, nearest


def _nearest(name: str, known: Collection[str]) -> str | None:
    candidates = [one for one in known if one[:1] == name[:1] and ("_" in one or len(one) >= _LEAST_LENGTH)]
    if alike := get_close_matches(name, candidates, n=1, cutoff=_ALIKE):
        return alike[0]
    related = [one for one in candidates if _is_begun(name, one) or _is_duration(name, one)]
    return next(iter(get_close_matches(name, related, n=1, cutoff=0)), None)


def _is_begun(name: str, known: str) -> bool:
    """The first words of the other name, two at least: CACHE_TTL of CACHE_TTL_SECONDS."""
    return "_" in name and known.startswith(f"{name}_")


def _is_duration(name: str, known: str) -> bool:
    ending = f"_{_DURATION}"
    return name.endswith(ending) and known.endswith(ending) and name.partition("_")[0] == known.partition("_")[0]
