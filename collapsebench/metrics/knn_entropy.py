"""Nearest-neighbour entropy: differential entropy of the model's draws, where no density is known."""

from __future__ import annotations

from collapsebench.maths.estimators.neighbours import knn_entropy
from collapsebench.parts.data import Kind
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import counted
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

    def check(self, experiment: Setting) -> None:
        """Raise RequestError unless there are rows of real numbers, and enough of them for `k`."""
        self.needs_rows(experiment)
        if experiment.model.kind == Kind.COUNT:
            raise self.refuse("it estimates a differential entropy, and the model's are count data")
        if not 1 <= self.k <= self.rows - 2:
            raise self.refuse(f"k = {self.k}: with {counted(self.rows, 'row')} it must be from 1 to {self.rows - 2}")

    def __call__(self, key: Key, view: View) -> Estimate:
        return knn_entropy(view.drawn(key, self.rows), self.k)
