"""What of a chat fits a model's context window."""

from chat.messages import Message, MessageStatus, Role
from chat_stream.generation.context import BYTES_PER_TOKEN, turns_for
from fakes.functions.stream_world import MODEL

BUDGET = (MODEL.context_window - MODEL.max_output_tokens) * BYTES_PER_TOKEN


def message(number: int, role: Role, content: str, status: MessageStatus = MessageStatus.COMPLETE) -> Message:
    return Message(f"{number:026d}", "alice", "chat", "session", role, content, "small", 0.0, status)


def test_whole_conversation_that_fits_is_given() -> None:
    messages = [message(1, Role.USER, "a"), message(2, Role.ASSISTANT, "b"), message(3, Role.USER, "c")]

    assert [turn.content for turn in turns_for(MODEL, messages, "system")] == ["a", "b", "c"]


def test_oldest_turns_are_left_out_together_with_their_answers() -> None:
    long = "x" * (BUDGET // 2 - 10)
    messages = [
        message(1, Role.USER, long),
        message(2, Role.ASSISTANT, long),
        message(3, Role.USER, "new"),
    ]

    assert [turn.content for turn in turns_for(MODEL, messages, "s" * 100)] == ["new"]


def test_prompt_is_given_even_if_it_alone_is_too_long() -> None:
    messages = [message(1, Role.USER, "old"), message(3, Role.USER, "x" * (BUDGET + 1))]

    assert [len(turn.content) for turn in turns_for(MODEL, messages, "")] == [BUDGET + 1]


def test_partial_answers_are_part_of_the_conversation() -> None:
    messages = [
        message(1, Role.USER, "a"),
        message(2, Role.ASSISTANT, "par", MessageStatus.INTERRUPTED),
        message(3, Role.USER, "go on"),
    ]

    assert [turn.content for turn in turns_for(MODEL, messages, "")] == ["a", "par", "go on"]


def test_scripts_with_a_token_a_character_are_counted_as_such() -> None:
    """A Chinese character is about one token: twice as many as fit must not all be given."""
    messages = [message(number, Role.USER, "中" * 100) for number in range(1, 41)]

    characters = sum(len(turn.content) for turn in turns_for(MODEL, messages, ""))

    assert characters <= MODEL.context_window - MODEL.max_output_tokens


def test_answer_after_which_the_same_prompt_was_answered_again_is_left_out() -> None:
    messages = [
        message(1, Role.USER, "a"),
        message(2, Role.ASSISTANT, "par", MessageStatus.INTERRUPTED),
        message(3, Role.ASSISTANT, "second answer"),
        message(4, Role.USER, "b"),
    ]

    assert [turn.content for turn in turns_for(MODEL, messages, "")] == ["a", "second answer", "b"]
