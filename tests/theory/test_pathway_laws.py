"""Laws of whole classes of estimators against simulations."""

import numpy as np
import pytest

import collapsebench.theory as laws

N, FITS, TRAJECTORIES = 40, 5, 20_000


def estimates(random, subsample):
    """Means of N draws around the last mean, when the training set is the pool, or N of the pool's draws."""
    mean, pool = np.zeros(TRAJECTORIES), np.empty((TRAJECTORIES, 0))
    for _ in range(FITS):
        pool = np.hstack([pool, mean[:, None] + random.normal(size=(TRAJECTORIES, N))])
        mean = (random.permuted(pool, axis=1)[:, :N] if subsample else pool).mean(1)
    return mean


def test_accumulate(random, assert_law):
    ratio = N * estimates(random, subsample=False) ** 2
    assert_law(ratio, laws.pathway_accumulate_law(FITS), laws.pathway_replace_law(FITS), 1.0)


def test_subsample(random, assert_law):
    ratio = N * estimates(random, subsample=True) ** 2
    assert_law(
        ratio, laws.pathway_subsample_law(FITS), laws.pathway_replace_law(FITS), laws.pathway_accumulate_law(FITS)
    )


def test_replace(random, assert_law):
    mean = np.zeros(TRAJECTORIES)
    for _ in range(FITS):
        mean = (mean[:, None] + random.normal(size=(TRAJECTORIES, N))).mean(1)
    assert_law(N * mean**2, laws.pathway_replace_law(FITS), laws.pathway_subsample_law(FITS), FITS - 1)


def test_printed_pathways(assert_printed):
    assert_printed(laws.pathway_accumulate_law([2, 10, 100]), "1.25 1.5498 1.6350")
    assert_printed(laws.pathway_subsample_law([2, 10, 100, 1e9]), "1.75 2.6493 2.9050 2.9348")
    np.testing.assert_allclose(laws.pathway_accumulate_law(1e9), np.pi**2 / 6, rtol=1e-8)
    np.testing.assert_allclose(laws.pathway_subsample_law(1e9), np.pi**2 / 2 - 2, rtol=1e-8)


def test_subsample_is_the_recursion_of_the_pool():
    pool = 1.0
    for k in range(2, 50):
        pool += (2 - 1 / (k - 1)) / k**2
        np.testing.assert_allclose(laws.pathway_subsample_law(k), pool + 1 - 1 / k, rtol=1e-12)


@pytest.mark.parametrize("fits", [1, 3, 30])
def test_weighted_mixing(random, assert_law, fits):
    n, ratio, weight, trajectories = 8, 2, 0.4, 50_000
    mean = random.normal(size=(trajectories, n)).mean(1)
    for _ in range(fits - 1):
        synthetic = (mean[:, None] + random.normal(size=(trajectories, n // ratio))).mean(1)
        mean = weight * random.normal(size=(trajectories, n)).mean(1) + (1 - weight) * synthetic
    wrong = laws.weighted_error_law(weight, 1 / ratio, fits) if fits > 1 else laws.weighted_error_law(weight, ratio)
    assert_law(n * mean**2, laws.weighted_error_law(weight, ratio, fits), wrong)


def test_golden_ratio(assert_printed):
    assert_printed(laws.weighted_optimum_law(1), ".618")
    assert_printed(laws.weighted_error_law([0.618, 0.5, 1.0], 1), ".618 .6667 1")
    assert_printed(2 / 100 * laws.weighted_error_law([0.618, 0.5], 1), ".01236 .01333")  # He et al., n = 100, p = 2
    ratio, weight = np.array([0.01, 0.1, 1, 10])[:, None], np.linspace(0.001, 1, 1000)
    best = laws.weighted_optimum_law(ratio)
    np.testing.assert_allclose(laws.weighted_error_law(best, ratio), best, rtol=1e-12)
    assert np.all(laws.weighted_error_law(weight, ratio) >= best - 1e-15)


@pytest.mark.parametrize("t", [0.1, 1.0])
def test_scale_family(random, assert_law, t):
    n, fits, trajectories = 10, 8, 200_000
    scale, ml = np.full(trajectories, 1 / t), 0.0
    for fit in range(1, fits + 1):
        x = random.uniform(size=(trajectories, n)) ** scale[:, None]  # density s x^(s-1), s = 1 / scale
        ml = ml + (-np.log(x).mean(1) - ml) / fit
        scale = ml
    law = laws.scale_family_error_law(n, fits)
    first_order = laws.scale_family_error_law(n, 1) * np.sqrt(laws.pathway_accumulate_law(fits))
    assert_law(np.abs(1 / scale / t - 1), law, first_order, laws.scale_family_error_law(n, 1))


def test_scale_family_ratio(assert_printed):
    assert_printed(laws.scale_family_ratio_law(100, 100), "1.284")  # a simulation gave 1.283
    first_order = np.sqrt(laws.pathway_accumulate_law(100))
    np.testing.assert_allclose(laws.scale_family_ratio_law(10**6, 100), first_order, rtol=1e-5)
    assert_printed(laws.scale_family_ratio_law(10**5, 1000), "1.282")  # sqrt(pi^2 / 6) = 1.2825
