"""Limits on loss that a plan keeps: a share of the tail or of the variance, a bound on risk, all categories, least risk."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.parts.checks import build_part
from collapsebench.parts.data import Kind
from collapsebench.parts.metric import Metric
from collapsebench.specs.errors import RequestError, counted, nearest

ROUNDING = 1e-5
"""Relative error of a float32 share, by which a count that is exactly at a threshold may miss it."""


@dataclasses.dataclass(frozen=True)
class Limit:
    """Base class of limits: what is left at the last generation is a ratio of two means over trajectories."""

    upper: ClassVar[bool] = False
    """whether what is left must be at most `level`, as a risk must"""
    optimum: ClassVar[bool] = False
    """whether the least value is sought, and no level"""

    @property
    def level(self) -> float:
        """The bound on what is left."""
        return np.nan

    def metric(self, experiment: Experiment) -> Metric:
        """The metric that tells what is left. Raises RequestError where the experiment has none."""
        raise NotImplementedError

    def parts(self, experiment: Experiment, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Numerator and denominator of what is left, per trajectory, of the metric at the first and last generation."""
        return last, first

    def text(self, generations: int) -> str:
        """What is so where the limit is kept, after so many generations beyond the first."""
        raise NotImplementedError


@dataclasses.dataclass(frozen=True)
class TailKept(Limit):
    """At least `share` of the real tail of mass `quantile` is left, with probability `chance`."""

    share: float = 0.5
    chance: float = 0.5
    quantile: float = 0.05

    @property
    def level(self) -> float:
        return self.chance

    def metric(self, experiment: Experiment) -> Metric:
        return _metric("tail_mass", quantile=self.quantile)

    def parts(self, experiment: Experiment, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (last >= self.least(experiment)).astype(float), np.ones_like(last)

    def least(self, experiment: Experiment) -> float:
        """The least mass of the tail that keeps the limit."""
        return self.share * real_tail(experiment, self.quantile) * (1 - ROUNDING)

    def text(self, generations: int) -> str:
        share = "half" if self.share == 0.5 else f"{self.share:.3g} of the mass"
        runs = "a typical run" if self.chance == 0.5 else f"{self.chance:.3g} of all runs"
        return f"{share} of the {self.quantile:.0%} tail is still there after {counted(generations, 'generation')} in {runs}"


@dataclasses.dataclass(frozen=True)
class SpreadKept(Limit):
    """At least `share` of the first generation's variance is left, in the mean over runs."""

    share: float = 0.5

    @property
    def level(self) -> float:
        return self.share

    def metric(self, experiment: Experiment) -> Metric:
        return _metric("variance")

    def text(self, generations: int) -> str:
        after = counted(generations, "generation")
        return f"{self.share:.0%} of the variance is still there after {after}, in the mean over runs"


@dataclasses.dataclass(frozen=True)
class RiskWithin(Limit):
    """The mean risk is at most 1 + `within` times the first generation's.

    of: the metric that is the risk; by default excess_risk of labelled data, l2_squared of symbols, else mean_error.
    """

    within: float = 0.1
    of: str = ""
    upper = True

    @property
    def level(self) -> float:
        return 1 + self.within

    def metric(self, experiment: Experiment) -> Metric:
        kind = experiment.target.kind
        return _metric(self.of or {Kind.LABELLED: "excess_risk", Kind.SYMBOL: "l2_squared"}.get(kind, "mean_error"))

    def text(self, generations: int) -> str:
        return f"the {self.of or 'risk'} after {counted(generations, 'generation')} is within {self.within:.0%} of the first"


@dataclasses.dataclass(frozen=True)
class LeastRisk(RiskWithin):
    """The mean risk at the last generation is least: an optimum, and no bound."""

    optimum = True

    def text(self, generations: int) -> str:
        return f"the {self.of or 'risk'} after {counted(generations, 'generation')} is least"


@dataclasses.dataclass(frozen=True)
class AllKept(Limit):
    """Every category of the real distribution is there at the last generation, with probability `chance`."""

    chance: float = 0.95

    @property
    def level(self) -> float:
        return self.chance

    def metric(self, experiment: Experiment) -> Metric:
        if experiment.target.kind != Kind.SYMBOL:
            raise RequestError(
                f"limit = categories: {experiment.target.kind} data have none; use tail, variance or risk"
            )
        return _metric("support")

    def parts(self, experiment: Experiment, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return (last >= (real_probabilities(experiment) > 0).sum()).astype(float), np.ones_like(last)

    def text(self, generations: int) -> str:
        return f"no category is missing after {counted(generations, 'generation')} with probability {self.chance:.3g}"


LIMITS = {"tail": TailKept, "variance": SpreadKept, "risk": RiskWithin, "categories": AllKept, "best": LeastRisk}
_HELD = {"tail": "share", "variance": "share", "risk": "within", "categories": "chance"}


def limit_of(value: object) -> Limit:
    """The limit that a text such as "tail", "variance=.9", "risk:nll=.1" or "best:mean_error" stands for, or a Limit.

    Raises RequestError, one line, for anything else.
    """
    if isinstance(value, Limit):
        return _checked(value)
    if not isinstance(value, str):
        raise RequestError(f"limit = {value!r}: a text such as tail=0.5, or a limit of collapsebench.oversight.limits")
    head, equals, number = value.partition("=")
    name, _, of = head.partition(":")
    if name not in LIMITS:
        raise RequestError(f"limit = {name}: not one of {', '.join(LIMITS)}{nearest(name, LIMITS)}")
    fields: dict[str, Any] = {"of": of} if of else {}
    if of and not issubclass(LIMITS[name], RiskWithin):
        raise RequestError(f"limit = {head}: only risk and best take a metric")
    if equals and name not in _HELD:
        raise RequestError(f"limit = {value}: {name} takes no number")
    if equals:
        try:
            fields[_HELD[name]] = float(number)
        except ValueError:
            raise RequestError(f"limit = {value}: after = stands a number, such as {name}=0.5") from None
    return _checked(LIMITS[name](**fields))


def _checked(limit: Limit) -> Limit:
    for field in dataclasses.fields(limit):
        number, most = getattr(limit, field.name), np.inf if field.name == "within" else 1
        if field.name != "of" and not (isinstance(number, int | float) and 0 < number < most):
            raise RequestError(
                f"limit.{field.name} = {number}: it must be a number above 0" + " and below 1" * (most == 1)
            )
    return limit


def _metric(name: str, **fields: float) -> Metric:
    metric = build_part("metrics", name)
    metric = dataclasses.replace(metric, **fields) if fields else metric
    assert isinstance(metric, Metric)
    return metric


def real_probabilities(experiment: Experiment) -> np.ndarray:
    """Probabilities [symbol] of a target of symbols, float64, of sum 1."""
    distribution = experiment.target.distribution()
    probabilities = np.exp(np.asarray(distribution.log_prob(np.arange(experiment.target.classes)), np.float64))
    return np.asarray(probabilities / probabilities.sum())


def real_tail(experiment: Experiment, quantile: float) -> float:
    """Real mass of the tail: `quantile`; of symbols that of the rarest ones, at most `quantile` together.

    Raises RequestError where no symbol is that rare.
    """
    if experiment.target.kind != Kind.SYMBOL:
        return quantile
    real = np.sort(real_probabilities(experiment).astype(np.float32))
    mass = float(real[np.cumsum(real) <= quantile].sum(dtype=np.float64))
    if not mass > 0:
        rarest = float(real[real > 0].min())
        raise RequestError(
            f"limit.quantile = {quantile}: the rarest symbol has {rarest:.3g}; use a larger one or categories"
        )
    return mass


def name_of(limit: Limit) -> str:
    """The limit as a text, for a record."""
    name = next(name for name, cls in LIMITS.items() if cls is type(limit))
    fields = (f"{field.name}={getattr(limit, field.name)}" for field in dataclasses.fields(limit))
    return f"{name}({', '.join(fields)})"
