"""Contract of a target: the source of real data."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import jax
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.parts.data import Data, Kind
from collapsebench.parts.distribution import Distribution, population
from collapsebench.parts.part import Part
from collapsebench.specs.pytree import Key

if TYPE_CHECKING:
    from collapsebench.parts.model import Model


class Classifier(Protocol):
    """Protocol of a network trained to classify a target's images."""

    @property
    def name(self) -> str:
        """Name in the provenance."""

    @property
    def classes(self) -> int:
        """Number of classes."""

    @property
    def digest(self) -> str:
        """Digest of the recipe and the parameters, recorded in a result."""

    def features(self, x: Float[Array, "n pixels"]) -> Float[Array, "n width"]:
        """Features of rows, for distances."""

    def logits(self, x: Float[Array, "n pixels"]) -> Float[Array, "n classes"]:
        """Unnormalised log probabilities of the classes."""


class Target(Part):
    """Base class of targets. A derived class gives `distribution()`, or `sample` and, if there is one, `log_prob`."""

    noun = "target"

    kind: str = Kind.VECTOR
    """kind of its rows"""
    dim: int | None = None
    """numbers in a row"""
    classes: int | None = None
    """number of symbols"""
    words: tuple[int, ...] = ()
    """sizes of a caption's vocabularies"""
    hidden: tuple[tuple[int, ...], ...] = ()
    """captions that are never drawn"""
    decay: Any = None
    """of labelled rows: the inputs' variances are i^-decay; None: unknown"""
    has_density: ClassVar[bool] = True
    """whether `log_prob` exists"""
    renders: ClassVar[bool] = False
    """whether `prompts` and `render` make rows of given captions"""
    has_classifier: ClassVar[bool] = False
    """whether `classifier` gives a network to look through"""

    def prepare(self) -> Target:
        """The target as a run uses it, with files read and networks trained."""
        return self

    def distribution(self) -> Distribution:
        """Distribution in closed form; by default a Distribution that knows nothing."""
        return Distribution()

    def family(self) -> Distribution:
        """Distribution family: `distribution()` with shapes for numbers. Computes nothing."""
        return _shapes(_target_family, self)

    def sample(self, key: Key, n: int) -> PyTree:
        """n real rows, each leaf with leading axis n."""
        return self._known("sample(key, n)").sample(key, n)

    def sample_holdout(self, key: Key, n: int) -> PyTree:
        """n real rows of the holdout, which only metrics see."""
        return self.sample(key, n)

    def log_prob(self, x: PyTree) -> Float[Array, " n"]:
        """Log density or log mass of each row, in nats."""
        return self._known("log_prob(x), or has_density = False").log_prob(x)

    def _known(self, instead: str) -> Distribution:
        if not (distribution := self.distribution()).known:
            raise self.refuse(f"it gives no distribution(), so it needs a method {instead}")
        return distribution

    def expect(self, n: Any, summary: Any) -> Data:
        """Infinite real sample with the weight of n rows: statistics of type `summary`, or weighted rows."""
        return population(self.distribution(), n, summary, "this target")

    def held_by(self) -> Model | None:
        """Model whose class is known to contain this target; None: not known."""
        return None

    def params(self) -> PyTree:
        """Parameters at which `held_by()` is the target; None: not known."""
        return None

    def classifier(self) -> Classifier:
        """Network trained to classify the target's images, the same on every machine of a kind.

        Raises RequestError for a target without classes of images.
        """
        raise self.refuse("it has no classes of images to tell apart; use images")

    def prompts(self, hidden: bool) -> Int[Array, "captions words"]:
        """Captions [captions, words]: those that are never drawn, if `hidden`, or all the others.

        Raises RequestError for a target without captions.
        """
        raise self.refuse("it has no captions; use rendered_digits")

    def render(self, key: Key, caption: Int[Array, "n words"]) -> Float[Array, "n dim"]:
        """Real row [n, dim] for each caption [n, words].

        Raises RequestError for a target that does not render.
        """
        raise self.refuse("it cannot draw a caption to order; use rendered_digits")


class OfModel(Target):
    """Base class of targets that are the distribution of a model, whose kind of rows they have."""

    def held_by(self) -> Model:
        """Model whose class contains the target."""
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
