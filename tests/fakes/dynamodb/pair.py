"""The local stack's DynamoDB beside Amazon's: every request goes to both, and both must say the same."""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

TABLE = "Things"
INDEX = "ByGroup"
TEXT_TABLE = "Texts"
TEXT_INDEX = "ByText"
TEXT_KEY: dict[str, Any] = {"pk": {"S": "a"}, "sk": {"S": "b"}}
KEY: dict[str, Any] = {"pk": {"S": "a"}, "sk": {"N": "1"}}
ITEM: dict[str, Any] = {
    **KEY,
    "txt": {"S": "héllo"},
    "num": {"N": "5.50"},
    "bin": {"B": b"abc"},
    "flag": {"BOOL": True},
    "nothing": {"NULL": True},
    "elements": {"L": [{"S": "x"}, {"N": "2"}, {"M": {"q": {"N": "1"}}}]},
    "members": {"M": {"a": {"N": "1"}, "l": {"L": [{"N": "7"}]}}},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2.0"]},
    "grp": {"S": "g"},
    "rnk": {"N": "3"},
}
VALUES: dict[str, Any] = {
    ":text": {"S": "héllo"},
    ":later": {"S": "i"},
    ":x": {"S": "x"},
    ":l": {"S": "l"},
    ":h": {"S": "hé"},
    ":a": {"S": "a"},
    ":S": {"S": "S"},
    ":empty": {"S": ""},
    ":whole": {"S": "xhéllox"},
    ":n": {"N": "5.5"},
    ":one": {"N": "1"},
    ":two": {"N": "2"},
    ":three": {"N": "3"},
    ":five": {"N": "5"},
    ":six": {"N": "6"},
    ":minus": {"N": "-3"},
    ":big": {"N": "1e125"},
    ":huge": {"N": "1e126"},
    ":long": {"N": "123456789012345678901234567890123456789"},
    ":word": {"N": "abc"},
    ":null": {"NULL": True},
    ":true": {"BOOL": True},
    ":abd": {"B": b"abd"},
    ":texts": {"SS": ["b", "a"]},
    ":b": {"SS": ["b"]},
    ":none": {"SS": []},
    ":twice": {"SS": ["a", "a"]},
    ":numbers": {"NS": ["2", "3"]},
    ":list": {"L": [{"N": "9"}]},
    ":map": {"M": {"l": {"L": [{"N": "7.0"}]}, "a": {"N": "1.0"}}},
}
"""For every placeholder of these tests' expressions."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a server said: an error's name, and a cancelled transaction's codes; or the answer."""

    error: str | None
    codes: tuple[str, ...]
    answer: Any


class DynamoDBPair:
    """Both servers, with the same tables: one whose sort keys are numbers, and one where all keys are texts."""

    def __init__(self, local_url: str, amazon_url: str) -> None:
        self.local, self.amazon = _client(local_url), _client(amazon_url)
        for client in (self.local, self.amazon):
            _create_table(client, TABLE, INDEX, {"pk": "S", "sk": "N", "grp": "S", "rnk": "N"})
            _create_table(client, TEXT_TABLE, TEXT_INDEX, dict.fromkeys(("pk", "sk", "grp", "rnk"), "S"))

    def same(self, operation: str, **request: Any) -> Outcome:
        """The outcome of a request that both answer alike."""
        local, amazon = (_outcome(client, operation, request) for client in (self.local, self.amazon))
        assert local == amazon
        return local


def given(*expressions: str) -> dict[str, Any]:
    """The values of a request with these expressions."""
    words = set(" ".join(expressions).replace("(", " ").replace(")", " ").replace(",", " ").split())
    found = {name: value for name, value in VALUES.items() if name in words}
    return {"ExpressionAttributeValues": found} if found else {}


def _client(url: str) -> Any:
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=config,
    )


def _create_table(client: Any, name: str, index: str, types: dict[str, str]) -> None:
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": kind} for attribute, kind in types.items()],
        KeySchema=_schema("pk", "sk"),
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {"IndexName": index, "KeySchema": _schema("grp", "rnk"), "Projection": {"ProjectionType": "ALL"}}
        ],
    )


def _schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def _outcome(client: Any, operation: str, request: dict[str, Any]) -> Outcome:
    try:
        answer = getattr(client, operation)(**_of_table(request))
    except ClientError as error:
        reasons = error.response.get("CancellationReasons", [])
        return Outcome(
            error.response["Error"]["Code"],
            tuple(reason["Code"] for reason in reasons),
            _comparable([reason.get("Item") for reason in reasons] or error.response.get("Item")),
        )
    return Outcome(None, (), _comparable(answer))


def _of_table(request: dict[str, Any]) -> dict[str, Any]:
    names_its_tables = not request.keys().isdisjoint({"RequestItems", "TransactItems"})
    return request if names_its_tables else {"TableName": TABLE, **request}


def _comparable(found: Any) -> Any:
    """Without what belongs to the server, and sets in one order."""
    if isinstance(found, dict):
        left_out = {"ResponseMetadata", "ConsumedCapacity"}
        return {
            key: sorted(value) if key in {"SS", "NS"} else _comparable(value)
            for key, value in found.items()
            if key not in left_out
        }
    return [_comparable(one) for one in found] if isinstance(found, list) else found
