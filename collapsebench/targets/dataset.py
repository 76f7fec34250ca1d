"""Data set as a target: real rows are resampled, and a fifth is held out for the metrics."""

from __future__ import annotations

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench import datasets
from collapsebench.datasets.local import is_file, load_file
from collapsebench.maths.distributions.rows import Rows, check_size, split_rows
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Name, spec, static
from collapsebench.specs.registry import TARGETS


@TARGETS.register("dataset")
@spec
class Dataset(Target):
    """Rows of a data set or file, standardised, or their first `dim` principal components (unit variance on average).

    name: one of `collapsebench list datasets`, or a file of your own, .csv or .npy, with one row per line.

    A sample is rows without replacement, up to as many as there are; asking for more goes round again. An infinite
    sample is all of the rows, equally often. A fifth of the rows, the same on every machine, are held out for the
    metrics. There is no log density.
    """

    name: str = static("iris")
    dim: int = static(4)

    has_density = False
    prepares = True

    def prepare(self) -> Rows:
        """Target with its rows read. Raises RequestError for a data set that is not available."""
        train, held_out = _rows(self.name, self.dim)
        return Rows(jnp.asarray(train), jnp.asarray(held_out), self.dim)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an experiment that real rows cannot serve."""
        check_size(experiment, self.name, *map(len, _rows(self.name, self.dim)))

    def sample(self, key: Key, n: int) -> Float[Array, "n d"]:
        return self.prepare().sample(key, n)


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
    train, held_out = (x[index] for index in split_rows(len(x)))
    if dim < features and dim > len(train):
        raise RequestError(f"target.dim = {dim}: {name} has {len(train)} rows for models, so 1 to {len(train)}")
    if dim < features:
        components = datasets.pca(train, dim)
        train, held_out = components.transform(train), components.transform(held_out)
        scale = np.full(dim, np.sqrt(train.var(axis=0).mean()))  # one scale for all: the spectrum's shape is kept
    else:
        scale = np.where(train.std(axis=0) > 0, train.std(axis=0), 1)
    centre = train.mean(axis=0)
    return ((train - centre) / scale).astype(np.float32), ((held_out - centre) / scale).astype(np.float32)
