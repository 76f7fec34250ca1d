"""The contract of a target: what is real."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import jax
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.parts.data import Data, Kind
from collapsebench.parts.distribution import Distribution, population
from collapsebench.parts.part import Part
from collapsebench.specs.pytree import Key, Number

if TYPE_CHECKING:
    from collapsebench.parts.model import Model


class Classifier(Protocol):
    """A network that was trained to tell the classes of a target's images."""

    @property
    def name(self) -> str: ...
    @property
    def classes(self) -> int: ...
    @property
    def digest(self) -> str: ...
    def features(self, x: Float[Array, "n pixels"]) -> Float[Array, "n width"]: ...
    def logits(self, x: Float[Array, "n pixels"]) -> Float[Array, "n classes"]: ...


class Target(Part):
    """What is real. A derived class gives `distribution()`, or `sample` and, where it has a density, `log_prob`."""

    noun = "target"

    kind: str = Kind.VECTOR
    """what a row is"""
    dim: int | None = None
    """numbers in a row"""
    classes: int | None = None
    """how many symbols there are"""
    words: tuple[int, ...] = ()
    """sizes of a caption's vocabularies"""
    hidden: tuple[tuple[int, ...], ...] = ()
    """captions that are never drawn"""
    decay: Any = None
    """of labelled rows: the inputs' variances are i^-decay; None: nothing is known of them"""
    has_density: ClassVar[bool] = True
    """whether there is a `log_prob`"""
    renders: ClassVar[bool] = False
    """whether `prompts` and `render` make rows of given captions"""
    has_classifier: ClassVar[bool] = False
    """whether `classifier` gives a network to look through"""
    costly: ClassVar[bool] = False
    """whether looking at it reads a data set or trains a network, so that no example is made of it"""

    def prepare(self) -> Target:
        """The target as a run uses it, with files read and networks trained."""
        return self

    def distribution(self) -> Distribution:
        """The distribution in closed form; by default nothing is known of it."""
        return Distribution()

    def family(self) -> Distribution:
        """`distribution()` with shapes for numbers: which family it is. Computes nothing."""
        return _shapes(_target_family, self)

    def sample(self, key: Key, n: int) -> PyTree:
        """n real rows, each leaf with leading axis n."""
        return self.distribution().sample(key, n)

    def sample_holdout(self, key: Key, n: int) -> PyTree:
        """n real rows that only metrics see."""
        return self.sample(key, n)

    def log_prob(self, x: PyTree) -> Float[Array, " n"]:
        """Log density or log mass of each row, in nats."""
        return self.distribution().log_prob(x)

    def expect(self, n: Number, summary: Any) -> Data:
        """An infinite real sample that weighs as n rows: in statistics of `summary`, or in weighted rows."""
        return population(self.distribution(), n, summary, "this target")

    def held_by(self) -> Model | None:
        """A model whose class is known to hold this target; None: not known."""
        return None

    def params(self) -> PyTree:
        """Parameters of `held_by()` that are the target; None: not known."""
        return None

    def classifier(self) -> Classifier:
        """A network trained to tell the classes of the target's images, the same on every machine of a kind."""
        raise self.refuse("it has no classes of images to tell apart; use images")

    def prompts(self, hidden: bool) -> Int[Array, "captions words"]:
        """The captions that are never drawn, or all the others."""
        raise self.refuse("it has no captions; use rendered_digits")

    def render(self, key: Key, caption: Int[Array, "n words"]) -> Float[Array, "n dim"]:
        """A real row for each caption."""
        raise self.refuse("it cannot draw a caption to order; use rendered_digits")


class OfModel(Target):
    """A target that is what a model makes: rows are the model's."""

    def held_by(self) -> Model:
        """The model, whose class holds the target."""
        raise NotImplementedError

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.held_by().kind

    @property
    def dim(self) -> int | None:  # type: ignore[override]
        return self.held_by().dim

    @property
    def classes(self) -> int | None:  # type: ignore[override]
        return self.held_by().classes

    @property
    def words(self) -> tuple[int, ...]:  # type: ignore[override]
        return self.held_by().words


@lru_cache(maxsize=256)
def _target_family(target: Target) -> Distribution:
    return jax.eval_shape(target.distribution)


def _shapes(trace: Any, part: Part) -> Distribution:
    try:
        return trace(part)
    except TypeError:  # a field that cannot be hashed, such as an array
        return trace.__wrapped__(part)
