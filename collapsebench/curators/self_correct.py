"""SelfCorrect: draws weighed towards the target, or towards the real rows around which they lie."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.maths.numerics import divide
from collapsebench.maths.ranking import mean_one
from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Batch, Kind, as_matrix
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("self_correct")
@spec
class SelfCorrect(Curator):
    """Weigh draws so that they stand for a mixture of `strength` parts of the target to one of the model (self-correction).

    cells: 0 takes the densities of both, as an oracle does. Otherwise no density is known: a draw belongs to the nearest
    of so many real rows, and weighs more where real rows are more frequent than draws; symbols are cells of their own.
    The weights have mean 1, and what was not drawn stays lost. Laws of a normal: `theory.correction_variance_law`, and
    for the draws that the weights leave `theory.correction_effective_size_law`; of symbols by real rows
    `theory.augment_l2_law` with strength n real rows, from which the frequencies of n draws depart as if those were added.
    Source: Gillman et al. (2024), the projection pi_gamma with gamma = strength.
    """

    strength: float = within(1.0, low=0)
    cells: int = static(0)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for data without distances or densities, and for more cells than real rows."""
        target, real = experiment.target, experiment.n if experiment.n_real is None else experiment.n_real
        if self.cells == 0 and not (target.has_density and experiment.model.has_density):
            raise self.refuse("it needs the densities of target and model; cells > 0 needs real rows alone")
        if self.cells and target.kind not in (Kind.VECTOR, Kind.COUNT, Kind.SYMBOL):
            raise self.refuse(f"{target.kind} data have no distances")
        if self.cells > real:
            raise RequestError(f"curator.cells = {self.cells}: there are {real} real rows")

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity], of mean 1; the state as given."""
        batch = view.synthetic
        if self.cells:
            odds = self._by_real_rows(view)
        else:
            odds = view.target.log_prob(batch.x) - view.model.generator(view.params).log_prob(batch.x)
        share = self.strength / (1 + self.strength)
        return jnp.where(batch.w > 0, 1 - share, 0) + share * mean_one(odds, batch.w), state

    def _by_real_rows(self, view: View) -> Float[Array, " capacity"]:
        """Log of how much more frequent real rows are than draws in the cell of each draw."""
        drawn, real = view.synthetic, view.real
        assert isinstance(real, Batch)
        if view.target.kind == Kind.SYMBOL:
            cells, (own, theirs) = view.target.classes or 1, (drawn.x, real.x)
        else:
            cells, centres = self.cells, as_matrix(real.x)[: self.cells]
            own, theirs = _nearest(as_matrix(drawn.x), centres), _nearest(as_matrix(real.x), centres)
        counts = [jnp.zeros(cells, batch.w.dtype).at[at].add(batch.w) for at, batch in ((own, drawn), (theirs, real))]
        return jnp.log(divide(counts[1], counts[0]))[own]


def _nearest(x: Float[Array, "n d"], centres: Float[Array, "k d"]) -> Int[Array, " n"]:
    """Index of the centre that is nearest to each row: one centre after another, so that no table is made."""

    def nearer(i: Array, best: tuple[Array, Array]) -> tuple[Array, Array]:
        apart = ((x - centres[i][None]) ** 2).sum(axis=1)
        return jnp.minimum(apart, best[0]), jnp.where(apart < best[0], i, best[1])

    start = jnp.full(x.shape[0], jnp.inf, x.dtype), jnp.zeros(x.shape[0], int)
    return jax.lax.fori_loop(0, centres.shape[0], nearer, start)[1]
