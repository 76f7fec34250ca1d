"""How spread out what the model makes is, without a density."""

from __future__ import annotations

from typing import Any

from collapsebench.maths.estimators import reading
from collapsebench.maths.estimators.neighbours import knn_entropy
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("knn_entropy")
@spec
class KNNEntropy(Metric):
    """Differential entropy in nats of `rows` draws, from their distances to the k-th neighbour; -inf where one is 0.

    For models whose log density is not known, or is a bound. Its bias grows with the dimension:
    compare generations, not models. The standard error is the jackknife's, which errs on the side of too large.
    Source: Kozachenko and Leonenko (1987), Sample estimate of the entropy of a random vector.
    """

    k: int = static(5)
    rows: int = static(256)

    estimates = True
    unit = "nats"

    def check(self, experiment: Any) -> None:
        """Raise RequestError unless there are rows of real numbers, and enough of them for `k`."""
        reading.needs_rows(self, experiment)
        if reading.kind_of(experiment) == "count":
            raise reading.refuse(self, "it estimates a differential entropy, and the model's are count data")
        if not 1 <= self.k <= self.rows - 2:
            raise reading.refuse(self, f"k = {self.k}: with {self.rows} rows it must be from 1 to {self.rows - 2}")

    def __call__(self, key: Key, view: View) -> Estimate:
        return knn_entropy(reading.model_rows(key, view, self.rows), self.k)
