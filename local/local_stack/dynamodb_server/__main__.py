"""``python -m local_stack.dynamodb_server``: serves on a free port and prints its address."""

import argparse
import asyncio
import sys
from http import HTTPStatus
from pathlib import Path

from local_stack.dynamodb_server.service import DynamoDBService
from local_stack.dynamodb_server.storage.database import Database
from local_stack.dynamodb_server.storage.journal import Journal, JournalError
from local_stack.http import http1

MAX_REQUEST_BYTES = 17 * 1024 * 1024
"""Above the limit of BatchWriteItem (16 MB)."""
_JSON = "application/x-amz-json-1.0"


def main() -> None:
    parser = argparse.ArgumentParser(prog="local_stack.dynamodb_server", description="A local DynamoDB.")
    parser.add_argument("--file", type=Path, help="file that stores the data; default: memory only")
    parser.add_argument("--expire-seconds", type=float, help="interval between removals of expired items")
    arguments = parser.parse_args()
    try:
        database = Database(None if arguments.file is None else Journal(arguments.file, _say))
    except JournalError as error:
        sys.exit(str(error))
    asyncio.run(serve(database, arguments.expire_seconds))


async def serve(database: Database, expire_seconds: float | None = None) -> None:
    """Serves until cancelled."""
    service = DynamoDBService(database)

    async def handle(exchange: http1.Exchange) -> None:
        try:
            body = await exchange.read(MAX_REQUEST_BYTES)
        except http1.BodyTooLargeError:
            await exchange.respond(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"content-type": _JSON}, b"{}")
            return
        status, content = service.answer(exchange.header("x-amz-target") or "", body)
        await exchange.respond(status, {"content-type": _JSON}, content)

    listener = http1.bind("127.0.0.1", 0)
    server = await http1.serve(listener, handle)
    _say(f"dynamodb on http://127.0.0.1:{listener.getsockname()[1]}")
    async with server:
        while True:
            await asyncio.sleep(expire_seconds or 3600)
            if expire_seconds is not None:
                database.remove_expired()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
