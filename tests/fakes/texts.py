"""Texts to try storage with."""

import random
from functools import cache

_SURROGATES = range(0xD800, 0xE000)
_CODE_POINTS = 0x110000 - len(_SURROGATES)


@cache
def noise(characters: int) -> str:
    """Text of any characters, that does not compress; the same for the same length."""
    codes = random.Random(characters).choices(range(_CODE_POINTS), k=characters)
    return "".join(chr(code if code < _SURROGATES.start else code + len(_SURROGATES)) for code in codes)
