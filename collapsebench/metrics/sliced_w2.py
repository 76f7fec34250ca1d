"""Sliced 2-Wasserstein distance between real rows and the model's draws, in any dimension."""

from __future__ import annotations

import jax

from collapsebench.maths.estimators.transport import sliced_w2
from collapsebench.parts.metric import Estimate, RowMetric, View
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("sliced_w2")
@spec
class SlicedW2(RowMetric):
    """Sliced 2-Wasserstein distance between at most `rows` holdout rows and as many draws of the model.

    The root of the mean squared distance over `projections` directions; the standard error is that of the directions.
    Of the rows as they are or, with features = "classifier", in a network's features (see collapsebench.learning.features).
    """

    projections: int = static(32)

    log = True

    def __call__(self, key: Key, view: View) -> Estimate:
        draw_key, direction_key = jax.random.split(key)
        real = self.seen(view.held_out(self.rows))
        drawn = self.seen(view.drawn(draw_key, real.shape[0]))
        return sliced_w2(direction_key, real, drawn, self.projections)
