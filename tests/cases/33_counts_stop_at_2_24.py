"""Float32 sums that stop growing at 16777216.

Source: numpy/numpy#22956, numpy/numpy#8869.
"""

import numpy as np

import collapsebench as cb

SLOW = True


def case():
    x = np.zeros(40_000_000, np.int32)
    x[:4_000_000] = 1
    got = np.asarray(cb.fit(cb.models.Categorical(classes=2), x).probs)
    return np.allclose(got, [0.9, 0.1], atol=1e-4), f"frequencies {got} right [0.9 0.1]"
