"""Handovers: a summary drawn from its exact law against the summary of drawn rows, Gaussian, 1 to 10 dimensions.

The same for the families of counts and for regression stands in their own folders.
"""

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
