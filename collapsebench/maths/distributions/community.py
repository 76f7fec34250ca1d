"""Communities: equal mixtures of several distributions of one family, of models that fill one pool."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths.numerics import safe_log
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution, Moments
from collapsebench.specs.pytree import Key, spec


@spec
class Community(Distribution):
    """Equal mixture of `members`, one distribution whose leaves have a leading axis of members."""

    members: Distribution

    @property
    def count(self) -> int:
        """Number of members."""
        return int(jax.tree.leaves(self.members)[0].shape[0])

    @property
    def dim(self) -> int | None:
        return jax.eval_shape(lambda own: jax.tree.map(lambda leaf: leaf[0], own), self.members).dim

    @property
    def classes(self) -> int | None:
        return jax.eval_shape(lambda own: jax.tree.map(lambda leaf: leaf[0], own), self.members).classes

    def sample(self, key: Key, n: int) -> PyTree:
        """n draws, the i-th of member i modulo their number: as equal parts as whole rows allow."""
        rows = -(-n // self.count)
        drawn = jax.vmap(lambda own, key: own.sample(key, rows))(self.members, jax.random.split(key, self.count))
        return taken_in_turn(drawn, n)

    def log_prob(self, x: PyTree) -> Float[Array, " n"]:
        each = jax.vmap(lambda own: own.log_prob(x))(self.members)
        return jax.nn.logsumexp(each, axis=0) - math.log(self.count)

    def nodes(self) -> Batch:
        """Quadrature nodes of all members, each with its share."""
        own = jax.vmap(lambda own: own.nodes())(self.members)
        return Batch(jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:]), own.x), own.w.reshape(-1) / self.count)

    def member_moments(self) -> tuple[Float[Array, "k d"], Float[Array, "k d d"]]:
        """Mean and covariance of each member."""
        mean, covariance = jax.vmap(lambda own: own.moments())(self.members)
        return mean, covariance

    def moments(self) -> Moments:
        mean, covariance = self.member_moments()
        offset = mean - mean.mean(axis=0)[None]
        return mean.mean(axis=0), covariance.mean(axis=0) + offset.T @ offset / self.count

    @property
    def log_variance(self) -> Float[Array, ""]:
        return safe_log(jnp.trace(self.moments()[1]))


def taken_in_turn(drawn: PyTree, n: int) -> PyTree:
    """The first n rows of [member, row, ...] where every member gives one in turn."""
    return jax.tree.map(lambda a: jnp.moveaxis(a, 0, 1).reshape(-1, *a.shape[2:])[:n], drawn)
