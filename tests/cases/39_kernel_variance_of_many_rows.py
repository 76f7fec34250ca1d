"""Law: the variance of a KDE is that of its rows plus h^2.

Source: numpy/numpy#22956.
"""

import numpy as np

import collapsebench as cb

SLOW = True


def case():
    x = np.random.default_rng(0).normal(size=(8_000_000, 2)).astype("f4")
    got = np.diag(np.asarray(cb.fit(cb.models.KernelDensity(dim=2, bandwidth=0.3), x).moments()[1]))
    return np.allclose(got, 1.09, atol=0.005), f"variances {got} right {x.astype(float).var(0) + 0.09}"
