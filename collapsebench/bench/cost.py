"""How much work a call must do, whatever does it, and how long that takes at this machine's ceilings."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

from collapsebench.bench import ceilings
from collapsebench.bench.ceilings import Ceiling, Shape
from collapsebench.experiment.experiment import Experiment
from collapsebench.parts.data import Handover
from collapsebench.specs.names import short_name

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
    products: tuple[Shape, ...] = ()
    """the shapes of the products that one device has to do in turn, where they are known"""

    def binding(self) -> tuple[float, Ceiling]:
        """The work that takes longest at this machine's ceilings, and its ceiling: the three can overlap."""
        kinds = (
            (self.normals, ceilings.most_normals),
            (self.flops, lambda: ceilings.products(self.precision)),
            (self.bytes, ceilings.copies),
        )
        return max(((work, ceiling()) for work, ceiling in kinds if work), key=lambda kind: kind[0] / kind[1].rate)

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
    themselves need no gradient.
    """
    batch = model.training.batch
    layers: list[Shape] = {"vae": _vae, "diffusion": _denoiser}[short_name(model)](model)
    rows = batch // model.training.pieces
    shapes: list[Shape] = []
    for i, (pixels, inner, columns) in enumerate(layers):
        shapes += [(rows * pixels, inner, columns), (inner, rows * pixels, columns)]
        shapes += [(rows * pixels, columns, inner)] if i else []
    return Cost(
        flops=model.training.pieces * sum(2.0 * math.prod(shape) for shape in shapes),
        bytes=FLOAT * parameters(model) * state_copies(model.training),
        precision=model.training.precision,
        products=tuple(shapes),
    )


def parameters(model: Any) -> int:
    """How many numbers a network learns."""
    import jax

    from collapsebench.maths.streams import root_key

    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(model.random_params, root_key(0, "cost"))))


def state_copies(training: Any) -> int:
    """How often a step reads or writes a number for each parameter: itself, its slope, moments and mean, twice each."""
    return 2 * (2 + 2 * (training.optimiser == "adam") + (training.average is not None))


def _dense(*widths: int) -> list[Shape]:
    return [(1, inner, columns) for inner, columns in itertools.pairwise(widths)]


def _vae(model: Any) -> list[Shape]:
    """The product of each layer for one row of data: (pixels, inner, columns); the first is the one that sees the row.

    A convolution of kernel k is k^2 in -> out at each pixel of the smaller image.
    """
    side, size = math.isqrt(model.dim), model.dim
    down: list[Shape] = []
    up: list[Shape] = []
    for before, after in itertools.pairwise((1, *model.channels)):
        side //= 2
        down.append((side * side, 16 * before, after))
        up.append((side * side, after, 16 * before))
        size = after * side * side
    body = _dense(size, *model.hidden)
    last = model.hidden[-1] if model.hidden else size
    ends = 2 * _dense(last, model.latent) + _dense(model.latent, *model.hidden[::-1])
    first = model.hidden[0] if model.hidden else model.latent
    return [*down, *body, *ends, *_dense(first, size), *up[::-1]]


def _denoiser(model: Any) -> list[Shape]:
    """As for `_vae`; the vector that stands for time and caption is some per cent of a U-Net, and left out there."""
    if not model.channels:
        first = model.hidden[0]
        found = _dense(32, first, first)
        for before, width in itertools.pairwise((first, *model.hidden)):
            found += _dense(before, width, width) + _dense(first, width)
            found += _dense(before, width) if before != width else []
        return [*_dense(model.dim, first), *found, *_dense(model.hidden[-1], model.dim)]
    side = math.isqrt(model.dim)

    def block(before: int, after: int, side: int) -> list[Shape]:
        across = [(side * side, before, after)] if before != after else []
        return [(side * side, 9 * before, after), (side * side, 9 * after, after), *across]

    found, before = [(side * side, 9, model.channels[0])], model.channels[0]
    for channels in model.channels:
        found += block(before, channels, side)
        side //= 2
        found.append((side * side, 16 * channels, channels))
        before = channels
    found += block(before, before, side)
    for channels in model.channels[::-1]:
        found.append((side * side, before, 16 * channels))
        side *= 2
        found += block(2 * channels, channels, side)
        before = channels
    return [*found, (side * side, 9 * before, 1)]


def xla_count(what: str, function: Any, *args: Any) -> float:
    """XLA's own count of "flops" or "bytes accessed" of one call; loops count once."""
    import jax

    found = jax.jit(function).lower(*args).compile().cost_analysis()
    found = found[0] if isinstance(found, list) else found
    return float((found or {}).get(what, 0.0))
