"""Models that share a pool, and captions with images, against loops in NumPy."""

import numpy as np
import pytest

from collapsebench import theory

SIZES = {"private": 100, "public": 50, "drawn": 200}


def test_models_that_share_a_pool(random, assert_law):
    """Told from models that are as apart as their own rows, and from a pool of one model."""
    runs, k, a, b = 20_000, 4, 0.6, 0.3
    own, public = random.normal(0, 0.1, (runs, k)), random.normal(0, 50**-0.5, (runs, 1))
    real = b * own + (1 - b) * public
    mean, between, common = real, [], []
    for _ in range(5):
        between.append(mean.var(axis=1, ddof=1))
        common.append(mean.mean(axis=1) ** 2)
        pool = (mean + random.normal(0, 200**-0.5, (runs, k))).mean(axis=1, keepdims=True)
        mean = a * pool + (1 - a) * real
    law = theory.ecosystem_law(k, np.arange(1, 6), a, b, **SIZES)
    apart, alone = (
        theory.ecosystem_law(k, 1, a, b, **SIZES)[0],
        theory.ecosystem_law(1, np.arange(1, 6), a, b, **SIZES)[1],
    )
    assert_law(np.transpose(between), law[0], np.full(5, apart))
    assert_law(np.transpose(common), law[1], alone)


def test_numbers_of_four_models():
    between, common = theory.ecosystem_law(4, 60, 0.5, 0.5, private=100, public=100, drawn=400)
    assert between == pytest.approx(6.25e-4)
    assert common == pytest.approx(3.333e-3, rel=1e-3)
    assert theory.ecosystem_law(4, 60, 1.0, 0.5, **SIZES)[1] > theory.ecosystem_law(4, 59, 1.0, 0.5, **SIZES)[1]


def test_images_of_a_caption(random, assert_law):
    """Told from n / captions images for every caption."""
    runs, n, k = 100_000, 30, 5
    log_variance = np.zeros(runs)
    for _ in range(3):
        count = random.binomial(n, 1 / k, runs)
        chi = 2 * random.standard_gamma(np.maximum(count - 1, 1) / 2) * (count > 1)
        with np.errstate(divide="ignore"):
            log_variance += np.where(count > 0, np.log(chi / np.maximum(count, 1)), 0.0)
    assert_law(np.exp(log_variance), theory.captioned_variance_law(n, k, 3), theory.replace_variance_law(n / k, 3))
    assert theory.captioned_variance_law(100, 5, 30) == pytest.approx(0.2002, abs=5e-5)
