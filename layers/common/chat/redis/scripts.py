"""Lua scripts: each is one round trip, and all its keys lie in one slot."""

from dataclasses import dataclass
from hashlib import sha1
from importlib import resources


@dataclass(frozen=True, slots=True)
class Script:
    """A script's source, and the digest that Redis knows it by."""

    source: str
    sha: str


def _load(name: str) -> Script:
    source = resources.files(__package__).joinpath("lua", name).read_text("utf-8")
    return Script(source, sha1(source.encode(), usedforsecurity=False).hexdigest())


APPEND = _load("append.lua")
READ = _load("read.lua")
REQUEST_STOP = _load("request_stop.lua")
CLAIM = _load("claim.lua")
RENEW = _load("renew.lua")
RELEASE = _load("release.lua")
