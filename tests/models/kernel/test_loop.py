"""Kernel density estimates in the loop against their laws."""

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
    return _errors(result["variance"].values, law)


def _errors(values, law):
    return np.abs(values.mean(axis=0) - law) / (values.std(axis=0) / np.sqrt(len(values)))


def test_replace_at_a_fixed_bandwidth():
    """Wrong law: without the factor 1 - 1/n the variance is h^2 per fit larger."""
    result = cb.run(EXPERIMENT)
    assert _distance(result, theory.kde_variance_law(12, FITS, 0.5)).max() < 5
    assert _distance(result, 1 + 0.25 * FITS)[-1] > 10


@pytest.mark.slow
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


@pytest.mark.slow
def test_accumulate_grows_like_a_logarithm():
    """Wrong laws: replace's; an excess that is bounded as that of estimators is, or that grows with every fit."""
    metrics = ("variance", "mean_error")
    result = cb.run(dataclasses.replace(EXPERIMENT, regime=cb.regimes.Accumulate(), metrics=metrics))
    assert _distance(result, theory.kde_accumulate_variance_law(12, FITS, 0.5)).max() < 5
    assert _distance(result, theory.kde_variance_law(12, FITS, 0.5))[-1] > 10
    excess = result["variance"].values + result["mean_error"].values - 1
    assert _errors(excess, theory.kde_accumulate_excess_law(FITS, 0.5)).max() < 5
    assert _errors(excess, 0.25 * theory.pathway_accumulate_law(FITS))[-1] > 10
    assert _errors(excess, 0.25 * FITS)[-1] > 10


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


@pytest.mark.parametrize("share", [1, 3])
def test_population_accumulates_quadrature_nodes(share):
    """Nothing but the kernels' variance is added, at the rate of the pool's growth; real data `share` times as heavy.

    The mixture has 192 nodes and the model 512, whatever n is: the pool must have room for them, not for n rows.
    """
    target = cb.targets.GaussianMixture(components=2, dim=1)
    experiment = dataclasses.replace(
        EXPERIMENT, target=target, regime=cb.regimes.Accumulate(), handover="population", n_real=12 * share,
        trajectories=1, generations=4, x64=True, width=1,
    )  # fmt: skip
    variance = float(target.distribution().moments()[1][0, 0])
    excess = 0.25 * np.cumsum(1 / np.r_[1, share + np.arange(1, 4)])
    if share == 1:
        np.testing.assert_allclose(excess, theory.kde_accumulate_excess_law(FITS[:4], 0.5), rtol=1e-12)
    np.testing.assert_allclose(cb.run(experiment)["variance"][0], variance + excess, rtol=1e-8)
