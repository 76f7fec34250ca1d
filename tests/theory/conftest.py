"""What the law tests share. The seed is the test's name: nobody chose it."""

from zlib import crc32

import numpy as np
import pytest


@pytest.fixture
def random(request):
    return np.random.default_rng(crc32(request.node.name.encode()))


@pytest.fixture
def assert_law():
    """The mean of independent rows is within 5 standard errors of the law, and 10 away from each wrong one."""

    def check(sample, law, *wrong_laws):
        mean, error = np.mean(sample, 0), np.std(sample, 0, ddof=1) / np.sqrt(len(sample))
        assert np.all(np.abs(mean - law) < 5 * error), (mean, law, error)
        for wrong in wrong_laws:
            assert np.all(np.abs(mean - wrong) > 10 * error), (mean, wrong, error)

    return check


@pytest.fixture
def assert_printed():
    """The values are the printed decimals, to the digits printed."""

    def check(values, printed):
        for value, text in zip(np.ravel(values), printed.split(), strict=True):
            half_unit = 0.5 * 10.0 ** -len(text.partition(".")[2])
            assert abs(value - float(text)) <= half_unit * (1 + 1e-9), (value, text)

    return check
