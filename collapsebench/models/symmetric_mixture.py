"""Symmetric mixture model: two equal normals at plus and minus a mean."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.distributions.mixture import Mixture
from collapsebench.maths.numerics import divide, safe_log
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.parts.model import Dials, Model
from collapsebench.specs.pytree import Count, Key, spec, within
from collapsebench.specs.registry import MODELS


@spec
class Symmetric:
    """Distribution of half N(mean, sd^2) and half N(-mean, sd^2), mean >= 0."""

    mean: Float[Array, ""]
    log_sd: Float[Array, ""]


@MODELS.register("symmetric_mixture")
@spec
class SymmetricMixture(Model):
    """Mixture of half N(m, s^2) and half N(-m, s^2), by `steps` EM steps from the last model or from |x|.

    The sizes |x| start it as if every row belonged to the side that it lies on, so `steps = 0` is the maximum of the
    likelihood joint with the labels; many steps are maximum likelihood. `steps` is a number, not a shape, so several
    budgets are lanes of one program. Source: symmetric mixture of Suresh et al. (2025).
    """

    steps: int = within(100, low=0)

    dim = 1
    learner = ("steps",)
    dials: ClassVar[Dials] = {"approximation": ("steps", (1, 2, 5, 10, 100))}

    def holds(self, family: Distribution) -> bool:
        """Whether the class contains every member of the family: no, a mixture is symmetric about 0 by chance only."""
        return False

    def exact(self) -> SymmetricMixture:
        """Same model with EM until convergence."""
        return dataclasses.replace(self, steps=1000)

    def init(self, key: Key) -> Symmetric:
        # A mean of 0 is no start, EM never leaves it: the fit then starts from its data.
        dtype = jnp.result_type(float)
        return Symmetric(jnp.zeros((), dtype), jnp.zeros((), dtype))

    def distribution(self, params: Symmetric) -> Mixture:
        return Mixture.spherical(jnp.stack([-params.mean, params.mean])[:, None], jnp.exp(params.log_sd))

    def fit(self, key: Key, params: Symmetric, data: Batch) -> Symmetric:
        x, w = data.x[:, 0], divide(data.w, data.w.sum())

        def sides(side: Array) -> Symmetric:
            """The best fit where a row is on the right with probability (1 + side) / 2; no square is subtracted."""
            new = (w * side * x).sum()
            spread = (w * ((x - side * new) ** 2 + (1 - side**2) * new**2)).sum()
            return Symmetric(jnp.abs(new), 0.5 * safe_log(spread))

        def step(_: Count, old: Symmetric) -> Symmetric:
            # tanh(inf) is 1: a point's rows are on their own side, and a row at 0 is on neither.
            lever = old.mean * x
            pull = jnp.where(lever == 0, 0, lever * jnp.exp(-2 * old.log_sd))
            return sides(jnp.tanh(pull))

        sized = sides(jnp.sign(x))
        start = jax.tree.map(lambda a, b: jnp.where(params.mean > 0, a, b), params, sized)
        return jax.lax.fori_loop(0, jnp.asarray(self.steps, jnp.int32), step, start)
