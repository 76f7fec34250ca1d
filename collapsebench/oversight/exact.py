"""Sequential guarantee of the monitor: exact tests of counts, their levels over generations, and betting.

A statistic is the number of rows in a region that was fixed beforehand; o = P / (1 - P) are the odds of a row in it. Healthy
is o >= rho * o_reference. Under any dependence of a generation on earlier ones and on the reference, as long as its rows are
independent draws given those, P(any alarm of a healthy statistic) <= alpha: each test keeps its level given the past, and
the levels sum to alpha.
"""

from __future__ import annotations

import numpy as np
from scipy import special

BETS = (0.7, 0.4, 0.15)
"""Odds that remain, as shares of the least healthy ones, on which `Betting` bets."""
LEAST = 1e-300
_TABLE = np.zeros(2)


def _log_factorials(most: int) -> np.ndarray:
    global _TABLE
    if len(_TABLE) <= most:
        _TABLE = special.gammaln(np.arange(2 * most + 2) + 1.0)
    return _TABLE


def lower_tail(x: int, m: int, y: int, n: int, rho: float) -> float:
    """P(X <= x given X + Y = x + y) of counts X of m and Y of n rows whose odds have the ratio rho.

    Fisher's noncentral hypergeometric law, weight C(m, x) C(n, t - x) rho^x, summed within 40 standard deviations of
    its mode.
    """
    t = x + y
    low, high = max(0, t - n), min(m, t)
    a, b, c = 1 - rho, n - t + rho * (m + t + 2), rho * (m + 1) * (t + 1)  # weights rise while a x^2 + b x <= c
    mode = min(max(int(2 * c / (b + np.sqrt(b * b + 4 * a * c))), low), high)
    sd = 1 / np.sqrt(sum(1 / (cell + 1) for cell in (mode, m - mode, t - mode, n - t + mode)))
    width = int(40 * sd + 40)
    low, high = max(low, mode - width), min(high, mode + width)
    if x < low:
        return LEAST
    table = _log_factorials(max(m, n))
    log = np.arange(low, high + 1) * np.log(rho) - table[low : high + 1] - table[m - high : m - low + 1][::-1]
    log = log - table[t - high : t - low + 1][::-1] - table[n - t + low : n - t + high + 1]
    weight = np.exp(log - log.max())
    return max(float(weight[: x - low + 1].sum() / weight.sum()), LEAST)


def lower_tails(x: np.ndarray, m: np.ndarray, y: np.ndarray, n: np.ndarray, rho: np.ndarray) -> np.ndarray:
    """`lower_tail` of each test."""
    return np.array([lower_tail(*map(int, row[:4]), row[4]) for row in zip(x, m, y, n, rho, strict=True)])


def upper_tail(x: int, m: int, y: int, n: int, rho: float) -> float:
    """P(X >= x given X + Y = x + y) in the setting of `lower_tail`: small where the odds' ratio is above rho."""
    return lower_tail(y, n, x, m, 1 / rho)


def matched_tail(lost: int, gained: int, rho: float) -> float:
    """P(at most `gained` of lost + gained changes are gains), where a gain has odds rho to a loss (McNemar, 1947)."""
    return float(special.bdtr(gained, lost + gained, rho / (1 + rho)))


def share_of_alpha(k: int, horizon: int | None) -> float:
    """Share of alpha for the k-th look, k = 1, 2, ...: 1 / horizon, or 1 / (k (k + 1)) where no end is set."""
    if horizon is None:
        return 1 / (k * (k + 1))
    return 1 / horizon if k <= horizon else 0.0


def family_weights(families: list[str]) -> np.ndarray:
    """Share of alpha of each test: equal among families, equal within one."""
    return np.array([1 / (len(set(families)) * families.count(family)) for family in families])


class Betting:
    """Sum of bets against the lower bound of a reference's odds; slow losses show here before any single test.

    The bound has level alpha w / 2 (Clopper and Pearson, 1934), the wealth that starts at 1 reaches 2 / (alpha w) with
    probability at most alpha w / 2 (Ville, 1939): each bet is a likelihood ratio that falls in the count, so that its
    mean is at most 1 wherever the odds are at least rho times the bound. A bet starts at generation k with share a_k.
    """

    def __init__(self, count: np.ndarray, rows: np.ndarray, rho: np.ndarray, levels: np.ndarray) -> None:
        bound = np.where(count > 0, special.betaincinv(np.maximum(count, 1), rows - count + 1, levels / 2), 0.0)
        self.odds = rho * bound / (1 - bound)
        self.levels = levels
        self.sums = np.zeros((len(BETS), len(count)))
        self.begun = 0.0

    def update(self, count: np.ndarray, rows: np.ndarray, share: float) -> np.ndarray:
        """One over the wealth, a p-value at every generation at once, after one more of them; `share` is its a_k."""
        least, remain = self.odds, np.array(BETS)[:, None]
        inside = np.log(remain * (1 + least) / (1 + remain * least))
        outside = np.log((1 + least) / (1 + remain * least))
        ratio = np.where(least > 0, count * inside + (rows - count) * outside, 0.0)
        self.sums = np.minimum((self.sums + share) * np.exp(np.clip(ratio, -600, 200)), 1e200)
        self.begun += share
        wealth = self.sums.mean(0) + 1 - self.begun
        return np.minimum(1.0, 1 / np.maximum(wealth, LEAST))


def noticed(m: int, y: int, n: int, rho: float, level: float, power: float = 0.9) -> float:
    """Largest share of the reference's mass in a region whose test alarms with probability `power`; 0 where none does."""
    if y == 0 or lower_tail(0, m, y, n, rho) > level:
        return 0.0
    low, high = 0, m  # the test alarms at `low` and not at `high`
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if lower_tail(middle, m, y, n, rho) <= level else (low, middle)
    return float(special.betaincinv(low + 1, m - low, 1 - power) / (y / n))
