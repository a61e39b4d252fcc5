"""The faults. Each was, or could be, a programmer's mistake; tests that fail one thing at a time miss most of them."""

from simulation.mutations.mutation import Edit, Mutation

_PRODUCTION = "chat_stream.generation.production"
_FOLLOWING = "chat_stream.attach.session_follower"
_ATTACHING = "chat_stream.attach.attacher"
_READER = "chat_stream.readers.session_reader"
_CLIENT_STREAM = "chat_stream.attach.client_stream"
_WRITER = "chat_stream.writer"
_STORES = "fakes.memory_stores"
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
        "a take-over needs no slot",
        (
            Edit(
                "chat_stream.generation.answer_slots",
                "        if session.kind is not MessageKind.CHAT:\n            return None\n",
                '        if session.kind is not MessageKind.CHAT or session.state == "streaming":\n'
                "            return None\n",
            ),
        ),
    ),
    Mutation(
        "a producer that has lost its lease frees the slot",
        (
            Edit(
                "chat_stream.generation.generations",
                "            await _ended(holding)  # the slot is the session's: the new producer holds it now\n",
                "            await _ended(holding)\n            await in_thread(self.slots.release, session)\n",
            ),
        ),
    ),
    Mutation(
        "a kept slot can be dropped by those who saw it before",
        (
            Edit(
                "fakes.memory_limits",
                "                self.held[user_id][session_id] = renewed_until(now)\n                return Slot",
                "                return Slot",
            ),
        ),
    ),
    Mutation(
        "slots of sessions that run no longer count",
        (
            Edit(
                "chat.limits.slots",
                "            if not idle:\n",
                "            if True:\n",
            ),
        ),
    ),
    Mutation(
        "a start that was refused counts against the rate limit",
        (
            Edit(
                "chat_start.admission",
                "            self._give_back(used)\n",
                "",
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
        "the time to reconnect is told in a block of its own",
        (
            Edit(
                "chat.events",
                '    return b"%b\\nretry: %d\\nid: %b" % (data, RETRY_MS, event_id) if line else event\n',
                '    return b"retry: %d\\n\\n" % RETRY_MS + event\n',
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
        "a connection at its time limit goes on",
        (
            Edit(
                _CLIENT_STREAM,
                "                async with asyncio.timeout_at(self._attach.soft_deadline):\n",
                "                async with asyncio.timeout_at(None):\n",
            ),
            Edit(
                _CLIENT_STREAM,
                "            async with asyncio.timeout_at(self._attach.hard_deadline):\n",
                "            async with asyncio.timeout_at(None):\n",
            ),
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
    Mutation(
        "nothing is sent in silence",
        (
            Edit(
                _WRITER,
                "                await self.write(events.PING)\n",
                "",
            ),
        ),
    ),
    Mutation(
        "pings end with the first event",
        (
            Edit(
                _WRITER,
                "            if silence >= seconds:\n",
                "            if silence >= seconds and not self._begun:\n",
            ),
        ),
    ),
    Mutation(
        "a connection that a newer one has replaced goes on",
        (
            Edit(
                _FOLLOWING,
                "                            raise ReplacedError\n",
                "                            pass\n",
            ),
        ),
    ),
    Mutation(
        "a replaced connection is known only when the log has no news",
        (
            Edit(
                _READER,
                "(IDLE_SECONDS if silent else RECORD_SECONDS)",
                "(IDLE_SECONDS if silent else 60)",
            ),
        ),
    ),
    Mutation(
        "a follower of an abandoned answer leaves without a word",
        (
            Edit(
                _CLIENT_STREAM,
                "                if self._is_about_to_end():\n",
                "                if True:\n",
            ),
        ),
    ),
    Mutation(
        "a follower that reads how the answer ended does not tell it",
        (
            Edit(
                _FOLLOWING,
                "                        if session.state.finished:\n                            break\n",
                "                        if session.state.finished:\n                            return\n",
            ),
        ),
    ),
    Mutation(
        "a follower that reads that the answer has ended waits for the log to say so",
        (
            Edit(
                _FOLLOWING,
                "                        if session.state.finished:\n                            break\n",
                "",
            ),
        ),
    ),
    Mutation(
        "a producer that was taken over closes its stream",
        (
            Edit(
                _CLIENT_STREAM,
                "                    session, produces = await follower.read(session.session_id), False\n                    continue\n",
                "                    pass\n",
            ),
        ),
    ),
    Mutation(
        "a user gets one answer at a time less than the tier allows",
        (
            Edit(
                "chat.limits.slots",
                "            return slots.acquire(user_id, session_id, limit, now)\n        except SlotsFullError as full:\n            # No",
                "            return slots.acquire(user_id, session_id, limit - 1, now)\n        except SlotsFullError as full:\n            # No",
            ),
            Edit(
                "chat.limits.slots",
                "    try:\n        return slots.acquire(user_id, session_id, limit, now)\n",
                "    try:\n        return slots.acquire(user_id, session_id, limit - 1, now)\n",
            ),
        ),
    ),
    Mutation(
        "slots of sessions that have ended are not looked at",
        (
            Edit(
                "chat.limits.slots",
                "    if session is None or session.state.finished:\n        return True\n",
                "",
            ),
        ),
    ),
    Mutation(
        "what is given back to the rate limit stays counted",
        (
            Edit(
                "fakes.memory_limits",
                "                hits.remove(used.receipt.at)\n",
                "                pass\n",
            ),
        ),
    ),
    Mutation(
        "the rate limit counts whole minutes only",
        (
            Edit(
                "fakes.memory_limits",
                "at >= self._clock.now() - WINDOW_SECONDS]",
                "at >= self._clock.now() // WINDOW_SECONDS * WINDOW_SECONDS]",
            ),
        ),
    ),
    Mutation(
        "a slot that was taken long before the attach counts",
        (
            Edit(
                _ATTACHING,
                "            if self.clock.now() - taken_at > SLOT_COUNTS_SECONDS:\n",
                "            if False:\n",
            ),
        ),
    ),
    Mutation(
        "a slot is renewed under a lease that has lapsed",
        (
            Edit(
                "chat_stream.generation.generations",
                "            await asyncio.sleep(SLOT_SECONDS / 3)\n            if not lease.has_lapsed:\n",
                "            await asyncio.sleep(SLOT_SECONDS / 3)\n            if True:\n",
            ),
        ),
    ),
    Mutation(
        "the last renewal of a slot holds up the client",
        (
            Edit(
                "chat_stream.generation.generations",
                "    await asyncio.wait({task}, timeout=RELEASE_SECONDS)\n",
                "    await asyncio.wait({task})\n",
            ),
        ),
    ),
    Mutation(
        "an expired session takes a slot before its refusal",
        (
            Edit(
                _ATTACHING,
                "            return not session.is_expired(now)\n",
                "            return True\n",
            ),
        ),
    ),
)
