"""Fit, draws and log density of one model outside the loop; NumPy in and out."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from collapsebench.experiment.experiment import build_part
from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.streams import Stream, key_for, root_key
from collapsebench.parts.data import Batch, Kind
from collapsebench.specs.errors import RequestError


def _batch(model: Any, data: Any, weights: Any) -> Batch:
    def rows(leaf: Any) -> Any:
        array = np.asarray(leaf)
        return jnp.asarray(array if np.issubdtype(array.dtype, np.integer) else array.astype(jnp.result_type(float)))

    try:
        x = jax.tree.map(rows, np.asarray(data) if isinstance(data, list | tuple) else data)
    except (TypeError, ValueError) as error:
        raise RequestError(f"data: it must be an array of numbers ({error})") from error
    first = jax.tree.leaves(x)[0]
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


def fit(model: Any, data: Any, seed: int = 0, *, weights: Any = None) -> Any:
    """Parameters of `model` (a spec or its name), fitted to data [n] or [n, dim] (or the model's own layout).

    Raises RequestError for data of the wrong shape.
    """
    model = build_part("model", model)
    batch = _batch(model, data, weights)
    key = root_key(seed, "by hand")
    return _fit(as_leaves(model), key, batch)


@jax.jit
def _fit(model: Any, key: Any, batch: Batch) -> Any:
    return model.fit(key_for(key, Stream.FIT), model.init(key_for(key, Stream.INIT)), batch)


def sample(model: Any, params: Any, n: int, seed: int = 0) -> Any:
    """n draws from a fitted model, as NumPy."""
    model = as_leaves(build_part("model", model))
    key = key_for(root_key(seed, "by hand"), Stream.SAMPLE)
    return jax.tree.map(np.asarray, _sample(model, key, params, n))


@partial(jax.jit, static_argnames="n")
def _sample(model: Any, key: Any, params: Any, n: int) -> Any:
    return model.sample(key, params, n)


def log_prob(model: Any, params: Any, x: Any) -> np.ndarray:
    """Log density or log mass of each row of x, in nats, as NumPy."""
    model = build_part("model", model)
    return np.asarray(_log_prob(as_leaves(model), params, _batch(model, x, None).x))


@jax.jit
def _log_prob(model: Any, params: Any, x: Any) -> Any:
    return model.log_prob(params, x)
