"""The contract of a regime: what the next generation trains on, and the pool of those that remember."""

from __future__ import annotations

from typing import ClassVar

from jaxtyping import PyTree

from collapsebench.parts.data import Data, has_rows
from collapsebench.parts.part import Part
from collapsebench.specs.pytree import Count, Key, Number, spec, static


@spec
class Pool:
    """All data so far: a Summary, or a buffer made once and filled from the top, whose row `first` is synthetic."""

    data: PyTree
    first: int = static(0)

    @classmethod
    def of(cls, real: PyTree, generations: int, capacity: Number) -> Pool:
        """Room for `generations - 1` synthetic sets of `capacity` rows below the real ones."""
        if not has_rows(real):
            return cls(real)
        return cls(real.pad(real.capacity + (generations - 1) * int(capacity)), real.capacity)

    def add(self, synthetic: PyTree, t: Count) -> Pool:
        """The pool with the synthetic set of generation t = 1, 2, ... in its place."""
        row = self.first + (t - 1) * synthetic.capacity if has_rows(synthetic) else 0
        return Pool(self.data.append(synthetic, row), self.first)


class Regime(Part):
    """What the next generation trains on. A derived class gives `update`, and `init` if it remembers."""

    noun = "regime"
    needs_samples: ClassVar[bool] = False
    """whether single rows must be seen, so a Summary cannot serve"""
    replaces: ClassVar[bool] = False
    """whether a generation learns from the last model's draws and from nothing else"""
    models: int = 1
    """how many of the last models the synthetic data are drawn from, in equal parts"""

    def capacity(self, n: Number, generations: int) -> Number:
        """Rows of the largest synthetic set that is ever drawn."""
        return n

    def synthetic_size(self, n: Number, t: Count) -> Number:
        """Synthetic rows that generation t trains on, at most `capacity`."""
        return n

    def fresh_capacity(self, n: Number) -> Number:
        """Rows of the largest set of new real data; 0: none is ever drawn."""
        return 0

    def fresh_size(self, n: Number, t: Count) -> Number:
        """New real rows that generation t sees, at most `fresh_capacity`."""
        return self.fresh_capacity(n)

    def init(self, real: Data, generations: int, capacity: Number) -> PyTree:
        """The pool at the start: nothing, unless the regime remembers. `capacity` is that of a synthetic set."""
        return ()

    def update(self, key: Key, pool: PyTree, synthetic: Data, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        """The pool after generation t's synthetic (and new real) data came in, and what generation t trains on."""
        raise NotImplementedError
