"""Attribution of a divergence to the three errors of a 2^3 factorial: effects and Shapley shares. NumPy only.

An array of arms has three leading axes of length 2, one per error in the order of ERRORS; index 1 is the error present.
"""

from __future__ import annotations

import itertools

import numpy as np

ERRORS = ("statistical", "expressivity", "approximation")
TERMS = tuple(term for size in (1, 2, 3) for term in itertools.combinations(ERRORS, size))
"""Main effects, pairwise interactions and the threefold one."""


def shapley(arms: np.ndarray) -> np.ndarray:
    """Shapley values [3, ...] of the divergence arms [2, 2, 2, ...]: an error's mean increment over all orders.

    They sum to arms[1, 1, 1] - arms[0, 0, 0]. Source: Shapley (1953), A value for n-person games.
    """
    values = []
    for axis in range(3):
        rise = np.diff(arms, axis=axis).squeeze(axis)  # [2, 2, ...] over the two other errors
        values.append((rise[0, 0] + rise[1, 1]) / 3 + (rise[0, 1] + rise[1, 0]) / 6)
    return np.stack(values)


def effects(arms: np.ndarray) -> np.ndarray:
    """Factorial effects [7, ...] in the order of TERMS, each a difference of mean divergences.

    A main effect is the mean rise when the error is switched on; the interaction of two is half the difference between
    the effect of the first with and without the second, and so on. Source: Box, Hunter and Hunter (2005), chapter 5.
    """
    rows = []
    for term in TERMS:
        sign = np.ones((2, 2, 2))
        for error in term:
            sign = sign * np.array([-1, 1]).reshape([2 if e == error else 1 for e in ERRORS])
        rows.append(np.tensordot(sign, arms, axes=3) / 4)
    return np.stack(rows)


def alone(arms: np.ndarray) -> np.ndarray:
    """Divergence that each error adds by itself [3, ...], the two others off."""
    return np.stack([arms[tuple(int(other == error) for other in ERRORS)] - arms[0, 0, 0] for error in ERRORS])


def interactions(arms: np.ndarray) -> np.ndarray:
    """Divergence that errors add together beyond what fewer of them do [4, ...], in the order of TERMS[3:].

    Of two: with both, less with each, plus with none. A Shapley value is what its error adds alone, half of each
    interaction of two that it is in, and a third of the threefold one. Source: Harsanyi (1963), dividends of a game.
    """
    rows = []
    for term in TERMS[3:]:
        total = np.zeros(arms.shape[3:])
        for levels in itertools.product((0, 1), repeat=len(term)):
            at = dict(zip(term, levels, strict=True))
            total = total + (-1) ** (len(term) - sum(levels)) * arms[tuple(at.get(error, 0) for error in ERRORS)]
        rows.append(total)
    return np.stack(rows)


def shares(values: np.ndarray) -> np.ndarray:
    """Shapley values [3, ...] as shares of their sum; NaN where the sum is not positive."""
    total = values.sum(axis=0)
    return values / np.where(total > 0, total, np.nan)
