"""EditDiversity: Levenshtein distance between sentences."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.estimators.sentences import edit_spread, first_sentences
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS


@METRICS.register("edit_diversity")
@spec
class EditDiversity(Metric):
    """Mean over pairs of synthetic sentences of the Levenshtein distance over the longer length: 0 where all are alike.

    Of the first whole sentence, between two ends, in each of the first `rows` rows; whole = False compares the rows
    themselves, of a text whose documents are longer than a row. 0 for fewer than two.
    Source: Briesch et al. (2023), arXiv:2311.16822.
    """

    rows: int = static(64)
    whole: bool = static(True)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for anything but single rows of text, and for fewer than two."""
        self.needs_text(experiment)
        if self.rows < 2:
            raise self.refuse(f"rows = {self.rows}: a pair needs at least 2")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        x, w, end = view.synthetic.x[: self.rows], view.synthetic.w[: self.rows], view.target.end
        assert end is not None
        lengths = jnp.full(x.shape[0], x.shape[1])
        if self.whole:
            x, lengths = first_sentences(x, end)
        return edit_spread(x, lengths, (w > 0) & (lengths >= 0), w.dtype)
