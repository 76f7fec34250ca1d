"""How far the model's mean has wandered."""

from __future__ import annotations

from typing import Any

from collapsebench.maths.estimators import reading
from collapsebench.parts.metric import Metric, View
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

    def check(self, experiment: Any) -> None:
        """Raise RequestError where there are no means: neither moments nor rows of numbers."""
        reading.needs_moments(self, experiment)
        if not reading.offers(reading.families(experiment)[0], "moments"):
            reading.needs_rows(self, experiment)

    def __call__(self, key: Key, view: View) -> Any:
        model, target = reading.model_distribution(view), reading.target_distribution(view)
        if hasattr(model, "moments"):
            mean = model.moments()[0]
        else:
            mean = reading.sample_moments(reading.model_rows(key, view, self.rows))[0]
        if hasattr(target, "moments"):
            real = target.moments()[0]
        else:
            real = reading.sample_moments(reading.as_matrix(view.holdout.x), view.holdout.w)[0]
        return ((mean - real) ** 2).sum()
