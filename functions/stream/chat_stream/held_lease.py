"""A producer's local view of its lease."""

from chat.clock import Clock
from chat.sessions import LeaseLostError, Session


class HeldLease:
    """Keeps track of when the lease expires."""

    def __init__(self, session: Session, clock: Clock) -> None:
        """`session` is as it was attached."""
        self._session_id = session.session_id
        self._expires_at = session.lease_expires_at
        self._clock = clock

    def renewed(self, at: float, lease_seconds: float) -> None:
        """The store has renewed it, as asked at that time (seconds since the epoch)."""
        self._expires_at = at + lease_seconds

    @property
    def has_lapsed(self) -> bool:
        """Its time is over: the process stood still, or the store could not be reached.

        It can still be renewed, unless another process has taken it.
        """
        return self._clock.now() >= self._expires_at

    def check(self) -> None:
        """To be called before anything that must not happen twice, such as a provider's call.

        Raises:
            LeaseLostError: another process may produce by now.
        """
        if self.has_lapsed:
            raise LeaseLostError(self._session_id)
