"""Monte-Carlo metrics: unbiased values and correct standard errors, on cases with a known answer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

import collapsebench as cb
from collapsebench.maths.distributions.mixture import Mixture
from collapsebench.maths.distributions.normal import Normal

MEAN, SD, QUANTILE = 0.3, 0.8, 0.3
SIZE, REPLICATES = 512, 1500
CROSS_ENTROPY = 0.5 * np.log(2 * np.pi * SD**2) + (1 + MEAN**2) / (2 * SD**2)
ENTROPY = norm(scale=SD).entropy()

CASES = {
    "nll": CROSS_ENTROPY,
    "perplexity": np.exp(CROSS_ENTROPY),
    "kl": CROSS_ENTROPY - norm.entropy(),
    "kl_reverse": 0.5 * np.log(2 * np.pi) + (SD**2 + MEAN**2) / 2 - ENTROPY,
    "entropy": ENTROPY,
    # In the plane, density below its quantile q is r^2 > -2 log q, and the model's mass there is q^(1 / sd^2).
    "tail_mass": QUANTILE ** (1 / SD**2),
}


def view_of(key, target, model, params):
    holdout = cb.Batch(target.sample(key, SIZE), jnp.ones(SIZE))
    return cb.View(target, model, params, None, None, None, holdout, 0)


def measure(key):
    """Every case once: a mixture of one normal has no closed forms, so it must be estimated."""
    held, *keys = jax.random.split(key, 7)
    metrics, line = cb.metrics, Normal(jnp.array([MEAN]), jnp.log(SD), jnp.eye(1))
    single = cb.targets.GaussianMixture(components=1, dim=1, means=((0.0,),))
    view = view_of(held, single, cb.models.Gaussian(), line)
    mixture = view_of(held, single, cb.models.GaussianMixture(components=1), Mixture.spherical([[MEAN]], SD))
    plane = view_of(held, cb.targets.Normal(dim=2), cb.models.Gaussian(dim=2), Normal.standard(2).widen(SD**2))
    return {
        "nll": metrics.NLL()(keys[0], view),
        "perplexity": metrics.Perplexity()(keys[1], view),
        "kl": metrics.KL()(keys[2], view),
        "kl_reverse": metrics.KL(reverse=True, rows=SIZE)(keys[3], view),
        "entropy": metrics.Entropy(rows=SIZE)(keys[4], mixture),
        "tail_mass": metrics.TailMass(quantile=QUANTILE, rows=SIZE)(keys[5], plane),
    }


@pytest.fixture(scope="module")
def estimates():
    keys = jax.random.split(jax.random.key(0), REPLICATES)
    return jax.jit(lambda keys: jax.lax.map(measure, keys, batch_size=50))(keys)


@pytest.mark.parametrize("case", CASES)
def test_intervals(estimates, case):
    """Standardised errors have variance 1; half or twice the variance is more than 10 standard errors away.

    So the threshold's own noise in the tail mass, half of its variance here, cannot be forgotten.
    """
    value, error = np.asarray(estimates[case].value, float), np.asarray(estimates[case].standard_error, float)
    squares = ((value - CASES[case]) / error) ** 2
    spread = squares.std() / np.sqrt(REPLICATES)
    assert abs(value.mean() - CASES[case]) < 5 * value.std() / np.sqrt(REPLICATES)
    assert abs(squares.mean() - 1) < 5 * spread
    assert min(2 - squares.mean(), squares.mean() - 0.5) > 10 * spread
    inside = np.mean(squares < 4)
    assert abs(inside - 0.9545) < 5 * np.sqrt(0.9545 * 0.0455 / REPLICATES)
