"""Lua scripts: each takes one round trip, and all its keys are in one hash slot."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from importlib import resources

type Argument = str | bytes | int


@dataclass(frozen=True, slots=True)
class Script:
    """A script's source, and the SHA-1 digest that EVALSHA takes."""

    source: str
    sha: str


class KnownScripts:
    """Tracks the scripts that Redis has run for one client: EVAL until the first reply, EVALSHA afterwards.

    A Redis that has never seen it, or has forgotten it, refuses the digest (NOSCRIPT). Asking with the digest first
    would cost another round trip.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()

    def command(self, script: Script, keys: Sequence[str], *args: Argument, whole: bool = False) -> list[Argument]:
        """The command that runs the script; `whole` sends its source after NOSCRIPT."""
        if whole or script.sha not in self._known:
            return ["EVAL", script.source, len(keys), *keys, *args]
        return ["EVALSHA", script.sha, len(keys), *keys, *args]

    def answered(self, script: Script) -> None:
        """Records that Redis has run the script."""
        self._known.add(script.sha)


def _load(name: str) -> Script:
    source = resources.files(__package__).joinpath("lua", name).read_text("utf-8")
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())


APPEND = _load("append.lua")
READ = _load("read.lua")
REQUEST_STOP = _load("request_stop.lua")
CLAIM = _load("claim.lua")
RENEW = _load("renew.lua")
RELEASE = _load("release.lua")
