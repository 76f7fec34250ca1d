"""Then: one regime up to a generation, another from there on."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from collapsebench.parts.data import Data, has_rows
from collapsebench.parts.part import Setting
from collapsebench.parts.regime import Regime
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Count, Key, Number, spec, within
from collapsebench.specs.registry import REGIMES


@REGIMES.register("then")
@spec
class Then(Regime):
    """Train as `before` does up to generation `at`, and as `after` does from there on: a loop that stops, or is mended.

    A pool of `after` is that of its generation 0, the real data, to which is added what is made from `at` on; `Saved` sees
    all generations. Regimes in their places may be Then themselves. Both draw from as many last models.
    Law: `theory.phases_count_law`.
    """

    before: Regime = REGIMES.get("replace")()
    after: Regime = REGIMES.get("mix")()
    at: float = within(10.0, low=1)

    @property
    def needs_samples(self) -> bool:  # type: ignore[override]
        return self.before.needs_samples or self.after.needs_samples

    @property
    def watches(self) -> bool:  # type: ignore[override]
        return self.before.watches or self.after.watches

    @property
    def models(self) -> int:  # type: ignore[override]
        return self.before.models

    def check(self, experiment: Setting) -> None:
        """Raise RequestError where one of both does, or is no regime, or where they do not go together."""
        n, generations = experiment.n, experiment.generations
        for regime in self._both():
            regime.check(experiment)
        if self.before.models != self.after.models:
            raise self.refuse(f"before draws from {self.before.models} models and after from {self.after.models}")
        sizes = {regime.capacity(n, generations) for regime in self._both()}
        if self.needs_samples and len(sizes) > 1:
            raise self.refuse("a regime that needs single rows goes with none whose sample grows")

    def _both(self) -> tuple[Regime, Regime]:
        for name, regime in (("before", self.before), ("after", self.after)):
            if not isinstance(regime, Regime):
                raise RequestError(f"regime.{name}: it is no regime but a {type(regime).__name__}")
        return self.before, self.after

    def capacity(self, n: Number, generations: int) -> Number:
        before, after = self._both()
        return _larger(before.capacity(n, generations), after.capacity(n, generations))

    def synthetic_size(self, n: Number, t: Count) -> Number:
        return jnp.where(t < self.at, self.before.synthetic_size(n, t), self.after.synthetic_size(n, t))

    def fresh_capacity(self, n: Number) -> Number:
        return _larger(self.before.fresh_capacity(n), self.after.fresh_capacity(n))

    def fresh_size(self, n: Number, t: Count) -> Number:
        return jnp.where(t < self.at, self.before.fresh_size(n, t), self.after.fresh_size(n, t))

    def init(self, real: Data, generations: int, capacity: Number) -> PyTree:
        return self.before.init(real, generations, capacity), self.after.init(real, generations, capacity)

    def update(self, key: Key, pool: PyTree, synthetic: Data, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        def earlier(pool: PyTree) -> tuple[PyTree, Data]:
            own, train = self.before.update(key, pool[0], synthetic, fresh, t)
            seen = self.after.update(key, pool[1], synthetic, fresh, t)[0] if self.after.watches else pool[1]
            return (own, seen), train

        def later(pool: PyTree) -> tuple[PyTree, Data]:
            own, train = self.after.update(key, pool[1], synthetic, fresh, t)
            return (pool[0], own), train

        shapes = [jax.eval_shape(step, pool)[1] for step in (earlier, later)]
        if not has_rows(shapes[0]):
            return jax.lax.cond(t < self.at, earlier, later, pool)
        rows = max(train.capacity for train in shapes)

        def padded(step: Callable[[PyTree], tuple[PyTree, Data]]) -> Callable[[PyTree], tuple[PyTree, Data]]:
            def whole(pool: PyTree) -> tuple[PyTree, Data]:  # both branches give training sets of one shape
                own, train = step(pool)
                return own, train.pad(rows)

            return whole

        return jax.lax.cond(t < self.at, padded(earlier), padded(later), pool)


def _larger(one: Number, other: Number) -> Number:
    return max(one, other) if isinstance(one, int) and isinstance(other, int) else jnp.maximum(one, other)
