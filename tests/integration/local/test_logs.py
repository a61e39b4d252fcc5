"""What `make run` prints while it is used: a line a request, and no text of anybody's."""

import re

import httpx

from fakes.sse import parse
from fakes.stack.process import running_stack

SECRET = "xylophone"


def test_requests_and_logs_are_lines_that_a_person_reads() -> None:
    with running_stack(environ={"LOGS": "text"}) as stack:
        headers = {"authorization": f"Bearer {stack.token('alice')}"}
        model = httpx.get(f"{stack.url}/chat/models", headers=headers, timeout=30).json()["models"][0]["id"]
        body = {"modelId": model, "prompt": f"{SECRET} [demo:tokens=5 rate=0]"}
        session = httpx.post(f"{stack.url}/chat/start", json=body, headers=headers, timeout=30).json()
        query = {"sessionId": session["sessionId"]}
        answer = httpx.get(f"{stack.url}/chat/stream", params=query, headers=headers, timeout=30).content
        assert parse(answer)[-1].type == "done"
        assert httpx.get(f"{stack.url}/chat/nothing").status_code == 404
        httpx.get(f"{stack.url}/")
        stack.wait_for_log(r"(?m)^ +local \| \d\d:\d\d:\d\d GET /chat/nothing 404 \d+ ms  Not Found$")
        log = stack.log()
    served = {"GET /chat/models 200": "history", "POST /chat/start 201": "start", "GET /chat/stream 200": "stream"}
    for request, function in served.items():
        assert len(re.findall(rf"(?m)^ +local \| \d\d:\d\d:\d\d {request} [\d.]+ m?s  {function}$", log)) == 1, log
    assert "GET / " not in log
    assert SECRET not in log
    assert not re.search(r"\| *\{", log), "JSON"
    assert "RequestId" not in log
