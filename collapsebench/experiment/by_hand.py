"""Fit, draws and log density of one model outside the loop; NumPy in and out."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree
from numpy.typing import ArrayLike

from collapsebench.experiment.experiment import build_part
from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.streams import Stream, key_for, root_key
from collapsebench.parts.data import Batch, Kind
from collapsebench.parts.model import Model
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key


def _batch(model: Model, data: PyTree, weights: ArrayLike | None) -> Batch:
    def rows(leaf: Any) -> PyTree:
        array = np.asarray(leaf)
        return jnp.asarray(array if np.issubdtype(array.dtype, np.integer) else array.astype(jnp.result_type(float)))

    try:
        x = jax.tree.map(rows, np.asarray(data) if isinstance(data, list | tuple) else data)
    except (TypeError, ValueError) as error:
        raise RequestError(f"data: it must be an array of numbers ({error})") from error
    first = jax.tree.leaves(x)[0]
    if not first.ndim:
        raise RequestError(f"data: it must be an array of rows, not the number {first}")
    dim = model.dim
    if model.kind == Kind.VECTOR:
        x = first[:, None] if first.ndim == 1 else first
        x = x.astype(jnp.result_type(float))
        if dim is not None and x.shape[1] != dim:
            raise RequestError(f"data: it has {x.shape[1]} columns, but model.dim = {dim}")
    if not len(first):
        raise RequestError("data: it has no rows")
    if not all(np.isfinite(np.asarray(leaf)).all() for leaf in jax.tree.leaves(x)):
        raise RequestError("data: it has numbers that are NaN or infinite; leave those rows out")
    w = np.ones(len(first)) if weights is None else np.asarray(weights)
    if w.shape != (len(first),) or (w < 0).any() or not w.sum() > 0:
        raise RequestError(f"weights: they must be {len(first)} numbers of at least 0, not all 0")
    return Batch(x, jnp.asarray(w, jnp.result_type(float)))


def _as_weights(weights: ArrayLike) -> np.ndarray:
    try:
        return np.asarray(weights, float)
    except (TypeError, ValueError) as error:
        raise RequestError(f"weights: they must be an array of numbers ({error})") from error


def fit(model: Model | type[Model] | str, data: PyTree, seed: int = 0, *, weights: ArrayLike | None = None) -> PyTree:
    """Parameters of `model` (a spec or its name), fitted to data [n] or [n, dim] (or the model's own layout).

    Raises RequestError for data of the wrong shape.
    """
    built: Model = build_part("model", model)
    batch = _batch(built, data, None if weights is None else _as_weights(weights))
    key = root_key(seed, "by hand")
    return _fit(as_leaves(built), key, batch)


@jax.jit
def _fit(model: Model, key: Key, batch: Batch) -> PyTree:
    return model.fit(key_for(key, Stream.FIT), model.init(key_for(key, Stream.INIT)), batch)


def sample(model: Model | type[Model] | str, params: PyTree, n: int, seed: int = 0) -> PyTree:
    """n draws from a fitted model, as NumPy. Raises RequestError unless n is a whole number of at least 0."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
        raise RequestError(f"n = {n!r}: it must be a whole number of draws, at least 0")
    model = as_leaves(build_part("model", model))
    key = key_for(root_key(seed, "by hand"), Stream.SAMPLE)
    return jax.tree.map(np.asarray, _sample(model, key, params, n))


@partial(jax.jit, static_argnames="n")
def _sample(model: Model, key: Key, params: PyTree, n: int) -> PyTree:
    return model.sample(key, params, n)


def log_prob(model: Model | type[Model] | str, params: PyTree, x: PyTree) -> np.ndarray:
    """Log density or log mass of each row of x, in nats, as NumPy."""
    built: Model = build_part("model", model)
    return np.asarray(_log_prob(as_leaves(built), params, _batch(built, x, None).x))


@jax.jit
def _log_prob(model: Model, params: PyTree, x: PyTree) -> PyTree:
    return model.log_prob(params, x)
