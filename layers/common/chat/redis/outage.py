"""What the clients of one Redis know together: that it is down."""

import threading


class Outage:
    """Begun by the client that got no answer, which also looks when Redis is back. The others ask it no more.

    For any thread.
    """

    def __init__(self) -> None:
        self._state = threading.Lock()
        self._lasts = False

    @property
    def lasts(self) -> bool:
        return self._lasts

    def begin(self) -> bool:
        """Whether it had not begun: then it is the caller's to end."""
        with self._state:
            begun, self._lasts = not self._lasts, True
        return begun

    def end(self) -> None:
        """Redis answered, or the client that looked for it is closed."""
        self._lasts = False
