"""Data set as a target: real rows are resampled, and a fifth is held out for the metrics."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench import datasets
from collapsebench.datasets.lines import where_of
from collapsebench.datasets.own import Own, is_own, own
from collapsebench.maths.distributions.rows import Rows, check_size, split_rows
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError, counted
from collapsebench.specs.pytree import FoundSize, FoundWord, Key, Name, Unnamed, spec, static
from collapsebench.specs.registry import TARGETS


@TARGETS.register("dataset")
@spec
class Dataset(Target):
    """Rows of a data set or file, standardised, or their first `dim` principal components (unit variance on average).

    name: one of `collapsebench list datasets`, or a file of your own, .csv, .npy, .parquet or .jsonl, with one row per
    line. dim: if it is not named, the number of columns of a file, and 4 of a data set. Of a file's columns, by name:
    columns: those that are used (None: all others). weight: how often each row counts; rows are then drawn with
    replacement in proportion to it. group: rows with one value are held out together. order: the last fifth by it is held
    out. sha256: of the file's rows, found by an Experiment; a file with other rows is then refused (None: any).

    A sample is rows without replacement, up to as many as there are; asking for more goes round again. An infinite
    sample is all of the rows, equally often. A fifth of the rows, the same on every machine, are held out for the
    metrics. There is no log density.
    """

    name: str = static("iris")
    dim: int = static(Unnamed(4))
    columns: tuple[str, ...] | None = static(None)
    weight: str | None = static(None)
    group: str | None = static(None)
    order: str | None = static(None)
    sha256: str | None = static(None)

    has_density = False
    prepares = True

    def prepare(self) -> Rows:
        """Target with its rows read. Raises RequestError for a data set that is not available, or that has changed."""
        self._compare()
        rows = _prepared(self._chosen(), self.dim)
        weights = (None if w is None else jnp.asarray(w, jnp.float32) for w in (rows.weights, rows.held_out_weights))
        return Rows(jnp.asarray(rows.train), jnp.asarray(rows.held_out), self.dim, *weights)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an experiment that real rows cannot serve, or a file whose rows are not `sha256`."""
        self._compare()
        rows = _prepared(self._chosen(), self.dim)
        most = len(rows.train) if rows.weights is None else experiment.n  # with replacement there is no end
        check_size(experiment, self.name, most, len(rows.held_out))

    def pinned(self) -> Target:  # type: ignore[override]
        """The same target with its number of dimensions and, of a file, the digest of its rows.

        Of a single column of words it is the target `categorical`, with their frequencies.
        """
        if not is_own(self.name):
            if options := [field for field in ("columns", "weight", "group", "order") if getattr(self, field)]:
                raise RequestError(f"target.{options[0]}: {self.name} has no names of columns; a file has")
            return dataclasses.replace(self, dim=FoundSize(self.dim) if isinstance(self.dim, Unnamed) else self.dim)
        rows = _own(self.name)
        used = self._used(rows)
        if len(used) == 1 and used[0] in rows.words:
            return self._categories(rows, used[0])
        dim = FoundSize(len(used)) if isinstance(self.dim, Unnamed) else self.dim
        return dataclasses.replace(self, dim=dim, sha256=self.sha256 or FoundWord(rows.sha256))

    def _used(self, rows: Own) -> tuple[str, ...]:
        aside = {self.weight, self.group, self.order}
        used = self.columns if self.columns is not None else tuple(n for n in rows.columns if n not in aside)
        if not used:
            raise RequestError(f"target.columns: no column of {self.name} is left for the rows")
        return tuple(used)

    def _categories(self, rows: Own, column: str) -> Target:
        """The target `categorical`, the most frequent of them first."""
        values = rows.columns[column].astype(str)
        w = None if self.weight is None else _weights_of(rows, self.weight)
        names, of = np.unique(values, return_inverse=True)
        counts = np.bincount(of, w, len(names))
        order = np.argsort(-counts, kind="stable")
        shares = tuple(float(share) for share in counts[order] / counts.sum())
        return TARGETS.get("categorical")(len(names), shares, tuple(map(str, names[order])))

    def rows(self) -> int | None:
        return None if self.weight else len(_prepared(self._chosen(), self.dim).train)

    def held_out_rows(self) -> int:
        return len(_prepared(self._chosen(), self.dim).held_out)

    def described(self) -> dict[str, object]:
        """Digest, size, and the names of a file's columns with their quantiles."""
        if not is_own(self.name):
            return {}
        rows = _own(self.name)
        return {"sha256": rows.sha256, "rows": len(rows), "columns": rows.summary()}

    def _compare(self) -> None:
        if self.sha256 is None:
            return
        found = _own(self.name).sha256 if is_own(self.name) else _named(self.name).sha256
        if self.sha256 != found:
            raise RequestError(
                f"target.name = {self.name}: its rows are {found[:16]}, not {self.sha256[:16]}: they changed"
            )

    def _chosen(self) -> _Chosen:
        if not is_own(self.name):
            return _of_named(self.name)
        rows = _own(self.name)
        return _of_own(rows, self._used(rows), self.weight, self.group, self.order)

    def sample(self, key: Key, n: int) -> Float[Array, "n d"]:
        return self.prepare().sample(key, n)


@dataclasses.dataclass(frozen=True, eq=False)
class _Chosen:
    """The columns that are used, float64 [rows, features], the weights, and the indices for models and held out."""

    name: str
    x: np.ndarray
    weights: np.ndarray | None
    train: np.ndarray
    held_out: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class _Prepared:
    """Rows for models and held out, float32 [rows, dim], and their weights."""

    train: np.ndarray
    held_out: np.ndarray
    weights: np.ndarray | None
    held_out_weights: np.ndarray | None


def _own(name: str) -> Own:
    try:
        return own(name)
    except ValueError as error:
        raise RequestError(f"target.name = {error}") from error


@lru_cache
def _named(name: str) -> datasets.Table:
    try:
        return datasets.load(str(Name(name)))
    except ValueError as error:
        raise RequestError(f"target.name = {name}: {error}") from error


@lru_cache
def _of_named(name: str) -> _Chosen:
    x = np.asarray(_named(name).x, np.float64)
    return _Chosen(name, x, None, *split_rows(len(x)))


@lru_cache(maxsize=8)
def _of_own(rows: Own, used: tuple[str, ...], weight: str | None, group: str | None, order: str | None) -> _Chosen:
    with _told(rows):
        x = rows.numbers(used)
        by = None if group is None else rows.column(group, "group")
        after = None if order is None else rows.column(order, "order")
    weights = None if weight is None else _weights_of(rows, weight)
    return _Chosen(rows.name, x, weights, *split_rows(len(x), by, after))


@contextlib.contextmanager
def _told(rows: Own) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise RequestError(f"target.name = {rows.name}: {error}") from None


def _weights_of(rows: Own, name: str) -> np.ndarray:
    with _told(rows):
        column = rows.numbers((name,), "weight")[:, 0]
        if (column < 0).any():
            row = int(np.argmax(column < 0))
            where = f"{where_of(rows.name, row)}, column {list(rows.columns).index(name) + 1} ({name!r})"
            raise ValueError(f"{where} is {column[row]:g}; a weight counts rows, so it is at least 0")
        if not column.sum() > 0:
            raise ValueError(f"all weights {name!r} are 0")
    return column


@lru_cache(maxsize=16)
def _prepared(chosen: _Chosen, dim: int) -> _Prepared:
    """Rows in `dim` components: standardised by the rows for models, or their principal components."""
    features, name = chosen.x.shape[1], chosen.name
    if not 1 <= dim <= features:
        raise RequestError(f"target.dim = {dim}: {name} has {counted(features, 'feature')}, so 1 to {features}")
    train, held_out = chosen.x[chosen.train], chosen.x[chosen.held_out]
    w, held_w = (None, None) if chosen.weights is None else (chosen.weights[i] for i in (chosen.train, chosen.held_out))
    for part, each in (("models", w), ("metrics", held_w)):
        if each is not None and not each.any():
            raise RequestError(f"target.weight: all rows of {name} for {part} have weight 0")
    if dim < features and dim > len(train):
        raise RequestError(
            f"target.dim = {dim}: {name} has {counted(len(train), 'row')} for models, so 1 to {len(train)}"
        )
    if dim < features:
        try:
            components = datasets.pca(train, dim)
        except ValueError as error:
            raise RequestError(
                f"target.dim = {dim}: the {counted(len(train), 'row')} of {name} for models: {error}"
            ) from None
        train, held_out = components.transform(train), components.transform(held_out)
        centre, spread = _centre(train, w)
        scale = np.full(dim, np.sqrt((spread**2).mean()))  # one scale for all: the spectrum's shape is kept
    else:
        centre, scale = _centre(train, w)
        constant = np.ptp(train, axis=0) <= 8 * np.finfo(np.float64).eps * np.abs(train).max(axis=0)
        centre, scale = np.where(constant, train[0], centre), np.where(constant, 1, scale)
    train, held_out = (((rows - centre) / scale).astype(np.float32) for rows in (train, held_out))
    return _Prepared(train, held_out, w, held_w)


def _centre(x: np.ndarray, w: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of columns."""
    if w is None:
        return x.mean(axis=0), x.std(axis=0)
    centre = np.average(x, axis=0, weights=w)
    return centre, np.sqrt(np.average((x - centre) ** 2, axis=0, weights=w))
