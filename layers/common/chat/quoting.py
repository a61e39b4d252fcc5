"""Ids as parts of keys, in DynamoDB and in Redis."""

from urllib.parse import quote, unquote

_LEGIBLE = "@|:+=,"
"""Kept as they are, beside letters, digits and `_.-~`; never the slash, which separates, or the percent sign."""


def quoted(some_id: str) -> str:
    """The id in ASCII without slashes; lone surrogates, which a token's JSON can hold, stay distinct too."""
    return quote(some_id, safe=_LEGIBLE, errors="surrogatepass")


def unquoted(text: str) -> str:
    """The id that `quoted` made the text of."""
    return unquote(text, errors="surrogatepass")
