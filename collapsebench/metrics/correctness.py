"""Correctness: share of true equations of the boolean language."""

from __future__ import annotations

import dataclasses
from typing import Self

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench.learning import tokenizers
from collapsebench.maths.estimators.sentences import END, OTHER, SIGNS, correct_share
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("correctness")
@spec
class Correctness(Metric):
    """Share of the synthetic sentences that are true equations of the boolean language, such as (T&!F)=T.

    Of the sentences that lie whole within a row, between two ends; 0 where there are none. signs: the tokens of the
    signs T F ! & | ( ) =, found by an experiment. Source: Briesch et al. (2023), arXiv:2311.16822.
    """

    signs: tuple[int, ...] = static(())

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for anything but single rows of text whose tokens are the language's signs."""
        self.needs_text(experiment)
        self._found(experiment)

    def prepare(self, experiment: Setting) -> Self:
        return dataclasses.replace(self, signs=self._found(experiment))

    def _found(self, experiment: Setting) -> tuple[int, ...]:
        file = experiment.target.files().get("tokenizer", '{"tokenizer": "bytes"}')
        tokenizer = tokenizers.from_json(file)
        pieces = [tokenizer.piece(token) for token in range(tokenizer.size)]
        if missing := [sign for sign in SIGNS if sign.encode() not in pieces]:
            raise self.refuse(
                f"{missing[0]} is no token of the text; it reads the text boolean, with tokenizer = characters"
            )
        return tuple(pieces.index(sign.encode()) for sign in SIGNS)

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        classes, end = view.target.classes, view.target.end
        assert classes is not None
        code = np.full(classes, OTHER)
        code[list(self.signs)], code[end] = range(len(SIGNS)), END
        return correct_share(jnp.asarray(code)[view.synthetic.x], view.synthetic.w)
