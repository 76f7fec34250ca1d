"""Precision: share of the model's draws inside the manifold of the real rows."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.manifold import ManifoldMetric
from collapsebench.maths.estimators.means import share_estimate
from collapsebench.maths.estimators.neighbours import visits
from collapsebench.parts.metric import Estimate
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("precision")
@spec
class Precision(ManifoldMetric):
    """Share of the model's draws inside the real manifold: balls around real rows up to the k-th neighbour.

    On at most `rows` holdout rows and as many draws, as they are or, with features = "classifier", in a network's
    features (see collapsebench.learning.features); the standard error is that of the draws.
    Source: Kynkaanniemi et al. (2019), Improved precision and recall metric for assessing generative models.
    """

    def compare(self, key: Key, real: Float[Array, "n d"], drawn: Float[Array, "n d"]) -> Estimate:
        """Share of draws [n, d] inside the manifold of real rows [n, d], with its standard error."""
        return share_estimate(visits(drawn, real, self.k).any(axis=1))
