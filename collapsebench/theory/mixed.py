"""Laws of loops in which every fit sees new real rows beside the last model's: a symbol's count, the error of a mean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, xlog1py, xlogy

from ._arguments import Floats, Values, at_least, completed, iterate, within


def mixed_count_law(n_real: int, n_synthetic: int, fits: int, p: float, *, n_first: int | None = None) -> Floats:
    """Probability of each count, 0 to n, of a symbol of probability p among the n rows of the last fit; exact.

    Each fit sees n_real new real draws and n_synthetic draws of the last model; the first one n_first real draws (None:
    as many as the others). The same holds for a set of symbols, of probability p together.
    Law: the next count is Binomial(n_real, p) + Binomial(n_synthetic, count / n), the first Binomial(n_first, p).
    Raises ValueError for n_real < 0, n_synthetic < 0, no rows at all, fits < 1 and p outside [0, 1].
    Source: Wright-Fisher chain with immigration; multinomial with a fresh share.
    """
    from scipy.linalg import convolution_matrix  # it takes longer to import than all of this package

    at_least("n_real", n_real, 0, "fresh data")
    at_least("n_synthetic", n_synthetic, 0, "a loop")
    n = int(at_least("n_real + n_synthetic", n_real + n_synthetic, 1, "a fit"))
    first = n if n_first is None else int(at_least("n_first", n_first, 1, "a first fit"))
    chance = float(within("p", p, 0, 1, "a symbol"))
    times = int(completed(fits, 1))
    counts, move = _binomial(first, chance), None
    arrive = convolution_matrix(_binomial(n_real, chance), n_synthetic + 1)
    for _ in range(times - 1):
        size = len(counts) - 1
        if move is None or len(move) != size + 1:
            move = _binomial(n_synthetic, np.arange(size + 1)[:, None] / size)
        counts = arrive @ (counts @ move)
    return np.asarray(counts)


def _binomial(n: int, chance: npt.ArrayLike) -> Floats:
    """Probabilities [..., n + 1] of all counts; ten times as fast as SciPy's, and as exact as logarithms are."""
    k, p = np.arange(n + 1), np.asarray(chance, float)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.exp(ways + xlogy(k, p) + xlog1py(n - k, -p)))


def mixed_error_law(
    n_real: npt.ArrayLike,
    n_synthetic: npt.ArrayLike,
    fits: npt.ArrayLike,
    *,
    variance: npt.ArrayLike = 1.0,
    curvature: npt.ArrayLike = 0.0,
    n_first: npt.ArrayLike | None = None,
) -> Values:
    """Expected squared error of a mean with new real rows in every fit, for a family that its mean determines.

    A model whose mean errs by e draws rows of expected variance `variance` + `curvature` e^2: for symbols, errors summed,
    1 - |p|^2 and -1; for ones and noughts p (1 - p) and -1; for a Poisson count its rate and 0; for an exponential
    scale^2 and 1. The first fit sees n_first real rows (None: n_real + n_synthetic).
    Law: v' = (n_s^2 v + n_s (variance + curvature v) + n_r variance) / n^2, n = n_r + n_s; at first variance / n_first.
    Raises ValueError for n_real < 0, n_synthetic < 0, no rows at all, n_first < 1 and fits < 1.
    Source: variances of independent draws add; setting of Alemohammad et al. (2024).
    """
    n_r, n_s = at_least("n_real", n_real, 0, "fresh data"), at_least("n_synthetic", n_synthetic, 0, "a loop")
    n = at_least("n_real + n_synthetic", n_r + n_s, 1, "a fit")
    first = n if n_first is None else at_least("n_first", n_first, 1, "a first fit")
    spread, bend = np.asarray(variance, float), np.asarray(curvature, float)

    def step(v: Values) -> tuple[Values]:
        return ((n_s**2 * v + n_s * (spread + bend * v) + n_r * spread) / n**2,)

    return iterate(step, (spread / first + 0 * n * bend,), completed(fits, 1) - 1)[0]
