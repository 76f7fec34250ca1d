"""What XLA is told when it compiles for a CPU."""

from __future__ import annotations

import jax
from jaxtyping import PyTree

WIDE = {"xla_cpu_prefer_vector_width": "512"}
"""Vectors of full width."""


def network_options(platform: str) -> dict[str, str]:
    """Compiler options of a network's training: on a CPU, vectors of full width, and barriers that hold.

    XLA drops optimisation barriers on a CPU before it fuses, unless that pass is disabled (a name that it does not know is
    passed over).
    """
    return WIDE | {"xla_disable_hlo_passes": "cse_barrier_expander"} if platform == "cpu" else {}


def whole(arrays: PyTree) -> PyTree:
    """The same arrays, on a CPU computed in their own order before any use, where `network_options` are given.

    XLA would compute them where they are used, once for each use and in the order of a transpose that follows.
    """
    return jax.lax.optimization_barrier(arrays) if jax.default_backend() == "cpu" else arrays
