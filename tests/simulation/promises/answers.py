"""What becomes of an answer: one for each prompt, as it was shown, ended when its user or its producer ended it."""

from chat.messages import Role
from chat.sessions.settling import INTERRUPTED
from simulation.promises.known import SETTLED_SECONDS, Known, Seen

LEAD_SECONDS = 3.2
"""How much older than a producer's last moment text may be that is lost: a checkpoint interval, and one look."""
STOP_SECONDS = 4.0
"""Within this time a producer notices a stop, closes its source and stores its text."""


def check_unchanged(known: Known) -> None:
    """At most one answer, which never changes."""
    for chat in known.world.stored.messages.values():
        for message in chat.values():
            if message.role is not Role.ASSISTANT or message.session_id not in known.sessions:
                continue
            if known.answers.setdefault(message.session_id, message.content) != message.content:
                known.violated(f"the answer of {message.session_id} has changed")


def check_stops(known: Known) -> None:
    """A producer notices a stop."""
    for session_id, seen in known.sessions.items():
        if seen.stopped_at is None or known.now - seen.stopped_at < STOP_SECONDS or not seen.producers:
            continue
        session = known.world.stored.sessions.get(session_id)
        _, producer, since = seen.producers[-1]
        if session is None or session.state.finished or since > seen.stopped_at or producer.dead or producer.frozen:
            continue
        undisturbed = max(known.world.database.works_since(producer), producer.thawed_at)
        if undisturbed < seen.stopped_at - 1 and (session_id, session.epoch) in known.generations:
            known.violated(f"{session_id} goes on {known.now - seen.stopped_at:.1f} s after it was stopped")


def check_ended(known: Known, session_id: str, seen: Seen) -> None:
    """An answer when everybody has come back."""
    _check_history(known, session_id, seen)
    stored = known.stored_answer(session_id) or ""
    _check_lead(known, session_id, seen, stored)
    _check_origin(known, session_id, seen, stored)
    _check_interruption(known, session_id, seen)


def _check_history(known: Known, session_id: str, seen: Seen) -> None:
    messages = [
        message
        for chat in known.world.stored.messages.values()
        for message in chat.values()
        if message.session_id == session_id
    ]
    answers = [message for message in messages if message.role == "assistant"]
    if len(answers) > 1:
        known.violated(f"{session_id} has {len(answers)} answers")
    prompts = [
        message.content
        for (user_id, _), chat in known.world.stored.messages.items()
        for message in chat.values()
        if user_id == seen.user_id and message.message_id == seen.prompt_id
    ]
    if prompts != [seen.question]:
        known.violated(f"the history has {prompts} for {seen.question!r}")


def _check_lead(known: Known, session_id: str, seen: Seen, stored: str) -> None:
    """Clients are ahead of an interrupted answer by at most one checkpoint interval."""
    if seen.shown <= len(stored) or not seen.producers:
        return
    lost_at = next(at for shown, at in seen.emissions if shown > len(stored))
    last_at = seen.emissions[-1][1]
    _, producer, _ = seen.producers[-1]
    if producer.thawed_at > lost_at:
        return  # it was frozen in between, and went on for a moment before it knew
    if known.world.database.works_since(producer) > lost_at - SETTLED_SECONDS:
        return
    if last_at - lost_at > LEAD_SECONDS:
        known.violated(
            f"{seen.shown - len(stored)} characters of {session_id}, shown over {last_at - lost_at:.1f} s, are lost"
        )


def _check_origin(known: Known, session_id: str, seen: Seen, stored: str) -> None:
    """No answer crosses users, and none is for another question."""
    if not stored or seen.question.startswith("/"):
        return
    number = int(stored[1 : stored.index(":")])
    call = known.world.provider.calls[number]
    if call.question != seen.question:
        known.violated(f"{seen.question!r} is answered with an answer to {call.question!r}")
    asker = known.sessions[call.session_id].user_id
    if known.world.plan.scope_to_user and asker != seen.user_id:
        known.violated(f"{seen.user_id} is given an answer of {asker}")
    if not call.text.startswith(stored):
        known.violated(f"stored is {stored!r}, the provider said {call.text!r}")


def _check_interruption(known: Known, session_id: str, seen: Seen) -> None:
    """No answer is interrupted while its producer lives and the database works."""
    session = known.world.stored.sessions.get(session_id)
    if session is None or session.failure is None or session.failure.code != INTERRUPTED.code or not seen.producers:
        return
    _, producer, since = seen.producers[-1]
    if producer.dead or producer.thawed_at > since or known.world.database.works_since(producer) > since - 1:
        return
    if any(call.session_id == session_id and call.process is producer for call in known.world.provider.calls):
        known.violated(f"{session_id} is interrupted, and {producer.name} was at work all the time")
