"""Data set as a target: real rows are resampled, and a fifth is held out for the metrics."""

from __future__ import annotations

import dataclasses
from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench import datasets
from collapsebench.datasets.local import is_file, load_file
from collapsebench.datasets.source import Table
from collapsebench.maths.distributions.rows import Rows, check_size, split_rows
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Name, UnnamedWord, spec, static
from collapsebench.specs.registry import TARGETS


@TARGETS.register("dataset")
@spec
class Dataset(Target):
    """Rows of a data set or file, standardised, or their first `dim` principal components (unit variance on average).

    name: one of `collapsebench list datasets`, or a file of your own, .csv or .npy, with one row per line. sha256: of the
    file's rows, found by an Experiment; a file with other rows is then refused (None: any).

    A sample is rows without replacement, up to as many as there are; asking for more goes round again. An infinite
    sample is all of the rows, equally often. A fifth of the rows, the same on every machine, are held out for the
    metrics. There is no log density.
    """

    name: str = static("iris")
    dim: int = static(4)
    sha256: str | None = static(None)

    has_density = False
    prepares = True

    def prepare(self) -> Rows:
        """Target with its rows read. Raises RequestError for a data set that is not available, or that has changed."""
        self._compare()
        train, held_out = _rows(self.name, self.dim)
        return Rows(jnp.asarray(train), jnp.asarray(held_out), self.dim)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an experiment that real rows cannot serve, or a file whose rows are not `sha256`."""
        self._compare()
        check_size(experiment, self.name, *map(len, _rows(self.name, self.dim)))

    def pinned(self) -> Dataset:
        """The same target with the digest of its rows, where they are a file's."""
        if not is_file(self.name) or self.sha256 is not None:
            return self
        return dataclasses.replace(self, sha256=UnnamedWord(_table(self.name).sha256))

    def held_out_rows(self) -> int:
        return len(_rows(self.name, self.dim)[1])

    def _compare(self) -> None:
        if self.sha256 is not None and self.sha256 != (found := _table(self.name).sha256):
            raise RequestError(
                f"target.name = {self.name}: its rows are {found[:16]}, not {self.sha256[:16]}: they changed"
            )

    def sample(self, key: Key, n: int) -> Float[Array, "n d"]:
        return self.prepare().sample(key, n)


@cache
def _table(name: str) -> Table:
    try:
        return load_file(name) if is_file(name) else datasets.load(str(Name(name)))
    except ValueError as error:
        raise RequestError(f"target.name = {name}: {error}") from error


@cache
def _rows(name: str, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows for training, rows held out), float32, in `dim` components."""
    x = np.asarray(_table(name).x, np.float64)
    features = x.shape[1]
    if not 1 <= dim <= features:
        raise RequestError(f"target.dim = {dim}: {name} has {features} features, so 1 to {features}")
    train, held_out = (x[index] for index in split_rows(len(x)))
    if dim < features and dim > len(train):
        raise RequestError(f"target.dim = {dim}: {name} has {len(train)} rows for models, so 1 to {len(train)}")
    if dim < features:
        try:
            components = datasets.pca(train, dim)
        except ValueError as error:
            raise RequestError(f"target.dim = {dim}: the {len(train)} rows of {name} for models: {error}") from None
        train, held_out = components.transform(train), components.transform(held_out)
        scale = np.full(dim, np.sqrt(train.var(axis=0).mean()))  # one scale for all: the spectrum's shape is kept
        return ((train - train.mean(axis=0)) / scale).astype(np.float32), (
            (held_out - train.mean(axis=0)) / scale
        ).astype(np.float32)
    centre, scale = train.mean(axis=0), train.std(axis=0)
    constant = np.ptp(train, axis=0) <= 8 * np.finfo(np.float64).eps * np.abs(train).max(axis=0)
    centre, scale = np.where(constant, train[0], centre), np.where(constant, 1, scale)
    return ((train - centre) / scale).astype(np.float32), ((held_out - centre) / scale).astype(np.float32)
