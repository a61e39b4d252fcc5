"""Built artefacts run on what they hold, not on what the project's environment has."""

import sys
from pathlib import Path

import httpx

from fakes.stack.process import running_stack

HANDLER = """
import importlib.util, json, sys
import borrowed

def handler(event, context):
    names = ["awslambdaric", "fastapi", "boto3", "moto", "chat_start", "local_stack"]
    found = {name: importlib.util.find_spec(name) is not None for name in names}
    body = {"found": found, "borrowed": borrowed.__file__, "prefix": sys.prefix, "writes": not sys.dont_write_bytecode}
    return {"statusCode": 200, "body": json.dumps(body)}
"""


def test_imports_come_from_the_artefacts(probes: Path) -> None:
    built = probes.parent
    (built / "buffered/probe_buffered/app.py").write_text(HANDLER)
    (built / "layer/python").mkdir()
    (built / "layer/lambda_asgi").rename(built / "layer/python/lambda_asgi")
    (built / "layer/python/borrowed.py").write_text("")
    template = probes.read_text().replace("CodeUri: buffered", "CodeUri: buffered\n      Layers: [!Ref RuntimeLayer]")
    probes.write_text(template)

    with running_stack("--artefacts", str(built)) as stack:
        seen = httpx.get(f"{stack.url}/buffered/any").json()
        streamed = httpx.get(f"{stack.url}/streaming/stamps", params={"count": 2, "gap": 0})

    assert seen["found"] == {
        "awslambdaric": True,
        "fastapi": False,
        "boto3": False,
        "moto": False,
        "chat_start": False,
        "local_stack": False,
    }
    assert seen["borrowed"] == str(built / "layer/python/borrowed.py")
    assert seen["prefix"] != sys.prefix
    assert seen["writes"] is False
    assert len(streamed.text.split()) == 2
