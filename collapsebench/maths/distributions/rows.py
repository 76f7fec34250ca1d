"""Targets that are finite data sets, split into rows that models see and held-out rows that only metrics see."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PyTree

from collapsebench.parts.data import POPULATION, Batch, Data
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Number, spec, static

HELD_OUT = 0.2
"""Share of the rows that only metrics see; the same rows on every machine."""


def split_rows(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices (of rows for models, of held-out rows), the same on every machine."""
    order = np.random.default_rng(0).permutation(rows)
    held = round(HELD_OUT * rows)
    return order[held:], order[:held]


@spec
class Rows(Target):
    """Target of prepared real rows with a held-out part; every leaf of either has leading axis rows."""

    train: Any
    held_out: Any
    dim: int = static(1)

    has_density = False

    def sample(self, key: Key, n: int) -> PyTree:
        """n rows without replacement, repeated in the same order if n exceeds the number of rows."""
        return _some(key, self.train, n)

    def sample_holdout(self, key: Key, n: int) -> PyTree:
        """n held-out rows, which no model sees."""
        return _some(key, self.held_out, n)

    def expect(self, n: Number, summary: Any) -> Data:
        """Every row once with equal weight, together weighing n rows of an infinite sample."""
        first = jax.tree.leaves(self.train)[0]
        return Batch(self.train, jnp.full(first.shape[0], 1 / first.shape[0], first.dtype)).scale(n * POPULATION)


def _some(key: Key, rows: PyTree, n: int) -> Any:
    index = _without_replacement(key, jax.tree.leaves(rows)[0].shape[0], n)
    return jax.tree.map(lambda a: a[index], rows)


def _without_replacement(key: Key, rows: int, n: int) -> Int[Array, " n"]:
    return jnp.resize(jax.random.permutation(key, rows), (n,))


def check_size(experiment: Any, name: str, rows: int, held_out: int) -> None:
    """Raise RequestError if an experiment uses more real rows or holdout rows than the data set has."""
    n_real = experiment.n if experiment.n_real is None else experiment.n_real
    if experiment.handover.infinite:
        n_real = 0  # all rows, whatever they weigh
    for field, value, most in (("n_real", n_real, rows), ("holdout", experiment.holdout, held_out)):
        if value > most:
            raise RequestError(f"{field} = {value}: {name} has {most} rows for it (holdout keeps {HELD_OUT:.0%})")
