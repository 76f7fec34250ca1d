"""The engine: number of compilations, what a trajectory depends on, partial results of a stopped run."""

import dataclasses
import itertools

import jax
import numpy as np
import pytest
import xarray as xr

import collapsebench as cb
from collapsebench.engine import loop
from collapsebench.engine.plan import Plan
from collapsebench.runs import runner

BASE = cb.Experiment(
    name="engine", metrics=("variance", "mean_error"), n=8, generations=5, trajectories=6, width=2, holdout=1
)


@pytest.fixture
def compilations():
    """A list that grows by one for everything that XLA compiles."""
    seen = []

    def listen(event, duration, **_):
        if event.endswith("backend_compile_duration"):
            seen.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield seen
    jax.monitoring.unregister_event_duration_listener(listen)


def test_an_equal_spec_or_another_leaf_compiles_nothing(compilations):
    cb.run(dataclasses.replace(BASE, model=cb.models.Gaussian(bias=0.9)))
    compilations.clear()
    cb.run(dataclasses.replace(BASE, model=cb.models.Gaussian(bias=0.5)))
    cb.run(dataclasses.replace(BASE, model=cb.models.Gaussian(bias=1, unbiased=True)))
    cb.run(dataclasses.replace(BASE, target=cb.targets.Normal(mean=3, sd=2), name="another", seed=5))
    cb.run(dataclasses.replace(BASE, generations=5))
    assert not compilations


def test_a_sweep_over_leaves_is_one_program(compilations):
    base = dataclasses.replace(BASE, handover="summary", regime="mix")
    cb.sweep(base, {"n": [10, 100], "regime.real_fraction": [0.1]})
    compilations.clear()
    cb.sweep(base, {"n": [7, 1000], "regime.real_fraction": [0.3]})
    assert not compilations


def test_snapshots_of_all_generations_are_one_program(compilations):
    cb.run(dataclasses.replace(BASE, snapshots=(0, 3)))
    compilations.clear()
    cb.run(dataclasses.replace(BASE, snapshots=(1, 2, 4)))
    assert not compilations


def test_a_trajectory_does_not_depend_on_what_runs_beside_it():
    whole = cb.run(BASE)
    fewer = cb.run(dataclasses.replace(BASE, trajectories=3))
    np.testing.assert_array_equal(whole.variance.values[:3], fewer.variance.values)


def test_blocks_do_not_show(monkeypatch):
    whole = cb.run(BASE)
    monkeypatch.setattr(loop, "SECONDS", 0.0)  # every call does one generation
    np.testing.assert_array_equal(whole.variance.values, cb.run(BASE).variance.values)


def test_chunks_do_not_show(monkeypatch):
    whole = cb.run(BASE)
    plan = Plan.of
    monkeypatch.setattr(Plan, "of", lambda *a: dataclasses.replace(plan(*a), chunk=2 * jax.device_count()))
    np.testing.assert_array_equal(whole.variance.values, cb.run(BASE).variance.values)


def test_a_sweep_gives_what_single_runs_give():
    swept = cb.sweep(BASE, {"model.bias": [0.5, 1.0], "n": [8, 4]})
    assert swept.variance.dims == ("model.bias", "n", "trajectory", "generation")
    single = cb.run(dataclasses.replace(BASE, model=cb.models.Gaussian(bias=0.5), n=4))
    # Two programs round differently in float32; another key, bias or n would differ by a share of the variance.
    point = swept.variance.sel({"model.bias": 0.5, "n": 4}).values
    np.testing.assert_allclose(point, single.variance.values, rtol=1e-5)


def test_progress_is_told_and_reaches_the_end():
    steps = []
    cb.run(BASE, progress=steps.append)
    assert steps[0].compiling
    assert steps[-1].done == steps[-1].total == 30
    assert all(a.done <= b.done for a, b in itertools.pairwise(steps))


def test_a_stop_keeps_whole_generations(monkeypatch):
    whole = cb.run(BASE)
    monkeypatch.setattr(loop, "SECONDS", 0.0)

    def interrupt(step):
        if step.done >= 18:
            raise KeyboardInterrupt

    with pytest.raises(runner.Stopped) as stop:
        cb.run(BASE, progress=interrupt)
    kept = stop.value.result
    assert kept.sizes["trajectory"] == 6
    assert 0 < kept.sizes["generation"] < 5
    np.testing.assert_array_equal(kept.variance.values, whole.variance.values[:, : kept.sizes["generation"]])


def test_snapshots_are_rows_of_the_asked_generations():
    result = cb.run(dataclasses.replace(BASE, snapshots=(0, 3)))
    assert result["sample"].shape == (6, 2, 8, 1)
    assert list(result["snapshot"].values) == [0, 3]
    np.testing.assert_array_equal(result.variance.values, cb.run(BASE).variance.values)


def test_a_result_survives_the_disk(tmp_path):
    result = cb.run(BASE)
    path = cb.save(result, tmp_path / "deep" / "result.nc")
    loaded = cb.load(path)
    xr.testing.assert_identical(result, loaded)
    assert cb.Experiment.from_json(__import__("json").loads(loaded.attrs["experiment"])) == BASE
    for name in ("schema", "schema_version", "digest", "seed", "versions", "device_kind", "device_count", "x64",
                 "matmul_precision", "commit", "started", "seconds", "handover"):  # fmt: skip
        assert name in loaded.attrs, name


def test_a_hostile_file_is_one_line(tmp_path):
    (tmp_path / "text.nc").write_text("not a result")
    xr.Dataset({"a": 1}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    newer = cb.run(BASE).assign_attrs(schema_version="2.0")
    cb.save(newer, tmp_path / "newer.nc")
    for name in ("missing", "text", "other", "newer"):
        with pytest.raises(cb.RequestError) as error:
            cb.load(tmp_path / f"{name}.nc")
        assert "\n" not in str(error.value)


def test_a_collapse_to_a_point_is_minus_infinity_and_never_nan():
    result = cb.run(dataclasses.replace(BASE, n=1, metrics=("log_variance", "variance", "w2_squared", "mean_error")))
    assert np.all(result.log_variance.values == -np.inf)
    for name in ("variance", "w2_squared", "mean_error"):
        assert np.isfinite(result[name].values).all(), name


def test_summary_follows_a_collapse_far_below_the_smallest_float():
    result = cb.run(dataclasses.replace(BASE, n=3, generations=300, handover="summary", metrics=("log_variance",)))
    last = result.log_variance.values[:, -1]
    assert np.isfinite(last).all()
    assert last.mean() < -200


def test_float64_is_used_where_it_is_asked_for_and_left_alone_elsewhere():
    assert cb.run(dataclasses.replace(BASE, x64=True)).variance.dtype == np.float64
    assert cb.run(BASE).variance.dtype == np.float32
    assert not jax.config.jax_enable_x64


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"n": 0}, "n = 0: it must be a whole number of at least 1"),
        ({"n": 1.5}, "n = 1.5: it must be a whole number of at least 1"),
        ({"handover": "sample"}, "did you mean 'samples'?"),
        ({"regime": "acumulate"}, "did you mean 'accumulate'?"),
        ({"metrics": ("varience",)}, "did you mean 'variance'?"),
        ({"metrics": ()}, "name at least one"),
        ({"snapshots": (9,)}, "generations run from 0 to 4"),
        ({"model": "categorical"}, "learns symbol data"),
        (
            {"target": cb.targets.Normal(dim=2), "model": cb.models.Gaussian(dim=1)},
            "model.dim = 1: the target has dim = 2",
        ),
        ({"regime": "accumulate_subsample", "handover": "summary"}, "must see single samples"),
        ({"model": "gaussian_mixture", "handover": "summary"}, "has no sampling law"),
    ],
)
def test_a_wrong_request_is_one_line(changes, expected):
    with pytest.raises(cb.RequestError) as error:
        dataclasses.replace(BASE, **changes)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_a_wrong_field_of_a_sweep_is_one_line():
    for values, expected in (
        ({"model.bais": [1]}, "did you mean 'bias'?"),
        ({"generations": [1, 2]}, "shape"),
        ({"n": []}, "no values"),
        ({"n": [10, 0]}, "n = 0"),
    ):
        with pytest.raises(cb.RequestError, match=expected.replace("?", r"\?")):
            cb.sweep(BASE, values)


def test_a_sweep_of_n_needs_a_sampling_law():
    """A uniform's rows must be drawn before a Gaussian can sum them up, and a drawn set has one size."""
    base = dataclasses.replace(BASE, target="uniform", handover="summary")
    with pytest.raises(cb.RequestError, match=r"^n: .*no sampling law") as error:
        cb.sweep(base, {"n": [8, 16]})
    assert "\n" not in str(error.value)


def test_two_classes_of_one_shape_are_two_structures():
    """JAX's own dataclass nodes fail this (0.10.2): `jit` could run one class's program for the other."""
    structure = jax.tree.structure
    assert structure(cb.models.Poisson()) != structure(cb.models.Bernoulli())
    assert structure(cb.targets.Poisson()) != structure(cb.targets.Exponential())
    assert structure(cb.targets.Poisson(rate=2.0)) == structure(cb.targets.Poisson())
    assert structure(cb.targets.Normal(dim=2)) != structure(cb.targets.Normal())
