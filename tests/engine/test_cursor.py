"""Cursors: a run goes on from saved arrays to the last bit; ranges of trajectories joined are the whole."""

import os
import subprocess
import sys

import jax
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.engine import host, loop
from collapsebench.engine.cursor import Cursor
from collapsebench.specs.errors import RequestError
from tests.engine.resumed import CASES, go_on, start, stop

FAST = ("gaussian", "callback")


@pytest.fixture(autouse=True)
def short_blocks(monkeypatch):
    """Every block is one generation, and every piece of a fit one step."""
    monkeypatch.setattr(loop, "SECONDS", 0.0)
    monkeypatch.setattr(host, "SECONDS", 0.0)


def check_the_rest(whole, rest):
    begun = ~np.isnan(rest)
    assert 0 < begun.sum() < whole.size
    np.testing.assert_array_equal(rest[begun], whole[begun])


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in FAST else [pytest.mark.slow]) for n in CASES])
def test_a_run_goes_on_from_arrays_bit_for_bit(name):
    whole, arrays = stop(CASES[name])
    assert not np.isnan(whole).any()
    check_the_rest(whole, go_on(CASES[name], arrays))


@pytest.mark.slow
def test_another_process_goes_on_bit_for_bit(tmp_path):
    wholes = {}
    for name, experiment in CASES.items():
        wholes[name], arrays = stop(experiment)
        np.savez(tmp_path / f"{name}.npz", **arrays)
    devices = f"--xla_force_host_platform_device_count={jax.local_device_count()}"  # a chunk is a multiple of them
    command = [sys.executable, "-m", "tests.engine.resumed", str(tmp_path)]
    subprocess.run(command, check=True, timeout=600, env={**os.environ, "XLA_FLAGS": devices})
    for name, whole in wholes.items():
        check_the_rest(whole, np.load(tmp_path / f"{name}.npy"))


def test_arrays_of_another_run_are_refused():
    _, arrays = stop(CASES["gaussian"])
    engine, plan, program = start(CASES["gaussian"])
    name = next(name for name in arrays if name.startswith("state."))
    for wrong in (
        {key: value for key, value in arrays.items() if key != name},
        {**arrays, "state.more": np.zeros(1)},
        {**arrays, name: np.zeros(7)},
    ):
        with pytest.raises(RequestError, match=r"^cursor: state"):
            Cursor.from_arrays(wrong, engine.full(plan), program)


def test_two_ranges_joined_are_the_whole():
    experiment = CASES["gaussian"]
    whole = cb.run(experiment).variance
    parts = [cb.run(experiment, trajectories=some).variance for some in (range(2), range(2, 6))]
    assert list(parts[1].trajectory.values) == [2, 3, 4, 5]
    np.testing.assert_array_equal(np.concatenate([part.values for part in parts]), whole.values)
    for wrong in (range(0), range(-1, 2), [1, 2], 3):
        with pytest.raises(RequestError, match=r"^trajectories = "):
            cb.run(experiment, trajectories=wrong)
