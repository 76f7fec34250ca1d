"""Ecosystem: several models that feed one another through a shared pool of synthetic rows."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths.distributions.community import Community, taken_in_turn
from collapsebench.maths.numerics import divide
from collapsebench.parts.data import Batch
from collapsebench.parts.distribution import Distribution
from collapsebench.parts.part import Setting
from collapsebench.parts.wrapper import Wrapper
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static, within
from collapsebench.specs.registry import MODELS, REGIMES


@MODELS.register("ecosystem")
@spec
class Ecosystem(Wrapper):
    """`members` copies of `model`, each trained on real rows of its own, on public ones and on the synthetic rows of all.

    Draws come from the members in equal parts. Under regime augment `private` real rows belong to each member and
    `public` ones to all. A member's synthetic rows together weigh `shared` of its training set, its private ones
    (1 - shared) own, the public ones the rest; rows that are missing leave their share to the others.
    private = 0: all train on the same rows, as they are.
    Law of the means: `theory.ecosystem_law`. Source: Vu, Reeves and Wenger (2026), arXiv:2505.21677.
    model: a spec, or a registered name, that learns from rows.
    """

    model: Any = "gaussian"
    members: int = static(2, within=(1, 1000))
    private: int = static(0)
    public: int = static(0)
    shared: float = within(0.5, low=0, high=1)
    own: float = within(0.5, low=0, high=1)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model that needs more than rows, and for private rows that no regime keeps."""
        inner = self.inner
        if inner.prompted or inner.hosted or inner.streams:
            raise self.refuse("its members must be fitted to rows, without steps, prompts or calls")
        given: Any = experiment
        needed, real = self._real_rows, given.n if given.n_real is None else given.n_real
        if needed and not isinstance(given.regime, REGIMES.get("augment")):
            raise self.refuse("its private rows are kept for ever: use regime = augment")
        if needed and not given.handover.rows:
            raise self.refuse("its private rows are rows of someone: use handover = samples")
        if needed and needed != real:
            raise RequestError(
                f"n_real = {real}: it is {needed} for {self.members} members of {self.private} rows and {self.public} public ones"
            )
        inner.check(experiment)

    def init(self, key: Key) -> PyTree:
        return jax.vmap(self.inner.init)(jax.random.split(key, self.members))

    def fit(self, key: Key, params: PyTree, data: Batch) -> PyTree:
        weights = self._weights(data)
        keys = jax.random.split(key, self.members)
        return jax.vmap(lambda key, own, w: self.inner.fit(key, own, Batch(data.x, w)))(keys, params, weights)

    def _weights(self, data: Batch) -> Float[Array, "members capacity"]:
        """Weights of the rows for each member; they sum to the weight of the rows that it sees."""
        if not self.private:
            return jnp.broadcast_to(data.w, (self.members, *data.w.shape))
        row, first = jnp.arange(data.capacity)[None], self.members * self.private
        member = jnp.arange(self.members)[:, None]
        groups = (
            ((row >= self._real_rows) & (member >= 0), self.shared),
            (row // self.private == member, (1 - self.shared) * self.own),
            ((row >= first) & (row < self._real_rows) & (member >= 0), (1 - self.shared) * (1 - self.own)),
        )
        weights = [jnp.where(rows, data.w[None], 0) for rows, _ in groups]
        sums = [w.sum(axis=1, keepdims=True) for w in weights]
        shares = [jnp.where(total > 0, share, 0.0) for total, (_, share) in zip(sums, groups, strict=True)]
        seen, whole = sum(sums), sum(shares)
        parts = (w * divide(share * seen, total * whole) for w, share, total in zip(weights, shares, sums, strict=True))
        return jnp.stack(tuple(parts)).sum(axis=0)

    @property
    def _real_rows(self) -> int:
        """Real rows at the start of a training set; 0 where no row has an owner."""
        return self.members * self.private + self.public if self.private else 0

    def distribution(self, params: PyTree) -> Distribution:
        one = jax.tree.map(lambda leaf: leaf[0], params)
        return (
            Community(jax.vmap(self.inner.distribution)(params))
            if self.inner.distribution(one).known
            else Distribution()
        )

    def generator(self, params: PyTree) -> Distribution:
        one = jax.tree.map(lambda leaf: leaf[0], params)
        return Community(jax.vmap(self.inner.generator)(params)) if self.inner.generator(one).known else Distribution()

    def sample(self, key: Key, params: PyTree, n: int) -> PyTree:
        rows = -(-n // self.members)
        keys = jax.random.split(key, self.members)
        return taken_in_turn(jax.vmap(lambda key, own: self.inner.sample(key, own, rows))(keys, params), n)

    def log_prob(self, params: PyTree, x: PyTree) -> Float[Array, " n"]:
        each = jax.vmap(lambda own: self.inner.log_prob(own, x))(params)
        return jax.nn.logsumexp(each, axis=0) - jnp.log(float(self.members))
