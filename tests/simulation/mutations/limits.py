"""Faults of the limits: slots of running streams, and the rate of starts."""

from simulation.mutations.mutation import Edit, Mutation

_GENERATIONS = "chat_stream.generation.generations"
_ATTACHING = "chat_stream.attach.attacher"
_SLOTS = "chat.limits.slots"
_FAKE_LIMITS = "fakes.memory.limits"

LIMITS = (
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
                _GENERATIONS,
                "            await _ended(holding)  # the slot is the session's: the new producer holds it now\n",
                "            await _ended(holding)\n            await in_thread(self.slots.release, session)\n",
            ),
        ),
    ),
    Mutation(
        "a kept slot can be dropped by those who saw it before",
        (
            Edit(
                _FAKE_LIMITS,
                "                self.held[user_id][session_id] = renewed_until(now)\n                return Slot",
                "                return Slot",
            ),
        ),
    ),
    Mutation(
        "slots of sessions that run no longer count",
        (
            Edit(
                _SLOTS,
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
        "a user gets one answer at a time less than the tier allows",
        (
            Edit(
                _SLOTS,
                "            return slots.acquire(user_id, session_id, limit, now)\n"
                "        except SlotsFullError as full:\n",
                "            return slots.acquire(user_id, session_id, limit - 1, now)\n"
                "        except SlotsFullError as full:\n",
            ),
            Edit(
                _SLOTS,
                "    try:\n        return slots.acquire(user_id, session_id, limit, now)\n",
                "    try:\n        return slots.acquire(user_id, session_id, limit - 1, now)\n",
            ),
        ),
    ),
    Mutation(
        "slots of sessions that have ended are not looked at",
        (
            Edit(
                _SLOTS,
                "    if session is None or session.state.finished:\n        return True\n",
                "",
            ),
        ),
    ),
    Mutation(
        "what is given back to the rate limit stays counted",
        (
            Edit(
                _FAKE_LIMITS,
                "                hits.remove(used.receipt.at)\n",
                "                pass\n",
            ),
        ),
    ),
    Mutation(
        "the rate limit counts whole minutes only",
        (
            Edit(
                _FAKE_LIMITS,
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
        "an expired session takes a slot before its refusal",
        (
            Edit(
                _ATTACHING,
                "            return not session.is_expired(now)\n",
                "            return True\n",
            ),
        ),
    ),
    Mutation(
        "a producer whose lease has lapsed frees the slot",
        (
            Edit(
                _GENERATIONS,
                "                if not lease.has_lapsed:\n                    await in_thread(self.slots.release",
                "                if True:\n                    await in_thread(self.slots.release",
            ),
        ),
    ),
)
