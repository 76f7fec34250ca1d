"""Mean of a float32 Bernoulli array.

Source: numpy/numpy#5681, numpy/numpy#22956.
"""

import numpy as np

import collapsebench as cb

SLOW = True


def case():
    rng = np.random.default_rng(0)
    bad = []
    x = (rng.random(40_000_000, dtype=np.float32) < 0.5).astype("f4")
    means = {
        "bernoulli": lambda p: p.p,
        "poisson": lambda p: p.rate,
        "exponential": lambda p: np.exp(p.log_scale),
        "gaussian": lambda p: p.mean[0],
    }
    for model, mean in means.items():
        got = float(mean(cb.fit(model, x)))
        if abs(got - 0.5) > 5e-4:
            bad.append((model, got))
    return not bad, f"(model, mean) {bad} right 0.5"
