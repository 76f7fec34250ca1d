"""Settings of Alemohammad et al. (2024), our own choices, and published numbers."""

from __future__ import annotations

from collapsebench.targets.grid import Grid
from collapsebench.targets.rosenbrock import Rosenbrock

DIM, FRESH, SYNTHETIC = 100, 100, 900
FIRST = (100, 1000)
BIASES = (1.0, 0.8)
START = {100: (31.95, 0.035), 1000: (2.653, 0.007)}
"""Squared W2 of one fit to so many real rows, and its standard error, by a simulation in NumPy and float64."""
LIMIT = {1.0: (12.26, 0.05), 0.8: (20.61, 0.02)}
"""The same after many generations, by sampling bias."""
LAW_FITS = 20
"""Fits after which mean and spread are compared with their law, over many trajectories."""

REAL_SIZES, SYNTHETIC_SIZES = (100, 1000), (100, 1000, 10_000)
SIZE_BIASES = (1.0, 0.85, 0.7)
ADMISSIBLE_REAL, ADMISSIBLE_BIASES = (100, 250, 1000), (0.95, 0.9, 0.85, 0.8, 0.75, 0.7)
"""Figures 11 and 12 in one dimension, where the paper's is not known."""

MODELS = (1, 2, 5)
MEMORY_REAL, MEMORY_SYNTHETIC = 1000, 10_000
SHARES = (1.0, 0.1, 0.03, 0.01, 0.003)
SHARE_SIZES = (1000, 10_000, 100_000)

GRID = Grid()
"""25 modes, 2 apart and .1 wide; 40 real rows a mode are our choice, as nothing of it is published."""

ROSENBROCK = Rosenbrock(mean=1.0, along=1.0, across=0.3)
"""Our constants: the paper's are not published, and a ridge 100 wide needs a network that knows the unit."""
FLOW_BIASES = (1.0, 0.75)

IMAGE_BIASES = (1.0, 0.8, 0.66, 0.5)


def guidance(bias: float) -> float:
    """Guidance w of a sampling bias b = 1 / (1 + w)."""
    return 1 / bias - 1
