"""A cut-off of lstsq that drops directions in float32.

Source: scikit-learn#33032, mlpack#2053.
"""

import numpy as np

import collapsebench as cb


def case():
    x = np.random.default_rng(0).normal(size=(100, 3)) * [1, 1e-3, 1e-4]
    y = x @ [1, 1e3, 1e4]
    got = np.asarray(cb.fit(cb.models.LinearRegression(dim=3), {"x": x.astype("f4"), "y": y.astype("f4")}).coef)
    right = np.linalg.lstsq(x, y, rcond=None)[0]
    return np.allclose(got, right, rtol=0.01), f"coefficients {got} right {right}"
