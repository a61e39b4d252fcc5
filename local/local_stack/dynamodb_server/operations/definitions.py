"""CreateTable and the other operations on table definitions."""

from typing import Final

from local_stack.dynamodb_server.errors import DynamoDBError, invalid
from local_stack.dynamodb_server.operations.messages import OperationRequest, OperationResponse
from local_stack.dynamodb_server.storage.database import Database
from local_stack.dynamodb_server.storage.table import Table
from local_stack.sam.cloudformation import ACCOUNT_ID, REGION

_GLOBAL: Final = "GlobalSecondaryIndexes"
_KEPT: Final = ("TableName", "KeySchema", "AttributeDefinitions", _GLOBAL, "LocalSecondaryIndexes", "BillingMode")


def create_table(database: Database, request: OperationRequest) -> OperationResponse:
    name = request["TableName"]
    if name in database.tables:
        raise DynamoDBError("ResourceInUseException", f"Table already exists: {name}")
    definition = {key: request[key] for key in _KEPT if request.get(key)}
    _check_attributes(definition)
    return {"TableDescription": _described(database.define(definition))}


def update_table(database: Database, request: OperationRequest) -> OperationResponse:
    table = database.table(request["TableName"])
    definition = {**table.definition, **{key: request[key] for key in ("AttributeDefinitions",) if request.get(key)}}
    indexes = {one["IndexName"]: one for one in definition.get(_GLOBAL) or ()}
    for update in request.get("GlobalSecondaryIndexUpdates") or ():
        ((kind, index),) = update.items()
        name = index["IndexName"]
        if (kind == "Create") is (name in indexes):
            raise invalid(f"The index {name} {'already exists' if kind == 'Create' else 'does not exist'}")
        if kind == "Create":
            indexes[name] = index
        elif kind == "Delete":
            del indexes[name]
    definition[_GLOBAL] = list(indexes.values())
    _check_attributes(definition)
    _check_key_types(table, definition)
    return {"TableDescription": _described(database.define(definition))}


def delete_table(database: Database, request: OperationRequest) -> OperationResponse:
    table = database.table(request["TableName"])
    database.drop(table)
    return {"TableDescription": {**_described(table), "TableStatus": "DELETING"}}


def describe_table(database: Database, request: OperationRequest) -> OperationResponse:
    return {"Table": _described(database.table(request["TableName"]))}


def list_tables(database: Database, request: OperationRequest) -> OperationResponse:
    after, limit = request.get("ExclusiveStartTableName") or "", request.get("Limit", 100)
    names = [name for name in sorted(database.tables) if name > after]
    more = {"LastEvaluatedTableName": names[limit - 1]} if len(names) > limit else {}
    return {"TableNames": names[:limit], **more}


def update_time_to_live(database: Database, request: OperationRequest) -> OperationResponse:
    table, wanted = database.table(request["TableName"]), request["TimeToLiveSpecification"]
    database.define({**table.definition, "TimeToLiveSpecification": wanted})
    return {"TimeToLiveSpecification": wanted}


def describe_time_to_live(database: Database, request: OperationRequest) -> OperationResponse:
    found = database.table(request["TableName"]).definition.get("TimeToLiveSpecification") or {}
    if not found.get("Enabled"):
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": found["AttributeName"]}}


def _described(table: Table) -> OperationResponse:
    definition = table.definition
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT_ID}:table/{table.name}"
    return {
        "TableName": table.name,
        "TableArn": arn,
        "TableStatus": "ACTIVE",
        "CreationDateTime": definition["Created"],
        "KeySchema": definition["KeySchema"],
        "AttributeDefinitions": definition["AttributeDefinitions"],
        "BillingModeSummary": {"BillingMode": definition.get("BillingMode", "PROVISIONED")},
        "ItemCount": len(table),
        "TableSizeBytes": table.bytes,
        **{
            kind: [
                {**index, "IndexStatus": "ACTIVE", "IndexArn": f"{arn}/index/{index['IndexName']}"}
                for index in definition[kind]
            ]
            for kind in (_GLOBAL, "LocalSecondaryIndexes")
            if definition.get(kind)
        },
    }


def _check_attributes(definition: OperationRequest) -> None:
    """Raises DynamoDBError unless AttributeDefinitions names exactly the key attributes of table and indexes."""
    described = [one for kind in (_GLOBAL, "LocalSecondaryIndexes") for one in definition.get(kind) or ()]
    used = {element["AttributeName"] for one in (definition, *described) for element in one["KeySchema"]}
    typed = {attribute["AttributeName"] for attribute in definition["AttributeDefinitions"]}
    if used != typed:
        raise invalid(
            "One or more parameter values were invalid: Some index key attributes are not defined in "
            f"AttributeDefinitions, or some attributes are not used. Keys: {sorted(used)}, "
            f"AttributeDefinitions: {sorted(typed)}"
        )


def _check_key_types(table: Table, definition: OperationRequest) -> None:
    """Raises DynamoDBError for a change of the table's own key types: stored items could not be found any more."""
    for attribute in definition["AttributeDefinitions"]:
        name, kind = attribute["AttributeName"], attribute["AttributeType"]
        if name in table.schema.names and kind != table.schema.types[name]:
            raise invalid(f"The type of the table's key attribute {name} cannot be changed")
