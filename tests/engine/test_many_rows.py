"""Loops of ten million rows in float32: their drift is their law's, and not that of rounding."""

import jax
import numpy as np
import pytest
from scipy import stats

import collapsebench as cb

N = 10_000_000
FITS = np.arange(1, 4)


def loop(**settings):
    """A result of three generations, one trajectory at a time."""
    return cb.run(cb.Experiment(name="many", n=N, generations=3, width=1, holdout=1, **settings))


@pytest.mark.slow
@pytest.mark.parametrize("dim", [1, 2, 10])
def test_gaussian(dim):
    """log variance walks with sd sqrt(2 / (n d)) a fit about -1e-7; one running sum loses 1e-2."""
    parts = {"target": cb.targets.Normal(dim=dim), "model": cb.models.Gaussian(dim=dim)}
    found = loop(**parts, metrics=("log_variance",), trajectories=max(2, 6 // dim))
    walk = (found.log_variance.values - np.log(dim)) / np.sqrt(2 / (N * dim) * FITS)
    assert np.abs(walk).max() < 5


@pytest.mark.slow
@pytest.mark.parametrize("classes", [3, 1000])
def test_categorical(classes):
    """2 n KL(target, model) after t fits is t times chi-square of K - 1 degrees of freedom, to leading order."""
    parts = {"target": cb.targets.Zipf(classes=classes), "model": cb.models.Categorical(classes=classes)}
    found = loop(**parts, metrics=("kl",), trajectories=4)
    chance = stats.chi2(classes - 1).sf(2 * N * found.kl.values / FITS)
    assert chance.min() > 6e-7, chance
    assert chance.max() < 1 - 6e-7, chance


@pytest.mark.slow
def test_mixture():
    """EM keeps its sample's covariance, so that the log variance walks about -1/n a fit; its sd is from kurtosis."""
    target = cb.targets.GaussianMixture(components=2, dim=1)
    model = cb.models.GaussianMixture(components=2, dim=1, ridge=0.0, steps=10)
    rows = np.asarray(target.distribution().sample(jax.random.key(0), 100_000), float)
    kurtosis = ((rows - rows.mean()) ** 4).mean() / rows.var() ** 2
    found = loop(target=target, model=model, metrics=("variance",), trajectories=2)
    truth = float(np.trace(target.distribution().moments()[1]))
    walk = np.log(found.variance.values / truth) / np.sqrt((kurtosis - 1) / N * FITS)
    assert np.abs(walk).max() < 5, walk
