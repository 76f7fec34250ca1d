"""Fixture of the law tests for numbers that papers print."""

import numpy as np
import pytest


@pytest.fixture
def assert_printed():
    """The values are the printed decimals, to the digits printed."""

    def check(values, printed):
        for value, text in zip(np.ravel(values), printed.split(), strict=True):
            half_unit = 0.5 * 10.0 ** -len(text.partition(".")[2])
            assert abs(value - float(text)) <= half_unit * (1 + 1e-9), (value, text)

    return check
