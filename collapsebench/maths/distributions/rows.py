"""Targets that are finite data sets, split into rows that models see and held-out rows that only metrics see."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, PyTree

from collapsebench.maths.samplers import choose_rows
from collapsebench.parts.data import POPULATION, Batch, Data
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError, counted
from collapsebench.specs.pytree import Key, Number, spec, static

HELD_OUT = 0.2
"""Share of the rows that only metrics see; the same rows on every machine."""


def split_rows(
    rows: int, group: np.ndarray | None = None, after: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Indices (of rows for models, of held-out rows), the same on every machine.

    group [rows]: rows with one value are on one side. after [rows]: the last ones by it are held out, ties by row.
    Raises RequestError where all rows are of one group.
    """
    held = round(HELD_OUT * rows)
    order = np.random.default_rng(0).permutation(rows)
    if after is not None:
        order = np.argsort(after, kind="stable")[::-1]
    if group is None:
        return order[held:], order[:held]
    _, first, of = np.unique(group, return_index=True, return_inverse=True)
    if len(first) < 2:
        raise RequestError("target.group: all rows are of one group, so that none can be held out")
    place = np.empty(rows, int)
    place[order] = np.arange(rows)
    turn = np.full(len(first), rows)
    np.minimum.at(turn, of, place)  # groups in the order of their first row
    sizes, kept, total = np.bincount(of), np.zeros(len(first), bool), 0
    for each in np.argsort(turn):
        if total + sizes[each] <= held:
            kept[each], total = True, total + sizes[each]
    if not total:
        kept[np.argmin(sizes)] = True
    out = kept[of]
    return order[~out[order]], order[out[order]]


@spec
class Rows(Target):
    """Target of prepared real rows with a held-out part; every leaf of either has leading axis rows.

    weights, held_out_weights: how often each row counts [rows] (None: once).
    """

    train: Any
    held_out: Any
    dim: int = static(1)
    weights: Array | None = None
    held_out_weights: Array | None = None

    has_density = False

    def sample(self, key: Key, n: int) -> PyTree:
        """n rows without replacement, in the same order again if there are fewer; by weight, if any, with replacement."""
        return _some(key, self.train, self.weights, n)

    def sample_holdout(self, key: Key, n: int) -> PyTree:
        """n held-out rows, which no model sees."""
        return _some(key, self.held_out, self.held_out_weights, n)

    def expect(self, n: Number, summary: Any) -> Data:
        """Every row once with its weight, together weighing n rows of an infinite sample."""
        first = jax.tree.leaves(self.train)[0]
        w = jnp.ones(first.shape[0], first.dtype) if self.weights is None else jnp.asarray(self.weights, first.dtype)
        return Batch(self.train, w / w.sum()).scale(n * POPULATION)


def _some(key: Key, rows: PyTree, weights: Array | None, n: int) -> Any:
    count = jax.tree.leaves(rows)[0].shape[0]
    index = _without_replacement(key, count, n) if weights is None else choose_rows(key, weights, n)
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
            raise RequestError(
                f"{field} = {value}: {name} has {counted(most, 'row')} for it (holdout keeps {HELD_OUT:.0%})"
            )
