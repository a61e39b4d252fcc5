"""What is in DynamoDB and Redis over restarts of the stack."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from redis import Redis

from fakes.stack.process import RunningStack, running_stack, start_stack

needs_redis_server = pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A table and no function: nothing but what keeps data has to start."""
    file = tmp_path / "template.yaml"
    file.write_text("""
Resources:
  Things:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Things
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
""")
    return file


@contextmanager
def stack_on(template: Path, data: Path | str, **environ: str) -> Iterator[RunningStack]:
    with running_stack("--template", str(template), environ={"DATA": str(data), **environ}) as stack:
        yield stack


def things(stack: RunningStack) -> Any:
    return boto3.resource(
        "dynamodb",
        endpoint_url=stack.address_of("dynamodb"),
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    ).Table("Things")


def redis_of(stack: RunningStack) -> Any:
    return Redis.from_url(stack.address_of("redis"), socket_timeout=10)


def fill(stack: RunningStack) -> None:
    things(stack).put_item(Item={"id": "a"})
    redis_of(stack).set("a", "x", ex=1000)


def kill(stack: RunningStack) -> None:
    stack.process.kill()
    stack.process.wait()


@needs_redis_server
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
def test_data_is_there_again_after_the_stack_ended(template: Path, data: Path, end: signal.Signals) -> None:
    with stack_on(template, data) as stack:
        assert f"Data is kept in {data} (" in stack.log()
        fill(stack)
        stack.process.send_signal(end)
        stack.process.wait(15)

    with stack_on(template, data) as stack:
        assert things(stack).get_item(Key={"id": "a"}).get("Item") == {"id": "a"}
        assert redis_of(stack).get("a") == b"x"
        assert 900 < redis_of(stack).ttl("a") <= 1000


@needs_redis_server
def test_fresh_starts_empty_and_keeps_foreign_files(template: Path, data: Path) -> None:
    with stack_on(template, data) as stack:
        fill(stack)
    (data / "notes").write_text("mine")

    with stack_on(template, data, FRESH="1") as stack:
        assert things(stack).scan()["Count"] == 0
        assert redis_of(stack).dbsize() == 0

    assert (data / "notes").read_text() == "mine"


def test_fresh_takes_nothing_from_a_folder_that_was_never_a_stacks(template: Path, data: Path) -> None:
    (data / "redis").mkdir(parents=True)
    (data / "redis/mine").touch()

    with stack_on(template, data, FRESH="1"):
        assert (data / "redis/mine").exists()


def test_no_folder_keeps_nothing(template: Path, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    with stack_on(template, "") as stack:
        things(stack).put_item(Item={"id": "a"})
        assert "Data is in memory only and lost when the stack stops." in stack.log()

    assert set(tmp_path.iterdir()) == before


def test_default_folder_is_the_states(template: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with running_stack("--template", str(template), "--state", str(state)) as stack:
        assert f"Data is kept in {state / 'data'} (" in stack.log()


def test_second_stack_on_a_folder_is_one_sentence(template: Path, data: Path, tmp_path: Path) -> None:
    with stack_on(template, data) as stack:
        log = tmp_path / "second"
        arguments = ["--template", str(template), "--state", str(tmp_path)]
        second = start_stack(arguments, {"DATA": str(data)}, log)

        assert second.wait(60) == 1
        assert log.read_text() == (
            f"chat-sse cannot start: another stack keeps its data in {data}. "
            "Set DATA= to another folder, or to nothing for memory only.\n"
        )
        things(stack).put_item(Item={"id": "a"})


def test_servers_of_a_killed_stack_hold_the_folder_until_they_are_gone(template: Path, data: Path) -> None:
    with stack_on(template, data) as stack:
        kill(stack)
        # At once: the servers may still be there.
        with stack_on(template, data) as again:
            assert things(again).scan()["Count"] == 0


def test_folder_that_cannot_be_written_is_one_sentence(template: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file/data"
    log = tmp_path / "log"
    process = start_stack(["--template", str(template), "--state", str(tmp_path)], {"DATA": str(folder)}, log)

    assert process.wait(60) == 1
    assert log.read_text() == (
        f"chat-sse cannot start: the data folder {folder} cannot be used: Not a directory. "
        "Set DATA= to another folder.\n"
    )


def test_half_written_files_are_no_hindrance(template: Path, data: Path) -> None:
    with stack_on(template, data) as stack:
        fill(stack)
        things(stack).put_item(Item={"id": "b"})
        kill(stack)
    for file in (data / "dynamodb.journal", *data.glob("redis/appendonlydir/*.incr.aof")):
        file.write_bytes(file.read_bytes()[:-3])

    with stack_on(template, data) as stack:
        assert things(stack).scan()["Items"] == [{"id": "a"}]
        assert "Traceback" not in stack.log()


@needs_redis_server
def test_redis_starts_empty_if_its_data_are_damaged(template: Path, data: Path) -> None:
    with stack_on(template, data) as stack:
        fill(stack)
    (file,) = data.glob("redis/appendonlydir/*.incr.aof")
    file.write_bytes(b"nonsense\r\n" + file.read_bytes())

    with stack_on(template, data) as stack:
        assert redis_of(stack).dbsize() == 0
        assert (
            f"Redis could not read its data: it starts empty, and the data was moved to {data / 'redis.damaged'}."
            in stack.log()
        )
        assert things(stack).scan()["Count"] == 1
    assert list(data.glob("redis.damaged/appendonlydir/*.incr.aof"))


def test_dynamodb_file_that_is_another_programs_is_one_sentence(template: Path, data: Path, tmp_path: Path) -> None:
    data.mkdir()
    (data / "dynamodb.journal").write_text("SQLite format 3")
    log = tmp_path / "log"
    process = start_stack(["--template", str(template), "--state", str(tmp_path)], {"DATA": str(data)}, log)

    assert process.wait(60) == 1
    assert "is not a database of this version." in log.read_text()
    assert "Traceback" not in log.read_text()


def test_table_with_another_key_than_the_templates_is_one_sentence(template: Path, data: Path, tmp_path: Path) -> None:
    with stack_on(template, data):
        pass
    template.write_text(template.read_text().replace("id", "name"))
    log = tmp_path / "log"
    arguments = ["--template", str(template), "--state", str(tmp_path)]

    assert start_stack(arguments, {"DATA": str(data)}, log).wait(60) == 1
    assert log.read_text().splitlines()[-1] == (
        "chat-sse cannot start: the table Things has another key than the template's: FRESH=1 deletes the data."
    )


def test_redis_without_persistence_is_reported(template: Path, data: Path, tmp_path: Path) -> None:
    with stack_on(template, data, PATH=str(tmp_path)) as stack:
        assert "Redis data is in memory only, because redis-server is not installed." in stack.log()
