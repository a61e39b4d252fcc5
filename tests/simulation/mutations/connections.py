"""Faults that a client sees in a connection: silence, an end without a word, no end."""

from simulation.mutations.mutation import Edit, Mutation

_FOLLOWING = "chat_stream.attach.session_follower"
_CLIENT_STREAM = "chat_stream.attach.client_stream"
_WRITER = "chat_stream.writer"
_READER = "chat_stream.readers.session_reader"
_STORES = "fakes.memory.session_store"

CONNECTIONS = (
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
                "                await self.write(events.PING)\n",
                "                if not self._begun:\n                    await self.write(events.PING)\n",
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
        "a take-over forgets the newest connections of other clients",
        (
            Edit(
                _STORES,
                "session = replace(session, viewers=session.viewers or {})\n",
                "session = replace(session, viewers={})\n",
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
                "                    session, produces = await follower.read(session.session_id), False\n"
                "                    continue\n",
                "                    pass\n",
            ),
        ),
    ),
)
