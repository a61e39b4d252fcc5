"""Ids sort by time, and say nothing about each other."""

import time
from itertools import pairwise

from ulid import ULID

from chat.ids import later_answer_id, new_id, new_message_ids


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


NOW = 1_800_000_000.0
YEAR_SECONDS = 366 * 24 * 3600


def test_later_answers_stand_behind_the_first_and_before_every_later_prompt() -> None:
    first = new_message_ids(NOW)
    for elapsed in (0.0, 0.001, 60.0, 50.0 * YEAR_SECONDS):
        answer = later_answer_id(first.prompt, NOW + elapsed)
        assert first.answer < answer < new_message_ids(NOW + 0.001).prompt


def test_later_answers_sort_by_the_time_they_were_asked_for() -> None:
    prompt = new_message_ids(NOW).prompt
    answers = [later_answer_id(prompt, NOW + at / 1000) for at in range(100)]
    assert answers == sorted(answers)


def test_later_answers_of_one_millisecond_differ() -> None:
    prompt = new_message_ids(NOW).prompt
    assert len({later_answer_id(prompt, NOW) for _ in range(20)}) > 10


def test_later_answer_stands_behind_one_that_a_fast_clock_made() -> None:
    prompt = new_message_ids(NOW).prompt
    early = later_answer_id(prompt, NOW + 10)
    assert later_answer_id(prompt, NOW + 1, after=early) > early
    assert later_answer_id(prompt, NOW - 1) > new_message_ids(NOW - 1).answer
