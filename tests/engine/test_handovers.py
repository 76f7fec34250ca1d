"""Handovers: a summary drawn from its exact law against the summary of drawn rows, by family, regime and size."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.maths.numerics import as_leaves

METRICS = ("variance", "mean_error", "w2_squared")
FEW, MANY = 10_000, 100_000


@pytest.mark.parametrize(
    ("dim", "n", "trajectories"),
    [
        (3, 8, FEW),
        pytest.param(1, 5, MANY, marks=pytest.mark.slow),
        pytest.param(3, 8, MANY, marks=pytest.mark.slow),
        pytest.param(10, 15, MANY, marks=pytest.mark.slow),
        pytest.param(10, 6, MANY, marks=pytest.mark.slow),  # fewer rows than dimensions: a singular Wishart
    ],
)
def test_samples_and_summary_agree_in_law(dim, n, trajectories, apart):
    """At the first fit and the third. Wrong laws: n - 1 for n, which the spread over directions shows at once;
    unbiased for maximum likelihood, which the trace shows."""
    rows = cb.Experiment(
        name="handovers", target=cb.targets.Normal(dim=dim), model=cb.models.Gaussian(dim=dim), metrics=METRICS, n=n,
        generations=3, trajectories=trajectories, holdout=1,
    )  # fmt: skip
    summary = dataclasses.replace(rows, handover="summary", seed=1)
    unbiased = cb.models.Gaussian(dim=dim, unbiased=True)
    drawn, summed = cb.run(rows), cb.run(summary)
    for metric in METRICS:
        for g in (0, 2):
            assert apart(drawn[metric].values[:, g], summed[metric].values[:, g]) < 5, (metric, g)
    fewer, other = cb.run(dataclasses.replace(summary, n=n - 1)), cb.run(dataclasses.replace(summary, model=unbiased))
    assert apart(drawn.w2_squared.values[:, 0], fewer.w2_squared.values[:, 0]) > 10
    assert apart(drawn.variance.values[:, 2], other.variance.values[:, 2]) > 10


def test_parameters_keep_the_precision_they_were_saved_in():
    half = as_leaves({"kernel": jnp.ones(2, jnp.bfloat16), "bias": np.ones(2), "steps": 3})
    assert [str(half[name].dtype) for name in ("kernel", "bias", "steps")] == ["bfloat16", "float32", "float32"]


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
    "early stopped": (T.Normal(dim=2), M.EarlyStopped(model=M.Gaussian(dim=2)), ("variance", "mean_error")),
}
"""Every family that has a summary: target, model, metrics."""
REGIMES = {
    "replace": R.Replace(), "accumulate": R.Accumulate(), "augment": R.Augment(), "fresh": R.Fresh(rows=7),
    "fresh, 3 models": R.Fresh(rows=7, models=3), "grow": R.Grow(power=0.7), "memory, 3": R.Memory(models=3),
    "memory, 4": R.Memory(models=4), "mix": R.Mix(real_fraction=0.33), "weighted": R.Weighted(rows=7),
}  # fmt: skip
"""Every regime that a summary serves, at sizes that divide nothing."""


def finite_first(values):
    """Values with those that are not finite as the lowest: a law with atoms at -inf is compared like any other."""
    return np.where(np.isfinite(values), values, -50.0)


def both(family, regime, trajectories, n=10):
    """Metric -> (values of drawn rows, values of drawn statistics) at the fourth fit."""
    target, model, metrics = FAMILIES[family]
    rows = cb.Experiment(
        name="sizes", target=target, model=model, regime=REGIMES[regime], metrics=metrics, n=n, n_real=11, generations=4,
        trajectories=trajectories, holdout=1,
    )  # fmt: skip
    drawn, summed = cb.run(rows), cb.run(dataclasses.replace(rows, handover="summary", seed=1))
    return {m: [finite_first(result[m].values[:, -1]) for result in (drawn, summed)] for m in metrics}


def test_sizes_that_the_models_do_not_divide(apart):
    """10 rows of 3 models are 4, 3 and 3, also as statistics. Wrong: 3 of each, whose support is smaller."""
    drawn, summed = both("categorical", "memory, 3", FEW)["support"]
    assert apart(drawn, summed) < 5
    assert apart(drawn, both("categorical", "memory, 3", FEW, n=9)["support"][1]) > 10


@pytest.mark.slow
@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_regime_and_family_agree_in_law(family, regime, apart):
    for metric, (drawn, summed) in both(family, regime, 20_000).items():
        assert drawn.std() > 0
        assert apart(drawn, summed) < 5, metric


def test_every_family_with_a_summary_is_compared():
    compared = {type(model) for _, model, _ in FAMILIES.values()}
    assert compared == {model for _, model in cb.MODELS.items() if model().summary is not None}
    served = {type(regime) for regime in REGIMES.values()}
    assert served == {regime for _, regime in cb.REGIMES.items() if not regime.needs_samples}
