"""Squared 2-Wasserstein distance between model and target."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.transport import w2_squared_sorted
from collapsebench.parts.data import as_matrix
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("w2_squared")
@spec
class W2Squared(Metric):
    """Squared 2-Wasserstein distance, in closed form where the families have one.

    Otherwise, in one dimension, that between `rows` draws and as many holdout rows, by their sorted values: it is too
    large by the noise of two samples, about 0.01 variances at 256 rows and 0.003 at 1024.
    """

    rows: int = static(1024)

    log = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for families without a closed form in more than one dimension."""
        target, model = experiment.target.family(), experiment.model.family()
        if not model.compares(target, "w2_squared"):
            self.needs_rows(experiment)
            if (dim := experiment.target.dim) not in (1, None):
                why = f"in {dim} dimensions there is no closed form between this model and target"
                raise self.refuse(f"{why}; use sliced_w2, or frechet for the distance of Gaussian fits")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        model, target = view.fitted, view.truth
        if model.compares(target, "w2_squared"):
            return model.w2_squared(target)
        real = view.held_out(self.rows)
        drawn = as_matrix(view.density_rows(key, real.shape[0]))
        return w2_squared_sorted(drawn[:, 0], real[:, 0])
