"""What a producer knows of its own lease."""

from chat.clock import Clock
from chat.sessions import LeaseLostError, Session


class HeldLease:
    """Until when the lease lives, as far as its holder knows."""

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

        It can still be renewed, unless somebody else has taken it.
        """
        return self._clock.now() >= self._expires_at

    def check(self) -> None:
        """Before what must not happen twice, such as asking a provider.

        Raises:
            LeaseLostError: somebody else may produce by now.
        """
        if self.has_lapsed:
            raise LeaseLostError(self._session_id)
