"""Survivors: share of the real tokens of a class of frequency that are still in the training set."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.distributions.chain import GramCounter, GramCounts
from collapsebench.maths.numerics import divide
from collapsebench.parts.data import Batch, Data, Kind
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, within
from collapsebench.specs.registry import METRICS


@METRICS.register("survivors")
@spec
class Survivors(Metric):
    """Share of the tokens that occur `low` to `high` times in the real data and are still in the training set.

    Law for order 1 under replace, real data of the size of a generation: 1 - (1 - p g)^n, about 1 - exp(-count g), with g
    of `theory.branching_rate_law(generation)`; see `theory.survival_law`. 0 where no token is of the class.
    """

    low: int = within(1, low=1)
    high: int = within(1, low=1)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for anything but text."""
        if experiment.target.kind != Kind.TEXT:
            raise self.refuse(f"it counts tokens of text, and the target's are {experiment.target.kind} data")
        if experiment.handover.infinite:
            raise self.refuse("an infinite sample loses no token; use samples or summary")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        real, left = (_token_counts(data, view) for data in (view.real, view.train))
        own = (real >= self.low) & (real <= self.high)
        return divide((own & (left > 0)).sum(dtype=real.dtype), own.sum(dtype=real.dtype))


def _token_counts(data: Data, view: View) -> Float[Array, " classes"]:
    if isinstance(data, GramCounts):
        return data.tables[0]
    assert isinstance(data, Batch)
    assert view.target.classes is not None
    assert view.target.dim is not None
    return GramCounter(view.target.classes, 1, view.target.dim).of(data).tables[0]
