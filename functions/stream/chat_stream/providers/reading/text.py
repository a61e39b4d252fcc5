"""Makes text deltas encodable as UTF-8: JSON lets a provider split a surrogate pair, or send only half of one."""

_HIGH_FIRST, _HIGH_LAST = "\ud800", "\udbff"


class SurrogateJoiner:
    """Joins surrogate pairs that are split between deltas. A lone surrogate becomes U+FFFD."""

    def __init__(self) -> None:
        self._held = ""

    def join(self, text: str) -> str:
        """The text that can be sent now. It may be empty, because a high surrogate waits for the next delta."""
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
        """The text still held at the end of the answer."""
        held, self._held = self._held, ""
        return _paired(held)


def _paired(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
