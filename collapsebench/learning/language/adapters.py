"""Low-rank adapters (LoRA): thin factors beside frozen matrices, which alone are trained."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, PyTree

from collapsebench.learning.language.layers import LowRank
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key

ADAPTED = ("qkv", "out", "up", "down")
"""Products of a layer that can have adapters."""


def adapters(key: Key, params: PyTree, rank: int, products: tuple[str, ...] = ("qkv", "out")) -> PyTree:
    """Factors (down, up) of `rank` columns and rows for products of every layer: random times 0, so that nothing changes.

    Source: Hu et al. (2022), LoRA.
    """
    if wrong := set(products) - set(ADAPTED):
        raise RequestError(f"products = {', '.join(sorted(wrong))}: not one of {', '.join(ADAPTED)}")
    smallest = min(min(w[name]["w"].shape) for w in params["layers"] for name in products)
    if not 1 <= rank <= smallest:
        raise RequestError(f"rank = {rank}: from 1 to {smallest}, the smallest side of these matrices")
    keys = iter(jax.random.split(key, len(params["layers"]) * len(products)))

    def factors(matrix: Array) -> tuple[Array, Array]:
        inside, outside = matrix.shape
        down = jax.random.normal(next(keys), (inside, rank)) / jnp.sqrt(inside)
        return down, jnp.zeros((rank, outside))

    return [{name: factors(w[name]["w"]) for name in products} for w in params["layers"]]


def adapted(params: PyTree, factors: PyTree, scale: float = 1.0) -> PyTree:
    """Parameters with adapters beside their matrices, which are not multiplied out; scale: alpha / rank."""
    layers = []
    for w, own in zip(params["layers"], factors, strict=True):
        changed = {}
        for name, (down, up) in own.items():
            base = w[name]["w"]
            changed[name] = {**w[name], "w": LowRank(base, down.astype(base.dtype), (scale * up).astype(base.dtype))}
        layers.append({**w, **changed})
    return {**params, "layers": layers}


def merged(params: PyTree) -> PyTree:
    """Parameters whose adapters are added to their matrices."""

    def add(a: Array | LowRank) -> Array:
        return (a.base + a.down @ a.up).astype(a.base.dtype) if isinstance(a, LowRank) else a

    return jax.tree.map(add, params, is_leaf=lambda a: isinstance(a, LowRank))
