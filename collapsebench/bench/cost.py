"""How much work a call must do, whatever does it, and how long that takes at this machine's ceilings."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from collapsebench.bench import ceilings
from collapsebench.bench.ceilings import Ceiling, Shape
from collapsebench.experiment.experiment import Experiment

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
    """The work of one generation of one trajectory; None for a family that does not say (see `Model.work`)."""
    if not experiment.handover.rows:
        return None
    work = experiment.model.work(float(experiment.n))
    return None if work is None else Cost(*work)


def training_step(model: Any) -> Cost:
    """The matrix products of one step of gradient descent on one minibatch of a network, and its state.

    A product of the forward pass comes back twice in the gradient, by the weights and by what came in; the rows
    themselves need no gradient.
    """
    batch = model.training.batch
    layers: list[Shape] = model.products()
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


def xla_count(what: str, function: Any, *args: Any) -> float:
    """XLA's own count of "flops" or "bytes accessed" of one call; loops count once."""
    import jax

    found = jax.jit(function).lower(*args).compile().cost_analysis()
    found = found[0] if isinstance(found, list) else found
    return float((found or {}).get(what, 0.0))
