"""Exact value of what a plan's limit leaves, where a law gives it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.maths.distributions.categorical import Categorical
from collapsebench.maths.distributions.normal import Normal
from collapsebench.oversight.dials import Dial
from collapsebench.oversight.limits import (
    AllKept,
    Limit,
    RiskWithin,
    SpreadKept,
    TailKept,
    real_probabilities,
    real_tail,
)
from collapsebench.specs.names import spec_name

Law = Callable[[Experiment], float]
MOST_ROWS = 3000
"""Rows of a chain of counts, whose matrix has as many squared."""


def law_of(experiment: Experiment, limit: Limit) -> tuple[str, Law] | None:
    """The law's name, and what is left by it at the last generation of an experiment that differs in a dial alone."""
    if experiment.handover.infinite or experiment.warm_start or not experiment.target.family().known:
        return None
    if spec_name(experiment.regime) == "weighted":
        return _weighted(experiment, limit)
    constant, regime = ("mix", "fresh", "replace"), experiment.regime
    changed = spec_name(regime) == "then" and {spec_name(regime.before), spec_name(regime.after)} <= set(constant)
    if not (changed or spec_name(regime) in (*constant, "grow")) or regime.models != 1:
        return None
    if experiment.curator is not None:
        return _curated(experiment, limit)
    target, model = experiment.target.distribution(), spec_name(experiment.model)
    if isinstance(target, Categorical) and model == "categorical":
        return _symbols(experiment, limit)
    if changed:
        return None
    if isinstance(target, Normal) and model == "gaussian":
        return _normal(experiment, limit)
    if model == "linear_regression" and spec_name(experiment.target) == "linear":
        return _least_squares(experiment, limit)
    if (model, spec_name(experiment.target)) in [(name, name) for name in ("bernoulli", "poisson", "exponential")]:
        return _one_number(experiment, limit, model)
    return None


def _first(experiment: Experiment) -> int:
    return experiment.n if experiment.n_real is None else experiment.n_real


def sizes(experiment: Experiment) -> tuple[np.ndarray, np.ndarray]:
    """Real and synthetic rows of every fit [generation]."""
    regime, n, later = experiment.regime, experiment.n, range(1, experiment.generations)
    real, synthetic = ([float(size(n, t)) for t in later] for size in (regime.fresh_size, regime.synthetic_size))
    return np.array([_first(experiment), *real]), np.array([0, *synthetic])


def _constant(experiment: Experiment) -> tuple[int, int]:
    """Real and synthetic rows of the second fit, and of all later ones."""
    regime, n = experiment.regime, experiment.n
    return round(float(regime.fresh_size(n, 1))), round(float(regime.synthetic_size(n, 1)))


def _grows(experiment: Experiment) -> bool:
    return spec_name(experiment.regime) == "grow"


def _is_default(experiment: Experiment, **fields: object) -> bool:
    return all(getattr(experiment.model, name) == value for name, value in fields.items())


def _symbols(experiment: Experiment, limit: Limit) -> tuple[str, Law] | None:
    if _grows(experiment) or not _is_default(experiment, temperature=1.0, tied=1):
        return None
    p = real_probabilities(experiment)
    name = "phases_count_law" if spec_name(experiment.regime) == "then" else "mixed_count_law"
    if isinstance(limit, RiskWithin) and limit.of in ("", "l2_squared") and name == "mixed_count_law":
        return "mixed_error_law", lambda own: _error_ratio(own, 1 - (p**2).sum(), -1.0)
    if max(experiment.n * 2, _first(experiment)) > MOST_ROWS:
        return None
    if isinstance(limit, TailKept):
        tail, least = real_tail(experiment, limit.quantile), limit.least(experiment)

        def kept(own: Experiment) -> float:
            chance = _chances(_phases(own), tail, _first(own))
            return float(chance[np.arange(len(chance)) >= least * (len(chance) - 1)].sum())

        return name, kept
    if isinstance(limit, AllKept) and (p > 0).sum() == 2:

        def both(own: Experiment) -> float:
            chance = _chances(_phases(own), float(p[p > 0][0]), _first(own))
            return float(chance[1:-1].sum())

        return name, both
    return None


def _phases(experiment: Experiment) -> tuple[tuple[int, int, int], ...]:
    """Real and synthetic rows of the fits after the first, and how many fits in a row see as many."""
    later = zip(*(np.round(rows[1:]).astype(int).tolist() for rows in sizes(experiment)), strict=True)
    return tuple((*rows, len(list(same))) for rows, same in itertools.groupby(later))


@lru_cache(256)
def _chances(phases: tuple[tuple[int, int, int], ...], p: float, n_first: int) -> np.ndarray:
    """`phases_count_law`, of which a plan asks the same more than once."""
    return theory.phases_count_law(phases, p, n_first=n_first)


def _error_ratio(own: Experiment, variance: float, curvature: float) -> float:
    law = theory.mixed_error_law(
        *_constant(own), [1, own.generations], variance=variance, curvature=curvature, n_first=_first(own)
    )
    return float(law[1] / law[0])  # type: ignore[index]


def _one_number(experiment: Experiment, limit: Limit, model: str) -> tuple[str, Law] | None:
    if _grows(experiment) or not (isinstance(limit, RiskWithin) and limit.of in ("", "mean_error")):
        return None
    mean = float(experiment.target.distribution().moments()[0].sum())
    variance = {"bernoulli": mean * (1 - mean), "poisson": mean, "exponential": mean**2}[model]
    curvature = {"bernoulli": -1.0, "poisson": 0.0, "exponential": 1.0}[model]
    return "mixed_error_law", lambda own: _error_ratio(own, variance, curvature)


def _normal(experiment: Experiment, limit: Limit) -> tuple[str, Law] | None:
    risk = isinstance(limit, RiskWithin) and limit.of in ("", "mean_error")
    if not (risk or isinstance(limit, SpreadKept)):
        return None
    unbiased, bias = bool(experiment.model.unbiased), float(experiment.model.bias)
    if _grows(experiment):
        if bias != 1:
            return None
        law = theory.schedule_mean_error_law if risk else theory.schedule_variance_law

        def grown(own: Experiment) -> float:
            real, synthetic = sizes(own)
            values = np.asarray(law(real + synthetic, unbiased=unbiased))
            return float(values[-1] / values[0])

        return law.__name__, grown

    def mixed(own: Experiment) -> float:
        both = theory.fresh_law(
            *_constant(own), [1, own.generations], bias=bias, n_first=_first(own), unbiased=unbiased
        )
        values = np.asarray(both[0 if risk else 1])
        return float(values[1] / values[0])

    return "fresh_law", mixed


def _least_squares(experiment: Experiment, limit: Limit) -> tuple[str, Law] | None:
    model, target = experiment.model, experiment.target
    known = _grows(experiment) or spec_name(experiment.regime) == "replace"
    if not (known and isinstance(limit, RiskWithin) and limit.of in ("", "excess_risk")):
        return None
    if (
        model.features is not None
        or model.noise != target.noise
        or min(experiment.n, _first(experiment)) < model.dim + 2
    ):
        return None

    def risk(own: Experiment) -> float:
        real, synthetic = sizes(own)
        each = np.asarray(theory.least_squares_risk_law(real + synthetic, model.dim))
        return float(each.sum() / each[0])

    return "least_squares_risk_law", risk


def _curated(experiment: Experiment, limit: Limit) -> tuple[str, Law] | None:
    """Of a normal for many rows: the laws of an infinite sample."""
    curator, name = experiment.curator, spec_name(experiment.curator)
    normal = isinstance(experiment.target.distribution(), Normal) and spec_name(experiment.model) == "gaussian"
    if not (isinstance(limit, SpreadKept) and normal and spec_name(experiment.regime) == "replace"):
        return None
    if experiment.model.dim != 1 or experiment.model.bias != 1:
        return None
    rounds = lambda own: own.generations - 1  # noqa: E731

    def faults(own: Experiment) -> dict[str, float]:
        fails_at = own.curator.fails_at
        return {"drift": own.curator.drift, "fails_at": np.inf if fails_at is None else fails_at}

    laws: dict[str, tuple[str, Callable[[Experiment], npt.ArrayLike]]] = {
        "judge": ("judge_variance_law", lambda own: theory.judge_variance_law(
            own.curator.keep, own.curator.rho, rounds(own), steady=curator.steady, **faults(own)
        )),
        "verifier": ("verified_variance_law", lambda own: theory.verified_variance_law(
            own.curator.keep_right, own.curator.keep_wrong, own.curator.rare, rounds(own), bias=own.curator.bias, **faults(own)
        )),
        "truncate": ("truncation_variance_law", lambda own: theory.truncation_variance_law(own.curator.radius, rounds(own))),
    }  # fmt: skip
    if name not in laws:
        return None
    law, left = laws[name]
    return f"{law}, for many rows", lambda own: float(np.asarray(left(own)))


def _weighted(experiment: Experiment, limit: Limit) -> tuple[str, Law] | None:
    """For many rows."""
    unbiased = isinstance(experiment.target.distribution(), Normal) and spec_name(experiment.model) == "gaussian"
    if not (unbiased and isinstance(limit, RiskWithin) and limit.of in ("", "mean_error")):
        return None
    ratio = experiment.regime.rows / experiment.n
    if _first(experiment) != experiment.regime.rows or experiment.curator is not None:
        return None
    return "weighted_error_law, for many rows", lambda own: float(
        theory.weighted_error_law(float(own.regime.weight), ratio, own.generations)
    )


def root(law: Law, dial: Dial, experiment: Experiment, limit: Limit) -> float | None:
    """Value of the dial at which the law keeps the limit for least of it (or most), or is best; None if nowhere or always.

    A dial that moves by steps is at the first step that keeps it.
    """

    def margin(value: float) -> float:
        left = law(dial.at(experiment, value))
        return -left if limit.optimum else (left - limit.level) * (-1 if limit.upper else 1)

    if limit.optimum:
        found = minimize_scalar(lambda x: -margin(x), bounds=(dial.low, dial.high), method="bounded")
        return float(found.x)
    low, high = dial.low, dial.high
    ends = margin(low), margin(high)
    if (ends[0] >= 0) == (ends[1] >= 0):
        return None
    if not dial.step:
        return float(brentq(margin, low, high))
    kept, lost = (1, 0) if ends[1] >= 0 else (0, 1)
    place = [0, round((high - low) / dial.step)]
    while abs(place[1] - place[0]) > 1:
        middle = sum(place) // 2
        place[kept if margin(low + dial.step * middle) >= 0 else lost] = middle
    return low + dial.step * place[kept]
