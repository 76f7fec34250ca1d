"""Laws that an experiment's own parts have: means over trajectories keep them, and other numbers would not."""

import dataclasses

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.analysis.expected import expected

BASE = cb.Experiment(name="expected", n=20, generations=6, trajectories=2000, handover="summary", holdout=16)
GAUSSIAN = ("variance", "mean_error", "log_variance", "w2_squared", "kl")
LOOPS = {
    "replace": (BASE, GAUSSIAN),
    "unbiased, n_real": (
        dataclasses.replace(BASE, model=cb.models.Gaussian(unbiased=True), n_real=7, target=cb.targets.Normal(sd=3.0)),
        GAUSSIAN[:4],
    ),
    "two dimensions": (dataclasses.replace(BASE, target=cb.targets.Normal(dim=2)), ("variance", "mean_error", "kl")),
    "accumulate": (dataclasses.replace(BASE, regime="accumulate"), ("variance", "mean_error")),
    "mix": (
        dataclasses.replace(BASE, regime=cb.regimes.Mix(real_fraction=0.3), n_real=9, target=cb.targets.Normal(sd=2.0)),
        ("variance", "mean_error"),
    ),
    "fresh": (
        dataclasses.replace(BASE, regime=cb.regimes.Fresh(rows=7), model=cb.models.Gaussian(dim=2, unbiased=True),
            target=cb.targets.Normal(dim=2)),
        ("variance", "mean_error"),
    ),
    "categorical": (dataclasses.replace(BASE, target="zipf", model="categorical", metrics="support"), ("support",)),
    "regression": (
        dataclasses.replace(BASE, target="linear", model="linear_regression", metrics="excess_risk"), ("excess_risk",)
    ),
    "own rows": (
        dataclasses.replace(
            BASE, target=np.random.default_rng(3).exponential(size=(80, 2)), model="gaussian", handover="samples", n=30,
            trajectories=600,
        ),
        ("variance",),
    ),
}  # fmt: skip


QUICK = ("own rows",)
MARKED = [loop if loop in QUICK else pytest.param(loop, marks=pytest.mark.slow) for loop in LOOPS]


@pytest.mark.parametrize("loop", MARKED)
def test_the_mean_keeps_its_law(loop):
    experiment, metrics = LOOPS[loop]
    experiment = dataclasses.replace(experiment, metrics=metrics)
    laws = expected(experiment)
    assert set(laws) == set(metrics)
    found = cb.run(experiment)
    for name, law in laws.items():
        values = found[name].values
        error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        off = np.abs(values.mean(axis=0) - law) - 5 * error
        assert (off <= 2e-5 * np.abs(law)).all(), (name, values.mean(axis=0), law, error)
        assert (np.abs(values.mean(axis=0) - 1.5 * law) > 5 * error)[1:].any()


@pytest.mark.parametrize(
    "change",
    [
        {"regime": "window"},
        {"regime": cb.regimes.Fresh(models=2)},
        {"model": cb.models.Gaussian(bias=0.9)},
        {"warm_start": True},
        {"handover": "population"},
    ],
)
def test_other_loops_have_none(change):
    assert not expected(dataclasses.replace(BASE, **change))
