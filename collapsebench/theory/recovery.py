"""Laws of recovery: a symbol's count when a loop stops, goes back, or is given real rows; time to heal; what remains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ._arguments import Floats, Values, at_least, completed, within
from .mixed import _binomial


def phases_count_law(phases: Sequence[tuple[int, int, int]], p: float, *, n_first: int) -> Floats:
    """Probability of each count of a symbol of probability p among the rows of the last fit, after several phases; exact.

    phases: (n_real, n_synthetic, fits) of each, one after another; each fit sees n_real new real draws and n_synthetic
    of the last model. The first fit of all, on n_first real draws, is none of theirs.
    Law: the next count is Binomial(n_real, p) + Binomial(n_synthetic, count / n), the first Binomial(n_first, p).
    Raises ValueError for a negative number, a fit without rows, n_first < 1 and p outside [0, 1].
    Source: Wright-Fisher chain with immigration, changed at some generations.
    """
    p = float(within("p", p, 0, 1, "a symbol"))
    counts = _binomial(int(at_least("n_first", n_first, 1, "a first fit")), p)
    for n_real, n_synthetic, fits in phases:
        steps = None
        for _ in range(int(completed(fits))):
            if steps is None or len(steps) != len(counts):
                steps = _steps(n_real, n_synthetic, p, len(counts) - 1)
            counts = counts @ steps
    return np.asarray(counts)


def healing_time_law(n_real: int, n_synthetic: int, p: float, *, least: int = 1) -> float:
    """Expected fits until a symbol that is lost has `least` rows, each fit with n_real new real draws; infinite without any.

    Law: (I - B) h = 1 over the counts below `least`, B the chain of `phases_count_law`; h at count 0. For least = 1 it is
    1 / (1 - (1 - p)^n_real).
    Raises ValueError for a negative number, a fit without rows, least < 1 or above all rows, and p outside [0, 1].
    Source: hitting time of the Wright-Fisher chain with immigration.
    """
    p, n = float(within("p", p, 0, 1, "a symbol")), n_real + n_synthetic
    least = int(within("least", least, 1, n, "a count"))
    inside = _steps(n_real, n_synthetic, p, n)[:least, :least]
    if not p or not n_real:
        return np.inf
    return float(np.linalg.solve(np.eye(least) - inside, np.ones(least))[0])


def return_law(share: npt.ArrayLike, fits: npt.ArrayLike, start: npt.ArrayLike, p: npt.ArrayLike) -> Values:
    """Expected frequency of a symbol some fits after it had the frequency `start`, with a share of new real rows in each.

    Two loops that differ in their past alone differ by the factor (1 - share)^fits: what was lost comes back at that rate,
    and never without real rows.
    Law: p + (1 - share)^fits (start - p).
    Raises ValueError for share, start or p outside [0, 1] and fits < 0.
    Source: linearity of the Wright-Fisher chain with immigration.
    """
    share, p = within("share", share, 0, 1, "a mix"), within("p", p, 0, 1, "a symbol")
    return p + (1 - share) ** completed(fits) * (within("start", start, 0, 1, "a frequency") - p)


def _steps(n_real: int, n_synthetic: int, p: float, n_last: int) -> Floats:
    """Probabilities [count of n_last, next count of n_real + n_synthetic] of one fit."""
    from scipy.linalg import convolution_matrix  # it takes longer to import than all of this package

    at_least("n_real", n_real, 0, "fresh data")
    at_least("n_synthetic", n_synthetic, 0, "a loop")
    at_least("n_real + n_synthetic", n_real + n_synthetic, 1, "a fit")
    arrive = convolution_matrix(_binomial(n_real, p), n_synthetic + 1)
    return np.asarray(_binomial(n_synthetic, np.arange(n_last + 1)[:, None] / n_last) @ arrive.T)
