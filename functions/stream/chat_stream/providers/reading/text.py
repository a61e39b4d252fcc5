"""Makes text deltas encodable: JSON lets a provider split a surrogate pair over two events, or send half of one."""

_HIGH_FIRST, _HIGH_LAST = "\ud800", "\udbff"


class SurrogateJoiner:
    """Joins surrogate pairs over the borders of deltas; what has no partner becomes U+FFFD."""

    def __init__(self) -> None:
        self._held = ""

    def join(self, text: str) -> str:
        """What can be passed on now; maybe nothing: a first half waits for the second."""
        if not self._held:
            try:
                text.encode()
            except UnicodeEncodeError:
                pass
            else:
                return text
        text = self._held + text
        self._held = ""
        if _HIGH_FIRST <= text[-1:] <= _HIGH_LAST:
            self._held, text = text[-1], text[:-1]
        return _paired(text)

    def flush(self) -> str:
        """What was held, at the end of the text."""
        held, self._held = self._held, ""
        return _paired(held)


def _paired(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
