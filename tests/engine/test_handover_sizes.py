"""Drawn rows against drawn statistics for every family and regime, at sizes that divide nothing."""

import dataclasses

import jax
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.engine.handover import Population, Samples, Summaries

T, M, R = cb.targets, cb.models, cb.regimes
FAMILIES = {
    "bernoulli": (T.Bernoulli(p=0.3), M.Bernoulli(), ("log_variance", "kl")),
    "categorical": (T.Zipf(classes=10), M.Categorical(classes=10), ("support", "entropy")),
    "exponential": (T.Exponential(), M.Exponential(), ("log_variance", "kl")),
    "gaussian": (T.Normal(), M.Gaussian(), ("log_variance", "mean_error")),
    "gaussian, 5": (T.Normal(dim=5), M.Gaussian(dim=5), ("variance", "w2_squared")),
    "poisson": (T.Poisson(), M.Poisson(), ("log_variance", "mean_error")),
    "linear": (T.Linear(dim=3), M.LinearRegression(dim=3, fresh=True), ("excess_risk",)),
    "ridge": (T.Linear(dim=3), M.RidgeRegression(dim=3, fresh=True), ("excess_risk",)),
    "neon": (T.Normal(), M.Neon(weight=0.5, rows=30), ("log_variance", "mean_error")),
    "early stopped": (T.Normal(dim=2), M.EarlyStopped(model=M.Gaussian(dim=2)), ("variance", "mean_error")),
}
"""Every family that has a summary: target, model, metrics."""
REGIMES = {
    "replace": R.Replace(), "accumulate": R.Accumulate(), "augment": R.Augment(), "fresh": R.Fresh(rows=7),
    "fresh, 3 models": R.Fresh(rows=7, models=3), "grow": R.Grow(power=0.7), "memory, 3": R.Memory(models=3),
    "memory, 4": R.Memory(models=4), "mix": R.Mix(real_fraction=0.33), "weighted": R.Weighted(rows=7),
    "window, 3": R.Window(window=3, real_fraction=0.33), "saved": R.Saved(1),
}  # fmt: skip
"""Every regime that a summary serves, at sizes that divide nothing."""


def comparable(values):
    """Values for a test of ranks: the same atom of a discrete law, summed in another order, must be the same number.

    What is not finite is lowest: a law with atoms at -inf is compared like any other.
    """
    return np.where(np.isfinite(values), np.round(values, 4), -50.0)


def both(family, regime, trajectories, n=10):
    """Metric -> (values of drawn rows, values of drawn statistics) at the fourth fit."""
    target, model, metrics = FAMILIES[family]
    rows = cb.Experiment(
        name="sizes", target=target, model=model, regime=REGIMES[regime], metrics=metrics, n=n, n_real=11, generations=4,
        trajectories=trajectories, holdout=1,
    )  # fmt: skip
    drawn, summed = cb.run(rows), cb.run(dataclasses.replace(rows, handover="summary", seed=1))
    return {m: [comparable(result[m].values[:, -1]) for result in (drawn, summed)] for m in metrics}


@pytest.mark.parametrize("n", [10, 9, 2, 16_000_001])
def test_parts_are_of_whole_rows(n):
    """Of drawn rows and of statistics alike, whose sizes are numbers in a program; an infinite sample has thirds."""
    rows = [Samples().share(n, n, i, 3)[1] for i in range(3)]
    assert sum(rows) == n
    assert max(rows) - min(rows) <= 1
    share = jax.jit(lambda n: [Summaries().share(n, n, i, 3)[1] for i in range(3)])
    np.testing.assert_array_equal(share(np.float32(n)), rows)
    np.testing.assert_allclose(Population().share(n, float(n), 0, 3)[1], n / 3)


@pytest.mark.slow
def test_sizes_that_the_models_do_not_divide(apart):
    """10 rows of 3 models are 4, 3 and 3, also as statistics. Wrong: 3 of each, whose support is smaller."""
    drawn, summed = both("categorical", "memory, 3", 10_000)["support"]
    assert apart(drawn, summed) < 5
    assert apart(drawn, both("categorical", "memory, 3", 10_000, n=9)["support"][1]) > 10


@pytest.mark.slow
@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_regime_and_family_agree_in_law(family, regime, apart):
    for metric, (drawn, summed) in both(family, regime, 20_000).items():
        assert drawn.std() > 0
        assert apart(drawn, summed) < 5, metric


def test_every_family_with_a_summary_is_compared():
    compared = {type(model) for _, model, _ in FAMILIES.values()} | {M.NGram}  # of order 1, in tests/models/text
    assert compared == {model for _, model in cb.MODELS.items() if model().summary is not None}
    served = {type(regime) for regime in REGIMES.values()}
    single = {regime for _, regime in cb.REGIMES.items() if regime is not R.Then and not regime().needs_samples}
    assert served == single  # Then is made of two of them
