"""Least work of a call, whatever implements it, and the time it takes at this machine's peak rates."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from collapsebench.bench import ceilings
from collapsebench.bench.ceilings import Ceiling, Shape
from collapsebench.experiment.experiment import Experiment

FLOAT = 4
"""Bytes of a number: networks learn in float32."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """Work: standard normals drawn, floating-point operations of matrix products, bytes moved.

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
        """The kind of work that takes longest at peak rate, and its ceiling: the three kinds can overlap."""
        kinds = (
            (self.normals, ceilings.most_normals),
            (self.flops, lambda: ceilings.products(self.precision)),
            (self.bytes, ceilings.copies),
        )
        return max(((work, ceiling()) for work, ceiling in kinds if work), key=lambda kind: kind[0] / kind[1].rate)

    def scale(self, factor: float) -> Cost:
        """The work multiplied by `factor`."""
        return dataclasses.replace(
            self, normals=factor * self.normals, flops=factor * self.flops, bytes=factor * self.bytes
        )


def per_generation(experiment: Experiment) -> Cost | None:
    """Work of one generation of one trajectory; None for a family that does not know (see `Model.work`)."""
    if not experiment.handover.rows:
        return None
    work = experiment.model.work(float(experiment.n))
    return None if work is None else Cost(*work)


def training_step(model: Any) -> Cost:
    """Work of one step of gradient descent on one minibatch: matrix products, and bytes of the network's state.

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
    """Number of trainable parameters of a network."""
    import jax

    from collapsebench.maths.streams import root_key

    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(model.random_params, root_key(0, "cost"))))


def state_copies(training: Any) -> int:
    """Numbers read or written per parameter and step: parameter, gradient, moments and average, twice each."""
    return 2 * (2 + 2 * (training.optimiser == "adam") + (training.average is not None))


def xla_count(what: str, function: Callable[..., object], *args: object) -> float:
    """XLA's own count of "flops" or "bytes accessed" of one call; loops count once."""
    import jax

    found = jax.jit(function).lower(*args).compile().cost_analysis()
    found = found[0] if isinstance(found, list) else found
    return float((found or {}).get(what, 0.0))
