"""Distributions of points on plane curves with isotropic normal noise: moons, circles, a swiss roll."""

from __future__ import annotations

import math
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench.maths import samplers
from collapsebench.maths.distributions.mixture import normal_rule
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import Key, Number

REACH = 9.0
"""A point of the curve adds nothing to a density if |x - point|^2 is more than (REACH noise)^2 above its minimum."""
RULE = np.polynomial.legendre.leggauss(64)
"""Gauss-Legendre on each stretch of curve within reach: 64 nodes over 18 standard deviations are exact to rounding."""


class NoisyCurves(Target, Distribution):
    """Equal mixture of `curves` plane curves: x = point(curve, t) + noise z, t uniform, z standard normal.

    A derived class has the field `noise` and gives `span`, `point` and `windows`. It is target and distribution in one.
    """

    dim = 2
    curves: ClassVar[int] = 2
    noise: Number

    def span(self) -> tuple[float, float]:
        """First and last t, the same for all curves."""
        raise NotImplementedError

    def point(self, curve: int | Array, t: Array) -> tuple[Array, Array]:
        """Both coordinates of the curve at t."""
        raise NotImplementedError

    def windows(self, curve: int, x: Float[Array, "n 2"]) -> list[tuple[Array, Array]]:
        """Disjoint intervals (low, high) of t per row of x that hold all of the curve within reach of the row."""
        raise NotImplementedError

    def distribution(self) -> NoisyCurves:
        return self

    def sample(self, key: Key, n: int) -> Float[Array, "n 2"]:
        curve_key, place_key, noise_key = jax.random.split(key, 3)
        first, last = self.span()
        t = first + (last - first) * samplers.uniform(place_key, (n,))
        curve = jax.random.randint(curve_key, (n,), 0, self.curves)
        return jnp.stack(self.point(curve, t), axis=1) + self.noise * samplers.normal(noise_key, (n, 2))

    def log_prob(self, x: Float[Array, "n 2"]) -> Float[Array, " n"]:
        """Log density, by quadrature over the intervals of t within reach of the noise."""
        fixed = jax.lax.stop_gradient(x)  # next to nothing of the density is at the ends of a window
        parts = [self._stretch(c, x, *window) for c in range(self.curves) for window in self.windows(c, fixed)]
        first, last = self.span()
        scale = math.log(2 * math.pi * self.curves * (last - first)) + 2 * jnp.log(self.noise)
        return jax.nn.logsumexp(jnp.stack(parts), axis=0) - scale

    def _stretch(self, curve: int, x: Array, low: Array, high: Array) -> Array:
        """Log of the integral of exp(-|x - point|^2 / (2 noise^2)) over low < t < high; [n]."""
        z, weight = (jnp.asarray(a, x.dtype) for a in RULE)
        t = 0.5 * (low + high)[:, None] + 0.5 * (high - low)[:, None] * z[None]
        a, b = self.point(curve, t)
        squares = ((x[:, :1] - a) ** 2 + (x[:, 1:] - b) ** 2) / self.noise**2
        log_length = jnp.where(high > low, jnp.log(jnp.where(high > low, 0.5 * (high - low), 1)), -jnp.inf)
        return jax.nn.logsumexp(jnp.log(weight)[None] - 0.5 * squares, axis=1) + log_length

    def nodes(self) -> Batch:
        """Quadrature nodes: Gauss-Legendre along each curve, with 8 x 8 nodes of noise at each."""
        first, last = self.span()
        z, weight = RULE
        t = jnp.asarray(0.5 * (first + last) + 0.5 * (last - first) * z, jnp.result_type(float))
        centres = jnp.concatenate([jnp.stack(self.point(c, t), axis=1) for c in range(self.curves)])
        offsets, shares = normal_rule(8, 2)
        x = centres[:, None, :] + self.noise * jnp.asarray(offsets, t.dtype)[None]
        w = jnp.asarray(np.multiply.outer(np.tile(weight / 2, self.curves) / self.curves, shares), t.dtype)
        return Batch(x.reshape(-1, 2), w.reshape(-1) / w.sum())

    def moments(self) -> tuple[Float[Array, " 2"], Float[Array, "2 2"]]:
        """Mean and covariance from the quadrature nodes, exact to rounding for these smooth curves."""
        nodes = self.nodes()
        mean = nodes.w @ nodes.x
        centred = nodes.x - mean[None]
        return mean, (centred * nodes.w[:, None]).T @ centred


def window(near: Array, width: Number | Array, first: Number | Array, last: Number | Array) -> tuple[Array, Array]:
    """The interval of t in [first, last] within REACH widths of `near`, after `near` is clipped to [first, last]."""
    near = jnp.clip(near, first, last)
    return jnp.maximum(near - REACH * width, first), jnp.minimum(near + REACH * width, last)


def arc_width(noise: Number, distance: Array, radius: Number) -> Array:
    """Standard deviation of t given x, on an arc of radius `radius` with x at `distance` from its centre.

    |x - point|^2 = distance^2 + radius^2 - 2 distance radius cos(t - angle of x).
    """
    return noise / jnp.sqrt(jnp.maximum(distance * radius, jnp.finfo(distance.dtype).tiny))
