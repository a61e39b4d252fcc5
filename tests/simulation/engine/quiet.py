"""Ends a run: finalises what is left of killed processes and suppresses its errors."""

import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

COLLECT_EVERY = 40
"""Runs between two collections: one takes as long as several runs."""

_runs = count()


@contextmanager
def quiet() -> Iterator[None]:
    """No log lines, no garbage collection in the middle of a run, no reports of what cannot be finalised."""
    level, collecting, hook = logging.root.manager.disable, gc.isenabled(), sys.unraisablehook
    logging.disable(logging.CRITICAL)
    gc.disable()
    sys.unraisablehook = lambda _: None
    try:
        yield
        if next(_runs) % COLLECT_EVERY == 0:
            gc.collect()
    finally:
        sys.unraisablehook = hook
        logging.disable(level)
        if collecting:
            gc.enable()
