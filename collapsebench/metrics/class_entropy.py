"""Class entropy: entropy of the classes that a classifier assigns to the model's draws."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from collapsebench.maths.estimators.means import mean_estimate
from collapsebench.parts.metric import Estimate, RowMetric, View
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("class_entropy")
@spec
class ClassEntropy(RowMetric):
    """Entropy in nats of the histogram of classes that a classifier of the real images assigns to `rows` draws.

    log(classes) where all are equally frequent, 0 where one is left; too small by about (classes - 1) / (2 `rows`).
    The standard error is that of the draws, to first order. The classifier, the only choice of `features`, is the one
    of collapsebench.learning.features; it gives every draw a class, a draw that looks like nothing too.
    """

    features: Any = "classifier"

    unit = "nats"
    choices = ("classifier",)

    def __call__(self, key: Key, view: View) -> Estimate:
        label = jnp.argmax(self.features.logits(view.drawn(key, self.rows)), axis=1)
        dtype = jnp.result_type(float)
        share = jnp.zeros(self.features.classes, dtype).at[label].add(1) / self.rows
        return mean_estimate(-jnp.log(share[label]))
