"""Seconds until a collapse statistic is known to 1%, for comparing accelerators."""

from __future__ import annotations

import dataclasses

import pytest

import collapsebench as cb
from collapsebench import theory

BASE = cb.Experiment(name="precision", metrics=("variance",), holdout=1, n=100, generations=50)


@pytest.mark.parametrize("handover", ["samples", "summary"])
def bench_variance_after_50_fits(jax_benchmark, handover):
    """Mean variance of a Gaussian under replace, n = 100."""
    trajectories = jax_benchmark.pick(200, 10_000, 100_000)
    experiment = dataclasses.replace(BASE, trajectories=trajectories, handover=handover)
    jax_benchmark.to_precision(experiment, float(theory.replace_variance_law(100, 50)))


def bench_excess_risk_after_20_fits(jax_benchmark):
    """Mean excess risk of least squares under replace, 10 inputs, n = 100."""
    experiment = dataclasses.replace(
        BASE, target=cb.targets.Linear(dim=10), model=cb.models.LinearRegression(dim=10, fresh=True), handover="summary",
        metrics=("excess_risk",), generations=20, trajectories=jax_benchmark.pick(200, 10_000, 100_000),
    )  # fmt: skip
    jax_benchmark.to_precision(experiment, float(theory.least_squares_replace_law(100, 10, 20)))
