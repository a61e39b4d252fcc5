"""A producer's local view of its lease."""

from chat.clock import Clock
from chat.sessions import LeaseLostError, Session


class HeldLease:
    """Tracks when the lease expires."""

    def __init__(self, session: Session, clock: Clock) -> None:
        """`session` is the session as returned by the attach."""
        self._session_id = session.session_id
        self._expires_at = session.lease_expires_at
        self._clock = clock

    def renewed(self, at: float, lease_seconds: float) -> None:
        """Records a renewal that was requested at `at` (seconds since the epoch) and succeeded."""
        self._expires_at = at + lease_seconds

    @property
    def has_lapsed(self) -> bool:
        """Whether the lease has expired, because the process was frozen or the store could not be reached.

        A lapsed lease can still be renewed, unless another request has taken it.
        """
        return self._clock.now() >= self._expires_at

    def check(self) -> None:
        """Call this before anything that must not happen twice, such as a call to a provider.

        Raises:
            LeaseLostError: the lease has lapsed, so another request may be the producer now.
        """
        if self.has_lapsed:
            raise LeaseLostError(self._session_id)
