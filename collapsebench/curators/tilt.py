"""Tilt: draws weighed by the exponential of a reward."""

from __future__ import annotations

from jaxtyping import Array, Float, PyTree

from collapsebench.maths.ranking import mean_one
from collapsebench.maths.rewards import check_rewards, reward
from collapsebench.parts.curator import Curator
from collapsebench.parts.metric import View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import CURATORS


@CURATORS.register("tilt")
@spec
class Tilt(Curator):
    """Weigh draws by exp(`beta` times reward), of mean 1: what reward training with a reference comes to each round.

    rewards: one for each symbol; empty: a row's first column is its reward. After T rounds the distribution is the first
    times exp(T beta reward), normalised (`theory.tilted_law`); a normal's mean moves by beta times its variance a round.
    """

    beta: float = 0.5
    rewards: tuple[float, ...] = static(())

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for data without a reward."""
        check_rewards(self, experiment, self.rewards)

    def weights(self, key: Key, view: View, state: PyTree) -> tuple[Float[Array, " capacity"], PyTree]:
        """Weights [capacity], of mean 1; the state as given."""
        batch = view.synthetic
        return mean_one(self.beta * reward(batch, self.rewards), batch.w), state
