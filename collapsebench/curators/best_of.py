"""BestOf: the winner among every few draws, by a noisy comparison of rewards."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from collapsebench.maths import samplers
from collapsebench.maths.ranking import best_of
from collapsebench.maths.rewards import check_rewards, reward
from collapsebench.parts.curator import Curator
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static, within
from collapsebench.specs.registry import CURATORS


@CURATORS.register("best_of")
@spec
class BestOf(Curator):
    """Keep the winner among every `candidates` draws, chosen by the Bradley-Terry model on their rewards times `beta`.

    rewards: one for each symbol; empty: a row's first column is its reward. One row of `candidates` is kept. Law, of
    symbols: `theory.curation_law`. Source: Ferbach et al. (2024).
    """

    candidates: int = static(2)
    beta: float = within(1.0, low=0)
    rewards: tuple[float, ...] = static(())

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for data without a reward, and for fewer than one candidate."""
        check_rewards(self, experiment, self.rewards)
        if self.candidates < 1:
            raise self.refuse(f"candidates = {self.candidates}: it must be at least 1")

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity]: 1 for the winners, else 0; the state as given."""
        batch = view.synthetic
        u = samplers.uniform(key, batch.w.shape, batch.w.dtype)
        gumbel = -jnp.log(-jnp.log(u))  # the largest of score + Gumbel is i with probability softmax(score)_i
        return best_of(self.beta * reward(batch, self.rewards) + gumbel, batch.w, self.candidates), state
