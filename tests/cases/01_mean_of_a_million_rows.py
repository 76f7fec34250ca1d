"""Float32 mean along the rows of a big array.

Source: numpy/numpy#29772, numpy/numpy#5681, jax-ml/jax#585.
"""

import numpy as np

import collapsebench as cb


def case():
    x = (1000 + 0.5 * np.random.default_rng(0).normal(size=(1_000_000, 2))).astype(np.float32)
    p = cb.fit(cb.models.Gaussian(dim=2), x)
    mean, var = float(p.mean[0]), float(p.moments()[1][0, 0])
    right = x[:, 0].astype(float)
    passed = abs(mean - right.mean()) < 0.01 and abs(var / right.var() - 1) < 0.01
    return passed, f"mean {mean} right {right.mean():.4f}; variance {var} right {right.var():.4f}"
