"""The Wasserstein distance along random lines, for rows of any dimension."""

from __future__ import annotations

from typing import Any

import jax

from collapsebench.learning.features import prepare
from collapsebench.maths.estimators import reading
from collapsebench.maths.estimators.transport import sliced_w2
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("sliced_w2")
@spec
class SlicedW2(Metric):
    """Sliced 2-Wasserstein distance between at most `rows` holdout rows and as many draws of the model.

    The root of the mean squared distance over `projections` directions; the standard error is that of the directions.
    Of the rows as they are or, with features = "classifier", in a network's features (see collapsebench.learning.features).
    """

    projections: int = static(32)
    rows: int = static(256)
    features: Any = "rows"

    estimates = True
    log = True
    check = reading.needs_rows
    prepare = prepare

    def __call__(self, key: Key, view: View) -> Estimate:
        draw_key, direction_key = jax.random.split(key)
        real = reading.real_rows(view, self.rows, self.features)
        drawn = reading.model_rows(draw_key, view, real.shape[0], self.features)
        return sliced_w2(direction_key, real, drawn, self.projections)
