"""The blocking side of the event log, for stopping and settling from any thread."""

from chat.redis import keys, scripts
from chat.redis.breaker.breaker import RedisUnavailableError
from chat.redis.client.blocking_calls import BlockingRedisCalls
from chat.redis.log.codec import BrokenLogError
from chat.redis.log.cursor import logged_text
from chat.sessions import STREAM_LIFETIME_SECONDS


class NoLogControl:
    """The log control without Redis, where there is no log."""

    def request_stop(self, session_id: str) -> None:
        """Does nothing: the producer reads the stop from the session's record."""

    def text(self, session_id: str, *, epoch: int) -> str | None:  # noqa: ARG002
        return None


class RedisLogControl:
    """See `chat.sharing.event_log.LogControl`."""

    def __init__(self, calls: BlockingRedisCalls) -> None:
        self._calls = calls

    def request_stop(self, session_id: str) -> None:
        try:
            self._calls.script(
                "log_stop", scripts.REQUEST_STOP, (keys.log(session_id).control,), STREAM_LIFETIME_SECONDS
            )
        except RedisUnavailableError:
            return

    def text(self, session_id: str, *, epoch: int) -> str | None:
        log = keys.log(session_id)
        try:
            reply = self._calls.script("log_text", scripts.READ, (log.stream, log.control), 0)
            return logged_text(reply, epoch)
        except RedisUnavailableError:
            return None
        except BrokenLogError:
            self._calls.breaker.errors.count("log_text")
            return None
