"""Coverage: share of real rows with a draw of the model in their neighbourhood."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.manifold import ManifoldMetric
from collapsebench.maths.estimators.neighbours import coverage
from collapsebench.parts.metric import Estimate
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("coverage")
@spec
class Coverage(ManifoldMetric):
    """Share of real rows with a draw of the model nearer than their k-th real neighbour.

    On at most `rows` holdout rows and as many draws, as they are or, with features = "classifier", in a network's
    features (see collapsebench.learning.features); the standard error is that of the draws, by the jackknife, which
    errs on the side of too large.
    Source: Naeem et al. (2020), Reliable fidelity and diversity metrics for generative models, equation 4.
    """

    def compare(self, key: Key, real: Float[Array, "n d"], drawn: Float[Array, "n d"]) -> Estimate:
        """Coverage of real rows [n, d] by draws [n, d], with its standard error."""
        return coverage(real, drawn, self.k)
