"""How one generation's knowledge reaches the next: as rows, statistics, an infinite sample, or a stream of draws.

Each kind owns how real and synthetic data of its kind are made, and what form the sizes have in a compiled program. A
fifth is a class here and a word in `Handover`.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from collapsebench.maths.numerics import as_leaves
from collapsebench.maths.streams import part
from collapsebench.parts.data import Batch, Data, Handover, Sources
from collapsebench.parts.model import Model
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, Number, Size


class Transfer:
    """One way to hand over. Its instances are equal, so that they can be part of a compiled program."""

    rows = False
    """whether rows are handed over"""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return type(self).__name__

    def stand_in(self, key: Key, target: Target, capacity: Number, count: int) -> Data:
        """A synthetic set of `count` parts with the target's rows in place of a model's: for its shapes."""
        raise NotImplementedError

    def size(self, n: int) -> Any:
        """A number of synthetic rows in a program: a leaf that can be swept, where it sets no shape."""
        return as_leaves(float(n))

    def real_size(self, target: Target, model: Model, n: int) -> Any:
        """A number of real rows in a program."""
        return self.size(n)

    def drawn_rows(self, capacity: Number) -> int:
        """Rows that are in memory at once while a synthetic set of `capacity` is made."""
        return 1

    def real(self, key: Key, target: Target, model: Model, capacity: Number, n: Number) -> Data:
        """n real rows in a set of `capacity`."""
        raise NotImplementedError

    def synthetic(self, key: Key, model: Model, params: PyTree, prompts: PyTree, capacity: Number, n: Number) -> Data:
        """n synthetic rows in a set of `capacity`, before a curator weighs them."""
        raise NotImplementedError

    def share(self, capacity: Number, n: Number, i: int, count: int) -> tuple[Any, Any]:
        """Capacity and size of the i-th of `count` equal parts of a synthetic set."""
        return capacity, n / count


class Samples(Transfer):
    """Rows are drawn: a Batch of a static capacity, in which n rows weigh 1."""

    rows = True

    def size(self, n: int) -> Any:
        return Size(n)

    def drawn_rows(self, capacity: Number) -> int:
        return int(capacity)

    def real(self, key: Key, target: Target, model: Model, capacity: Number, n: Number) -> Data:
        if not isinstance(capacity, int):
            raise RequestError(
                "n: the real rows of a generation must be a fixed number where the target has no sampling law of the model's "
                "summary; or use handover = samples"
            )
        return weighted(counted(target, target.sample(key, int(capacity)), int(capacity)), n)

    def synthetic(self, key: Key, model: Model, params: PyTree, prompts: PyTree, capacity: Number, n: Number) -> Data:
        return weighted(
            counted(model, model.sample_from(part(key, 0), params, int(capacity), prompts), int(capacity)), n
        )

    def share(self, capacity: Number, n: Number, i: int, count: int) -> tuple[Any, Any]:
        return -(-int(capacity) // count), (n - i + count - 1) // count


class Called(Samples):
    """Rows are drawn by a model that runs outside of JAX: exactly n of them, in a Batch of a static capacity."""

    def stand_in(self, key: Key, target: Target, capacity: Number, count: int) -> Data:
        rows = sum(self.share(capacity, capacity, i, count)[0] for i in range(count))
        return weighted(target.sample(key, rows), rows)

    def synthetic(self, key: Key, model: Model, params: PyTree, prompts: PyTree, capacity: Number, n: Number) -> Data:
        rows = min(int(n), int(capacity))
        x = counted(model, model.sample_from(part(key, 0), params, rows, prompts), rows)
        return weighted(x, rows).pad(int(capacity))


class Summaries(Transfer):
    """Sufficient statistics are drawn by their exact sampling law; real rows, where the target has no such law."""

    def real_size(self, target: Target, model: Model, n: int) -> Any:
        return self.size(n) if self._has_law(target, model) else Size(n)

    def real(self, key: Key, target: Target, model: Model, capacity: Number, n: Number) -> Data:
        if self._has_law(target, model):
            return model.summary.draw(key, target.distribution(), n)
        return Samples().real(key, target, model, capacity, n)

    def synthetic(self, key: Key, model: Model, params: PyTree, prompts: PyTree, capacity: Number, n: Number) -> Data:
        return model.summarise(key, params, n, prompts)

    def share(self, capacity: Number, n: Number, i: int, count: int) -> tuple[Any, Any]:
        return capacity, (n - i + count - 1) // count  # whole rows: the laws of statistics have no thirds of one

    def _has_law(self, target: Target, model: Model) -> bool:
        return target.distribution().summary == model.summary


class Population(Transfer):
    """An infinite sample: expected statistics, or weighted quadrature nodes."""

    def real(self, key: Key, target: Target, model: Model, capacity: Number, n: Number) -> Data:
        return target.expect(n, model.summary)

    def synthetic(self, key: Key, model: Model, params: PyTree, prompts: PyTree, capacity: Number, n: Number) -> Data:
        return model.expect(params, n, prompts)


class Stream(Population):
    """An infinite sample for a learner that takes gradient steps: the target and past models, drawn from at every step."""

    def real(self, key: Key, target: Target, model: Model, capacity: Number, n: Number) -> Data:
        return Sources.of_reality(jax.eval_shape(model.init, key), n)

    def synthetic(self, key: Key, model: Model, params: PyTree, prompts: PyTree, capacity: Number, n: Number) -> Data:
        return Sources.of_model(params, n)


def transfer(handover: Handover, model: Model) -> Transfer:
    """What a handover is for a model."""
    if model.hosted:
        return Called()
    kinds = {Handover.SAMPLES: Samples, Handover.SUMMARY: Summaries, Handover.POPULATION: Population}
    return Stream() if handover.infinite and model.streams else kinds[handover]()


def weighted(x: PyTree, n: Number) -> Batch:
    """Rows of which the first n weigh 1 and the others 0."""
    capacity = jax.tree.leaves(x)[0].shape[0]
    return Batch(x, (jnp.arange(capacity) < n).astype(jnp.result_type(float)))


def counted(owner: Target | Model, x: PyTree, rows: int) -> PyTree:
    """Rows that a part has drawn. Raises RequestError unless every leaf has a leading axis of `rows`."""
    for leaf in jax.tree.leaves(x):
        if jnp.shape(leaf)[:1] != (rows,):
            raise owner.refuse(f"sample gives shape {jnp.shape(leaf)} for {rows} rows")
    return x
