"""Copied: grams that are in the real training data."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.tokens import copied_grams
from collapsebench.parts.data import Batch
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("copied")
@spec
class Copied(Metric):
    """Share of the synthetic grams of `length` tokens that occur in the first, real data.

    1 less the n-gram novelty of McCoy et al. (2023).
    """

    length: int = static(8)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for anything but single rows of text, and for grams longer than a block."""
        self.needs_text(experiment)
        self.needs_grams(experiment, self.length)

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        assert isinstance(view.real, Batch)
        return copied_grams(view.synthetic, view.real, self.length)
