"""Squared L2 distance between densities."""

from __future__ import annotations

from typing import Any

from collapsebench.maths.distributions.mixture import Mixture, as_mixture
from collapsebench.maths.distributions.normal import Normal
from collapsebench.maths.estimators import reading
from collapsebench.parts.metric import Metric, View
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


def _mixtures(first: Any, second: Any) -> bool:
    return isinstance(first, Normal | Mixture) and isinstance(second, Normal | Mixture)


@METRICS.register("l2_squared")
@spec
class L2Squared(Metric):
    """Integral (or sum) of (p - q)^2, in closed form; inf for a density against a point.

    Source: the measure of the Gaussian-mixture figure of Shumailov et al. (2024).
    """

    log = True

    def check(self, experiment: Any) -> None:
        """Raise RequestError for families without a closed form."""
        target, model = reading.families(experiment)
        if reading.comparison(model, target, "l2_squared") is None and not _mixtures(model, target):
            raise reading.refuse(
                self, "closed forms are between normals and mixtures of them, or within one family; use kl"
            )

    def __call__(self, key: Key, view: View) -> Any:
        model, target = reading.model_distribution(view), reading.target_distribution(view)
        closed = reading.comparison(model, target, "l2_squared")
        return as_mixture(model).l2_squared(as_mixture(target)) if closed is None else closed(target)
