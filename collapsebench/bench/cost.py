"""How much work a call must do, whatever does it, and how long that takes at this machine's ceilings."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

from collapsebench.experiment import Experiment, short_name
from collapsebench.types import Handover

FLOAT = 4
"""Bytes of a number: networks learn in float32."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """Standard normals to be drawn, floating-point operations of matrix products, bytes that must be moved.

    A loop's rows need never leave a cache, so its bytes are 0; a network's state is read and written at every step (from
    and to memory: with minibatches of a few rows and a state that fits into a cache, a step may beat that limit).
    """

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


def training_step(model: Any) -> Cost:
    """The matrix products of one step of gradient descent on one minibatch of a VAE or a diffusion model, and its state.

    A product of the forward pass comes back twice in the gradient, by the weights and by what came in; the rows
    themselves need no gradient. A convolution of kernel k takes 2 k^2 in out operations a pixel.
    """
    layers = {"vae": _vae, "diffusion": _denoiser}[short_name(model)](model)
    forward = sum(layers)
    return Cost(
        flops=model.training.batch * (3 * forward - layers[0]),
        bytes=FLOAT * parameters(model) * state_copies(model.training),
        precision=model.training.precision,
    )


def parameters(model: Any) -> int:
    """How many numbers a network learns."""
    import jax

    from collapsebench.streams import root_key

    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(model.random_params, root_key(0, "cost"))))


def state_copies(training: Any) -> int:
    """How often a step reads or writes a number for each parameter: itself, its slope, moments and mean, twice each."""
    return 2 * (2 + 2 * (training.optimiser == "adam") + (training.average is not None))


def _dense(*widths: int) -> list[float]:
    return [2.0 * a * b for a, b in itertools.pairwise(widths)]


def _vae(model: Any) -> list[float]:
    """Forward operations a row, layer by layer; the first is the one that sees the row."""
    side, size, found = math.isqrt(model.dim), model.dim, []
    for before, after in itertools.pairwise((1, *model.channels)):
        side //= 2
        found.append(2.0 * 16 * before * after * side * side)
        size = after * side * side
    body = _dense(size, *model.hidden)
    last = model.hidden[-1] if model.hidden else size
    ends = 2 * _dense(last, model.latent) + _dense(model.latent, *model.hidden[::-1])
    first = model.hidden[0] if model.hidden else model.latent
    return [*found, *body, *ends, *_dense(first, size), *found[::-1]]


def _denoiser(model: Any) -> list[float]:
    """The vector that stands for time and caption is some per cent of a U-Net, and left out there."""
    if not model.channels:
        first = model.hidden[0]
        found = _dense(32, first, first)
        for before, width in itertools.pairwise((first, *model.hidden)):
            found += _dense(before, width, width) + _dense(first, width)
            found += _dense(before, width) if before != width else []
        return [*_dense(model.dim, first), *found, *_dense(model.hidden[-1], model.dim)]
    side = math.isqrt(model.dim)

    def keep(before: int, after: int, side: int) -> float:
        return 2.0 * 9 * before * after * side * side

    def block(before: int, after: int, side: int) -> float:
        across = 2.0 * before * after * side * side if before != after else 0.0
        return keep(before, after, side) + keep(after, after, side) + across

    found, before = [keep(1, model.channels[0], side)], model.channels[0]
    for channels in model.channels:
        found.append(block(before, channels, side))
        side //= 2
        found.append(2.0 * 16 * channels * channels * side * side)
        before = channels
    found.append(block(before, before, side))
    for channels in model.channels[::-1]:
        found.append(2.0 * 16 * before * channels * side * side)
        side *= 2
        found.append(block(2 * channels, channels, side))
        before = channels
    return [*found, keep(before, 1, side)]


def xla_count(what: str, function: Any, *args: Any) -> float:
    """XLA's own count of "flops" or "bytes accessed" of one call; loops count once."""
    import jax

    found = jax.jit(function).lower(*args).compile().cost_analysis()
    found = found[0] if isinstance(found, list) else found
    return float((found or {}).get(what, 0.0))
