"""Recall: share of real rows inside the manifold of the model's draws."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.manifold import ManifoldMetric
from collapsebench.maths.estimators.neighbours import recall
from collapsebench.parts.metric import Estimate
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("recall")
@spec
class Recall(ManifoldMetric):
    """Share of real rows inside the model's manifold: balls around its draws up to the k-th neighbour.

    On at most `rows` holdout rows and as many draws, as they are or, with features = "classifier", in a network's
    features (see collapsebench.learning.features); the standard error is that of the draws, by the jackknife, which
    errs on the side of too large.
    Source: Kynkaanniemi et al. (2019), Improved precision and recall metric for assessing generative models.
    """

    def compare(self, key: Key, real: Float[Array, "n d"], drawn: Float[Array, "n d"]) -> Estimate:
        """Share of real rows [n, d] inside the manifold of draws [n, d], with its standard error."""
        return recall(real, drawn, self.k)
