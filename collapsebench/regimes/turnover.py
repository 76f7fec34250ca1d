"""Turnover: a share of the last training set is replaced by synthetic rows, of a text by synthetic tokens."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, PyTree

from collapsebench.maths.ranking import smallest
from collapsebench.maths.samplers import uniform
from collapsebench.parts.data import Batch, Data
from collapsebench.parts.part import Setting
from collapsebench.parts.regime import Regime
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Count, Key, Number, spec, within
from collapsebench.specs.registry import REGIMES


@REGIMES.register("turnover")
@spec
class Turnover(Regime):
    """Train on the last training set with a random `share` of its rows (of text: tokens) replaced by synthetic ones.

    round(share size) of them, drawn anew in every generation; the others stay. share = 1 is replace. decay: factor of the
    share from generation to generation, under which editing real text ends (ToEdit; Zhu et al., 2025).
    Law for frequencies: Var = (a + a (1 - a) M / (M - 1)) p (1 - p) / M in a step of M tokens, where the soft mixture
    (1 - a) p + a p_hat has a^2. Source: Riis (2026), arXiv:2604.08554.
    """

    share: float = within(0.5, low=0, high=1)
    decay: float = within(1.0, low=0, high=1)

    needs_samples = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError where the real set has another size than the synthetic ones that replace it."""
        n, n_real = experiment.n, experiment.n_real
        if n_real not in (None, n):
            raise RequestError(
                f"n_real = {n_real}: under turnover synthetic rows take real rows' places, so it is n = {n}"
            )

    def init(self, real: Data, generations: int, capacity: Number) -> Data:
        """The real data: the training set of generation 0."""
        return real

    def update(self, key: Key, pool: PyTree, synthetic: PyTree, fresh: PyTree, t: Count) -> tuple[Batch, Batch]:
        """The last training set with some of it replaced, as the pool and as the training set."""
        first = jax.tree.leaves(pool.x)[0]
        text = first.ndim == 2 and jnp.issubdtype(first.dtype, jnp.integer)
        new = _some(key, first.shape if text else first.shape[:1], self.share * self.decay ** (t - 1.0))

        def swap(old: Array, made: Array) -> Array:
            return jnp.where(new.reshape(*new.shape, *(1,) * (old.ndim - new.ndim)), made, old)

        x = jax.tree.map(swap, pool.x, synthetic.x)
        train = Batch(x, pool.w if text else swap(pool.w, synthetic.w))
        return train, train


def _some(key: Key, shape: tuple[int, ...], share: Number) -> Bool[Array, ...]:
    """True at round(share size) random places."""
    size = 1
    for length in shape:
        size *= length
    # Made once, and not for every number of every row.
    return jax.lax.optimization_barrier(smallest(uniform(key, (size,)), jnp.round(share * size))).reshape(shape)
