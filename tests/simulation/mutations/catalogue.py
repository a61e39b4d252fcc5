"""The faults. Each was, or could be, a programmer's mistake; tests that fail one thing at a time miss most of them."""

from simulation.mutations.connections import CONNECTIONS
from simulation.mutations.limits import LIMITS
from simulation.mutations.mutation import Edit, Mutation

_PRODUCTION = "chat_stream.generation.production"
_FOLLOWING = "chat_stream.attach.session_follower"
_ATTACHING = "chat_stream.attach.attacher"
_READER = "chat_stream.readers.session_reader"
_STORES = "fakes.memory.session_store"
"""The doubles make the decisions of DynamoDB's conditions; one contract suite holds for both."""

MUTATIONS = (
    Mutation(
        "a write of a producer does not check the epoch",
        (
            Edit(
                _STORES,
                "session.epoch != lease.epoch or ",
                "",
            ),
        ),
    ),
    Mutation(
        "done is sent before the answer is stored",
        (
            Edit(
                _PRODUCTION,
                "            try:\n                answer = await self._store_answer(outcome)\n",
                "            early = terminal_entry(replace(self._session, state=outcome.state, failure=outcome.failure),"
                ' outcome.answer(self._session, "".join(self._pieces), self._clock.now(), None))\n'
                "            await self._writer.write(events.terminal(early.event_id, early.data))\n"
                "            try:\n                answer = await self._store_answer(outcome)\n",
            ),
        ),
    ),
    Mutation(
        "the first piece is sent before it is marked as shown",
        (
            Edit(
                _PRODUCTION,
                "            stop = await self._checkpoint(text)\n        await self._send(text)\n",
                "            await self._send(text)\n            return await self._checkpoint(text)\n"
                "        await self._send(text)\n",
            ),
        ),
    ),
    Mutation(
        "the first piece is sent although it could not be marked as shown",
        (
            Edit(
                _PRODUCTION,
                "            try:\n                answer = await self._store_answer(outcome)\n",
                "            await self._send_rest()\n"
                "            try:\n                answer = await self._store_answer(outcome)\n",
            ),
        ),
    ),
    Mutation(
        "a healthy log spares the checkpoints",
        (
            Edit(
                _PRODUCTION,
                "        next_look = ",
                "        if self._log is not None:\n            return None\n        next_look = ",
            ),
        ),
    ),
    Mutation(
        "the lease is not renewed while the model thinks",
        (
            Edit(
                _PRODUCTION,
                "            try:\n                if await self._checkpoint(text):\n",
                "            try:\n                if text is not None and await self._checkpoint(text):\n",
            ),
        ),
    ),
    Mutation(
        "a stop that comes with a checkpoint is not heard",
        (
            Edit(
                _PRODUCTION,
                "                if await self._checkpoint(text):\n                    self._end(STOPPED)\n",
                "                await self._checkpoint(text)\n",
            ),
        ),
    ),
    Mutation(
        "an answer that could not be stored ends with a terminal event",
        (
            Edit(
                _PRODUCTION,
                "        await self._writer.write(events.refusal(failure))\n",
                "        await self._writer.write(events.terminal(self.last_event_id + 1, events.error_data(failure)))\n",
            ),
        ),
    ),
    Mutation(
        "a producer whose lease has run out asks the provider",
        (
            Edit(
                "chat_stream.held_lease",
                "        if self.has_lapsed:\n",
                "        if False:\n",
            ),
        ),
    ),
    Mutation(
        "a follower gives up the log for good",
        (
            Edit(
                _READER,
                "            except LogUnavailableError:\n                pass\n",
                "            except LogUnavailableError:\n                return\n",
            ),
        ),
    ),
    Mutation(
        "a follower waits for the log before it reads the record",
        (
            Edit(
                _READER,
                "        if not self._log_alive:\n            return True\n",
                "        if self._log is not None:\n            return False\n",
            ),
        ),
    ),
    Mutation(
        "a follower shows what a gap in the log hides",
        (
            Edit(
                _READER,
                '        text = events.unseen_of(entry.text, entry.event_id, self._seen) or ""\n',
                '        text = entry.text if entry.event_id > self._seen else ""\n',
            ),
        ),
    ),
    Mutation(
        "a follower leaves a dead producer's session to others",
        (
            Edit(
                _FOLLOWING,
                "        if not is_dead(session, now):\n",
                "        if True:\n",
            ),
        ),
    ),
    Mutation(
        "a replay begins one character too late",
        (
            Edit(
                "chat.events",
                "    start = max(last_event_id - TYPING_ID, 0)\n",
                "    start = max(last_event_id - TYPING_ID, 0) + (last_event_id > TYPING_ID)\n",
            ),
        ),
    ),
    Mutation(
        "a client that has the text is told that nothing is left",
        (
            Edit(
                "chat_stream.attach.chat_streams",
                '    return attach.last_event_id >= terminal_event_id(session, answer.content if answer else "")\n',
                "    return attach.last_event_id > 1 and answer is not None and attach.last_event_id >= len(answer.content)\n",
            ),
        ),
    ),
    Mutation(
        "an answer is kept for everybody",
        (
            Edit(
                "chat_stream.answers.answers",
                'return f"user:{session.user_id}" if self.scope_to_user else "global"',
                'return "global"',
            ),
        ),
    ),
    Mutation(
        "the question does not count for the cache",
        (
            Edit(
                "chat_stream.answers.cache_key",
                "[[turn.role, turn.content] for turn in request.turns]",
                "[turn.role for turn in request.turns]",
            ),
        ),
    ),
    Mutation(
        "a session that follows a leader without an answer asks again at once",
        (
            Edit(
                "chat_stream.answers.answers",
                "                    await self._sharing.flight.release(self._key, leader)\n"
                "                    await asyncio.sleep(RECLAIM_SECONDS)\n",
                "                    pass\n",
            ),
        ),
    ),
    Mutation(
        "nobody renews the lead of a flight",
        (
            Edit(
                "chat_stream.answers.answers",
                "            await self._sharing.flight.renew(self._key, self._session.session_id)\n",
                "            pass\n",
            ),
        ),
    ),
    Mutation(
        "a prompt is answered again while it is being answered",
        (
            Edit(
                "chat_start.regenerate",
                "            if session.state is SessionState.PENDING or session.lease_lives(now):\n"
                "                raise _in_progress()\n",
                "            if session.state is SessionState.PENDING or session.lease_lives(now):\n"
                "                return session\n",
            ),
        ),
    ),
    Mutation(
        "the cleanup passes over sessions that expired while they were streamed",
        (
            Edit(
                "chat_cleanup.resolution",
                "        if not session.is_expired(now):\n            return Resolved(Resolution.WAITING)\n",
                "        if True:\n            return Resolved(Resolution.WAITING)\n",
            ),
        ),
    ),
    Mutation(
        "a session that has shown text is produced anew",
        (
            Edit(_STORES, "session.lease_lives(now) or session.text_emitted", "session.lease_lives(now)"),
            Edit(_ATTACHING, "return abandoned and not session.text_emitted", "return abandoned"),
            Edit(
                "chat.sessions.settling", "(session.text_emitted or session.stop_requested)", "session.stop_requested"
            ),
        ),
    ),
    Mutation(
        "a session is settled although its lease lives",
        (
            Edit(_STORES, "                or current.lease_lives(now)\n", ""),
            Edit("chat.sessions.settling", "not session.lease_lives(now)\n", "not session.lease_lives(now + 5.5)\n"),
        ),
    ),
    Mutation(
        "a stopped answer has its terminal event twice",
        (
            Edit(
                _PRODUCTION,
                "            self._writer.end()\n            self._metrics.ended(outcome, terminal.data)\n",
                "            if outcome is STOPPED:\n"
                "                await self._writer.write(events.terminal(terminal.event_id, terminal.data))\n"
                "            self._writer.end()\n            self._metrics.ended(outcome, terminal.data)\n",
            ),
        ),
    ),
    Mutation(
        "the history says of a failed prompt that it is complete",
        (
            Edit(
                "chat.sessions.session",
                "SessionState.FAILED: MessageStatus.FAILED",
                "SessionState.FAILED: MessageStatus.COMPLETE",
            ),
        ),
    ),
    *CONNECTIONS,
    *LIMITS,
)
