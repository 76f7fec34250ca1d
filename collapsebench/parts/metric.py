"""Metrics: one number per generation, read off a View of that generation."""

from __future__ import annotations

from typing import Any, ClassVar

from jaxtyping import Array, Float

from collapsebench.parts.data import Batch
from collapsebench.specs.pytree import Key, spec


@spec
class Estimate:
    """A metric's value with the standard error of the Monte-Carlo draw that made it."""

    value: Float[Array, ""]
    standard_error: Float[Array, ""]


@spec
class View:
    """What a metric may look at in one generation.

    previous: the parameters of the last generation (at 0: of no use). first: those of generation 0, for a metric that
    says `needs_first`.
    """

    target: Any
    model: Any
    params: Any
    train: Any
    synthetic: Any
    real: Any
    holdout: Batch
    generation: Any
    previous: Any = None
    first: Any = None


class Metric:
    """One number per generation: `__call__(key, view)`.

    estimates: the number comes from a Monte-Carlo draw; the call then returns an Estimate.
    common_draws: all metrics of this class in an experiment get the same key, so that what they draw is the same.
    needs_first: it compares with the model of generation 0, whose parameters the run then keeps.
    unit, log: how a figure labels and scales its axis.
    """

    estimates: ClassVar[bool] = False
    common_draws: ClassVar[bool] = False
    needs_first: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    log: ClassVar[bool] = False

    def __call__(self, key: Key, view: View) -> Any:
        raise NotImplementedError
