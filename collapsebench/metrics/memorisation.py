"""Memorisation: distance of draws to their nearest real training row, relative to held-out rows."""

from __future__ import annotations

import jax.numpy as jnp

from collapsebench.maths.estimators.means import mean_estimate
from collapsebench.maths.estimators.neighbours import nearest_distance
from collapsebench.parts.data import Batch, as_matrix
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("memorisation")
@spec
class Memorisation(Metric):
    """Mean distance of draws to the nearest real training row, over that of held-out rows; below 1: copying.

    0 where every draw is a training row, about 1 for fresh draws of the target; a model that has collapsed onto a
    place where real rows are dense is below 1 too. On at most `rows` holdout rows and as many draws, and the whole of
    the real training set of generation 0; the standard error is that of the draws.
    """

    rows: int = static(256)

    estimates = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError where there is no real training set of rows of numbers."""
        self.needs_rows(experiment)
        if not experiment.handover.rows:
            why = f"it looks for the nearest training row, and handover = {experiment.handover} has none; use samples"
            raise self.refuse(why)

    def __call__(self, key: Key, view: View) -> Estimate:
        if not isinstance(view.real, Batch):
            raise self.refuse("it looks for the nearest training row, and the real data are no rows")
        train, w = as_matrix(view.real.x), view.real.w
        real = view.held_out(self.rows)
        usual = nearest_distance(real, train, w).mean()
        found = mean_estimate(nearest_distance(view.drawn(key, real.shape[0]), train, w))
        scale = jnp.where(usual > 0, usual, 1)
        # Held-out rows that all repeat training rows, such as small counts: draws that do so too are not below them.
        ratio = jnp.where(usual > 0, found.value / scale, jnp.where(found.value > 0, jnp.inf, 1))
        return Estimate(ratio, jnp.where(usual > 0, found.standard_error / scale, 0))
