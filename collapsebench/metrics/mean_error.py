"""Mean error: squared distance between the model's mean and the target's."""

from __future__ import annotations

from jaxtyping import Array, Float

from collapsebench.maths.estimators.moments import sample_moments
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("mean_error")
@spec
class MeanError(Metric):
    """Squared Euclidean distance between the model's mean and the target's.

    A target without moments is known by its holdout, a model without by `rows` draws: then the squared error of that
    sample's mean, its variance over its size, is part of the number.
    """

    rows: int = static(256)

    log = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError where there are no means: neither moments nor rows of numbers."""
        self.needs_moments(experiment)
        if not experiment.target.family().knows("moments"):
            self.needs_rows(experiment)

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        model, target = view.fitted, view.truth
        known = model.knows("moments")
        mean = model.moments()[0] if known else sample_moments(view.drawn(key, self.rows))[0]
        known = target.knows("moments")
        real = target.moments()[0] if known else sample_moments(view.held_out(), view.holdout.w)[0]
        return ((mean - real) ** 2).sum()
