"""Goodness of fit against SciPy: the law is not refused at p < 1e-6, each named wrong law is."""

import jax
import numpy as np
import pytest
from scipy import stats

REFUSE = 1e-6


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    """Both dtypes; float64 with the flag on for the test alone."""
    with jax.enable_x64(request.param == "float64"):
        yield np.dtype(request.param)


def chi_square_p(observed, expected):
    """Pearson's p-value; cells that expect fewer than 5 are pooled."""
    rare = expected < 5
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    if expected[-1] < 1:
        if observed[-1] > 20:
            return 0.0
        observed, expected = observed[:-1], expected[:-1]
    return stats.chi2.sf(np.sum((observed - expected) ** 2 / expected), len(expected) - 1)


def discrete_p(sample, law):
    """Pearson's p-value of whole numbers against a SciPy law, in at most 200 cells."""
    low, high = int(law.ppf(1e-4)), int(law.ppf(1 - 1e-4))
    edges = np.arange(low, high + 1, max(1, (high - low) // 200))
    observed = np.bincount(np.searchsorted(edges, sample), minlength=len(edges) + 1)
    expected = np.diff(np.concatenate([[0], law.cdf(edges), [1]])) * len(sample)
    return chi_square_p(observed, expected)


@pytest.fixture(scope="session")
def assert_counts():
    def check(sample, law, *wrong_laws):
        sample = np.asarray(sample, np.float64)
        assert np.all(sample == np.round(sample))
        assert discrete_p(sample, law) > REFUSE
        for wrong in wrong_laws:
            assert discrete_p(sample, wrong) < REFUSE

    return check


@pytest.fixture(scope="session")
def assert_continuous():
    def check(sample, cdf, *wrong_cdfs):
        sample = np.asarray(sample, np.float64)
        assert np.all(np.isfinite(sample))
        assert stats.kstest(sample, cdf).pvalue > REFUSE
        for wrong in wrong_cdfs:
            assert stats.kstest(sample, wrong).pvalue < REFUSE

    return check


@pytest.fixture(scope="session")
def assert_cells():
    """Counts of cells against their probabilities."""

    def check(observed, probs, *wrong_probs):
        observed = np.asarray(observed, np.float64)
        assert chi_square_p(observed, observed.sum() * np.asarray(probs)) > REFUSE
        for wrong in wrong_probs:
            assert chi_square_p(observed, observed.sum() * np.asarray(wrong)) < REFUSE

    return check
