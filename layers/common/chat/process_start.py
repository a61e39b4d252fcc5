"""The start of a function's process."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def starting() -> Iterator[None]:
    """Around everything that a buffered function imports and builds, once; lambda_asgi does the same by itself.

    Nothing of that is garbage, and to look for some takes 20 to 30 ms of a start: nobody looks before all is there, and
    in what is there by then never again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
