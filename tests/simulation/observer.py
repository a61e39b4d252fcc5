"""Watches a run, and says what of the service's promises it breaks.

Each promise is named where it is checked; a check that has to make an exception says which double fault it stands for.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chat.errors import ChatError
from chat.limits.slots import TOO_MANY_STREAMS
from chat.messages import Message, MessageStatus, Role
from chat.sessions import AttachDecision, Session, status_without_text
from simulation.engine.process import Process
from simulation.promises import answers, connections, lags, limits, single_flight, slots
from simulation.promises.known import Generation, Known, Seen
from simulation.world.connection import CONNECTION, Connection, Event

if TYPE_CHECKING:
    from chat_stream.providers.port import ChatRequest
    from simulation.world.client import Client
    from simulation.world.provider import ProviderCall

LOOKING_SECONDS = 1.0
"""How long a process looks for a slot at most while the database works."""
MAX_CLAIMS = 60
"""More than a session asks that waits for several dead leaders, one after the other."""


class Observer(Known):
    """Collects, and raises `ViolationError` as soon as something is wrong."""

    def __init__(self, note: Callable[[str, str], None]) -> None:
        """`note` takes an actor and what it does, for the history of the run."""
        super().__init__()
        self._note = note
        self._claims: Counter[str] = Counter()

    # What the world reports.

    def told_in(self, user_id: str, chat_id: str) -> list[str]:
        """The prompts of the chat that its user was given sessions for: the history shows them from now on."""
        sessions = self.world.stored.sessions
        return [
            sessions[session_id].prompt_message_id
            for session_id, seen in self.sessions.items()
            if seen.user_id == user_id and session_id in sessions and sessions[session_id].chat_id == chat_id
        ]

    def read(self, user_id: str, expected: list[str], messages: Sequence[Message]) -> None:
        """A user has read the history of a chat."""
        ids = [message.message_id for message in messages]
        if missing := set(expected) - set(ids):
            self.violated(f"the history lacks the prompts {missing}")
        if ids != sorted(ids):
            self.violated("the history is not in order")
        if any(message.user_id != user_id for message in messages):
            self.violated("the history has a message of another user")

    def read_at_the_end(self, messages: Sequence[Message]) -> None:
        """The history of a chat when all its answers have ended: it says of each prompt how."""
        answered = {message.session_id for message in messages if message.role is Role.ASSISTANT}
        for prompt in messages:
            session = self.world.stored.sessions.get(prompt.session_id)
            if prompt.role is not Role.USER or session is None or not session.state.finished:
                continue
            expected = MessageStatus.COMPLETE
            if prompt.session_id not in answered:
                expected = status_without_text(session.state)
            code = session.failure.code if expected is MessageStatus.FAILED and session.failure else None
            if (prompt.status, prompt.code) != (expected, code):
                self.violated(f"the history says {prompt.status}, {prompt.code} of a prompt: it is {expected}, {code}")

    def claimed(self, session_id: str) -> None:
        """A session claims the single flight of its answer."""
        self._claims[session_id] += 1
        if self._claims[session_id] > MAX_CLAIMS:
            self.violated(f"{session_id} asks {MAX_CLAIMS} times who leads")

    def began(self, session_id: str, user_id: str, question: str) -> None:
        """A start has returned a session."""
        session = self.world.stored.sessions.get(session_id)
        if session is None:
            self.violated(f"a start returns {session_id}, which is not stored")
        else:
            self.sessions[session_id] = Seen(user_id, question, session.prompt_message_id)

    def outlived(self, process: Process) -> None:
        if not process.dead and not process.frozen and self.now - process.thawed_at > 1:
            self.violated(f"{process.name} still serves a stream when Lambda's time is over")

    def asked(self, call: "ProviderCall", request: "ChatRequest") -> None:
        """The provider is asked."""
        seen = self.sessions.get(call.session_id)
        if seen is None:
            return
        if seen.shown:
            self.violated(f"an answer of which {seen.shown} characters were shown is made anew")
        if request.turns[-1].content != seen.question:
            self.violated("the model is asked something else than the prompt")
        single_flight.check_single_flight(self, call)

    def attached(self, attachment: AttachDecision) -> None:
        """The database has attached the current request to its session."""
        connections.note_attached(self, attachment)

    def closed(self, connection: Connection) -> None:
        """The server has closed a connection, or its process was killed."""
        connections.check_closed(self, connection)

    def produced(self, session: Session, process: Process) -> None:
        """A session has a producer now."""
        seen = self.sessions.get(session.session_id)
        if seen is None:
            return
        if seen.shown:
            self.violated(f"a session of which {seen.shown} characters were shown gets a new producer")
        seen.producers.append((session.epoch, process, self.now))
        self._note(process.name, f"produces {seen.question!r} (epoch {session.epoch})")

    def took_slot(self, session_id: str) -> None:
        """A process has taken a slot for the session, or kept its slot."""
        limits.check_slot(self, session_id)

    def rate_limit_changed(self, user_id: str) -> None:
        """The rate limit has granted a request of the user, or has been given one back."""
        limits.check_counted(self, user_id)

    def rate_limited(self, user_id: str) -> None:
        """The rate limit has refused a request of the user."""
        limits.check_rate_limited(self, user_id)

    def generating(self, session: Session, begins: bool) -> None:
        """A process begins to write an answer, or has ended it."""
        key = session.session_id, session.epoch
        if not begins:
            self.generations.pop(key, None)
            return
        self.generations[key] = Generation(session, CONNECTION.get())
        slots.check_begins(self, session)

    def sent(self, connection: Connection, event: Event) -> None:
        """The server has sent an event to a client."""
        seen = self.sessions[connection.session_id]
        if connection.told_end:
            self.violated(f"{connection.process.name} sends {event} after the end of the stream")
        connection.told_end = event.type in {"done", "error"}
        if event.type == "token":
            shown = (event.id or 1) - 1
            seen.beginning = seen.beginning or event.data["content"]
            if shown > seen.shown:
                seen.emissions.append((shown, self.now))
        elif event.type == "typing":
            return
        elif event.id is None:
            if event.data["code"] == "internal_error":
                self.violated("internal_error")
            connections.check_refusal(self, connection, event)
            if event.data["code"] == TOO_MANY_STREAMS:
                since = max(connection.opened_at, self.now - LOOKING_SECONDS)
                limits.check_too_many_streams(
                    self, seen.user_id, connection.session_id, connection.process, since=since
                )
            self._note(connection.process.name, f"refuses {seen.question!r} in mid-stream: {event.data['code']}")
        else:
            end = event.data.get("code") or event.data.get("finishReason")
            self._note(connection.process.name, f"ends {seen.question!r} for {connection.client}: {end}, id {event.id}")
            self._check_terminal(connection, seen, event)

    def refused(self, connection: Connection, user_id: str, error: ChatError) -> None:
        """An attach was refused."""
        self._note(connection.process.name, f"refuses {connection.client}: {error.code}")
        if error.code == TOO_MANY_STREAMS:
            limits.check_too_many_streams(
                self, user_id, connection.session_id, connection.process, since=connection.opened_at
            )

    def client_shows(self, client: "Client") -> None:
        """A client shows more text."""
        stored = self.answers.get(client.session_id)
        if stored is not None and not client.text.startswith(stored) and not stored.startswith(client.text):
            self.violated(f"{client.name} shows {client.text!r}, stored is {stored!r}")

    def accepted_stop(self, session_id: str) -> None:
        """A stop was accepted, and the producer has yet to notice."""
        seen = self.sessions[session_id]
        seen.stopped_at = seen.stopped_at or self.now

    def client_has_all(self, client: "Client") -> None:
        """A client was told that there is nothing left."""
        if client.terminal is None:
            self.violated(f"{client.name} is told that nothing is left, and does not know how the answer ended")

    def client_ended(self, client: "Client", event: Event) -> None:
        """A client was told how the answer ended."""
        session = self.world.stored.sessions.get(client.session_id)
        stored = self.stored_answer(client.session_id)
        if event.type == "done":
            if session is None or not session.state.finished:
                self.violated("done before the answer is stored")
            # One that was stopped after its producer had died is kept as far as it is known, like an interrupted one.
            if client.text != (stored or "") and event.data["finishReason"] != "stopped":
                self.violated(f"{client.name} was told done with {client.text!r}, stored is {stored!r}")
        if stored is not None and not client.text.startswith(stored) and not stored.startswith(client.text):
            self.violated(f"{client.name} shows {client.text!r}, stored is {stored!r}")

    # What is checked all the time.

    def look(self) -> None:
        """Checks what must hold at every moment."""
        self._note_finished()
        connections.check_open(self)
        lags.check_followers(self)
        lags.check_shared_answers(self)
        answers.check_unchanged(self)
        answers.check_stops(self)

    # What is checked in the end.

    def check_end(self) -> None:
        """When everything works again and everybody has come back."""
        answers.check_unchanged(self)
        limits.check_all_counted(self)
        for session_id, seen in self.sessions.items():
            answers.check_ended(self, session_id, seen)

    def check_expired(self) -> None:
        """When the time of every session is over, and one cleanup has run."""
        for session_id, session in self.world.stored.sessions.items():
            if not session.state.finished:
                self.violated(f"{session_id} is {session.state} after its time and a cleanup")

    # Helpers.

    def _note_finished(self) -> None:
        stored = self.world.stored.sessions
        for session_id, seen in self.sessions.items():
            if seen.finished_at is None and session_id in stored and stored[session_id].state.finished:
                seen.finished_at = self.now

    def _check_terminal(self, connection: Connection, seen: Seen, event: Event) -> None:
        """One end for each answer, the same for all readers."""
        if event.data.get("code") == "internal_error":
            self.violated("internal_error")
        if seen.terminals and _lasting(seen.terminals[0]) != _lasting(event):
            self.violated(f"{connection.session_id} ends with {event} and with {seen.terminals[0]}")
        seen.terminals.append(event)


def _lasting(event: Event) -> tuple[Any, ...]:
    """An end without what counts from its own time on."""
    data = {name: value for name, value in event.data.items() if name != "retryAfterSeconds"}
    return event.id, sorted(data.items(), key=lambda item: item[0])
