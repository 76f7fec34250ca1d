"""Judge: the best share of the draws by a noisy score of their quality."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from collapsebench.maths import samplers
from collapsebench.maths.numerics import divide
from collapsebench.maths.ranking import best_share, skill
from collapsebench.maths.sums import centred
from collapsebench.parts.curator import Curator
from collapsebench.parts.data import Batch, Kind, as_matrix
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("judge")
@spec
class Judge(Curator):
    """Keep the best share `keep` of the draws, by a score that correlates by `rho` with their first column.

    steady: whether the score's noise has the same variance in every generation, that of a correlation `rho` with real
    rows; otherwise it shrinks with the model, and the correlation stays. bias: the score's correlation with the second
    column, which is no quality. drift: the share of `rho` that is lost in every generation. fails_at: the generation
    from which on the score is noise (None: never).
    Rejection sampling, best-of-n and filtering by a classifier are of this kind. Laws: `theory.judge_mean_law`,
    `theory.judge_variance_law`, of the second column with `bias` in place of `rho`.
    """

    rho: float = within(0.6, low=-1, high=1)
    keep: float = within(0.2, low=0, high=1)
    steady: bool = static(False)
    drift: float = within(0.0, low=0, high=1)
    fails_at: int | None = static(None)
    bias: float = within(0.0, low=-1, high=1)

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for data whose first column is no number, and for a bias without a second one."""
        if (kind := experiment.target.kind) not in (Kind.VECTOR, Kind.COUNT):
            raise self.refuse(f"{kind} data have no first column that could be judged")
        if np.any(np.asarray(self.bias) != 0) and (experiment.target.dim or 1) < 2:
            raise RequestError(f"curator.bias = {self.bias}: it is for the second column, and the data have one alone")
        if np.any(np.square(self.rho) + np.square(self.bias) > 1):
            raise RequestError(f"curator.bias = {self.bias}: its square and that of rho may be 1 together")

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity]: 1 for the best rows, else 0; the state as given."""
        batch = view.synthetic
        rows, spread = _centred(batch)
        left = skill(view.generation, self.drift, self.fails_at)
        traits = jnp.stack([self.rho * left, self.bias * skill(view.generation, 0, self.fails_at)])[: rows.shape[1]]
        noise = samplers.normal(key, batch.w.shape, rows.dtype)
        if self.steady:
            assert isinstance(view.real, Batch)
            spread = _centred(view.real)[1]
        merits = (traits[None] * divide(rows, spread[None])).sum(axis=1)
        score = merits + jnp.sqrt(jnp.maximum(1 - (traits**2).sum(), 0)) * noise
        return best_share(score, batch.w, self.keep).astype(batch.w.dtype), state


def _centred(batch: Batch) -> tuple[Float[Array, "n 2"] | Float[Array, "n 1"], Float[Array, " 2"] | Float[Array, " 1"]]:
    """The first two columns of weighted rows about their means, and their standard deviations."""
    x = jax.tree.map(lambda a: a.astype(batch.w.dtype), batch.x)
    total, _, rows, _ = centred(as_matrix(x)[:, :2], batch.w)
    return rows, jnp.sqrt((batch.w[:, None] * rows**2).sum(axis=0) / jnp.maximum(total, 1))
