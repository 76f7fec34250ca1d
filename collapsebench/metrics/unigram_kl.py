"""UnigramKL: divergence of token frequencies from the real ones."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.tokens import kl_of_counts, token_counts
from collapsebench.parts.data import Batch
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("unigram_kl")
@spec
class UnigramKL(Metric):
    """KL(synthetic || real) of token frequencies in nats, the synthetic entropy corrected by Miller and Madow (1955).

    So a text drawn from the real frequencies has 0 in the mean, where the plug-in has (tokens - 1) / (2 total).
    """

    log = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for anything but single rows of text."""
        self.needs_text(experiment)

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        classes = view.target.classes
        assert classes is not None
        assert isinstance(view.real, Batch)
        return kl_of_counts(token_counts(view.synthetic, classes), token_counts(view.real, classes))
