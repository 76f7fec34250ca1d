"""What every published script is, for each family and regime: NumPy, one trajectory after another.

A family has the first real rows, a fit to weighted rows, draws, and the mean negative log-likelihood of held-out rows. A
regime makes a training set of the rows at hand. Both are as short as a practitioner would write them, in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from math import lgamma
from typing import Any

import numpy as np

Rng = np.random.Generator
Rows = Any
HOLDOUT = 16


class Bernoulli:
    """p = .3."""

    def real(self, rng: Rng, n: int) -> Rows:
        return self.draw(rng, 0.3, n)

    def draw(self, rng: Rng, p: float, n: int) -> Rows:
        return rng.random(n) < p

    def fit(self, rng: Rng, x: Rows, w: np.ndarray) -> Any:
        return x @ w / w.sum()

    def nll(self, p: float, x: Rows) -> float:
        return -np.log(np.where(x, p, 1 - p)).mean()


class Categorical:
    """100 equal symbols."""

    def real(self, rng: Rng, n: int) -> Rows:
        return rng.integers(100, size=n)

    def draw(self, rng: Rng, p: np.ndarray, n: int) -> Rows:
        return np.minimum(np.searchsorted(np.cumsum(p), rng.random(n)), 99)

    def fit(self, rng: Rng, x: Rows, w: np.ndarray) -> Any:
        return np.bincount(x, w, 100) / w.sum()

    def nll(self, p: np.ndarray, x: Rows) -> float:
        return -np.log(p[x]).mean()


class Exponential:
    """Mean 1."""

    def real(self, rng: Rng, n: int) -> Rows:
        return rng.standard_exponential(n)

    def draw(self, rng: Rng, mean: float, n: int) -> Rows:
        return mean * rng.standard_exponential(n)

    def fit(self, rng: Rng, x: Rows, w: np.ndarray) -> Any:
        return x @ w / w.sum()

    def nll(self, mean: float, x: Rows) -> float:
        return (x / mean).mean() + np.log(mean)


class Poisson:
    """Rate 1."""

    def real(self, rng: Rng, n: int) -> Rows:
        return rng.poisson(1.0, n)

    def draw(self, rng: Rng, rate: float, n: int) -> Rows:
        return rng.poisson(rate, n)

    def fit(self, rng: Rng, x: Rows, w: np.ndarray) -> Any:
        return x @ w / w.sum()

    def nll(self, rate: float, x: Rows) -> float:
        return rate - (x * np.log(rate)).mean() + sum(map(lgamma, x + 1.0)) / len(x)


class Gaussian:
    """Two dimensions, full covariance."""

    def real(self, rng: Rng, n: int) -> Rows:
        return rng.standard_normal((n, 2))

    def draw(self, rng: Rng, params: Any, n: int) -> Rows:
        return params[0] + rng.standard_normal((n, 2)) @ np.linalg.cholesky(params[1]).T

    def fit(self, rng: Rng, x: Rows, w: np.ndarray) -> Any:
        mean = w @ x / w.sum()
        away = x - mean
        return mean, away.T @ (w[:, None] * away) / w.sum()

    def nll(self, params: Any, x: Rows) -> float:
        away = x - params[0]
        square = (away * np.linalg.solve(params[1], away.T).T).sum(axis=1)
        return 0.5 * (square.mean() + np.log(np.linalg.det(2 * np.pi * params[1])))


class GaussianMixture:
    """Two components in one dimension by EM from two random rows: at most 100 steps, or until .001 is gained."""

    def real(self, rng: Rng, n: int) -> Rows:
        return rng.standard_normal(n) + 4 * rng.integers(2, size=n) - 2

    def draw(self, rng: Rng, params: Any, n: int) -> Rows:
        share, mean, variance = params
        which = (rng.random(n) > share[0]).astype(int)
        return mean[which] + np.sqrt(variance[which]) * rng.standard_normal(n)

    def fit(self, rng: Rng, x: Rows, w: np.ndarray) -> Any:
        params = np.full(2, 0.5), rng.choice(x, 2, replace=False), np.full(2, x.var() + 1e-6)
        before = -np.inf
        for _ in range(100):
            joint = self._joint(params, x)
            total = joint.sum(axis=0)
            after = np.log(total) @ w / w.sum()
            part = joint / total * w
            weight = part.sum(axis=1) + 1e-12
            mean = part @ x / weight
            variance = (part * (x - mean[:, None]) ** 2).sum(axis=1) / weight + 1e-6
            params = weight / weight.sum(), mean, variance
            if after - before < 1e-3:
                break
            before = after
        return params

    def _joint(self, params: Any, x: Rows) -> np.ndarray:
        share, mean, variance = (p[:, None] for p in params)
        return share * np.exp(-0.5 * (x - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance) + 1e-300

    def nll(self, params: Any, x: Rows) -> float:
        return -np.log(self._joint(params, x).sum(axis=0)).mean()


class Kernel:
    """Bandwidth .3 in one dimension."""

    def real(self, rng: Rng, n: int) -> Rows:
        return rng.standard_normal(n)

    def draw(self, rng: Rng, params: Any, n: int) -> Rows:
        x, share, level = params
        rows = (
            rng.integers(len(x), size=n) if level else rng.choice(len(x), n, p=share)
        )  # ten times as fast where it may be
        return x[rows] + 0.3 * rng.standard_normal(n)

    def fit(self, rng: Rng, x: Rows, w: np.ndarray) -> Any:
        return x, w / w.sum(), w.min() == w.max()

    def nll(self, params: Any, x: Rows) -> float:
        away = (x[:, None] - params[0]) / 0.3
        return -np.log(np.exp(-0.5 * away**2) @ params[1] / (0.3 * np.sqrt(2 * np.pi)) + 1e-300).mean()


class Linear:
    """Three inputs, drawn anew; a row is the inputs and the label."""

    def real(self, rng: Rng, n: int) -> Rows:
        return self.draw(rng, np.array([1.0, 0, 0]), n)

    def draw(self, rng: Rng, coef: np.ndarray, n: int) -> Rows:
        x = rng.standard_normal((n, 3))
        return np.column_stack([x, x @ coef + rng.standard_normal(n)])

    def fit(self, rng: Rng, rows: Rows, w: np.ndarray) -> Any:
        x = rows[:, :3]
        return np.linalg.solve(x.T @ (w[:, None] * x), x.T @ (w * rows[:, 3]))

    def nll(self, coef: np.ndarray, rows: Rows) -> float:
        return 0.5 * ((rows[:, 3] - rows[:, :3] @ coef) ** 2).mean() + 0.5 * np.log(2 * np.pi)


class Logistic(Linear):
    """The same with labels 0 and 1, by at most 16 Newton steps."""

    def draw(self, rng: Rng, coef: np.ndarray, n: int) -> Rows:
        x = rng.standard_normal((n, 3))
        return np.column_stack([x, rng.random(n) < 1 / (1 + np.exp(-x @ coef))])

    def fit(self, rng: Rng, rows: Rows, w: np.ndarray) -> Any:
        x, coef = rows[:, :3], np.zeros(3)
        for _ in range(16):
            p = 1 / (1 + np.exp(-np.clip(x @ coef, -30, 30)))
            hessian = x.T @ ((w * p * (1 - p))[:, None] * x) + 1e-6 * np.eye(3)
            step = np.linalg.solve(hessian, x.T @ (w * (rows[:, 3] - p)))
            coef = coef + step / max(1.0, np.abs(step).max())
            if np.abs(step).max() < 1e-6:
                break
        return coef

    def nll(self, coef: np.ndarray, rows: Rows) -> float:
        score = rows[:, :3] @ coef
        return (np.logaddexp(0, score) - rows[:, 3] * score).mean()


FAMILIES: dict[str, Any] = {
    "bernoulli": Bernoulli, "categorical": Categorical, "exponential": Exponential, "gaussian": Gaussian,
    "gaussian_mixture": GaussianMixture, "kde": Kernel, "linear_regression": Linear, "logistic_regression": Logistic,
    "poisson": Poisson,
}  # fmt: skip


class At:
    """What is at hand in a generation: the last models, training set and synthetic rows, and everything before."""

    def __init__(self, rng: Rng, family: Any, n: int) -> None:
        self.rng, self.family, self.n = rng, family, n
        self.real = self.train = family.real(rng, n)
        self.sets, self.models = [self.real], []

    def fresh(self, rows: int) -> Rows:
        return self.family.real(self.rng, rows)

    def draw(self, rows: int, back: int = 1) -> Rows:
        """Rows of a model: the last one, the one before."""
        return self.family.draw(self.rng, self.models[-min(back, len(self.models))], rows)

    def keep(self, rows: Rows) -> Rows:
        self.sets.append(rows)
        return rows


def _mix(at: At, t: int) -> Rows:
    real = round(0.1 * at.n)
    return np.concatenate([at.fresh(real), at.draw(at.n - real)])


def _subsample(at: At, t: int) -> Rows:
    at.keep(at.draw(at.n))
    return np.concatenate(at.sets)[at.rng.choice((t + 1) * at.n, at.n, replace=False, shuffle=False)]


def _accumulate(at: At, t: int) -> Rows:
    at.keep(at.draw(at.n))
    return np.concatenate(at.sets)


def _window(at: At, t: int) -> Rows:
    at.keep(at.draw(at.n))
    return np.concatenate(at.sets[-4:])


def _turnover(at: At, t: int) -> Rows:
    train = at.train.copy()
    train[at.rng.choice(at.n, at.n // 2, replace=False, shuffle=False)] = at.draw(at.n // 2)
    return train


REGIMES: dict[str, Callable[[At, int], Rows]] = {
    "replace": lambda at, t: at.draw(at.n),
    "accumulate": _accumulate,
    "accumulate_subsample": _subsample,
    "augment": lambda at, t: np.concatenate([at.real, at.draw(at.n)]),
    "fresh": lambda at, t: np.concatenate([at.fresh(10), at.draw(at.n)]),
    "grow": lambda at, t: at.draw(at.n * (1 + t)),
    "memory": lambda at, t: np.concatenate([at.draw(at.n - at.n // 2), at.draw(at.n // 2, 2)]),
    "mix": _mix,
    "saved": lambda at, t: at.real,
    "then": lambda at, t: at.draw(at.n) if t < 10 else _mix(at, t),
    "turnover": _turnover,
    "weighted": lambda at, t: np.concatenate([at.fresh(10), at.draw(at.n)]),
    "window": _window,
}


def run(family: str, regime: str, trajectories: int, n: int, generations: int) -> np.ndarray:
    """Negative log-likelihood of 16 held-out rows, [trajectories, generations]."""
    rng = np.random.Generator(np.random.SFC64(0))
    own, update = FAMILIES[family](), REGIMES[regime]
    out = np.empty((trajectories, generations))
    with np.errstate(all="ignore"):
        for i in range(trajectories):
            at, holdout = At(rng, own, n), own.real(rng, HOLDOUT)
            for t in range(generations):
                at.train = update(at, t) if t else at.real
                w = np.ones(len(at.train))
                if regime == "weighted" and t:
                    w[:10], w[10:] = 0.618 / 10, 0.382 / at.n
                at.models.append(own.fit(rng, at.train, w))
                out[i, t] = own.nll(at.models[-1], holdout)
    return out
