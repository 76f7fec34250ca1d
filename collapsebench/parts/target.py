"""The contract of a target: the real distribution or data that the loop starts from."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import jax
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.parts.data import Data, Kind
from collapsebench.parts.distribution import Distribution, population
from collapsebench.parts.part import Part
from collapsebench.specs.pytree import FoundSize, FoundWord, Key, Number

if TYPE_CHECKING:
    from collapsebench.parts.model import Model


class Classifier(Protocol):
    """Protocol of a network trained to classify a target's images."""

    @property
    def name(self) -> str:
        """Name of the classifier, by which its digest is recorded."""

    @property
    def classes(self) -> int:
        """Number of classes."""

    @property
    def digest(self) -> str:
        """Digest of the trained network."""

    def features(self, x: Float[Array, "n pixels"]) -> Float[Array, "n width"]:
        """Features [n, width] of images [n, pixels] from the layer before the logits."""

    def logits(self, x: Float[Array, "n pixels"]) -> Float[Array, "n classes"]:
        """Logits [n, classes] for images [n, pixels]."""


class Target(Part):
    """Base class of targets. A derived class defines `distribution`, or `sample` and, with a density, `log_prob`."""

    noun = "target"

    kind: str = Kind.VECTOR
    """kind of its rows"""
    dim: int | None = None
    """numbers in a row"""
    classes: int | None = None
    """number of symbols"""
    end: int | None = None
    """token that ends a document of a text"""
    lossless: bool = True
    """whether a text's tokens stand for all of its bytes"""
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
    pictures: ClassVar[bool] = False
    """whether the numbers of a row are the pixels of a square image, from 0 to 1"""
    has_classifier: ClassVar[bool] = False
    """whether `classifier` gives a network to look through"""

    def pinned(self) -> Self:
        """The target with the digest of what it reads, where its name does not say which data those are."""
        return self

    def unpinned(self) -> Self:
        """The target without what `pinned` found, so that another of its fields can be changed; what was named stays."""
        found = {
            field.name: field.default
            for field in dataclasses.fields(self)  # type: ignore[arg-type]
            if isinstance(getattr(self, field.name), FoundSize | FoundWord)
        }
        unpinned: Self = dataclasses.replace(self, **found) if found else self  # type: ignore[type-var]
        return unpinned

    def files(self) -> dict[str, str]:
        """Texts of files, by name, that a result keeps, such as a tokenizer's."""
        return {}

    def described(self) -> dict[str, object]:
        """What a result tells of a user's own data, such as names and quantiles of the columns; no rows."""
        return {}

    def rows(self) -> int | None:
        """Number of real rows that models can see; None: any."""
        return None

    def held_out_rows(self) -> int | None:
        """Number of real rows that it can hold out for metrics; None: any."""
        return None

    def prepare(self) -> Target:
        """The target ready for a run, with files read and networks trained."""
        return self

    def distribution(self) -> Distribution:
        """The real distribution in closed form; by default the base Distribution, which has nothing."""
        return Distribution()

    def family(self) -> Distribution:
        """The family of `distribution()`, with shapes as leaves. Computes nothing."""
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

    def expect(self, n: Number, summary: Any) -> Data:
        """An infinite real sample with a weight of n rows: statistics of the form `summary`, or weighted rows."""
        return population(self.distribution(), n, summary, "this target")

    def held_by(self) -> Model | None:
        """A model whose class contains this target; None if not known."""
        return None

    def parameters(self) -> PyTree:
        """Parameters of the model `held_by()` that equal the target; None if not known."""
        return None

    def token_bytes(self) -> Float[Array, " classes"]:
        """Number of bytes that each token of a text stands for; 0 for the end."""
        raise self.refuse("it has no tokens; use text")

    def classifier(self) -> Classifier:
        """A network trained to classify the target's images, the same on every machine of a kind."""
        raise self.refuse("it has no classes of images to tell apart; use images")

    def prompts(self, hidden: bool) -> Int[Array, "captions words"]:
        """All captions that are never drawn (`hidden`), or all others [captions, words]."""
        raise self.refuse("it has no captions; use rendered_digits")

    def render(self, key: Key, caption: Int[Array, "n words"]) -> Float[Array, "n dim"]:
        """One real row for each caption."""
        raise self.refuse("it cannot draw a caption to order; use rendered_digits")


class OfModel(Target):
    """Base class of targets that are members of a model class: rows have the model's kind and sizes."""

    def held_by(self) -> Model:
        """The model whose class contains the target."""
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
