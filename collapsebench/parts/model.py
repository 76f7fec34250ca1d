"""The contract of a model: fit, draw, density, and the capabilities that a model may declare."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

from collapsebench.parts.data import Batch, Data, Kind
from collapsebench.parts.distribution import Distribution, population
from collapsebench.parts.part import Part
from collapsebench.parts.target import Target, _shapes
from collapsebench.specs.pytree import Count, Key, Number, Unnamed

Dials = Mapping[str, tuple[str, tuple[Any, ...]]]
"""By error, a field and its levels, from the largest error to the smallest."""


class Model(Part):
    """Base class of models, which are fitted in every generation. A derived class defines `init` and `fit`.

    Where the parameters are a Distribution (or `distribution` makes one of them), draws and density come from it;
    else the class gives `sample` and `log_prob` too. A fit is pure: the key comes first, rows of weight 0 are ignored,
    and nothing branches on a number. What else a model may say stands below with its default.
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
    has_density: bool = True
    """whether `log_prob` is defined"""
    prompted: bool = False
    """whether draws continue the rows of the last data set, which `sample_from` is then given"""
    hosted: ClassVar[bool] = False
    """whether its fit or draws run outside of JAX, so that trajectories are not compiled"""
    saves: ClassVar[bool] = True
    """whether `pack` keeps the parameters, so that a run that needs them can be resumed"""
    workers: int = 1
    """trajectories of a hosted model that run side by side"""
    streams: ClassVar[bool] = False
    """whether it learns by gradient steps: an infinite sample then is Sources, drawn anew at every step (not the random
    streams of `maths.streams`)"""
    iterative: ClassVar[bool] = False
    """whether a fit starts from the parameters that it is given"""
    encodes: ClassVar[bool] = False
    """whether `encode` gives codes of rows"""
    denoises: ClassVar[bool] = False
    """whether `losses` gives a denoising loss of each row"""
    extrapolates: ClassVar[bool] = False
    """whether `extrapolate` goes beyond parameters"""
    dials: ClassVar[Dials] = {}
    """doses of its errors, by "expressivity" and "approximation", that `ablate` runs"""
    learner: ClassVar[tuple[str, ...]] = ()
    """fields that are the learner's budget, which a richer class takes over"""

    def prepare(self) -> Self:
        """The model ready for a run, with files read."""
        return self

    def suited(self, target: Target) -> Self:
        """The same model with the sizes of the target in place of those that nobody has named (see `Unnamed`)."""
        sizes = (("dim", self.dim, target.dim), ("classes", self.classes, target.classes))
        fields = {field.name for field in dataclasses.fields(self)}  # type: ignore[arg-type]  # else a size is that of a model inside
        new = {
            name: Unnamed(theirs)
            for name, ours, theirs in sizes
            if name in fields and isinstance(ours, Unnamed) and theirs is not None
        }
        return self.replace(**new)

    def outside(self, x: PyTree) -> str:
        """Which of a person's rows, as NumPy, the family cannot have made, in half a line; by default none."""
        return ""

    def init(self, key: Key) -> PyTree:
        """Initial parameters, before any data."""
        raise self.refuse("it needs a method init(key)")

    def fit(self, key: Key, params: PyTree, data: PyTree) -> PyTree:
        """Parameters fitted to `data`, a Batch (or a Summary or a stream, if declared), starting at `params`."""
        raise self.refuse("it needs a method fit(key, params, data)")

    def distribution(self, params: PyTree) -> Distribution:
        """The fitted distribution, whose density metrics judge; by default `params`, if they are a Distribution."""
        return params if isinstance(params, Distribution) else Distribution()

    def generator(self, params: PyTree) -> Distribution:
        """The distribution of the synthetic rows; it differs from `distribution` if the model has a sampling bias."""
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

    def sample_from(self, key: Key, params: PyTree, n: int, prompts: PyTree) -> PyTree:
        """n synthetic rows; a `prompted` model continues `prompts`, the rows of the last data set."""
        return self.sample(key, params, n)

    def reduce_drawn(self, key: Key, params: PyTree, drawn: Batch, n: Number | None = None) -> Data:
        """Sufficient statistics of weighted rows, the x of which `sample_from` gave for this key.

        n: the first n rows weigh 1 and the others 0; None where a curator has weighed them.
        """
        return self.summary.of(drawn)

    def picture(self, key: Key, params: PyTree, target: Target, n: int) -> PyTree:
        """What is kept of a generation for pictures (`snapshots`): n draws; a dict may hold more beside them, as "x"."""
        return self.sample(key, params, n)

    def summarise(self, key: Key, params: PyTree, n: Number, prompts: PyTree) -> Data:
        """Sufficient statistics of n synthetic rows, drawn from their exact sampling law."""
        return self.summary.draw(key, self.generator(params), n)

    def expect(self, params: PyTree, n: Number, prompts: PyTree) -> Data:
        """An infinite synthetic sample with a weight of n rows."""
        return population(self.generator(params), n, self.summary, "this model")

    def exact(self) -> Self:
        """The same class of models with the exact learner and without sampling bias."""
        return self

    def ended(self, params: PyTree) -> Bool[Array, ""]:
        """Whether training broke down, so that `params` are not a valid model."""
        return jnp.zeros((), bool)

    def encode(self, params: PyTree, x: Float[Array, "n dim"]) -> tuple[Float[Array, "n k"], Float[Array, "n k"]]:
        """Mean [n, k] and log variance [n, k] of the latent code of each row."""
        raise self.refuse("it has no encoder; use vae")

    def extrapolate(self, params: PyTree, other: PyTree, weight: Number) -> PyTree:
        """Parameters as far beyond `params` as `weight` times the way to it from `other`, where `extrapolates`.

        By default each number is; a model whose parameters are no vector space goes along coordinates that are one.
        """
        return jax.tree.map(lambda ours, theirs: ours + weight * (ours - theirs), params, other)

    def losses(self, params: PyTree, key: Key, x: PyTree) -> Float[Array, " n"]:
        """Denoising loss of each row [n]."""
        raise self.refuse("it does not denoise; use diffusion")

    def fit_steps(self) -> int:
        """Number of steps of a fit that can be cut between them, by the three methods below; 0: it is one piece."""
        return 0

    def fit_start(self, key: Key, params: PyTree, data: PyTree) -> PyTree:
        """State of a fit before its first step."""
        raise self.refuse("its fit cannot be cut")

    def fit_piece(self, key: Key, state: PyTree, data: PyTree, start: Count, stop: Count) -> PyTree:
        """State of a fit after its steps from `start` to `stop`."""
        raise self.refuse("its fit cannot be cut")

    def fit_end(self, key: Key, state: PyTree, data: PyTree) -> PyTree:
        """Parameters of a fit whose last step is done."""
        raise self.refuse("its fit cannot be cut")

    def pack(self, params: PyTree) -> PyTree:
        """Arrays from which `unpack` makes the parameters again, for a run that is stopped and resumed."""
        return params

    def unpack(self, packed: PyTree) -> PyTree:
        """Parameters of what `pack` gave."""
        return packed

    def family(self) -> Distribution:
        """The family of `distribution(init(key))`, with shapes as leaves. Computes nothing and starts no backend."""
        return _shapes(_model_family, self)

    def holds(self, family: Distribution) -> bool:
        """Whether the class of models contains every member of `family`, a distribution of the model's own family."""
        return True

    def opened(self) -> Iterator[Self]:
        """Larger classes of the same model, largest first: the levels of the dial of expressivity."""
        field, levels = self.dials.get("expressivity", ("", ()))
        yield from (self.replace(**{field: level}) for level in reversed(levels))

    @property
    def field_names(self) -> tuple[str, ...]:
        """Names of the model's fields."""
        spec: Any = self
        return tuple(field.name for field in dataclasses.fields(spec))

    def replace(self, **fields: Any) -> Self:
        """The same model with some fields replaced."""
        spec: Any = self
        return dataclasses.replace(spec, **fields)

    def taught_like(self, other: Model) -> Self:
        """The same model with the learner's budget of `other`, for the fields that both have."""
        return self.replace(**{name: getattr(other, name) for name in self.learner if name in other.learner})

    def from_truth(self, target: Target) -> Self:
        """The same model with fits that start at the target, if its class contains it and its fits are iterative."""
        return self

    def rows_per_fit(self, n: float) -> float:
        """Rows that one fit to n rows reads, for an estimate of time."""
        return n

    def work(self, n: float) -> tuple[float, float] | None:
        """(standard normals, floating-point operations) of one generation of n rows; None if not known."""
        return None


@lru_cache(maxsize=256)
def _model_family(model: Model) -> Distribution:
    key = jax.eval_shape(partial(jax.random.key, impl="threefry2x32"), 0)
    return jax.eval_shape(lambda key: model.distribution(model.init(key)), key)
