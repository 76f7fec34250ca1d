"""Contract of a model: fit, draws, density and optional capabilities, each with its default."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

from collapsebench.parts.data import Data, Kind
from collapsebench.parts.distribution import Distribution, population
from collapsebench.parts.part import Part
from collapsebench.parts.target import Target, _shapes
from collapsebench.specs.pytree import Key

Dials = Mapping[str, tuple[str, tuple[Any, ...]]]
"""By error, a field and its levels, from the largest error to the smallest."""


class Model(Part):
    """Base class of models. A derived class gives `init` and `fit`.

    Where the parameters are a Distribution (or `distribution` makes one of them), draws and density come from it;
    else the class gives `sample` and `log_prob` too. A fit is pure: the key comes first, rows of weight 0 do not exist,
    and nothing branches on a number. Optional capabilities follow, each with its default.
    """

    noun = "model"

    kind: str = Kind.VECTOR
    """kind of its rows"""
    dim: int | None = None
    """numbers in a row"""
    classes: int | None = None
    """number of symbols"""
    words: tuple[int, ...] = ()
    """sizes of a caption's vocabularies"""
    summary: ClassVar[Any] = None
    """type of the sufficient statistics that `fit` needs, with `of(data)`, `draw(key, distribution, n)` and
    `expect(distribution, n)`, so that handover = summary draws no sample; None: `fit` needs rows"""
    finite_only: bool = False
    """whether a fit has no limit for an infinite sample"""
    prompted: bool = False
    """whether draws continue the rows of the training set before, which `sample_from` is then given"""
    streams: ClassVar[bool] = False
    """whether it learns by gradient steps: an infinite sample then is Sources, drawn anew at every step (not the random
    streams of `maths.streams`)"""
    iterative: ClassVar[bool] = False
    """whether a fit starts from the parameters that it is given"""
    encodes: ClassVar[bool] = False
    """whether `encode` gives codes of rows"""
    denoises: ClassVar[bool] = False
    """whether `losses` gives a denoising loss of each row"""
    dials: ClassVar[Dials] = {}
    """doses of its errors, by "expressivity" and "approximation", that `ablate` runs"""
    learner: ClassVar[tuple[str, ...]] = ()
    """fields that are the learner's budget, which a richer class takes over"""

    def prepare(self) -> Self:
        """The model as a run uses it, with files read."""
        return self

    def init(self, key: Key) -> PyTree:
        """Parameters before any data were seen."""
        raise self.refuse("it needs a method init(key)")

    def fit(self, key: Key, params: PyTree, data: Any) -> PyTree:
        """Parameters fitted to data, a Batch (or a Summary, or a stream, where the class says so), from `params` on."""
        raise self.refuse("it needs a method fit(key, params, data)")

    def distribution(self, params: PyTree) -> Distribution:
        """Fitted distribution that `log_prob` and the metrics use; by default the parameters, if they are one."""
        return params if isinstance(params, Distribution) else Distribution()

    def generator(self, params: PyTree) -> Distribution:
        """Distribution of synthetic rows; differs from `distribution` where the model has a sampling bias."""
        return self.distribution(params)

    def sample(self, key: Key, params: PyTree, n: int) -> PyTree:
        """n synthetic rows, each leaf with leading axis n."""
        return self._known(self.generator(params), "sample(key, params, n)").sample(key, n)

    def log_prob(self, params: PyTree, x: PyTree) -> Float[Array, " n"]:
        """Log density or log mass of each row, in nats."""
        return self._known(self.distribution(params), "log_prob(params, x)").log_prob(x)

    def _known(self, distribution: Distribution, instead: str) -> Distribution:
        if not distribution.known:
            raise self.refuse(f"its parameters are no Distribution, so it needs a method {instead}")
        return distribution

    def sample_from(self, key: Key, params: PyTree, n: int, prompts: Any) -> PyTree:
        """n synthetic rows of a `prompted` model; `prompts` are the rows of the training set before."""
        return self.sample(key, params, n)

    def summarise(self, key: Key, params: PyTree, n: Any, prompts: Any) -> Data:
        """Sufficient statistics of n synthetic rows, drawn by their exact sampling law."""
        return self.summary.draw(key, self.generator(params), n)

    def expect(self, params: PyTree, n: Any, prompts: Any) -> Data:
        """Infinite synthetic sample with the weight of n rows."""
        return population(self.generator(params), n, self.summary, "this model")

    def expect_real(self, key: Key, target: Target, n: Any) -> Data:
        """Infinite real sample with the weight of n rows, in the form that `fit` takes."""
        return target.expect(n, self.summary)

    def exact(self) -> Self:
        """Same model class with the exact learner and without sampling bias."""
        return self

    def ended(self, params: PyTree) -> Bool[Array, ""]:
        """Whether learning diverged, so that the trajectory has ended."""
        return jnp.zeros((), bool)

    def encode(self, params: PyTree, x: Float[Array, "n dim"]) -> tuple[Float[Array, "n k"], Float[Array, "n k"]]:
        """Mean and log variance [n, k] of each row's code. Raises RequestError for a model without an encoder."""
        raise self.refuse("it has no encoder; use vae")

    def losses(self, params: PyTree, key: Key, x: PyTree) -> Float[Array, " n"]:
        """Denoising loss of each row. Raises RequestError for a model that does not denoise."""
        raise self.refuse("it does not denoise; use diffusion")

    def family(self) -> Distribution:
        """Family of the model: `distribution(init(key))` with shapes for numbers. Computes nothing, no backend."""
        return _shapes(_model_family, self)

    def holds(self, family: Distribution) -> bool:
        """Whether the model class contains every member of `family`, which is the model's own family."""
        return True

    def opened(self) -> Iterator[Self]:
        """Larger classes of the same model, the largest first: levels of the expressivity dial."""
        field, levels = self.dials.get("expressivity", ("", ()))
        yield from (self.replace(**{field: level}) for level in reversed(levels))

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names of the model's fields."""
        spec: Any = self
        return tuple(field.name for field in dataclasses.fields(spec))

    def replace(self, **fields: Any) -> Self:
        """Copy of the model with other field values."""
        spec: Any = self
        return dataclasses.replace(spec, **fields)

    def taught_like(self, other: Model) -> Self:
        """Copy of the model with the learner fields of `other`, where both have them."""
        return self.replace(**{name: getattr(other, name) for name in self.learner if name in other.learner})

    def from_truth(self, target: Target) -> Self:
        """Copy whose fit starts at the target, where the class contains it and a fit goes on from its start."""
        return self

    def rows_per_fit(self, n: float) -> float:
        """Number of rows that one fit to n rows reads, for an estimate of time."""
        return n

    def work(self, n: float) -> tuple[float, float] | None:
        """(standard normals, floating-point operations) of a generation of n rows, by any algorithm; None: unknown."""
        return None


@lru_cache(maxsize=256)
def _model_family(model: Model) -> Distribution:
    key = jax.eval_shape(partial(jax.random.key, impl="threefry2x32"), 0)
    return jax.eval_shape(lambda key: model.distribution(model.init(key)), key)
