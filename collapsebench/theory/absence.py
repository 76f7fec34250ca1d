"""Laws of a symbol that may be lost and come back: each draw is of the truth with probability `share`, else of the last.

The draws of a generation are Multinomial(n, share p + (1 - share) r), r the frequencies of the last one; so one symbol's
count is a Markov chain. Setting of "Prevention Is Not Cure" (2026), window 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._arguments import Floats, Values, at_least, completed, within
from .mixed import _binomial


def fresh_share_count_law(n: int, share: float, p: float, fits: int, *, first: float | None = None) -> Floats:
    """Probability of each count, 0 to n, of a symbol of probability p among the draws of the last of `fits` fits; exact.

    first: its frequency in the loop's start (None: p itself, as in a fit to real data).
    Law: the next count is Binomial(n, share p + (1 - share) count / n).
    Raises ValueError for n < 1, fits < 1, and share, p or first outside [0, 1].
    Source: Wright-Fisher chain with mutation; "Prevention Is Not Cure" (2026).
    """
    size, real, chance = _checked(n, share, p)
    start = chance if first is None else float(within("first", first, 0, 1, "a symbol"))
    counts, move = _binomial(size, real * chance + (1 - real) * start), _moves(size, real, chance)
    for _ in range(int(completed(fits, 1)) - 1):
        counts = counts @ move
    return np.asarray(counts)


def absence_law(n: int, share: float, p: float) -> float:
    """Share of generations in which a symbol of probability p has no draw, in the long run of a loop; exact.

    Law: the stationary probability of 0 under the chain of `fresh_share_count_law`; 1 - p as share tends to 0, and
    (1 - p)^n at share = 1, which is its least (Jensen's inequality).
    Raises ValueError for n < 1, share or p outside [0, 1].
    Source: "Prevention Is Not Cure" (2026).
    """
    size, real, chance = _checked(n, share, p)
    if real == 0 or chance in (0, 1):
        return 1 - chance
    if real == 1:
        return float((1 - chance) ** size)
    move = _moves(size, real, chance)
    system = np.vstack([(move.T - np.eye(size + 1))[:-1], np.ones(size + 1)])
    return float(max(np.linalg.solve(system, np.eye(size + 1)[-1])[0], 0.0))


def loss_time_law(n: int, share: float, p: float) -> float:
    """Expected number of fits, the first to real data, until a symbol of probability p has no draw; exact.

    Law: 1 + Binomial(n, p) (I - B)^-1 1 over the counts from 1 on, B the chain of `fresh_share_count_law`.
    Raises ValueError for n < 1, share or p outside [0, 1].
    Source: first passage of a Markov chain; "Prevention Is Not Cure" (2026).
    """
    size, real, chance = _checked(n, share, p)
    if chance == 1 or chance == 0:
        return np.inf if chance else 1.0
    if real == 0:
        return np.inf  # it may be fixed, and then is never lost
    alive = _moves(size, real, chance)[1:, 1:]
    return float(1 + _binomial(size, chance)[1:] @ np.linalg.solve(np.eye(size) - alive, np.ones(size)))


def return_time_law(n: npt.ArrayLike, share: npt.ArrayLike, p: npt.ArrayLike) -> Values:
    """Expected number of generations until a symbol of probability p that has no draw has one again.

    Law: 1 / (1 - (1 - share p)^n); infinite without real mass.
    Raises ValueError for n < 1, share or p outside [0, 1].
    Source: geometric waiting time; "Prevention Is Not Cure" (2026).
    """
    n, chance = at_least("n", n, 1, "a fit"), within("p", p, 0, 1, "a symbol")
    with np.errstate(divide="ignore"):
        seen = -np.expm1(n * np.log1p(-within("share", share, 0, 1, "a mix") * chance))
        return (1 / seen)[()]


def hysteresis_law(n: int, share: float, p: float) -> float:
    """Time until a lost symbol is back over the time until it is lost: above 1, a loss outlasts what it took.

    Law: `return_time_law` / `loss_time_law`.
    Raises ValueError for n < 1, share or p outside [0, 1].
    Source: "Prevention Is Not Cure" (2026).
    """
    return float(return_time_law(n, share, p)) / loss_time_law(n, share, p)


def absence_boundary_law(n: int, p: float, absence: float = 0.01) -> float:
    """Least share of real mass at which a symbol of probability p has no draw in at most `absence` of generations; exact.

    1 where no share does.
    Law: the root of `absence_law` = absence.
    Raises ValueError for n < 1, p outside [0, 1] and absence outside [0, 1].
    Source: "Prevention Is Not Cure" (2026).
    """
    from scipy.optimize import brentq  # it takes longer to import than all of this package

    size, _, chance = _checked(n, 1.0, p)
    most = float(within("absence", absence, 0, 1, "a limit"))
    if absence_law(size, 1.0, chance) >= most:
        return 1.0
    if 1 - chance <= most:
        return 0.0
    return float(brentq(lambda real: absence_law(size, real, chance) - most, 1e-9, 1.0, xtol=1e-12))


def _checked(n: int, share: float, p: float) -> tuple[int, float, float]:
    size = int(at_least("n", n, 1, "a fit"))
    return size, float(within("share", share, 0, 1, "a mix")), float(within("p", p, 0, 1, "a symbol"))


def _moves(n: int, share: float, p: float) -> Floats:
    """Transition matrix [n + 1, n + 1] of a symbol's count."""
    return _binomial(n, (share * p + (1 - share) * np.arange(n + 1) / n)[:, None])
