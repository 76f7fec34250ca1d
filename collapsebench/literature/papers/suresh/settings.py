"""Settings of Suresh et al. (2025), and published numbers."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Curve:
    """A curve of the share of trajectories after k fits to n draws each; start is the first p, rate or sd.

    The shares are derived, for the settings of the paper's figures; all but the Gaussian's are exact to their digits.
    """

    title: str
    n: int
    start: float
    k: tuple[int, ...]
    share: tuple[float, ...]


BERNOULLI = {
    "bernoulli-rare": Curve(title="p = .001, n = 10000", n=10**4, start=0.001, k=(1, 6, 11, 17, 22, 28, 33, 39, 44, 50),
        share=(1, 0.9316, 0.7947, 0.6556, 0.5679, 0.4877, 0.4357, 0.3861, 0.3525, 0.3190)),
    "bernoulli-small": Curve(title="p = .01, n = 100", n=100, start=0.01, k=(1, 6, 11, 17, 22, 28, 33, 39, 44, 50),
        share=(0.6340, 0.2382, 0.1495, 0.1043, 0.0837, 0.0680, 0.0590, 0.0510, 0.0459, 0.0411)),
}  # fmt: skip
POISSON = {
    "poisson-1": Curve(title="rate 1, n = 10", n=10, start=1.0, k=(1, 56, 111, 167, 222, 278, 333, 389, 444, 500),
        share=(1, 0.2910, 0.1617, 0.1113, 0.0852, 0.0688, 0.0578, 0.0498, 0.0438, 0.0390)),
    "poisson-10": Curve(title="rate 10, n = 10", n=10, start=10.0, k=(1, 56, 111, 167, 222, 278, 333, 389, 444, 500),
        share=(1, 0.9679, 0.8287, 0.6927, 0.5895, 0.5096, 0.4488, 0.3998, 0.3608, 0.3281)),
}  # fmt: skip
GAUSSIAN = Curve(title="n = 10, unbiased", n=10, start=1.0, k=(1, 23, 45, 67, 89, 111, 133, 155, 177, 200),
    share=(1, 0.7956, 0.4351, 0.2244, 0.1145, 0.0583, 0.0302, 0.0155, 0.0079, 0.0041))  # fmt: skip
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
