"""What takes Redis's place where there is none."""


class NoLogControl:
    """The control of logs that nobody writes."""

    def request_stop(self, session_id: str) -> None:
        """Nobody to tell: the producer hears of it from the session's record."""

    def text(self, session_id: str, *, epoch: int) -> str | None:  # noqa: ARG002
        return None
