"""Fixtures and checks that all tests share; seeds are derived from names."""

from zlib import crc32

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm

from collapsebench.engine import cache, devices


def pytest_configure():
    """JAX starts as `cb.run` starts it, with a device for each core: numbers depend on it in their last digits."""
    devices.mesh()  # before test modules are imported, some of which make arrays


@pytest.fixture(autouse=True)
def _few_programs():
    """Compiled programs are forgotten before there are too many for one process."""
    yield
    cache.make_room()


@pytest.fixture
def random(request):
    """A NumPy generator seeded by the test's name."""
    return np.random.default_rng(crc32(request.node.name.encode()))


ROUNDING = 2e-7
"""How far the float32 mean of exact constants may be off them: a sample without spread has no standard error."""


@pytest.fixture(scope="session")
def assert_law():
    """The mean over independent rows is within 5 standard errors of the law, and more than 10 from each wrong law.

    Laws and the rows of `sample` [row, ...] have one shape. A wrong law may touch the right one in places, as laws of
    different regimes do at the first fit: 10 somewhere is enough, unless it has to be so `everywhere`.
    """

    def check(sample, law, *wrong_laws, everywhere=False):
        sample = np.asarray(sample)
        mean, error = np.mean(sample, 0), np.std(sample, 0, ddof=1) / np.sqrt(len(sample))
        unit = error + (ROUNDING if sample.dtype == np.float32 else 0)
        assert np.all(abs(mean - law) <= 5 * unit), f"not the law: {mean} against {law}, standard errors {error}"
        for wrong in wrong_laws:
            away = abs(mean - wrong) > 10 * unit
            assert np.all(away) if everywhere else np.any(away), (
                f"nor can this be told: {wrong}, means {mean} +- {error}"
            )

    return check


@pytest.fixture(scope="session")
def apart():
    """How far two samples are from having one law, in standard errors of the test that sees more.

    One test compares the means; the other is Kolmogorov and Smirnov's, its p-value as a two-sided one of a normal.
    """

    def distance(first, second):
        first, second = np.asarray(first, float), np.asarray(second, float)
        error = np.sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second))
        return max(
            abs(first.mean() - second.mean()) / error, norm.isf(ks_2samp(first, second, method="asymp").pvalue / 2)
        )

    return distance
