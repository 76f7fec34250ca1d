"""A column of years beside an intercept.

Source: JuliaStats/GLM.jl#426.
"""

import numpy as np

import collapsebench as cb


def case():
    x = np.c_[np.ones(200), 2000 + np.arange(200) % 25]
    y = x @ [5, 0.1]
    got = np.asarray(cb.fit(cb.models.LinearRegression(dim=2), {"x": x.astype("f4"), "y": y.astype("f4")}).coef)
    rss, right = ((x @ got - y) ** 2).sum(), np.linalg.lstsq(x.astype("f4"), y.astype("f4"), rcond=None)[0]
    return rss < 1e-4, f"coefficients {got} right {right}; residual sum {rss:.4g} right 0"
