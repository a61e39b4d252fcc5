"""`chat_start.app` as Lambda imports it."""

import json
import os
import subprocess
import sys

from fakes.functions.buffered import ENVIRON, token, url_event

SCRIPT = """
import json, sys
from chat_start.app import handler
before = sorted({"boto3", "openai", "anthropic"} & set(sys.modules))
print(json.dumps({"imported": before, "answer": handler(json.load(sys.stdin), None)}))
"""


def run(environ: dict[str, str], event: object = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        input=json.dumps(event),
        env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-central-1"} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_handler_answers_and_its_import_loads_no_sdk() -> None:
    body = json.dumps({"modelId": "gpt-0", "prompt": "hi"}).encode()
    headers = {"authorization": f"Bearer {token('alice')}", "content-type": "application/json"}
    event = url_event("POST", "/chat/start", query={}, headers=headers, cookies=[], body=body)
    done = run(ENVIRON, event)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["imported"] == []
    assert (said["answer"]["statusCode"], json.loads(said["answer"]["body"])["code"]) == (422, "unknown_model")


def test_a_missing_setting_is_named_before_the_first_request() -> None:
    done = run({name: value for name, value in ENVIRON.items() if name != "IDEMPOTENCY_TABLE"})
    assert done.returncode != 0
    assert "IDEMPOTENCY_TABLE" in done.stderr


def test_a_secret_that_is_too_short_is_not_shown() -> None:
    done = run(ENVIRON | {"AUTH_SECRET": "too-short-a-secret"})
    assert done.returncode != 0
    assert "AUTH_SECRET" in done.stderr
    assert "too-short-a-secret" not in done.stderr
