"""What precision, recall, density and coverage have in common: two sets of rows, and the manifolds that they make."""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Float

from collapsebench.learning.features import prepare
from collapsebench.maths.estimators import reading
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.specs.pytree import Key, spec, static


@spec
class ManifoldMetric(Metric):
    """Compares at most `rows` holdout rows with as many draws: each row has a ball that reaches to its k-th neighbour.

    The rows are as they are or, with features = "classifier", in a network's features (see collapsebench.learning.features).
    """

    k: int = static(5)
    rows: int = static(256)
    features: Any = "rows"

    estimates = True
    prepare = prepare

    def check(self, experiment: Any) -> None:
        """Raise RequestError unless there are rows of numbers, and enough of them for `k`."""
        reading.needs_rows(self, experiment)
        rows = min(self.rows, experiment.holdout)
        if not 1 <= self.k <= rows - 2:
            raise reading.refuse(self, f"k = {self.k}: with {rows} rows it must be from 1 to {rows - 2}")

    def __call__(self, key: Key, view: View) -> Estimate:
        real = reading.real_rows(view, self.rows, self.features)
        return self.compare(real, reading.model_rows(key, view, real.shape[0], self.features))

    def compare(self, real: Float[Array, "n d"], drawn: Float[Array, "n d"]) -> Estimate:
        """The metric, with the standard error of the draws."""
        raise NotImplementedError
