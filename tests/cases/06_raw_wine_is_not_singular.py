"""Features of different units called singular.

Source: scipy#24718, scipy#17568.
"""

import numpy as np
from scipy import stats
from sklearn.datasets import load_wine

import collapsebench as cb


def case():
    x = load_wine(return_X_y=True)[0]
    m = cb.models.Gaussian(dim=13)
    got = float(cb.log_prob(m, cb.fit(m, x), x).mean())
    right = stats.multivariate_normal(x.mean(0), np.cov(x.T, ddof=0)).logpdf(x).mean()
    return abs(got - right) < 0.05, f"mean log density {got} right {right:.4f}"
