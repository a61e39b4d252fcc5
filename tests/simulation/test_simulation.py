"""The service's promises under faults, for as many seeds as twenty seconds take; `make simulate` runs more."""

import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulation.mutations.catalogue import MUTATIONS
from simulation.mutations.mutation import Mutation, edited
from simulation.plan import draw
from simulation.run import simulate
from simulation.shrink import shrink
from simulation.summary import Summary
from simulation.table import table

SECONDS = 20.0
MOST_RUNS = 2000
"""However long it takes until every fault has happened."""
TESTS = Path(__file__).resolve().parents[1]


def test_promises_are_kept_under_any_faults() -> None:
    summary, ends_at = Summary(), time.monotonic() + SECONDS
    while time.monotonic() < ends_at or (summary.never() and summary.runs < MOST_RUNS):
        result = simulate(draw(summary.runs))
        if result.broken is not None:
            pytest.fail(table(shrink(result)), pytrace=False)
        summary.add(result)
    print("\n".join(summary.lines()))
    assert summary.never() == []


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(4210, id="leader-freezes-between-its-claim-and-its-call"),
        pytest.param(1199, id="lapsed-producer-frees-the-slot-of-its-successor"),
        pytest.param(174, id="thawed-producer-that-was-replaced-before-a-take-over-goes-on"),
        pytest.param(905, id="take-over-by-another-tab-forgets-who-has-replaced-whom"),
    ],
)
def test_seed_that_once_broke_a_promise_keeps_it(seed: int) -> None:
    result = simulate(draw(seed))

    if result.broken is not None:
        pytest.fail(table(shrink(result)), pytrace=False)


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_seed_reproduces_its_history_in_every_process(hash_seed: str) -> None:
    """So it does on another machine: nothing depends on hashes, addresses, or the time of day."""
    command = [sys.executable, "-m", "simulation", "--seed", "12"]
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rstrip("\n") == table(simulate(draw(12), record=True))


def test_broken_promise_is_shown_by_a_short_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.promises.lags.LAG_SECONDS", 0.2)  # cannot be kept
    seed = next(seed for seed in range(200) if simulate(draw(seed)).broken)
    plan = draw(seed)

    shrunk = shrink(simulate(plan))

    assert shrunk.broken is not None
    assert len(shrunk.plan.actions) < len(plan.actions)
    assert table(shrunk).splitlines()[-1] == f"BROKEN: {shrunk.broken}"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "-"))
def test_fault_of_the_catalogue_fits_the_code(mutation: Mutation) -> None:
    """`make mutations` shows that the simulation finds each."""
    for edit in mutation.edits:
        spec = importlib.util.find_spec(edit.module)
        assert spec is not None
        assert spec.origin is not None
        compile(edited(Path(spec.origin).read_text("utf-8"), edit), spec.origin, "exec")


@pytest.mark.parametrize("name", ["done is sent before the answer is stored", "a take-over needs no slot"])
def test_fault_in_the_code_is_found(name: str) -> None:
    command = [sys.executable, "-m", "simulation.mutations", "--run", name, "--seeds", "400"]
    environ = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("seed")
