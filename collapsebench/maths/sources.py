"""Infinite training sets for gradient steps: fresh draws from the real distribution and from past models."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths.samplers import bernoulli, categorical_rows, choose_rows
from collapsebench.maths.streams import part
from collapsebench.parts.data import Batch, Sources
from collapsebench.parts.model import Model
from collapsebench.parts.target import Target
from collapsebench.specs.pytree import Key, spec


@spec
class Fountain:
    """Sources with the target and the model class, from which rows can be drawn."""

    sources: Sources
    target: Target
    model: Model

    @property
    def weight(self) -> Float[Array, ""]:
        """Total weight, in rows."""
        return self.sources.weight

    def draw(self, key: Key, n: int) -> PyTree:
        """n rows: each real with the real share of the weight, the others from one model drawn by weight."""
        models = self.sources.models
        if not models.capacity:
            return self.target.sample(part(key, 0), n)
        share = self.sources.real / self.sources.weight
        shapes = jax.eval_shape(lambda key: self.target.sample(key, n), key)
        blank = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        index = categorical_rows(part(key, 1), models.w, 1)[0] if models.capacity > 1 else 0
        params = jax.tree.map(lambda a: a[index], models.x)
        real = jax.lax.cond(share > 0, lambda: self.target.sample(part(key, 0), n), lambda: blank)
        made = jax.lax.cond(share < 1, lambda: self.model.sample(part(key, 2), params, n), lambda: blank)
        is_real = bernoulli(part(key, 3), share, (n,))
        return jax.tree.map(lambda a, b: jnp.where(is_real.reshape(n, *[1] * (a.ndim - 1)), a, b), real, made)


def minibatch(key: Key, data: PyTree, n: int) -> PyTree:
    """n rows of a training set in proportion to weight: with replacement from a Batch, fresh ones from a Fountain."""
    if isinstance(data, Batch):
        rows = choose_rows(key, data.w, n)
        return jax.tree.map(lambda a: a[rows], data.x)
    return data.draw(key, n)
