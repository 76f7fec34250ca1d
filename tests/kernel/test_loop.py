"""Kernel density estimates in the loop obey section 6 of the laws."""

import dataclasses

import numpy as np
import pytest

import collapsebench as cb
from collapsebench import theory

EXPERIMENT = cb.Experiment(
    name="kde",
    model=cb.models.KernelDensity(bandwidth=0.5),
    n=12,
    generations=8,
    trajectories=6000,
    holdout=1,
    width=256,
)
FITS = np.arange(1, EXPERIMENT.generations + 1)


def _distance(result, law):
    """Standard errors between the mean variance and a law, by generation."""
    values = result["variance"].values
    return np.abs(values.mean(axis=0) - law) / (values.std(axis=0) / np.sqrt(len(values)))


def test_replace_at_a_fixed_bandwidth():
    """Wrong law: without the factor 1 - 1/n the variance is h^2 per fit larger."""
    result = cb.run(EXPERIMENT)
    assert _distance(result, theory.kde_variance_law(12, FITS, 0.5)).max() < 5
    assert _distance(result, 1 + 0.25 * FITS)[-1] > 10


@pytest.mark.parametrize("rule", ["scott", "silverman"])
def test_replace_explodes_under_a_rule(rule):
    """Wrong law: the other rule's constant."""
    model = cb.models.KernelDensity(bandwidth=rule)
    result = cb.run(dataclasses.replace(EXPERIMENT, model=model, generations=4))
    assert _distance(result, theory.kde_rule_variance_law(12, FITS[:4], rule)).max() < 5
    other = "scott" if rule == "silverman" else "silverman"
    wrong = theory.kde_rule_variance_law(12, FITS[:4], other)
    ml = (1 - 1 / 12) * np.array(theory.kde_rule_variance_law(12, FITS[:4], rule))
    assert max(_distance(result, wrong)[-1], _distance(result, ml)[0]) > 10


def test_accumulate_grows_like_a_logarithm():
    """Wrong law: replace's."""
    result = cb.run(dataclasses.replace(EXPERIMENT, regime=cb.regimes.Accumulate()))
    assert _distance(result, theory.kde_accumulate_variance_law(12, FITS, 0.5)).max() < 5
    assert _distance(result, theory.kde_variance_law(12, FITS, 0.5))[-1] > 10


@pytest.mark.parametrize("dim", [1, 2])
def test_population_adds_the_kernel_and_nothing_else(dim):
    target, model = cb.targets.Normal(dim=dim), cb.models.KernelDensity(dim=dim, bandwidth=0.5)
    result = cb.run(
        dataclasses.replace(
            EXPERIMENT,
            target=target,
            model=model,
            handover="population",
            trajectories=1,
            generations=3,
            x64=True,
            width=1,
        )
    )
    np.testing.assert_allclose(result["variance"][0], dim * (1 + 0.25 * FITS[:3]), rtol=1e-8)
