"""ZipfExponent: slope of ranked token counts."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.tokens import rank_slope, token_counts
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("zipf_exponent")
@spec
class ZipfExponent(Metric):
    """Minus the slope of log count on log rank over the `ranks` most frequent tokens of the synthetic text.

    It grows as the tail is lost.
    """

    ranks: int = static(100)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for anything but single rows of text."""
        self.needs_text(experiment)

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        classes = view.target.classes
        assert classes is not None
        return rank_slope(token_counts(view.synthetic, classes), self.ranks)
