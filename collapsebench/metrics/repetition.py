"""Repetition: grams that a row repeats."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.tokens import repeated_grams
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("repetition")
@spec
class Repetition(Metric):
    """Mean over rows of the share of a row's grams of `length` tokens that occurred in it before.

    Source: seq-rep-n of Welleck et al. (2020), Neural text generation with unlikelihood training.
    """

    length: int = static(4)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for anything but single rows of text, and for grams longer than a block."""
        self.needs_text(experiment)
        self.needs_grams(experiment, self.length)

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        return repeated_grams(view.synthetic, self.length)
