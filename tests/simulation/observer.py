"""Watches a run, and says what of the service's promises it breaks.

Each promise is named where it is checked; a check that has to make an exception says which double fault it stands for.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chat.errors import ChatError
from chat.limits.slots import ATTACH_SECONDS, SLOT_SECONDS, TOO_MANY_STREAMS
from chat.messages import Message, MessageKind, MessageStatus, Role
from chat.sessions import Session, status_without_text
from chat.settling import INTERRUPTED
from chat.users import Tier
from simulation.engine.process import CURRENT, Process
from simulation.world.clocks import EPOCH
from simulation.world.connection import Connection, Event

if TYPE_CHECKING:
    from chat_stream.providers.port import ChatRequest
    from simulation.world.client import Client
    from simulation.world.provider import ProviderCall
    from simulation.world.world import World

LAG_SECONDS = 3.0
"""How far a follower may be behind the producer's client while Redis or DynamoDB works."""
SETTLED_SECONDS = 2.5
"""How long a store must have worked before it counts: calls that began before have ended, breakers have closed."""
LEAD_SECONDS = 3.2
"""How much older than a producer's last moment text may be that is lost: a checkpoint interval, and one look."""
STOP_SECONDS = 4.0
"""By when a producer has noticed a stop, closed its source and stored what there is."""
MAX_CLAIMS = 60
"""More than a session asks that waits for several dead leaders, one after the other."""
MARGIN_SECONDS = 0.7
"""Clocks differ by less."""


class ViolationError(AssertionError):
    """A promise was broken."""


@dataclass(slots=True)
class Seen:
    """What is known of one session from the outside."""

    user_id: str
    question: str
    prompt_id: str
    emissions: list[tuple[int, float]] = field(default_factory=list)
    """Characters that some client has been sent, and since when."""
    producers: list[tuple[int, Process, float]] = field(default_factory=list)
    """Epoch, process and beginning of each production."""
    terminals: list[Event] = field(default_factory=list)
    beginning: str = ""
    """Of its answer: it names the provider's call that gave it."""
    stopped_at: float | None = None
    """When its user's stop was accepted while somebody produced it."""

    @property
    def shown(self) -> int:
        return self.emissions[-1][0] if self.emissions else 0


class Observer:
    """Collects, and raises `ViolationError` as soon as something is wrong."""

    def __init__(self, note: Callable[[str, str], None]) -> None:
        """`note` takes an actor and what it does, for the history of the run."""
        self._note = note
        self.sessions: dict[str, Seen] = {}
        self.answers: dict[str, str] = {}
        """What was stored as a session's answer when it was first seen there."""
        self._generations: dict[tuple[str, int], tuple[Session, Process]] = {}
        """What is being written, by session and epoch."""
        self.broken: str | None = None
        self._claims: Counter[str] = Counter()
        self._killed_at: dict[Process, float] = {}
        self.world: World

    def violated(self, promise: str) -> None:
        self.broken = self.broken or promise  # whoever catches the error, it is known
        raise ViolationError(promise)

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
        """A session asks who leads the way to its answer."""
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

    def killed(self, process: Process) -> None:
        self._killed_at[process] = self._now

    def outlived(self, process: Process) -> None:
        if not process.dead and not process.frozen and self._now - process.thawed_at > 1:
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
        self._check_single_flight(call)

    def produced(self, session: Session, process: Process) -> None:
        """A session has a producer now."""
        seen = self.sessions.get(session.session_id)
        if seen is None:
            return
        if seen.shown:
            self.violated(f"a session of which {seen.shown} characters were shown gets a new producer")
        seen.producers.append((session.epoch, process, self._now))
        self._note(process.name, f"produces {seen.question!r} (epoch {session.epoch})")

    def generating(self, session: Session, begins: bool) -> None:
        """A process begins to write an answer, or has ended it."""
        process = CURRENT.get()
        key = session.session_id, session.epoch
        if not begins:
            self._generations.pop(key, None)
            return
        self._generations[key] = session, process
        self._check_alone(session)
        if session.kind is MessageKind.CHAT:
            running = self._written(session.user_id)
            if len(running) > self.limit:
                self.violated(f"{len(running)} answers are written for {session.user_id}: {running}")

    def sent(self, connection: Connection, event: Event) -> None:
        """The server has sent an event to somebody."""
        seen = self.sessions[connection.session_id]
        if connection.told_end:
            self.violated(f"{connection.process.name} sends {event} after the end of the stream")
        connection.told_end = event.type in {"done", "error"}
        if event.type == "token":
            shown = (event.id or 1) - 1
            seen.beginning = seen.beginning or event.data["content"]
            if shown > seen.shown:
                seen.emissions.append((shown, self._now))
        elif event.type == "typing":
            return
        elif event.id is None:
            if event.data["code"] == "internal_error":
                self.violated("internal_error")
            self._note(connection.process.name, f"refuses {seen.question!r} in mid-stream: {event.data['code']}")
        else:
            end = event.data.get("code") or event.data.get("finishReason")
            self._note(connection.process.name, f"ends {seen.question!r} for {connection.client}: {end}, id {event.id}")
            self._check_terminal(connection, seen, event)

    def refused(self, connection: Connection, user_id: str, error: ChatError) -> None:
        """An attach was refused."""
        self._note(connection.process.name, f"refuses {connection.client}: {error.code}")
        if error.code != TOO_MANY_STREAMS or connection.process.thawed_at > connection.opened_at:
            return
        if self.world.database.works_since(connection.process) > connection.opened_at:
            return  # what was read may be seconds old
        if not set(self._may_run(user_id)) - {connection.session_id}:
            self.violated(f"{user_id} is told that too many answers are written, and none is")

    def client_shows(self, client: "Client") -> None:
        """A client shows more text."""
        stored = self.answers.get(client.session_id)
        if stored is not None and not client.text.startswith(stored) and not stored.startswith(client.text):
            self.violated(f"{client.name} shows {client.text!r}, stored is {stored!r}")

    def accepted_stop(self, session_id: str) -> None:
        """A stop was accepted, and the producer has yet to notice."""
        seen = self.sessions[session_id]
        seen.stopped_at = seen.stopped_at or self._now

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
        self._check_lags()
        self._check_shared_lags()
        self._check_answers()
        self._check_stops()

    def _check_stops(self) -> None:
        """A producer notices a stop."""
        for session_id, seen in self.sessions.items():
            if seen.stopped_at is None or self._now - seen.stopped_at < STOP_SECONDS or not seen.producers:
                continue
            session = self.world.stored.sessions.get(session_id)
            _, producer, since = seen.producers[-1]
            if session is None or session.state.finished or since > seen.stopped_at or producer.dead or producer.frozen:
                continue
            undisturbed = max(self.world.database.works_since(producer), producer.thawed_at)
            if undisturbed < seen.stopped_at - 1 and (session_id, session.epoch) in self._generations:
                self.violated(f"{session_id} goes on {self._now - seen.stopped_at:.1f} s after it was stopped")

    def _check_alone(self, session: Session) -> None:
        """One prompt has one answer written at a time."""
        now = EPOCH + self._now
        for (session_id, epoch), (other, process) in self._generations.items():
            if other.prompt_message_id != session.prompt_message_id or session_id == session.session_id or process.dead:
                continue
            stored = self.world.stored.sessions.get(session_id)
            if stored is not None and stored.epoch == epoch and stored.lease_lives(now + MARGIN_SECONDS):
                self.violated(f"{session_id} and {session.session_id} answer the same prompt at the same time")

    def _check_interruption(self, session_id: str, seen: Seen) -> None:
        """No answer is interrupted while its producer lives and the database works."""
        session = self.world.stored.sessions.get(session_id)
        if session is None or session.failure is None or session.failure.code != INTERRUPTED.code or not seen.producers:
            return
        _, producer, since = seen.producers[-1]
        if producer.dead or producer.thawed_at > since or self.world.database.works_since(producer) > since - 1:
            return
        if any(call.session_id == session_id and call.process is producer for call in self.world.provider.calls):
            self.violated(f"{session_id} is interrupted, and {producer.name} was at work all the time")

    def _check_lags(self) -> None:
        now = self._now
        for connection in self.world.connections:
            if connection.ended or now - connection.opened_at < LAG_SECONDS + 1:
                continue
            seen = self.sessions.get(connection.session_id)
            if seen is None or seen.shown < connection.position:
                continue
            behind = [at for shown, at in seen.emissions if shown > connection.position - 1]
            if behind and now - behind[0] > LAG_SECONDS and self._should_be_current(connection, seen, behind[0]):
                self.violated(
                    f"a follower on {connection.process.name} is {now - behind[0]:.1f} s behind: "
                    f"{connection.position - 1} of {seen.shown} characters"
                )

    def _check_shared_lags(self) -> None:
        """Who is given another session's answer is as little behind that."""
        for (session_id, _), (_, process) in self._generations.items():
            seen = self.sessions.get(session_id)
            number = None if seen is None else _call_number(seen.beginning)
            if seen is None or number is None:
                continue
            leader = self.world.provider.calls[number]
            leading = self.sessions.get(leader.session_id)
            if leading is None or leader.session_id == session_id or leader.ended_at is not None:
                continue
            behind = [at for shown, at in leading.emissions if shown > seen.shown]
            if not behind or self._now - behind[0] <= LAG_SECONDS:
                continue
            if any(
                each.dead or each.frozen or each.thawed_at > behind[0] - SETTLED_SECONDS
                for each in (process, leader.process)
            ):
                continue
            processes = process, leader.process
            works = min(self.world.database.works_since(*processes), self.world.redis.works_since(*processes))
            # Its own record must be written, too.
            if max(works, self.world.database.works_since(process)) <= behind[0] - SETTLED_SECONDS:
                self.violated(
                    f"{session_id} is {self._now - behind[0]:.1f} s behind {leader.session_id}, which leads it"
                )

    def _should_be_current(self, connection: Connection, seen: Seen, since: float) -> bool:
        """Whether follower and producer were at work, and a store between them, since then."""
        if not seen.producers:
            return False
        _, producer, _ = seen.producers[-1]
        if any(
            session_id == connection.session_id and process is connection.process
            for (session_id, _), (_, process) in self._generations.items()
        ):
            return False  # it produces, or does not know yet that it has lost its lease
        for process in (connection.process, producer):
            if process.dead or process.frozen or process.thawed_at > since - SETTLED_SECONDS:
                return False
        works = min(
            self.world.database.works_since(connection.process, producer),
            self.world.redis.works_since(connection.process, producer) if self.world.plan.has_redis else self._now + 1,
        )
        return works <= since - SETTLED_SECONDS

    def _check_answers(self) -> None:
        """At most one answer, which never changes."""
        for session_id in self.sessions:
            stored = self.stored_answer(session_id)
            if stored is not None and self.answers.setdefault(session_id, stored) != stored:
                self.violated(f"the answer of {session_id} has changed")

    # What is checked in the end.

    def check_end(self) -> None:
        """When everything works again and everybody has come back."""
        self._check_answers()
        self._check_limits()
        for session_id, seen in self.sessions.items():
            self._check_history(session_id, seen)
            stored = self.stored_answer(session_id) or ""
            self._check_lead(session_id, seen, stored)
            self._check_origin(session_id, seen, stored)
            self._check_interruption(session_id, seen)

    def _check_limits(self) -> None:
        """The rate limit counts what was granted."""
        limiter = self.world.backends.rate_limiter
        sessions = self.world.backends.sessions
        stored, counted = sessions.started, limiter.granted - limiter.given_back - limiter.lost
        if not stored <= limiter.granted or counted > stored + sessions.unknown:
            self.violated(
                f"{limiter.granted} starts were counted, {limiter.given_back} given back, {stored} sessions stored"
            )

    def check_expired(self) -> None:
        """When the time of every session is over, and one cleanup has run."""
        for session_id, session in self.world.stored.sessions.items():
            if not session.state.finished:
                self.violated(f"{session_id} is {session.state} after its time and a cleanup")

    def _check_history(self, session_id: str, seen: Seen) -> None:
        messages = [
            message
            for chat in self.world.stored.messages.values()
            for message in chat.values()
            if message.session_id == session_id
        ]
        answers = [message for message in messages if message.role == "assistant"]
        if len(answers) > 1:
            self.violated(f"{session_id} has {len(answers)} answers")
        prompts = [
            message.content
            for (user_id, _), chat in self.world.stored.messages.items()
            for message in chat.values()
            if user_id == seen.user_id and message.message_id == seen.prompt_id
        ]
        if prompts != [seen.question]:
            self.violated(f"the history has {prompts} for {seen.question!r}")

    def _check_lead(self, session_id: str, seen: Seen, stored: str) -> None:
        """Clients are ahead of an interrupted answer by at most one checkpoint interval."""
        if seen.shown <= len(stored) or not seen.producers:
            return
        lost_at = next(at for shown, at in seen.emissions if shown > len(stored))
        last_at = seen.emissions[-1][1]
        _, producer, _ = seen.producers[-1]
        if producer.thawed_at > lost_at:
            return  # it was frozen in between, and went on for a moment before it knew
        if self.world.database.works_since(producer) > lost_at - SETTLED_SECONDS:
            return
        if last_at - lost_at > LEAD_SECONDS:
            self.violated(
                f"{seen.shown - len(stored)} characters of {session_id}, shown over {last_at - lost_at:.1f} s, are lost"
            )

    def _check_origin(self, session_id: str, seen: Seen, stored: str) -> None:
        """No answer crosses users, and none is for another question."""
        if not stored or seen.question.startswith("/"):
            return
        number = int(stored[1 : stored.index(":")])
        call = self.world.provider.calls[number]
        if call.question != seen.question:
            self.violated(f"{seen.question!r} is answered with an answer to {call.question!r}")
        asker = self.sessions[call.session_id].user_id
        if self.world.plan.scope_to_user and asker != seen.user_id:
            self.violated(f"{seen.user_id} is given an answer of {asker}")
        if not call.text.startswith(stored):
            self.violated(f"stored is {stored!r}, the provider said {call.text!r}")

    # Helpers.

    @property
    def limit(self) -> int:
        return self.world.backends.catalog.limits_of(Tier.BASIC).concurrent_streams

    @property
    def _now(self) -> float:
        return self.world.loop.time()

    def stored_answer(self, session_id: str) -> str | None:
        for chat in self.world.stored.messages.values():
            for message in chat.values():
                if message.session_id == session_id and message.role == "assistant":
                    return message.content
        return None

    def _written(self, user_id: str) -> list[str]:
        """Sessions of the user that a living process writes under a lease of its own."""
        now = EPOCH + self._now
        found = []
        for (session_id, epoch), (session, process) in self._generations.items():
            if session.user_id != user_id or session.kind is not MessageKind.CHAT or process.dead:
                continue
            stored = self.world.stored.sessions.get(session_id)
            if stored is not None and stored.epoch == epoch and stored.lease_lives(now + MARGIN_SECONDS):
                found.append(session_id)
        return found

    def _may_run(self, user_id: str) -> list[str]:
        """Sessions of the user that are written, or for all that anybody can know may be."""
        now = EPOCH + self._now
        found = []
        for session_id, session in self.world.stored.sessions.items():
            if session.user_id != user_id:
                continue
            until = self.world.slots.held.get(user_id, {}).get(session_id, 0.0)
            attaches = until - SLOT_SECONDS + ATTACH_SECONDS > now - MARGIN_SECONDS
            if session.lease_lives(now - MARGIN_SECONDS) or (attaches and not session.state.finished):
                found.append(session_id)
        return found

    def _check_terminal(self, connection: Connection, seen: Seen, event: Event) -> None:
        """One end for each answer, the same for all who read it to its end."""
        if event.data.get("code") == "internal_error":
            self.violated("internal_error")
        if seen.terminals and _lasting(seen.terminals[0]) != _lasting(event):
            self.violated(f"{connection.session_id} ends with {event} and with {seen.terminals[0]}")
        seen.terminals.append(event)

    def _check_single_flight(self, call: "ProviderCall") -> None:
        """Equal questions cost one call while the leader lives, and Redis works."""
        world = self.world
        if not world.plan.has_redis or not call.question.startswith("common"):
            return
        for earlier in world.provider.calls[: call.number]:
            if earlier.question != call.question or earlier.session_id == call.session_id:
                continue
            if not (self._shares(earlier.session_id) and self._shares(call.session_id)):
                continue
            if world.plan.scope_to_user and self._user(earlier) != self._user(call):
                continue
            lives = earlier.ended_at is None and not earlier.process.dead and not earlier.process.frozen
            if not lives or earlier.process.thawed_at > earlier.began_at:
                continue
            if self._now - earlier.began_at < MARGIN_SECONDS:
                continue
            processes = earlier.process, call.process
            # A leader whose lease cannot be renewed counts as dead.
            if max(world.redis.works_since(*processes), world.database.works_since(*processes)) > earlier.began_at - 1:
                continue
            self.violated(f"{call.question!r} is asked for by {call.session_id} while {earlier.session_id} is answered")

    def _shares(self, session_id: str) -> bool:
        session = self.world.stored.sessions.get(session_id)
        return session is not None and session.use_cache

    def _user(self, call: "ProviderCall") -> str:
        return self.sessions[call.session_id].user_id


def _call_number(text: str) -> int | None:
    """The number of the provider's call that an answer with this beginning is from."""
    match = re.match(r"<(\d+):", text)
    return None if match is None else int(match[1])


def _lasting(event: Event) -> tuple[Any, ...]:
    """An end without what counts from its own time on."""
    data = {name: value for name, value in event.data.items() if name != "retryAfterSeconds"}
    return event.id, sorted(data.items(), key=lambda item: item[0])
