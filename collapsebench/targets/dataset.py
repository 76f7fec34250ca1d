"""Real data as a target: rows are resampled, and some are held out for the metrics."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from collapsebench import datasets
from collapsebench.datasets.local import is_file, load_file
from collapsebench.errors import RequestError
from collapsebench.registry import TARGETS
from collapsebench.types import Batch, Key, Name, spec, static

HELD_OUT = 0.2
"""Share of the rows that only metrics see; the same rows on every machine."""


@TARGETS.register("dataset")
@spec
class Dataset:
    """A data set by name or file, standardised, or in its first `dim` principal components (unit variance on average).

    name: one of `collapsebench list datasets`, or a file of your own, .csv or .npy, with one row per line.

    A sample is rows without replacement, up to as many as there are; asking for more goes round again. An infinite
    sample is all of the rows, equally often. A fifth of the rows, the same on every machine, are held out for the
    metrics. There is no log density.
    """

    name: str = static("iris")
    dim: int = static(4)

    has_density: ClassVar[bool] = False

    def prepare(self) -> Rows:
        """The target with its rows read. Raises RequestError when the data set is not to be had."""
        train, held_out = _rows(self.name, self.dim)
        return Rows(jnp.asarray(train), jnp.asarray(held_out), self.dim)

    def check(self, experiment: Any) -> None:
        """Raise RequestError for what real rows cannot do."""
        train, held_out = _rows(self.name, self.dim)
        n_real = experiment.n if experiment.n_real is None else experiment.n_real
        if experiment.handover == "population":
            n_real = 0  # all rows, whatever they weigh
        for field, value, most in (("n_real", n_real, len(train)), ("holdout", experiment.holdout, len(held_out))):
            if value > most:
                raise RequestError(
                    f"{field} = {value}: {self.name} has {most} rows for it (holdout keeps {HELD_OUT:.0%})"
                )

    def sample(self, key: Key, n: int) -> Float[Array, "n d"]:
        return self.prepare().sample(key, n)

    def log_prob(self, x: Any) -> Any:
        raise RequestError(f"target = dataset: {self.name} is rows, and has no log density")


@spec
class Rows:
    """A prepared data set: standardised rows, and those held out."""

    train: Float[Array, "rows d"]
    held_out: Float[Array, "held d"]
    dim: int = static(1)

    def sample(self, key: Key, n: int) -> Float[Array, "n d"]:
        return self.train[_without_replacement(key, self.train.shape[0], n)]

    def nodes(self) -> Batch:
        """Every row once: what an infinite sample looks like. Weights sum to 1."""
        rows = self.train.shape[0]
        return Batch(self.train, jnp.full(rows, 1 / rows, self.train.dtype))

    def sample_holdout(self, key: Key, n: int) -> Float[Array, "n d"]:
        """n of the rows that no model ever sees."""
        return self.held_out[_without_replacement(key, self.held_out.shape[0], n)]

    def log_prob(self, x: Any) -> Any:
        raise RequestError("target = dataset: it is rows, and has no log density")


def _without_replacement(key: Key, rows: int, n: int) -> Int[Array, " n"]:
    return jnp.resize(jax.random.permutation(key, rows), (n,))


@cache
def _rows(name: str, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows for training, rows held out), float32, in `dim` components."""
    try:
        table = load_file(name) if is_file(name) else datasets.load(str(Name(name)))
    except ValueError as error:
        raise RequestError(f"target.name = {name}: {error}") from error
    x = np.asarray(table.x, np.float64)
    features = x.shape[1]
    if not 1 <= dim <= features:
        raise RequestError(f"target.dim = {dim}: {name} has {features} features, so 1 to {features}")
    order = np.random.default_rng(0).permutation(len(x))
    held = round(HELD_OUT * len(x))
    train, held_out = x[order[held:]], x[order[:held]]
    if dim < features:
        components = datasets.pca(train, dim)
        train, held_out = components.transform(train), components.transform(held_out)
        scale = np.full(dim, np.sqrt(train.var(axis=0).mean()))  # one scale for all: the spectrum's shape is kept
    else:
        scale = np.where(train.std(axis=0) > 0, train.std(axis=0), 1)
    centre = train.mean(axis=0)
    return ((train - centre) / scale).astype(np.float32), ((held_out - centre) / scale).astype(np.float32)
