"""Settings of Suresh et al. (2025), and published numbers."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Curve:
    """A curve of the share of trajectories after k fits to n draws each; start is the first p, rate or sd.

    share: published, where it is; the settings of the others are the paper's, and an exact law is their reference.
    """

    title: str
    n: int
    start: float
    k: tuple[int, ...]
    share: tuple[float, ...] = ()


_TO_50 = (1, 6, 11, 17, 22, 28, 33, 39, 44, 50)
_TO_500 = (1, 56, 111, 167, 222, 278, 333, 389, 444, 500)
BERNOULLI = {
    "bernoulli-rare": Curve(title="p = .001, n = 10000", n=10**4, start=0.001, k=_TO_50),
    "bernoulli-small": Curve(title="p = .01, n = 100", n=100, start=0.01, k=_TO_50),
}
POISSON = {
    "poisson-1": Curve(title="rate 1, n = 10", n=10, start=1.0, k=_TO_500),
    "poisson-10": Curve(title="rate 10, n = 10", n=10, start=10.0, k=_TO_500),
}
GAUSSIAN = Curve(title="n = 10, unbiased", n=10, start=1.0, k=(1, 23, 45, 67, 89, 111, 133, 155, 177, 200))
MIXTURE = Curve(
    title="n = 10, maximum likelihood", n=10, start=1.0, k=(20, 40, 60, 80), share=(0.575, 0.195, 0.05, 0.025)
)  # off the figure
CURVES = {**BERNOULLI, **POISSON, "gaussian": GAUSSIAN}

BOUND = (1, 1, 1, 0.9072, 0.5176, 0.2953, 0.1685, 0.0961, 0.0548, 0.0305)
"""The moment bound (s = .7) at the k of GAUSSIAN."""
THRESHOLD = 0.1
"""The standard deviation that counts as collapsed."""

SINGLE = 0.2
"""Where the single Bernoulli runs start."""

SYMBOLS = 1000
ZIPF = {"zipf-1": (1.0, 2.7), "zipf-2": (2.0, 5.0)}
"""Exponent and shift."""
DISTINCT = {"zipf-1": {1: 0.755, 9: 0.30}, "zipf-2": {1: 0.79, 9: 0.397}}
DISTINCT_EXACT = {"zipf-1": {1: 0.7501, 9: 0.2959}, "zipf-2": {1: 0.7933, 9: 0.4001}}
"""What the law gives, for the claims' explanations; the tests compare."""

STEPS = (1, 3, 100)
"""Steps of EM per generation in the mixture's loop, ours: the last are enough for the maximum."""
