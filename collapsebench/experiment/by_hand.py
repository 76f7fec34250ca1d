"""Fit, draws and log density of one model outside the loop; NumPy in and out."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree
from numpy.typing import ArrayLike

from collapsebench.datasets.given import LARGEST, SMALLEST, as_numbers, check_float32, whole
from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.streams import Stream, key_for, root_key
from collapsebench.parts.checks import build_part
from collapsebench.parts.data import Batch, Kind
from collapsebench.parts.model import Model
from collapsebench.specs.errors import RequestError, counted, shown
from collapsebench.specs.fields import as_number
from collapsebench.specs.names import spec_name
from collapsebench.specs.pytree import Key


def _key(seed: int) -> Key:
    """The root key of a seed. Raises RequestError for what is no seed."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise RequestError(f"seed = {shown(seed)}: it must be a whole number of at least 0 and below 2**64")
    return root_key(int(seed), "by hand")


def _params(model: Model, params: PyTree) -> PyTree:
    """Parameters of a model, as `fit` gives them. Raises RequestError for those of another, or for none."""
    wanted = jax.eval_shape(model.init, jax.eval_shape(partial(root_key, 0, "by hand")))
    try:
        leaves: list[object] = jax.tree.leaves(params)
        found: Any = jax.tree.structure(params)
        fits = found == jax.tree.structure(wanted) and all(as_number(leaf) is not None for leaf in leaves)
    except ValueError:  # a dict whose keys have no order
        fits = False
    if not fits:
        raise RequestError(
            f"params = {shown(params)}: they are no parameters of {spec_name(model)}, as cb.fit gives them"
        )
    return params


def _rows(model: Model, data: PyTree, *, to_fit: bool) -> PyTree:
    """A person's rows in the layout of the model. Raises RequestError for what is outside its kind or, to fit, family."""
    try:
        x = {name: as_numbers(leaf) for name, leaf in data.items()} if isinstance(data, dict) else as_numbers(data)
        x = _laid_out(model, x)
        if to_fit and (why := model.outside(x)):
            raise ValueError(why)
        if to_fit and jnp.result_type(float) != jnp.float64:
            for leaf in jax.tree.leaves(x):
                check_float32(leaf)
    except ValueError as error:
        raise RequestError(f"data: {error}") from None
    return x


def _batch(model: Model, data: PyTree, weights: ArrayLike | None) -> Batch:
    """A person's rows and weights as a Batch. Raises RequestError, one line, for what cannot be fitted."""
    x = _rows(model, data, to_fit=True)
    first = jax.tree.leaves(x)[0]
    try:
        w = np.ones(len(first)) if weights is None else as_numbers(weights).astype(np.float64)
    except ValueError as error:
        raise RequestError(f"weights: {error}") from None
    if w.shape != (len(first),) or (w < 0).any() or not w.sum() > 0:
        raise RequestError(f"weights: they must be {counted(len(first), 'number')} of at least 0, not all 0")
    if not SMALLEST < w.max() <= w.sum() < LARGEST:
        raise RequestError(f"weights: their sum is {w.sum():.3g}; a weight counts rows, so divide all by one number")
    return Batch(jax.tree.map(_as_jax, x), jnp.asarray(w, jnp.result_type(float)))


def _laid_out(model: Model, x: PyTree) -> PyTree:
    """Rows in the layout of the model's kind, whole numbers as int32. Raises ValueError."""
    kind = Kind(model.kind)
    wanted = {Kind.LABELLED: ("x", "y"), Kind.CAPTIONED: ("x", "caption")}.get(kind)
    if wanted is None and isinstance(x, dict):
        raise ValueError(f"the model learns {kind} data, which is one array and not a dict")
    if wanted is not None:
        if not isinstance(x, dict) or set(x) != set(wanted):
            raise ValueError(f"the model learns {kind} data, a dict of {' and '.join(wanted)}")
        if len({np.shape(leaf)[:1] for leaf in x.values()}) != 1 or any(leaf.ndim == 0 for leaf in x.values()):
            raise ValueError(f"{' and '.join(wanted)} must have as many rows as each other")
    first = jax.tree.leaves(x)[0]
    if first.ndim == 0 or not len(first):
        raise ValueError("it has no rows")
    if kind == Kind.COUNT:
        return whole(_flat(x), 0, 2**31 - 1, "counts")
    if kind == Kind.SYMBOL:
        return whole(_flat(x), 0, (model.classes or 2**31) - 1, "symbols")
    if wanted is not None:
        wide = x["x"][:, None] if x["x"].ndim == 1 else x["x"]
        labels = x["y"] if kind == Kind.LABELLED else whole(x["caption"], 0, 2**31 - 1, "captions")
        return {"x": _columns(model, wide), wanted[1]: labels}
    return _columns(model, x[:, None] if x.ndim == 1 else x)


def _columns(model: Model, x: np.ndarray) -> np.ndarray:
    """Rows of as many columns as the model has. Raises ValueError."""
    if model.dim is not None and x.shape[1:] != (model.dim,):
        raise ValueError(
            f"it has {counted(x.shape[1], 'column') if x.ndim == 2 else f'{x.shape[1:]} columns'}, but model.dim = {model.dim}"
        )
    return x.astype(np.float64)


def _flat(x: np.ndarray) -> np.ndarray:
    if x.ndim == 2 and x.shape[1] == 1:
        return x[:, 0]
    if x.ndim != 1:
        raise ValueError(f"it has shape {x.shape}, and the model learns one number a row")
    return x


def _as_jax(leaf: np.ndarray) -> jax.Array:
    return jnp.asarray(leaf, leaf.dtype if leaf.dtype == np.int32 else jnp.result_type(float))


def fit(model: Model | type[Model] | str, data: PyTree, seed: int = 0, *, weights: ArrayLike | None = None) -> PyTree:
    """Parameters of `model` (a spec or its name), fitted to data [n] or [n, dim] (or the model's own layout).

    Raises RequestError, one line that names row and column, for data that the model's kind or family does not have, for
    numbers that float32 cannot tell apart, and for weights that count no rows.
    """
    built: Model = build_part("model", model)
    batch = _batch(built, data, weights)
    key = _key(seed)
    return _fit(as_leaves(built), key, batch)


@jax.jit
def _fit(model: Model, key: Key, batch: Batch) -> PyTree:
    return model.fit(key_for(key, Stream.FIT), model.init(key_for(key, Stream.INIT)), batch)


def sample(model: Model | type[Model] | str, params: PyTree, n: int, seed: int = 0) -> PyTree:
    """n draws from a fitted model, as NumPy. Raises RequestError unless n is a whole number of at least 0."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 0 <= n < 2**31:
        raise RequestError(f"n = {shown(n)}: it must be a whole number of at least 0 and below 2**31")
    built: Model = build_part("model", model)
    key = key_for(_key(seed), Stream.SAMPLE)
    return jax.tree.map(np.asarray, _sample(as_leaves(built), key, _params(built, params), int(n)))


@partial(jax.jit, static_argnames="n")
def _sample(model: Model, key: Key, params: PyTree, n: int) -> PyTree:
    return model.sample(key, params, n)


def log_prob(model: Model | type[Model] | str, params: PyTree, x: PyTree) -> np.ndarray:
    """Log density or log mass of each row of x, in nats, as NumPy."""
    built: Model = build_part("model", model)
    params = _params(built, params)
    return np.asarray(_log_prob(as_leaves(built), params, jax.tree.map(_as_jax, _rows(built, x, to_fit=False))))


@jax.jit
def _log_prob(model: Model, params: PyTree, x: PyTree) -> PyTree:
    return model.log_prob(params, x)
