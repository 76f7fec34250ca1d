"""The contract of a regime: the training set of every generation, and the pool of regimes that accumulate data."""

from __future__ import annotations

from typing import ClassVar

from jaxtyping import PyTree

from collapsebench.parts.data import Data, has_rows
from collapsebench.parts.part import Part
from collapsebench.specs.pytree import Count, Key, Number, spec, static


@spec
class Pool:
    """All data so far: a Summary, or a buffer of fixed capacity whose synthetic rows start at row `first`."""

    data: PyTree
    first: int = static(0)

    @classmethod
    def of(cls, real: PyTree, generations: int, capacity: Number) -> Pool:
        """A pool with the real data and room for `generations - 1` synthetic sets of `capacity` rows."""
        if not has_rows(real):
            return cls(real)
        return cls(real.pad(real.capacity + (generations - 1) * int(capacity)), real.capacity)

    def add(self, synthetic: PyTree, t: Count) -> Pool:
        """The pool with the synthetic set of generation t = 1, 2, ... added."""
        row = self.first + (t - 1) * synthetic.capacity if has_rows(synthetic) else 0
        return Pool(self.data.append(synthetic, row), self.first)


class Regime(Part):
    """Base class of regimes, which make each training set. A derived class defines `update`, and `init` for a pool."""

    noun = "regime"
    needs_samples: ClassVar[bool] = False
    """whether it needs single rows, so that a Summary cannot serve"""
    replaces: ClassVar[bool] = False
    """whether a generation trains on the last model's draws only"""
    watches: ClassVar[bool] = False
    """whether its pool is to see the generations before its turn, where it comes after another regime"""
    models: int = 1
    """number of last models that the synthetic data are drawn from, in equal parts"""

    def capacity(self, n: Number, generations: int) -> Number:
        """Rows of the largest synthetic set of a run."""
        return n

    def synthetic_size(self, n: Number, t: Count) -> Number:
        """Synthetic rows that generation t trains on; at most `capacity`."""
        return n

    def fresh_capacity(self, n: Number) -> Number:
        """Rows of the largest set of fresh real data in a run; 0: none is drawn."""
        return 0

    def fresh_size(self, n: Number, t: Count) -> Number:
        """Fresh real rows that generation t receives; at most `fresh_capacity`."""
        return self.fresh_capacity(n)

    def init(self, real: Data, generations: int, capacity: Number) -> PyTree:
        """The pool before generation 1; by default empty. `capacity` is that of a synthetic set."""
        return ()

    def update(self, key: Key, pool: PyTree, synthetic: Data, fresh: PyTree, t: Count) -> tuple[PyTree, Data]:
        """The pool with generation t's synthetic and fresh real data, and the training set of generation t."""
        raise self.refuse("it needs a method update(key, pool, synthetic, fresh, t)")
