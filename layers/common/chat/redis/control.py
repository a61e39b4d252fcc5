"""The synchronous side of the event log. Redis's client is imported by the first call, not with the function."""

from chat.event_log import TextEntry
from chat.redis import keys, scripts
from chat.redis.cache_errors import CacheErrors
from chat.redis.entries import BrokenLogError, decode, split
from chat.redis.outage import Outage
from chat.redis.reading import LogReader
from chat.redis.settings import RedisSettings
from chat.redis.sync_calls import SyncRedisCalls
from chat.sessions import BEGUN_SECONDS


class NoLogControl:
    """The control of logs that nobody writes: without Redis."""

    def request_stop(self, session_id: str) -> None:
        """Nobody to tell: the producer hears of it from the session's record."""

    def text(self, session_id: str, *, epoch: int) -> str | None:  # noqa: ARG002
        return None


class RedisLogControl:
    """See `chat.event_log.LogControl`."""

    def __init__(self, settings: RedisSettings, errors: CacheErrors, outage: Outage | None = None) -> None:
        self._calls = SyncRedisCalls(settings, errors, outage)
        self._errors = errors

    def request_stop(self, session_id: str) -> None:
        self._calls.script("log_stop", scripts.REQUEST_STOP, (keys.log(session_id).control,), BEGUN_SECONDS)

    def text(self, session_id: str, *, epoch: int) -> str | None:
        log = keys.log(session_id)
        answer = self._calls.script("log_text", scripts.READ, (log.stream, log.control), 0)
        if answer is None or answer[0] != b"%d" % epoch:
            return None
        reader = LogReader(seen=0)
        try:
            entries = [reader.take(*decode(*row)) for row in split(answer[1], answer[2])]
        except BrokenLogError:
            self._errors.count("log_text")
            return None
        return "".join(entry.text for entry in entries if isinstance(entry, TextEntry)) or None

    def close(self) -> None:
        """Closes the connections, for good: from now on there is no text, and no producer is told to stop."""
        self._calls.close()
