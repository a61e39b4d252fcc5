"""Gives up on a provider that is silent for too long."""

import asyncio


class Watchdog:
    """Cancels a wait for the provider that exceeds a limit, counted from the last `wait`.

    A timer looks at times that `wait` and `rest` only note down, so a token costs no timer of its own. The consumer's
    own time does not count, and the waiting task may be another one each time.
    """

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = seconds
        self._since = self._loop.time()
        self._waiting: asyncio.Task[object] | None = None
        self._cancelled: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._timer = self._loop.call_at(self._since + seconds, self._look)

    def wait(self) -> None:
        """From now on the current task waits for the provider."""
        self._since = self._loop.time()
        self._waiting = asyncio.current_task()

    def rest(self) -> None:
        """The provider is not waited for."""
        self._waiting = None

    def limit(self, seconds: float) -> None:
        """Another limit, counted from now."""
        self._limit = seconds
        self._since = self._loop.time()
        self._timer.cancel()
        self._timer = self._loop.call_at(self._since + seconds, self._look)

    def caused_cancellation(self) -> bool:
        """Takes the watchdog's cancellation of the current task back; whether that was the only one."""
        task, self._cancelled = self._cancelled, None
        return task is not None and task.uncancel() <= self._cancelling

    def stop(self) -> None:
        self._timer.cancel()
        self.caused_cancellation()

    def _look(self) -> None:
        now = self._loop.time()
        due = self._since + self._limit
        if self._waiting is None or now < due:
            self._timer = self._loop.call_at(max(due, now + self._limit) if self._waiting is None else due, self._look)
            return
        self._cancelled = self._waiting
        self._cancelling = self._waiting.cancelling()
        self._waiting.cancel()
