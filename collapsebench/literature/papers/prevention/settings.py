"""Settings of Prevention Is Not Cure and the shares that are run."""

from __future__ import annotations

import numpy as np

K = 8
ZIPF = np.arange(1, K + 1) ** -1.2 / np.sum(np.arange(1, K + 1) ** -1.2)
TRUTHS = {"uniform": (1 / K,) * K, "two-hot": (0.35, 0.35, *(0.05,) * 6), "zipf": tuple(map(float, ZIPF))}
WORST = {name: min(probs) for name, probs in TRUTHS.items()}
HORIZON, LOSSES = 2000, 400
"""Generations until which a loop may heal (unsaid in the paper; the rates are those of 2000), and until which it loses."""
AROUND = (0.8, 1.0, 1.25)
"""Shares about a printed one, by which our own is interpolated."""
HEAL = {
    ("uniform", 50): (0.005, 0.01, 0.02, 0.1, 0.2, *(0.0105486 * f for f in AROUND)),
    ("two-hot", 50): (0.005, 0.01, 0.02, 0.5, 1.0, *(0.022173 * f for f in AROUND)),
    ("uniform", 200): (0.01, 0.02),
    ("two-hot", 200): (0.005, 0.02, 0.05),
}
BOUNDARIES = {
    ("uniform", 50): 0.0493164, ("uniform", 200): 0.00805664, ("zipf", 50): 0.382812, ("zipf", 200): 0.0419922,
    ("two-hot", 50): 0.208994,
}  # fmt: skip
"""Printed least shares at a window of 4 by which the rarest symbol is absent from the pool 1% of the time."""
LOST = (("uniform", 0.005, 5.04), ("uniform", 0.01, 4.68), ("two-hot", 0.02, 2.25), ("two-hot", 0.005, 2.005))
"""Truth, share and printed time until a symbol is lost, n = 50."""
POOL, POOLED = 64, 0.000976562
