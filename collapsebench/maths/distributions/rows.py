"""Real rows as a distribution to draw from: those that models may see, and those that only metrics see."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int

from collapsebench.parts.data import POPULATION, Batch, Data
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static

HELD_OUT = 0.2
"""Share of the rows that only metrics see; the same rows on every machine."""


def split_rows(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows for models, rows held out), the same on every machine."""
    order = np.random.default_rng(0).permutation(rows)
    held = round(HELD_OUT * rows)
    return order[held:], order[:held]


@spec
class Rows(Target):
    """Prepared real rows, and those held out; a leaf of either has leading axis rows."""

    train: Any
    held_out: Any
    dim: int = static(1)

    has_density = False

    def sample(self, key: Key, n: int) -> Any:
        """n rows without replacement; beyond as many as there are it goes round again."""
        return _some(key, self.train, n)

    def sample_holdout(self, key: Key, n: int) -> Any:
        """n of the rows that no model ever sees."""
        return _some(key, self.held_out, n)

    def expect(self, n: Any, summary: Any) -> Data:
        """Every row once: what an infinite sample looks like, weighing as n rows."""
        first = jax.tree.leaves(self.train)[0]
        return Batch(self.train, jnp.full(first.shape[0], 1 / first.shape[0], first.dtype)).scale(n * POPULATION)


def _some(key: Key, rows: Any, n: int) -> Any:
    index = _without_replacement(key, jax.tree.leaves(rows)[0].shape[0], n)
    return jax.tree.map(lambda a: a[index], rows)


def _without_replacement(key: Key, rows: int, n: int) -> Int[Array, " n"]:
    return jnp.resize(jax.random.permutation(key, rows), (n,))


def check_size(experiment: Any, name: str, rows: int, held_out: int) -> None:
    """Raise RequestError for more real rows, or more rows held out, than there are."""
    n_real = experiment.n if experiment.n_real is None else experiment.n_real
    if experiment.handover.infinite:
        n_real = 0  # all rows, whatever they weigh
    for field, value, most in (("n_real", n_real, rows), ("holdout", experiment.holdout, held_out)):
        if value > most:
            raise RequestError(f"{field} = {value}: {name} has {most} rows for it (holdout keeps {HELD_OUT:.0%})")
