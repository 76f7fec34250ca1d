"""Modes: share of the target's mixture components that the model keeps."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax.scipy.special import ndtr

from collapsebench.maths.distributions.mixture import Mixture, invert_lower, residuals, squared_distances
from collapsebench.parts.metric import Estimate, Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("modes")
@spec
class Modes(Metric):
    """Share of the target mixture's components that hold at least `keep` of their mass.

    A draw belongs to the nearest component, in units of its covariance, if it lies within reach: a squared distance of
    at most d + `reach` sqrt(2 d), mean and `reach` standard deviations of a real row's (98% or more are; inf: all).
    From `rows` draws; the standard error counts each component as kept with its normal probability.
    """

    keep: float = 0.5
    reach: float = 3.0
    rows: int = static(1024)

    estimates = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a target that is no mixture."""
        self.needs_rows(experiment)
        if not isinstance(experiment.target.family(), Mixture):
            raise self.refuse("the target is no mixture and has no modes to lose; use gaussian_mixture or grid")

    def __call__(self, key: Key, view: View) -> Estimate:
        target: Any = view.truth
        x = view.density_rows(key, self.rows).astype(target.mean.dtype)
        inverse = invert_lower(target.scale_tril)
        squares = squared_distances(residuals(x.T, target.mean), inverse)
        near = squares.min(axis=0) <= target.dim + self.reach * jnp.sqrt(2.0 * target.dim)
        mine = (jnp.argmin(squares, axis=0)[None, :] == jnp.arange(target.components)[:, None]) & near[None]
        real, mass = target.weights, mine.mean(axis=1, dtype=target.mean.dtype)
        count, exists = (real > 0).sum(), real > 0
        kept = exists & (mass >= self.keep * real)
        p = (mass * self.rows + 0.5) / (self.rows + 1)
        chance = ndtr((mass - self.keep * real) / jnp.sqrt(p * (1 - p) / self.rows))
        variance = jnp.where(exists, chance * (1 - chance), 0).sum()
        return Estimate(kept.sum() / count, jnp.sqrt(variance) / count)
