"""Checkpoints: a run that is stopped goes on to the same bits; what does not belong to it is refused."""

import dataclasses
import json
import random
import signal

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.engine import loop
from collapsebench.runs import checkpoint
from collapsebench.runs.checkpoints import Folder
from collapsebench.runs.runner import _request, engine_of, lanes_of
from tests import faults
from tests.engine.resumed import CASES

GAUSSIAN = dataclasses.replace(CASES["gaussian"], snapshots=(0, 4))


@pytest.fixture(autouse=True)
def _short_blocks(monkeypatch):
    monkeypatch.setattr(loop, "SECONDS", 0.0)  # a block is one generation


def equal(first, second):
    assert first.drop_attrs().identical(second.drop_attrs())


@pytest.fixture(scope="module")
def whole():
    return cb.run(GAUSSIAN)


@pytest.mark.parametrize("blocks", [1, 3, 4])
def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path, whole, blocks):
    folder, steps = tmp_path / "c", []
    faults.stopped_run(GAUSSIAN, folder, blocks)
    with cb.checkpoints(folder):
        found = cb.run(GAUSSIAN, progress=steps.append)
    equal(found, whole)
    assert steps[1].done > blocks * 6  # of which none is run again
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CASES if name != "gaussian"])
def test_every_kind_of_run_goes_on(tmp_path, name):
    wanted = cb.run(CASES[name])
    for blocks in (2, 5):
        faults.stopped_run(CASES[name], tmp_path / "c", blocks)
        with cb.checkpoints(tmp_path / "c"):
            equal(cb.run(CASES[name]), wanted)


def test_finished_points_of_a_sweep_are_not_run_again(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)  # else what took less than saving it is run again
    values, steps = {"regime": ("replace", "mix"), "n": (16, 17)}, []
    wanted = cb.sweep(CASES["gaussian"], values)

    def stop(step):
        steps.append(step)
        if step.done > step.total / 2 and not step.compiling:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(cb.Stopped), cb.checkpoints(tmp_path / "c"):
        cb.sweep(CASES["gaussian"], values, progress=stop)
    again = []
    with cb.checkpoints(tmp_path / "c"):
        equal(cb.sweep(CASES["gaussian"], values, progress=again.append), wanted)
    blocks = [sum(not step.compiling for step in run) for run in (steps, again)]
    assert sum(blocks) == 4 * 5


def test_a_longer_run_goes_on_from_a_kept_one(tmp_path, whole):
    short, fewer = (
        dataclasses.replace(GAUSSIAN, snapshots=(0,), **size) for size in ({"generations": 3}, {"trajectories": 4})
    )
    long = dataclasses.replace(GAUSSIAN, snapshots=(0,))
    wanted = cb.run(long)
    for smaller, ran in ((short, 2 * 6), (fewer, 2 * 5)):
        steps = []
        with cb.checkpoints(tmp_path / "c", keep=True):
            cb.run(smaller)
        with cb.checkpoints(tmp_path / "c"):
            equal(cb.run(long, progress=steps.append), wanted)
        assert sum(not step.compiling for step in steps) <= ran
        assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("regime", ["accumulate", "grow"])
def test_a_longer_run_of_a_regime_whose_pool_grows(tmp_path, regime):
    """The pool of a longer run has more room; one that draws other numbers of rows is run from the start."""
    long = dataclasses.replace(CASES["gaussian"], regime=regime)
    with cb.checkpoints(tmp_path / "c", keep=True):
        cb.run(dataclasses.replace(long, generations=3))
        found = cb.run(long)
    equal(found, cb.run(long))


@pytest.mark.parametrize("field", ["collapsebench", "jax", "devices", "random stream", "commit"])
def test_another_machine_is_refused(tmp_path, monkeypatch, field):
    faults.stopped_run(GAUSSIAN, tmp_path / "c", 2)
    own = checkpoint._machine
    monkeypatch.setattr(checkpoint, "_machine", lambda lanes: own(lanes) | {field: "another"})
    with (
        pytest.raises(cb.RequestError, match=f"its {field} is .*, and here it is another"),
        cb.checkpoints(tmp_path / "c"),
    ):
        cb.run(GAUSSIAN)
    with cb.checkpoints(tmp_path / "c", resume=False):
        cb.run(GAUSSIAN)


@pytest.mark.slow
def test_another_request_or_width_does_not_find_it(tmp_path, whole):
    faults.stopped_run(GAUSSIAN, tmp_path / "c", 2)
    for change in ({"seed": 1}, {"width": 1}, {"n": 17}):
        other, steps = dataclasses.replace(GAUSSIAN, **change), []
        with cb.checkpoints(tmp_path / "c"):
            equal(cb.run(other, progress=steps.append), cb.run(other))
        assert steps[1].done <= 6
    with cb.checkpoints(tmp_path / "c"):  # which is still there
        equal(cb.run(GAUSSIAN), whole)


def test_every_flipped_bit_is_noticed_or_harmless(tmp_path, whole):
    faults.stopped_run(GAUSSIAN, tmp_path / "c", 3)
    request = _request(GAUSSIAN, {}, 1, range(6))
    for path in sorted((tmp_path / "c").iterdir()):

        def read(path=path):
            log = path.with_suffix(".log").read_bytes()
            lanes = lanes_of(GAUSSIAN, {}, 1, range(6))
            own = checkpoint.Checkpoint(Folder(path.parent, True, False, print), request, lanes)
            columns = checkpoint.Columns(GAUSSIAN, lanes, None)
            saved = own.load(engine_of(GAUSSIAN, lanes), columns)
            path.with_suffix(".log").write_bytes(log)  # it is cut to its length
            return saved.cursor.generation, columns.values.tobytes(), str(columns.snapshots)

        became = faults.flips(path, 25, read, random.Random(0))
        assert became["noticed"] > 20
        assert not became["in several lines"]


def test_two_at_once(tmp_path, whole):
    notes = []
    with cb.checkpoints(tmp_path / "c"), cb.checkpoints(tmp_path / "c", tell=notes.append):
        equal(cb.run(GAUSSIAN), whole)
    assert len(notes) == 1
    assert "another process" in notes[0]
    assert not list(tmp_path.iterdir())


def test_a_full_disk_ends_no_run(tmp_path, monkeypatch, whole):
    def full(handle):
        raise OSError(28, "No space left on device")

    notes = []
    monkeypatch.setattr(checkpoint.os, "fsync", full)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)
    with cb.checkpoints(tmp_path / "c", tell=notes.append):
        equal(cb.run(GAUSSIAN), whole)
    assert notes == [f"{tmp_path / 'c'}: no checkpoint can be kept (No space left on device); the run goes on"]


def test_record_keeps_some_generations(whole):
    found = cb.run(dataclasses.replace(GAUSSIAN, record=3))
    assert found.generation.values.tolist() == [0, 2, 4]
    equal(found[["variance"]], whole[["variance"]].sel(generation=[0, 2, 4]))
    assert cb.Experiment.from_json(json.loads(found.attrs["experiment"])).record == 3


def test_a_result_that_fits_nowhere_is_refused_before_it_runs():
    with pytest.raises(cb.RequestError, match=r"need.*nothing was run"):
        cb.run(cb.Experiment(trajectories=2**31 - 1, generations=10**6, handover="summary"))


def test_a_result_larger_than_memory_is_a_mapped_file(monkeypatch, whole):
    monkeypatch.setattr("collapsebench.runs.columns.MAPPED", 0.0)
    found = cb.run(GAUSSIAN)
    assert isinstance(found.variance.values.base, np.ndarray)
    equal(found, whole)
