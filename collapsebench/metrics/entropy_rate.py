"""EntropyRate: conditional entropy of a token after those before it."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.tokens import gram_entropy
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("entropy_rate")
@spec
class EntropyRate(Metric):
    """Entropy of the grams of `length` tokens less that of those one token shorter, in nats a token, each corrected.

    By Miller and Madow's correction, which is not enough where most grams occur once: then it is too small.
    """

    length: int = static(2)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for anything but single rows of text, and for grams longer than a block."""
        self.needs_text(experiment)
        self.needs_grams(experiment, self.length)

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        longer = gram_entropy(view.synthetic, self.length)
        return longer - gram_entropy(view.synthetic, self.length - 1) if self.length > 1 else longer
