"""Squared L2 distance between the densities of model and target."""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Float

from collapsebench.maths.distributions.mixture import Mixture, as_mixture
from collapsebench.maths.distributions.normal import Normal
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
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

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for families without a closed form."""
        target, model = experiment.target.family(), experiment.model.family()
        if not model.compares(target, "l2_squared") and not _mixtures(model, target):
            raise self.refuse("closed forms are between normals and mixtures of them, or within one family; use kl")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        model, target = view.fitted, view.truth
        if model.compares(target, "l2_squared"):
            return model.l2_squared(target)
        return as_mixture(model).l2_squared(as_mixture(target))
