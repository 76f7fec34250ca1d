"""One row for each regime, family and size, so that a cost in one of them hides behind no other."""

from __future__ import annotations

from functools import partial

import pytest

import collapsebench as cb
from benchmarks import plain, rivals
from collapsebench import theory
from collapsebench.bench.programs import is_near

SIZES = {"small": (20, 10, 1024), "large": (400, 60, 128)}
"""Rows, generations and trajectories: of small ones as many as are worth a call, which takes 4 ms by itself."""
T, M = cb.targets, cb.models
FAMILIES = {
    "bernoulli": (T.Bernoulli(p=0.3), M.Bernoulli()),
    "categorical": (T.Categorical(classes=100), M.Categorical(classes=100)),
    "exponential": (T.Exponential(), M.Exponential()),
    "gaussian": (T.Normal(dim=2), M.Gaussian(dim=2)),
    "gaussian_mixture": (T.GaussianMixture(), M.GaussianMixture()),
    "kde": (T.Normal(), M.KernelDensity()),
    "linear_regression": (T.Linear(), M.LinearRegression(fresh=True)),
    "logistic_regression": (T.Logistic(), M.LogisticRegression(fresh=True)),
    "poisson": (T.Poisson(), M.Poisson()),
}
FEWER = {"gaussian_mixture": 32, "kde": 8, "logistic_regression": 32}
"""By what a family's trajectories are divided, whose fit or density passes over the rows many times."""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("regime", [name for name, _ in cb.REGIMES.items()])
@pytest.mark.parametrize("family", FAMILIES)
def bench_regime(jax_benchmark, family, regime, size):
    (n, generations, many), (target, model) = SIZES[size], FAMILIES[family]
    trajectories = jax_benchmark.pick(2, many // FEWER.get(family, 1), 4 * many // FEWER.get(family, 1))
    experiment = cb.Experiment(
        name="regimes", target=target, model=model, regime=regime, metrics=("nll",), n=n, holdout=16,
        trajectories=trajectories, generations=jax_benchmark.pick(3, generations, generations),
    )  # fmt: skip
    runs, length = jax_benchmark.pick(1, 2, 4), experiment.generations
    loop = partial(plain.run, family, regime, runs, n, length)
    jax_benchmark.experiment(
        experiment, rounds=jax_benchmark.pick(1, 9 if size == "small" else 3, 30),
        rivals={"numpy, a loop per trajectory": (runs * length, loop)},
    )  # fmt: skip


@pytest.mark.parametrize(("n", "generations"), [(100, 50), (400, 60)])
def bench_accumulate_subsample(jax_benchmark, n, generations):
    """n of all rows so far, against the loop that draws them with NumPy's `choice`."""
    generations = jax_benchmark.pick(3, generations, generations)
    experiment = cb.Experiment(
        name="subsample", model=M.Gaussian(unbiased=True), regime="accumulate_subsample", metrics=("mean_error",), n=n,
        generations=generations, trajectories=jax_benchmark.pick(64, 1024 if n == 100 else 256, 4096), holdout=1,
    )  # fmt: skip
    law = theory.pathway_subsample_law(generations) / n
    loop = partial(rivals.subsample_by_trajectory, trajectories=10, n=n, generations=generations)
    jax_benchmark.experiment(
        experiment, law=lambda result: is_near(result.mean_error.values[:, -1], law),
        rivals={"numpy, a loop per trajectory": (10 * generations, loop)},
    )  # fmt: skip
