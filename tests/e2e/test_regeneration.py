"""Another answer to a prompt that is there, with the running stack."""

from typing import Any

import pytest

from chat.ids import new_id
from fakes import sse
from fakes.stack.frontend import CLAUDE, MODEL, Frontend

pytestmark = pytest.mark.timeout(120)


def regenerate(alice: Frontend, prompt: dict[str, Any], model: str = MODEL) -> list[sse.Event]:
    body = {"modelId": model, "chatId": prompt["chatId"], "regenerate": prompt["id"]}
    answer = alice.client.post("/chat/start", json=body)
    assert answer.status_code == 201, answer.text
    return alice.read(answer.json()["sessionId"])


def facts(messages: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(message["role"], message["modelId"], message["status"]) for message in messages]


def test_regenerated_answers_stand_behind_the_first_and_come_from_the_provider(alice: Frontend) -> None:
    question = f"[demo:tokens=5 rate=0] again {new_id()}"
    session = alice.start(question)
    alice.read(session["sessionId"])
    (prompt, first) = alice.history(session["chatId"])
    alice.ask("[demo:tokens=5 rate=0] and then", chatId=session["chatId"])

    second = regenerate(alice, prompt)
    third = regenerate(alice, prompt, CLAUDE)

    assert [events[-1].data["cached"] for events in (second, third)] == [False, False]
    messages = alice.history(session["chatId"])
    assert facts(messages) == [
        ("user", MODEL, "complete"),
        ("assistant", MODEL, "complete"),
        ("assistant", MODEL, "complete"),
        ("assistant", CLAUDE, "complete"),
        ("user", MODEL, "complete"),
        ("assistant", MODEL, "complete"),
    ]
    assert [message["id"] for message in messages[1:4]] == [
        first["id"],
        second[-1].data["messageId"],
        third[-1].data["messageId"],
    ]
    # As the last turn each time: the model is asked with nothing that stands behind the prompt.
    assert alice.provider_calls(question)["calls"] == 3


def test_prompt_that_failed_is_tried_again_and_stored_once(alice: Frontend) -> None:
    session = alice.start(f"[demo:status=400 times=1] {new_id()}")
    assert alice.read(session["sessionId"])[-1].data["code"] == "provider_rejected"
    (prompt,) = alice.history(session["chatId"])
    assert (prompt["status"], prompt["code"], prompt["retryable"]) == ("failed", "provider_rejected", False)

    assert regenerate(alice, prompt)[-1].type == "done"

    again, _ = alice.history(session["chatId"])
    assert (again["id"], again["content"]) == (prompt["id"], prompt["content"])
    assert (again["status"], again["code"], again["retryable"]) == ("complete", None, None)


def test_command_is_run_again(alice: Frontend) -> None:
    session = alice.start("/models")
    alice.read(session["sessionId"])
    prompt = alice.history(session["chatId"])[0]

    assert "gpt-5.6-luna" in sse.text_of(regenerate(alice, prompt))

    assert [message["kind"] for message in alice.history(session["chatId"])] == ["command"] * 3
