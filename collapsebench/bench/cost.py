"""How much work a call must do, whatever does it, and how long that takes at this machine's ceilings."""

from __future__ import annotations

import dataclasses
from typing import Any

from collapsebench.experiment import Experiment, short_name
from collapsebench.types import Handover


@dataclasses.dataclass(frozen=True)
class Cost:
    """Standard normals to be drawn, floating-point operations of matrix products, bytes that no cache can hold."""

    normals: float = 0.0
    flops: float = 0.0
    bytes: float = 0.0
    precision: str = "float32"

    def seconds(self) -> float:
        """The least time at this machine's ceilings: the largest of the three, as they can overlap."""
        from collapsebench.bench import ceilings

        rates = (
            (self.normals, ceilings.normals_per_second),
            (self.flops, lambda: ceilings.flops_per_second(self.precision)),
            (self.bytes, ceilings.bytes_per_second),
        )
        return max(work / rate() if work else 0.0 for work, rate in rates)

    def scale(self, factor: float) -> Cost:
        """So many times the work."""
        return dataclasses.replace(
            self, normals=factor * self.normals, flops=factor * self.flops, bytes=factor * self.bytes
        )


def per_generation(experiment: Experiment) -> Cost | None:
    """The work of one generation of one trajectory; None for a family whose work is not written down here.

    Drawing n rows of a normal in d dimensions takes n d normals and, for d > 1, n d^2 for the correlations; their
    second moments take n d (d + 1) operations and a regression's (n, d + 1 columns) the same.
    """
    model, n = experiment.model, float(experiment.n)
    dim = float(getattr(model, "dim", 1) or 1)
    name = short_name(model)
    if experiment.handover != Handover.SAMPLES:
        return None
    if name == "gaussian":
        return Cost(normals=n * dim, flops=0.0 if dim == 1 else n * dim * dim + n * dim * (dim + 1))
    if name == "kde":
        return Cost(normals=n * dim)
    if name in ("linear_regression", "ridge_regression"):
        inputs = n * dim if model.fresh else 0.0
        return Cost(normals=inputs + n, flops=2 * n * dim + n * dim * (dim + 1))
    return None


def xla_flops(function: Any, *args: Any) -> float:
    """XLA's own count of floating-point operations of one call; loops count once."""
    import jax

    found = jax.jit(function).lower(*args).compile().cost_analysis()
    found = found[0] if isinstance(found, list) else found
    return float((found or {}).get("flops", 0.0))
