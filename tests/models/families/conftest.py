"""Fixtures of the tests of families."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency


@pytest.fixture(scope="session")
def agreement():
    """p-value of the two-sample chi-square test on discrete outcomes; values seen fewer than 20 times are one cell."""

    def p_value(first, second):
        first, second = (np.round(np.asarray(values, float), 4) for values in (first, second))
        outcomes, where = np.unique(np.concatenate([first, second]), return_inverse=True)
        table = np.stack([np.bincount(part, minlength=len(outcomes)) for part in np.split(where, [len(first)])])
        rare = table.sum(0) < 20
        table = np.concatenate([table[:, ~rare], table[:, rare].sum(1, keepdims=True)], axis=1)
        return chi2_contingency(table[:, table.sum(0) > 0]).pvalue

    return p_value
