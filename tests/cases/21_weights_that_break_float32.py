"""Infinite and tiny weights.

Source: JuliaStats/StatsBase.jl#671, VowpalWabbit#2241.
"""

import numpy as np

import collapsebench as cb


def case():
    bad = []
    for w, right in (([1, np.inf, 1], None), ([1e-60] * 3, 2.0), ([1e38, 1e38, 3e38], 2.4)):
        try:
            got = float(cb.fit("gaussian", [1.0, 2.0, 3.0], weights=w).mean[0])
        except cb.RequestError:
            continue
        if right is None or not abs(got - right) < 1e-3:
            bad.append((w, got, right))
    return not bad, f"(weights, mean, right) {bad}"
