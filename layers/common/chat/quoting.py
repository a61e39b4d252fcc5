"""Ids as parts of keys, in DynamoDB and in Redis."""

from urllib.parse import quote, unquote

_LEGIBLE = "@|:+=,"
"""Characters not quoted, beside letters, digits and `_.-~`. The slash separates parts and the percent sign quotes."""


def quoted(some_id: str) -> str:
    """The id in ASCII without slashes; lone surrogates, which a token's JSON can contain, stay distinct."""
    return quote(some_id, safe=_LEGIBLE, errors="surrogatepass")


def unquoted(text: str) -> str:
    """The inverse of `quoted`."""
    return unquote(text, errors="surrogatepass")
