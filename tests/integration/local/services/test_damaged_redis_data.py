"""When the stack puts Redis's data aside, and when it leaves it alone."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from fakes.stack.process import RunningStack, running_stack, start_stack
from local_stack.services.data_folder import DataFolder
from local_stack.services.redis_log import last_message, reports_damage

needs_redis_server = pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed")

FAILING_SERVER = """#!/bin/sh
while [ "$1" != --logfile ]; do shift; done
echo "7:M 27 Nov 2026 09:09:11.387 # Warning: Could not create server TCP listening socket 127.0.0.1:1: bind: \
Address already in use" >> "$2"
echo "7:M 27 Nov 2026 09:09:11.387 # Failed listening on port 1 (TCP), aborting." >> "$2"
exit 1
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Nothing but Redis has to start."""
    file = tmp_path / "template.yaml"
    file.write_text("Resources: {}")
    return file


@contextmanager
def stack_on(template: Path, data: Path, **environ: str) -> Iterator[RunningStack]:
    with running_stack("--template", str(template), environ={"DATA": str(data), **environ}) as stack:
        yield stack


def redis_of(stack: RunningStack) -> Any:
    return Redis.from_url(stack.address_of("redis"), socket_timeout=10)


def of_type(data: Path, kind: str) -> Path:
    (file,) = data.glob(f"redis/appendonlydir/*{kind}")
    return file


def wrong_command(data: Path) -> None:
    file = of_type(data, ".incr.aof")
    file.write_bytes(b"nonsense\r\n" + file.read_bytes())


def wrong_manifest(data: Path) -> None:
    of_type(data, ".manifest").write_text("nonsense\n")


def short_base(data: Path) -> None:
    file = of_type(data, ".base.rdb")
    file.write_bytes(file.read_bytes()[:40])


def missing_base(data: Path) -> None:
    of_type(data, ".base.rdb").unlink()


def newer_version(data: Path) -> None:
    file = of_type(data, ".base.rdb")
    file.write_bytes(b"REDIS9999" + file.read_bytes()[9:])


def failing_server(folder: Path) -> str:
    folder.mkdir()
    program = folder / "redis-server"
    program.write_text(FAILING_SERVER)
    program.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


@needs_redis_server
@pytest.mark.parametrize("damage", [wrong_command, wrong_manifest, short_base, missing_base])
def test_damaged_data_is_put_aside(template: Path, data: Path, damage: Callable[[Path], None]) -> None:
    with stack_on(template, data) as stack:
        redis_of(stack).set("a", "x")
    damage(data)

    with stack_on(template, data) as stack:
        assert redis_of(stack).dbsize() == 0
        assert f"the data was moved to {data / 'redis.damaged'}." in stack.log()
    assert list(data.glob("redis.damaged/appendonlydir/*.incr.aof"))


@needs_redis_server
def test_data_of_a_newer_redis_is_left_alone(template: Path, data: Path, tmp_path: Path) -> None:
    with stack_on(template, data) as stack:
        redis_of(stack).set("a", "x")
    newer_version(data)
    log = tmp_path / "log"
    process = start_stack(["--template", str(template), "--state", str(tmp_path)], {"DATA": str(data)}, log)

    assert process.wait(60) == 1
    assert "chat-sse cannot start: redis does not start" in log.read_text()
    assert reports_damage(data / "redis.log") is False
    assert of_type(data, ".incr.aof").exists()
    assert not list(data.glob("redis.damaged*"))


@needs_redis_server
def test_data_is_left_alone_where_redis_cannot_listen(template: Path, data: Path, tmp_path: Path) -> None:
    with stack_on(template, data) as stack:
        redis_of(stack).set("a", "x")
    environ = {"DATA": str(data), "PATH": failing_server(tmp_path / "bin")}
    log = tmp_path / "log"
    process = start_stack(["--template", str(template), "--state", str(tmp_path)], environ, log)

    assert process.wait(60) == 1
    assert "Failed listening on port 1 (TCP), aborting." in log.read_text().splitlines()[-1]
    assert not list(data.glob("redis.damaged*"))
    with stack_on(template, data) as stack:
        assert redis_of(stack).get("a") == b"x"


def test_last_copies_are_kept_and_fresh_removes_them(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path, -1, used=True)
    (tmp_path / "dynamodb.damaged-2").touch()
    (tmp_path / "redis.damaged-notes").mkdir()
    for i in range(5):
        folder.redis.mkdir()
        (folder.redis / str(i)).touch()
        folder.put_redis_aside()

    found = sorted(tmp_path.glob("redis.damaged*/[0-9]"))
    assert [file.relative_to(tmp_path).as_posix() for file in found] == [
        "redis.damaged-3/2",
        "redis.damaged-4/3",
        "redis.damaged-5/4",
    ]

    folder.clear()
    assert [file.name for file in tmp_path.iterdir()] == ["redis.damaged-notes"]


def test_log_that_is_not_there_reports_nothing(tmp_path: Path) -> None:
    assert reports_damage(tmp_path / "redis.log") is False
    assert last_message(tmp_path / "redis.log") == ""
