"""A timeout for a silent provider."""

import asyncio


class Watchdog:
    """Cancels a task that waits for the provider longer than a limit, counted from the last `wait`.

    `wait` and `rest` only record times, which a single timer checks, so a token does not cost a new timer. Time spent
    by the consumer between `rest` and `wait` does not count. The waiting task may differ from call to call.
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
        """Starts the clock: the current task waits for the provider."""
        self._since = self._loop.time()
        self._waiting = asyncio.current_task()

    def rest(self) -> None:
        """Stops the clock: no task waits for the provider."""
        self._waiting = None

    def limit(self, seconds: float) -> None:
        """Changes the limit and restarts the clock."""
        self._limit = seconds
        self._since = self._loop.time()
        self._timer.cancel()
        self._timer = self._loop.call_at(self._since + seconds, self._look)

    def caused_cancellation(self) -> bool:
        """Undoes the watchdog's cancellation of the task. Returns whether it was the only new cancellation."""
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
