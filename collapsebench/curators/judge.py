"""Judge: the best share of the draws by a noisy score of their quality."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths import samplers
from collapsebench.maths.ranking import best_share
from collapsebench.maths.sums import centred
from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Batch, Kind, as_matrix
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("judge")
@spec
class Judge(Curator):
    """Keep the best share `keep` of the draws, by a score that correlates by `rho` with their first column.

    steady: whether the score's noise has the same variance in every generation, that of a correlation `rho` with real
    rows; otherwise it shrinks with the model, and the correlation stays. drift: the share of the correlation that is
    lost in every generation. fails_at: the generation from which on the score is noise (None: never).
    Rejection sampling, best-of-n and filtering by a classifier are of this kind. Laws: `theory.judge_mean_law`,
    `theory.judge_variance_law`.
    """

    rho: float = within(0.6, low=-1, high=1)
    keep: float = within(0.2, low=0, high=1)
    steady: bool = static(False)
    drift: float = within(0.0, low=0, high=1)
    fails_at: int | None = static(None)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for data whose first column is no number."""
        if (kind := experiment.target.kind) not in (Kind.VECTOR, Kind.COUNT):
            raise self.refuse(f"{kind} data have no first column that could be judged")

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity]: 1 for the best rows, else 0; the state as given."""
        batch = view.synthetic
        quality, spread = _first(batch)
        rho = self.rho * (1 - self.drift) ** jnp.asarray(view.generation, quality.dtype)
        if self.fails_at is not None:
            rho = jnp.where(view.generation >= self.fails_at, 0, rho)
        noise = samplers.normal(key, quality.shape, quality.dtype)
        if self.steady:
            assert isinstance(view.real, Batch)
            spread = _first(view.real)[1]
        score = rho * quality + jnp.sqrt(1 - rho**2) * spread * noise
        return best_share(score, batch.w, self.keep).astype(batch.w.dtype), state


def _first(batch: Batch) -> tuple[Float[Array, " n"], Float[Array, ""]]:
    """The first column of weighted rows about its mean, and its standard deviation."""
    total, _, rows, _ = centred(as_matrix(jax.tree.map(lambda a: a.astype(batch.w.dtype), batch.x)), batch.w)
    return rows[:, 0], jnp.sqrt((batch.w * rows[:, 0] ** 2).sum() / jnp.maximum(total, 1))
