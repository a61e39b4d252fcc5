"""Ids sort by time, and say nothing about each other."""

import time
from itertools import pairwise

from ulid import ULID

from chat.ids import new_id, new_message_ids


def test_answer_stands_directly_behind_its_prompt() -> None:
    for _ in range(1000):
        ids = new_message_ids(1_800_000_000.0)

        assert int(ULID.from_str(ids.answer)) == int(ULID.from_str(ids.prompt)) + 1
        assert ids.prompt < ids.answer


def test_ids_sort_by_time() -> None:
    assert new_message_ids(1_800_000_000.000).answer < new_message_ids(1_800_000_000.001).prompt


def test_ids_of_the_same_millisecond_are_far_apart() -> None:
    numbers = sorted(int(ULID.from_str(new_message_ids(1_800_000_000.0).prompt)) for _ in range(1000))

    assert min(later - earlier for earlier, later in pairwise(numbers)) > 1_000_000


def test_new_id_carries_the_time() -> None:
    assert abs(ULID.from_str(new_id()).timestamp - time.time()) < 5
