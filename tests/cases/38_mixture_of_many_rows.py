"""Float32 sums over rows in EM.

Source: numpy/numpy#22956, scikit-learn#30382.
"""

import numpy as np

import collapsebench as cb

SLOW = True


def case():
    x = np.random.default_rng(0).normal(size=(8_000_000, 2)).astype("f4")
    p = cb.fit(cb.models.GaussianMixture(dim=2, components=1, steps=3), x)
    s = np.asarray(p.scale_tril[0])
    got = np.diag(s @ s.T)
    return np.allclose(got, 1, atol=0.005), f"variances {got} right {x.astype(float).var(0)}"
