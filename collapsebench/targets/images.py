"""Image data set as a target, pixels from 0 to 1, with or without the class as a caption."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from collapsebench import datasets
from collapsebench.learning.features import Classifier, classifier
from collapsebench.maths.distributions.rows import Rows, check_size, split_rows
from collapsebench.parts.data import Kind
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import TARGETS


@TARGETS.register("images")
@spec
class Images(Target):
    """Images of a data set, one per row, pixels from 0 to 1; with `labelled` the class is the caption.

    name: digits (8 x 8), mnist or fashion_mnist (28 x 28). only: images of these classes (None: of all).
    Drawn, held out and refused as the rows of `Dataset`.
    """

    name: str = static("digits")
    labelled: bool = static(False)
    only: tuple[int, ...] | None = static(None)

    has_density = False
    prepares = True
    has_classifier = True
    pictures = True

    @property
    def dim(self) -> int:  # type: ignore[override]
        """Number of pixels of an image."""
        return _card(self.name).features

    @property
    def words(self) -> tuple[int, ...]:  # type: ignore[override]
        """Vocabulary of the caption: one word, the class; () without captions."""
        return (_card(self.name).classes,) if self.labelled else ()

    @property
    def kind(self) -> str:  # type: ignore[override]
        return Kind.CAPTIONED if self.labelled else Kind.VECTOR

    def prepare(self) -> Rows:
        """Target with its images read. Raises RequestError for a data set that is not available."""
        x, caption = _images(self.name, self.only)
        train, held_out = (
            {"x": jnp.asarray(x[rows]), "caption": jnp.asarray(caption[rows])}
            if self.labelled
            else jnp.asarray(x[rows])
            for rows in split_rows(len(x))
        )
        return Rows(train, held_out, self.dim)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an experiment that real images cannot serve."""
        check_size(experiment, self.name, *map(len, split_rows(len(_images(self.name, self.only)[0]))))

    def rows(self) -> int:
        return len(split_rows(len(_images(self.name, self.only)[0]))[0])

    def held_out_rows(self) -> int:
        return len(split_rows(len(_images(self.name, self.only)[0]))[1])

    def classifier(self) -> Classifier:
        return classifier(self.name)

    def sample(self, key: Key, n: int) -> PyTree:
        return self.prepare().sample(key, n)


def _card(name: str) -> Any:
    try:
        card = datasets.describe(name)
    except ValueError as error:
        raise RequestError(f"target.name = {name}: {error}") from error
    if len(card.shape) != 2:
        raise RequestError(f"target.name = {name}: its rows are no images; digits, mnist or fashion_mnist")
    return card


@cache
def _images(name: str, only: tuple[int, ...] | None) -> tuple[np.ndarray, np.ndarray]:
    """(pixels [n, dim] from 0 to 1, captions [n, 1])."""
    _card(name)
    try:
        table = datasets.load(name)
    except ValueError as error:
        raise RequestError(f"target.name = {name}: {error}") from error
    keep = np.ones(len(table.x), bool) if only is None else np.isin(table.y, only)
    if not keep.any():
        raise RequestError(f"target.only = {only}: {name} has no image of these classes")
    x = np.asarray(table.x, np.float32)[keep]
    return x / x.max(), np.asarray(table.y, np.int32)[keep, None]
