"""Loops that are kept between processes: the same numbers, found without a trace, and never for another program."""

import dataclasses
import os

import jax
import numpy as np
import pytest
from jax.experimental.compilation_cache import compilation_cache

import collapsebench as cb
from collapsebench.bench import events
from collapsebench.engine import compiled
from collapsebench.regimes.replace import Replace

LOOP = cb.Experiment(
    name="kept", target="normal", model="gaussian", metrics=("variance",), n=10, generations=3, trajectories=4
)


class Elsewhere(Replace):
    """A regime from outside the package: its source is in no digest."""


@pytest.fixture
def traces():
    """Functions traced since the last look."""
    seen: list[str] = []

    def listen(event, duration_secs, **kwargs):
        if event == "/jax/core/compile/jaxpr_trace_duration":
            seen.append(kwargs.get("fun_name", ""))

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield lambda: [seen.pop() for _ in list(seen)]
    jax.monitoring.unregister_event_duration_listener(listen)


@pytest.fixture
def run(tmp_path):
    """A run as a new process would do it, but for what JAX itself remembers of functions that it has traced."""

    def go(experiment=LOOP):
        with compiled.kept(tmp_path):
            return cb.run(experiment).variance.values

    return go


@pytest.fixture
def jax_cache(tmp_path):
    """JAX's own cache in a folder of the test, whatever a program costs to compile."""
    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = [getattr(jax.config, name) for name in names]
    for values in ((str(tmp_path / "jax"), 0.0), before):
        for name, value in zip(names, values, strict=True):
            jax.config.update(name, value)
        compilation_cache.reset_cache()
        if values is not before:
            yield


def files(folder):
    return sorted(path.name for path in folder.glob("*.loop"))


def test_a_kept_loop_gives_the_numbers_of_a_traced_one_and_is_not_traced(run, tmp_path, traces):
    plain = cb.run(LOOP).variance.values
    np.testing.assert_array_equal(run(), plain)
    assert len(files(tmp_path)) == 2  # the shapes of the state, and the loop
    jax.clear_caches()
    traces()
    np.testing.assert_array_equal(run(), plain)
    assert not {"advance", "initial"} & set(traces())


def test_another_number_is_the_same_loop_and_another_shape_another(run, tmp_path):
    run()
    first = files(tmp_path)
    run(dataclasses.replace(LOOP, seed=1, name="other"))
    assert files(tmp_path) == first
    run(dataclasses.replace(LOOP, n=11))
    assert len(files(tmp_path)) == 4


def test_another_source_is_another_loop(run, tmp_path, monkeypatch):
    run()
    monkeypatch.setattr(compiled, "_source", lambda: "changed")
    run()
    assert len(files(tmp_path)) == 4


@pytest.mark.slow
def test_another_setting_is_another_loop(run, tmp_path):
    run()
    with jax.default_matmul_precision("highest"):
        run()
    assert len(files(tmp_path)) == 4


def test_a_damaged_file_costs_a_compilation_and_no_more(run, tmp_path):
    plain = run()
    for name in files(tmp_path):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:50])
    np.testing.assert_array_equal(run(), plain)


def test_a_class_from_elsewhere_is_not_kept(run, tmp_path):
    run(dataclasses.replace(LOOP, regime=cb.spec(Elsewhere)()))
    assert not files(tmp_path)
    assert not compiled.ours((LOOP, [lambda x: x]))


@pytest.mark.slow
def test_a_loop_that_calls_lapack_is_not_kept(run, tmp_path):
    """Its routines are found by the lowering, which a kept loop does not have."""
    plane = {"target": cb.TARGETS.get("normal")(dim=2), "model": cb.MODELS.get("gaussian")(dim=2)}
    run(dataclasses.replace(LOOP, **plane, metrics=("variance", "w2_squared")))
    assert len(files(tmp_path)) == 1  # the shapes


@pytest.mark.usefixtures("jax_cache")
def test_without_the_cache_nothing_is_found_in_it():
    def found():
        jax.clear_caches()
        with events.watched() as seen:
            jax.jit(lambda x: 3 * x + 1)(2.0)
        return seen.hits

    assert found() == 0
    assert found() > 0  # it is in use by now
    with compiled.without_cache():
        assert found() == 0
    assert found() > 0


def test_the_folder_does_not_grow_for_ever(run, tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "MOST", 3)
    for i in range(5):
        (tmp_path / f"{i}.loop").touch()
        os.utime(tmp_path / f"{i}.loop", (i, i))
    run()
    assert len(files(tmp_path)) == 3
    assert "4.loop" in files(tmp_path)
