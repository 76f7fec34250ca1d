"""Density: mean number of real neighbourhoods that hold a draw of the model, over k."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.manifold import ManifoldMetric
from collapsebench.maths.estimators.neighbours import density
from collapsebench.parts.metric import Estimate
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("density")
@spec
class Density(ManifoldMetric):
    """Mean number of real balls, which reach to the k-th real neighbour, that hold a draw, over k; may be above 1.

    1 on average where the model is the target; unlike precision, one real row far out does not count for much.
    On at most `rows` holdout rows and as many draws, as they are or, with features = "classifier", in a network's
    features (see collapsebench.learning.features); the standard error is that of the draws.
    Source: Naeem et al. (2020), Reliable fidelity and diversity metrics for generative models, equation 3.
    """

    def compare(self, key: Key, real: Float[Array, "n d"], drawn: Float[Array, "n d"]) -> Estimate:
        """Density of draws [n, d] among real rows [n, d], with its standard error."""
        return density(real, drawn, self.k)
