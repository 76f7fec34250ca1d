"""N-gram model of text."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from collapsebench.learning.text_model import TextModel
from collapsebench.maths.distributions.chain import Chain, GramCounter
from collapsebench.maths.grams import SortedGrams, sort_grams
from collapsebench.maths.smoothing import SMOOTHING, conditional_tables
from collapsebench.parts.data import Batch, Data, Handover
from collapsebench.parts.distribution import Distribution
from collapsebench.parts.model import Dials
from collapsebench.parts.part import Setting
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError, nearest
from collapsebench.specs.pytree import Key, Unnamed, spec, static, within
from collapsebench.specs.registry import MODELS

DENSE = 2**18
"""Grams of which a table is made; of more, the places of the training text are sorted instead."""
LONGEST = 5
Params = Chain | SortedGrams


@MODELS.register("ngram")
@spec
class NGram(TextModel):
    """N-gram model of token blocks: each token given the `order` - 1 before it in its block; draws at a temperature.

    smoothing: "maximum_likelihood", where a context that never occurred is cut shorter; "additive", with `strength` added
    to every count; or "witten_bell", which mixes in the next shorter context. classes, block: those of the target, unless
    they are named. prompted: a draw continues a row of the last data set.

    Up to DENSE grams (and for order 1 always) it is a table: then a training set is its counts, and a population that of the
    chain. A larger one sorts the training text, and its size is that of the text, not of the vocabulary.
    Source: Chen and Goodman (1999), An empirical study of smoothing techniques for language modeling.
    """

    order: int = static(2)
    classes: int = static(Unnamed(257))
    block: int = static(Unnamed(64))
    smoothing: str = static("witten_bell")
    strength: float = within(1.0, low=0)
    temperature: float = 1.0
    prompted: bool = static(False)

    learner = ("smoothing", "strength", "temperature")
    dials: ClassVar[Dials] = {
        "expressivity": ("order", (1, 2, 3)),
        "approximation": ("temperature", (0.7, 0.9, 1.0)),
    }

    @property
    def dense(self) -> bool:
        """Whether the model is a table of probabilities."""
        return self.order == 1 or self.classes**self.order <= DENSE

    @property
    def summary(self) -> GramCounter | None:
        return GramCounter(self.classes, self.order, self.block) if self.dense else None

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for an order, smoothing or temperature out of range, or a handover that it cannot serve."""
        super().check(experiment)
        if not 1 <= self.order <= LONGEST:
            raise RequestError(f"model.order = {self.order}: it must lie between 1 and {LONGEST}")
        if self.smoothing not in SMOOTHING:
            known = ", ".join(SMOOTHING)
            raise RequestError(
                f"model.smoothing = {self.smoothing}: not one of {known}{nearest(self.smoothing, SMOOTHING)}"
            )
        if np.any(np.asarray(self.temperature) <= 0):
            raise RequestError(f"model.temperature = {self.temperature}: it must be above 0")
        if experiment.handover is Handover.SUMMARY and self.order > 1:
            raise RequestError(
                f"handover = summary: counts of order {self.order} have no sampling law; order 1 has, or samples"
            )
        if not self.dense:
            self._check_sorted(experiment)

    def _check_sorted(self, experiment: Setting) -> None:
        grams = f"{self.classes}^{self.order} grams are too many for a table"
        if experiment.handover.infinite:
            raise RequestError(f"handover = population: {grams} (at most {DENSE}); use samples")
        if self.smoothing != "maximum_likelihood" and np.any(np.asarray(self.temperature) != 1):
            raise RequestError(
                f"model.temperature = {self.temperature}: {grams}, so that only maximum_likelihood has one"
            )
        rows = experiment.regime.capacity(experiment.n, experiment.generations)
        if float(rows) * (self.block + 1) >= 2**31:
            raise RequestError(f"n = {experiment.n}: n (block + 1) must stay below 2**31 tokens")

    def holds(self, family: Distribution) -> bool:
        """Whether it has at least the order of the family."""
        return isinstance(family, Chain) and self.order >= family.order

    def exact(self) -> NGram:
        """Same model by Witten-Bell smoothing at temperature 1.

        Of an infinite sample that is maximum likelihood, which gives unseen text an infinite loss after any finite one.
        """
        return dataclasses.replace(self, smoothing="witten_bell", temperature=1.0)

    def init(self, key: Key) -> Params:
        if self.dense:
            return Chain.uniform(self.classes, self.order, self.block)
        return sort_grams(Batch(jnp.zeros((0, self.block), jnp.int32), jnp.zeros(0)), self.order, self.classes)

    def fit(self, key: Key, params: Params, data: Data) -> Params:
        if not self.dense:
            return sort_grams(data, self.order, self.classes)  # type: ignore[arg-type]
        counts = GramCounter(self.classes, self.order, self.block).of(data)  # type: ignore[arg-type]
        tables = conditional_tables(counts, self.smoothing, self.strength, params.probs)  # type: ignore[union-attr]
        return Chain(tables, self.block, counts.tables[0] > 0)

    def generator(self, params: Params) -> Distribution:
        return params.sharpen(self.temperature) if isinstance(params, Chain) else Distribution()

    def picture(self, key: Key, params: Params, target: Target, n: int) -> dict[str, Array]:
        """Held-out blocks, the same in every generation, continued behind their first quarter; and the tokens seen."""
        assert params.seen is not None, "fit and init say which tokens they have seen"
        return {**super().picture(key, params, target, n), "seen": params.seen}

    def continue_from(self, key: Key, params: Params, prompts: Int[Array, "n length"]) -> Int[Array, "n block"]:
        if isinstance(params, Chain):
            return params.sharpen(self.temperature).continue_from(key, prompts)
        return params.draw(key, prompts, self.block, self.smoothing, self.strength, self.temperature)

    def log_prob(self, params: Params, x: Int[Array, "n block"]) -> Float[Array, " n"]:
        if isinstance(params, Chain):
            return params.log_prob(x)
        return params.token_log_prob(x, self.smoothing, self.strength).sum(axis=1)
