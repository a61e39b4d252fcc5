"""The use cases of the stream function run on virtual time."""

from collections.abc import Mapping

from fakes.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories() -> Mapping[str, type[VirtualTimeLoop]]:
    return {"virtual time": VirtualTimeLoop}
