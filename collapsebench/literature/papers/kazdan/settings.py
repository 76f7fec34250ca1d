"""Settings of Kazdan et al. (2025), and published numbers."""

from __future__ import annotations

from collapsebench.targets.circles import Circles
from collapsebench.targets.gaussian_mixture import GaussianMixture
from collapsebench.targets.moons import Moons
from collapsebench.targets.swiss_roll import SwissRoll

SIZES = (10, 32, 100, 316, 1000)
DIM = 10
"""The dimension of the regression whose numbers are known."""
LAWFUL, KDE_LAWFUL = 10, 10
"""Fits after which a Gaussian and a kernel density are compared with their laws, over many trajectories."""
BANDWIDTHS = (0.1, 0.5, 1.0)
DATA = {
    "blobs": GaussianMixture(components=3, dim=2, radius=5.0), "circles": Circles(), "moons": Moons(),
    "swiss-roll": SwissRoll(),
}  # fmt: skip
"""Noise .05 as published; the places of the blobs and the 100 rows per generation are our choice."""

RISK = {
    "replace": {32: 48.0, 100: 11.0, 316: 3.3, 1000: 0.95},
    "accumulate": {32: 0.8, 100: 0.19, 316: 0.055, 1000: 0.016},
    "accumulate_subsample": {32: 2.3, 100: 0.36, 316: 0.095, 1000: 0.030},
}
"""Excess risk at generation 100, d = 10, s = 1, by rows per generation (read off a plot)."""
COLLAPSE = {10: 17.0, 100: 205.0, 1000: 1.8e3, 10**4: 1.65e4}
"""Generations until one of ten symbols is left, by draws per generation."""
EXACT = {10: 17.5, 100: 187.4, 1000: 1893.5, 10**4: 18961.0}
"""`theory.fixation_time_law`, for the claims' explanations; the tests compare."""
