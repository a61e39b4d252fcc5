"""The template's policies, the list of calls and the calls that the built functions make are the same."""

import random
import string
import time
from collections.abc import Iterator

import pytest

from artefacts.calls import CALLS
from artefacts.deployed import Deployed, abandoned, allowed, deployed_stack, stopped_unheard
from artefacts.gate import BadLuck, Rights
from artefacts.policies import Permission
from artefacts.sam import build_for_this_machine

pytestmark = pytest.mark.timeout(300)

LONG = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=600_000))
"""More than an item of DynamoDB may hold, and not to be compressed: it is stored in parts."""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed_stack(build_for_this_machine(tmp_path_factory), tmp_path_factory.mktemp("deployed")) as running:
        yield running


def test_functions_make_the_calls_that_the_template_allows_and_no_others(deployed: Deployed) -> None:
    """Every way to the tables is gone once; the gate refuses what the policies do not name."""
    chat = an_ordinary_day(deployed)
    a_day_without_luck_for_start(deployed)
    a_day_without_luck_for_stream(deployed, chat)
    a_day_for_the_cleanup(deployed)
    assert deployed.gate.bad_luck == {}
    assert deployed.gate.rights.denied == []
    for function, permitted in allowed().items():
        used = deployed.gate.rights.used[function]
        assert used == {item for item in permitted if item.action.startswith("dynamodb:")}, function
        assert used == {
            Permission(f"dynamodb:{operation}", resource)
            for resource, operations in CALLS[function].items()
            for operation in operations
        }


def an_ordinary_day(deployed: Deployed) -> str:
    """Returns the chat's id."""
    session = deployed.start("[demo:tokens=5 rate=0] One")
    deployed.stream(session)
    deployed.stream(session)  # once more: a replay
    chat = session["chatId"]
    deployed.stream(deployed.start(f"[demo:tokens=5 rate=0] {LONG}", chatId=chat))

    stopped = deployed.start("[demo:tokens=1000 rate=20] On and on", chatId=chat)
    with deployed.client.stream("GET", "/chat/stream", params={"sessionId": stopped["sessionId"]}) as answer:
        chunks = answer.iter_raw()
        while b'"token"' not in next(chunks):
            pass
        assert deployed.stop(stopped["sessionId"]).status_code == 200
        assert b'"stopped"' in b"".join(chunks)
    assert deployed.stop(stopped["sessionId"]).status_code == 200

    for command in ("/help", "/models", "/history 5"):
        deployed.stream(deployed.start(command, chatId=chat))
    assert len(deployed.history(chatId=chat)) == 12
    assert len(deployed.history(limit="3")) == 3

    # A prompt without an answer says why, another session is made for it, and the history sees that it waits.
    failed = deployed.start("[demo:status=400] Refused", chatId=chat)
    assert deployed.stream(failed)[-1].type == "error"
    prompt = deployed.history(chatId=chat)[-1]
    assert (prompt["status"], prompt["code"]) == ("failed", "provider_rejected")
    deployed.regenerate(chat, prompt["id"])
    assert deployed.history(chatId=chat)[-1]["status"] == "pending"

    first, second = (deployed.try_to_start("Once", key="one") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["sessionId"] == second.json()["sessionId"]

    deployed.meet_new_user("POST", "/chat/stop", json={"sessionId": session["sessionId"]})
    deployed.meet_new_user("GET", "/chat/stream", params={"sessionId": session["sessionId"]})
    deployed.meet_new_user("GET", "/chat/models")
    return chat


def a_day_without_luck_for_start(deployed: Deployed) -> None:
    # The parts of a prompt are removed when its transaction is refused, and so is the record of the request.
    deployed.gate.bad_luck["StartFunction", "TransactWriteItems"] = BadLuck.REFUSED
    assert deployed.try_to_start(LONG, key="two").status_code == 503
    # The record of the first request is read when DynamoDB does not send it with its refusal.
    assert deployed.try_to_start("Twice", key="three").status_code == 201
    deployed.gate.bad_luck["StartFunction", "PutItem"] = BadLuck.FORGOTTEN
    assert deployed.try_to_start("Twice", key="three").status_code == 201
    # A stop finds a dead producer, which had written more than an item may hold.
    answer = deployed.stop(abandoned(deployed.conversation(), LONG))
    assert answer.json()["state"] == "stopped"


def a_day_without_luck_for_stream(deployed: Deployed, chat: str) -> None:
    """Checkpoints of a long answer whose end is refused: its parts are removed, and the stored text is settled."""
    session = deployed.start("[demo:tokens=1000 token-chars=600 rate=250] Tell me all", chatId=chat)
    deployed.gate.bad_luck["StreamFunction", "TransactWriteItems"] = BadLuck.REFUSED
    events = deployed.stream(session)
    assert (events[-1].type, events[-1].data["code"]) == ("error", "interrupted")
    assert len(deployed.history(chatId=chat)[-1]["content"]) > 400_000


def a_day_for_the_cleanup(deployed: Deployed) -> None:
    """A session never streamed, and dead producers; what is refused in one run is done in the next."""
    conversation = deployed.conversation()
    conversation.start(now=time.time() - 3600)
    for _ in range(2):
        abandoned(conversation, LONG)
    deployed.gate.bad_luck["CleanupFunction", "TransactWriteItems"] = BadLuck.REFUSED
    first, second = deployed.clean_up(), deployed.clean_up()
    assert (first["SessionsExpired"], first["SessionsSettled"]) == (1, 1)
    assert (second["SessionsExpired"], second["SessionsSettled"]) == (0, 1)
    stopped_unheard(conversation)
    assert deployed.clean_up()["SessionsSettled"] == 1


def test_gate_refuses_what_no_policy_names() -> None:
    """Without which the test above would prove nothing."""
    rights = Rights({"StartFunction": {Permission("dynamodb:GetItem", "UsersTable")}})
    agent = "Boto3/1 app/StartFunction"
    assert rights.lacking(agent, "GetItem", {"TableName": "UsersTable"}) == []
    assert rights.lacking(agent, "Scan", {"TableName": "UsersTable"})
    transaction = {"TransactItems": [{"Put": {"TableName": "ChatsTable"}}, {"Update": {"TableName": "UsersTable"}}]}
    assert len(rights.lacking(agent, "TransactWriteItems", transaction)) == 2
    assert rights.lacking(agent, "Query", {"TableName": "ChatsTable", "IndexName": "ChatsByActivity"}) == [
        Permission("dynamodb:Query", "ChatsTable/index/ChatsByActivity")
    ]
    assert len(rights.denied) == 4
