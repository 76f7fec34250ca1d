"""Window: the data of the last few generations, pooled, with a share of real rows in each."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from collapsebench.maths.samplers import bernoulli
from collapsebench.parts.data import Batch, Data, has_rows
from collapsebench.parts.regime import Regime
from collapsebench.specs.pytree import Count, Key, Number, spec, static, within
from collapsebench.specs.registry import REGIMES


@REGIMES.register("window")
@spec
class Window(Regime):
    """Train on the pooled data of the last `window` generations, n rows each, of which a share is drawn anew as real.

    The real set is generation 0's data. A generation has round(real_fraction n) real rows, the rest are of its model
    (window = 1: mix). by_chance: each row is real with that probability, which needs single rows: the multinomial draw of
    a share of the truth and the mean of the window's frequencies, whose laws are `theory.absence_law` and others.
    Laws: `theory.window_error_law`, and the rate at which an error is forgotten, `theory.window_relaxation_law`.
    """

    window: int = static(4, within=(1, 1000))
    real_fraction: float = within(0.0, low=0, high=1)
    by_chance: bool = static(False)

    @property
    def needs_samples(self) -> bool:  # type: ignore[override]
        """Whether single rows are chosen by chance."""
        return self.by_chance

    def fresh_capacity(self, n: Number) -> Number:
        """Room for n real rows, whatever the share."""
        return n

    def fresh_size(self, n: Number, t: Count) -> Number:
        """Real rows of a generation: round(real_fraction n); n where chance chooses among them."""
        return n if self.by_chance else jnp.round(self.real_fraction * n)

    def synthetic_size(self, n: Number, t: Count) -> Number:
        """Synthetic rows of a generation: n - round(real_fraction n); n where chance chooses among them."""
        return n if self.by_chance else n - jnp.round(self.real_fraction * n)

    def init(self, real: Data, generations: int, capacity: Number) -> tuple[Data, ...]:
        """The real data, and empty places of the same size for the others of the window but the newest."""
        if has_rows(real):
            room = int(capacity)
            real = real.pad(max(real.capacity, room) + (0 if self.by_chance else room))
        return tuple(real if i == 0 else real.scale(0.0) for i in range(self.window - 1))

    def update(self, key: Key, pool: PyTree, synthetic: PyTree, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        """The newest generations' data, one less than the window has, and all of them as training set."""
        new = self._chosen(key, fresh, synthetic) if self.by_chance else fresh.concat(synthetic)
        if pool and has_rows(pool[0]):
            new = new.pad(pool[0].capacity)
        kept = (new, *pool)
        return kept[: self.window - 1], functools.reduce(lambda a, b: a.concat(b), kept)

    def _chosen(self, key: Key, fresh: Batch, synthetic: Batch) -> Batch:
        real = bernoulli(key, self.real_fraction, fresh.w.shape)

        def choose(ours: Array, theirs: Array) -> Array:
            return jnp.where(real.reshape(-1, *(1,) * (ours.ndim - 1)), ours, theirs)

        return jax.tree.map(choose, fresh, synthetic)
