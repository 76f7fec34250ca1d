"""Every metric in a short run down to the collapse to a point: its known value there, and never NaN."""

import dataclasses

import numpy as np
import pytest

import collapsebench as cb

ROWS = 16
ON_ROWS = tuple(
    cb.METRICS.build(name, rows=ROWS)
    for name in (
        "coverage", "density", "precision", "recall", "mmd", "kid", "sliced_w2", "frechet", "memorisation", "knn_entropy",
    )
)  # fmt: skip
DENSITY = (
    "mean_error", "variance", "log_variance", "kl", cb.metrics.KL(reverse=True), "l2_squared", "nll", "perplexity",
    "entropy", "support", "tail_mass", "hellinger", "total_variation", "kept",
)  # fmt: skip
EXPERIMENTS = {
    "gaussian": cb.Experiment(
        name="gaussian", metrics=(*DENSITY, "w2_squared", "distinct", *ON_ROWS), n=2, generations=100, trajectories=4,
        holdout=32,
    ),
    "point": cb.Experiment(
        name="gaussian", metrics=(*DENSITY, "w2_squared", "distinct", *ON_ROWS), n=1, generations=2, trajectories=4,
        holdout=32,
    ),
    "gaussian_summary": cb.Experiment(
        name="gaussian", metrics=(*DENSITY, "w2_squared"), n=3, generations=100, trajectories=4, holdout=32,
        handover="summary",
    ),
    "categorical": cb.Experiment(
        name="categorical", target=cb.targets.Zipf(classes=20), model=cb.models.Categorical(classes=20), n=10,
        metrics=(*DENSITY, "distinct", cb.metrics.Distinct(per="real"), "first_perplexity"), generations=100, trajectories=4,
        holdout=32,
    ),
    "modes": cb.Experiment(
        name="modes", target=cb.targets.Grid(side=2), model=cb.models.Gaussian(dim=2), n=20,
        metrics=("kl", "l2_squared", "modes"), generations=3, trajectories=4, holdout=32,
    ),
    "kernel": cb.Experiment(
        name="kernel", model=cb.models.KernelDensity(), metrics=(cb.metrics.W2Squared(rows=ROWS), "first_perplexity"),
        n=10, generations=3, trajectories=4, holdout=32,
    ),
}  # fmt: skip
pytestmark = pytest.mark.slow  # the contract tests run every metric once; this follows each to a point


@pytest.fixture(scope="module")
def results():
    return {name: cb.run(experiment) for name, experiment in EXPERIMENTS.items()}


def allowed(metric, experiment):
    try:
        dataclasses.replace(experiment, metrics=(metric,))
    except cb.RequestError:
        return False
    return True


def test_every_metric_of_numbers_and_symbols_runs():
    used = {name for experiment in EXPERIMENTS.values() for name in experiment.metric_names}
    others = (
        set(cb.METRICS.names()) - used - {"injection"}
    )  # infinity less infinity at a point: tests/analysis/ablation
    assert not [name for name in sorted(others) if any(allowed(name, each) for each in EXPERIMENTS.values())]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_no_value_is_nan(results, name):
    for column, values in results[name].data_vars.items():
        assert not np.isnan(values).any(), column


LAST = {
    "point": {
        "variance": 0, "log_variance": -np.inf, "kl": np.inf, "l2_squared": np.inf, "nll": np.inf, "entropy": -np.inf,
        "support": 0, "recall": 0, "distinct": 1, "knn_entropy": -np.inf,
    },
    "categorical": {
        "variance": 0, "log_variance": -np.inf, "kl": np.inf, "entropy": 0, "support": 1, "distinct": 0.1,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", LAST)
def test_a_point_has_its_values(results, name):
    end = results[name].isel(generation=-1)
    for metric, value in LAST[name].items():
        np.testing.assert_allclose(end[metric], value, rtol=1e-6, err_msg=metric)


def test_a_point_keeps_finite_distances(results):
    end = results["gaussian"].isel(generation=-1)
    error = end["mean_error"].values
    np.testing.assert_allclose(end["w2_squared"], error + 1, rtol=1e-5)
    for metric in ("frechet", "sliced_w2", "mmd", "kid", "coverage", "density", "precision", "memorisation"):
        assert np.isfinite(end[metric]).all(), metric


def test_first_generation_has_all_its_spread(results):
    start = results["categorical"].isel(generation=0)
    np.testing.assert_allclose(start["mean_error"], start["l2_squared"], rtol=1e-5)  # one-hot means are probabilities
    assert np.all(start["support"] >= start["distinct"] * 10)
    assert np.all(results["modes"]["kl_standard_error"].isel(generation=0) > 0)  # no closed form: it is estimated


WRONG = {
    "w2_squared": ({"target": cb.targets.Grid(), "model": cb.models.GaussianMixture(dim=2)}, "2 dimensions"),
    "l2_squared": ({"target": "uniform"}, "closed forms"),
    "modes": ({}, "no mixture"),
    "distinct": ({"handover": "summary"}, "handover = summary"),
    "precision": ({"holdout": 4}, "k = 5"),
    "recall": ({"target": "zipf", "model": "categorical"}, "symbol data"),
    "mmd": ({"holdout": 3}, "5 rows"),
    "support": ({"model": "kde"}, "log_variance"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_are_refused(name):
    changes, reason = WRONG[name]
    with pytest.raises(cb.RequestError, match=reason) as error:
        cb.Experiment(metrics=(name,), **changes)
    assert str(error.value).startswith(f"metrics = {name}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        (cb.metrics.TailMass(quantile=0.0), "quantile = 0.0"),
        (cb.metrics.MMD(bandwidth="mean"), "bandwidth = 'mean'"),
        (cb.metrics.MMD(bandwidth=-1.0), "bandwidth = -1.0"),
        (cb.metrics.Distinct(per="row"), "did you mean 'rows'"),
    ],
)
def test_wrong_fields_are_refused(metric, reason):
    with pytest.raises(cb.RequestError, match=reason):
        dataclasses.replace(EXPERIMENTS["gaussian"], metrics=(metric,))
