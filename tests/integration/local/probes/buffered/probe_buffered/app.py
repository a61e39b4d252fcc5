"""A buffered function that does what the request's path says."""

import base64
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Event = dict[str, Any]
VERSION = "first"


def handler(event: Event, context: Any) -> Any:
    return ACTIONS[event["rawPath"].rpartition("/")[2]](event, context)


def answer(body: object, **more: Any) -> dict[str, Any]:
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body), **more}


def echo(event: Event, context: Any) -> Any:
    return answer(
        {
            "event": event,
            "requestId": context.aws_request_id,
            "remainingMs": context.get_remaining_time_in_millis(),
            "arn": context.invoked_function_arn,
            "pid": os.getpid(),
        }
    )


def cookies(event: Event, context: Any) -> Any:
    return answer({}, cookies=["a=1; Path=/", "b=2"], statusCode=201)


def binary(event: Event, context: Any) -> Any:
    data = bytes(range(256))
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "image/png", "Content-Length": "7", "X-Count": 3},
        "body": base64.b64encode(data).decode(),
        "isBase64Encoded": True,
    }


def value(event: Event, context: Any) -> Any:
    return {"no": "status"}


def empty(event: Event, context: Any) -> Any:
    return {"statusCode": 204}


def malformed(event: Event, context: Any) -> Any:
    return {"statusCode": "none"}


def split(event: Event, context: Any) -> Any:
    return answer({}, headers={"x-split": "a\r\nset-cookie: b=1"})


def raised(event: Event, context: Any) -> Any:
    raise RuntimeError("the probe's own error")


def left(event: Event, context: Any) -> Any:
    os._exit(3)


def large(event: Event, context: Any) -> Any:
    return answer("x" * 7_000_000)


def environment(event: Event, context: Any) -> Any:
    return answer(dict(os.environ))


def slept(event: Event, context: Any) -> Any:
    time.sleep(30)


def waited(event: Event, context: Any) -> Any:
    """Until the file that the query names is there."""
    while not Path(event["queryStringParameters"]["gate"]).exists():
        time.sleep(0.01)
    return answer(os.getpid())


def version(event: Event, context: Any) -> Any:
    return answer(VERSION)


def metric(event: Event, context: Any) -> Any:
    directive = {
        "Namespace": "Probe",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "ThingsDone", "Unit": "Count"}, {"Name": "WaitMs", "Unit": "Milliseconds"}],
    }
    aws = {"Timestamp": 0, "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": aws, "service": "probe", "ThingsDone": [2.0], "WaitMs": 5}))
    return answer({})


ACTIONS: dict[str, Callable[[Event, Any], Any]] = {
    function.__name__: function
    for function in (
        *(echo, cookies, binary, value, empty, malformed, split, raised, left, large),
        *(environment, slept, waited, version, metric),
    )
}
