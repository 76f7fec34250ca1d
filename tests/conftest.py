"""What all tests share. Seeds are names: nobody chose them."""

from zlib import crc32

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm


@pytest.fixture
def random(request):
    """A NumPy generator seeded by the test's name."""
    return np.random.default_rng(crc32(request.node.name.encode()))


@pytest.fixture(scope="session")
def assert_law():
    """The mean over trajectories is within 5 standard errors of the law, and 10 away from each wrong law.

    A wrong law may touch the right one at some generations (all agree at the first): 10 somewhere is enough.
    """

    def check(sample, law, *wrong_laws):
        mean, error = np.mean(sample, 0), np.std(sample, 0, ddof=1) / np.sqrt(len(sample))
        off = np.abs(mean - law) / (error + 2e-7)  # float32 means of exact constants
        assert np.all(off <= 5), f"{np.max(off):.1f} standard errors from the law: {mean} against {law}"
        for wrong in wrong_laws:
            power = np.abs(mean - wrong) / (error + 2e-7)
            assert np.max(power) > 10, f"the wrong law is only {np.max(power):.1f} standard errors away"

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
