"""DistinctN: distinct n-grams, as a share of all."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.tokens import distinct_grams
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("distinct_n")
@spec
class DistinctN(Metric):
    """Number of distinct grams of `length` tokens over the number of grams, of the first `budget` grams (None: of all).

    The share falls with the length of a text, so that only numbers of one budget compare; the mean over length 1, 2 and 3 is
    the lexical diversity of Guo et al. (2024), arXiv:2311.09807.
    """

    length: int = static(2)
    budget: int | None = static(None)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for anything but single rows of text, and for grams longer than a block."""
        self.needs_text(experiment)
        self.needs_grams(experiment, self.length)

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        return distinct_grams(view.synthetic, self.length, self.budget)
