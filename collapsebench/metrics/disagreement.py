"""Disagreement: variance between the means of the models of an ecosystem."""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Float

from collapsebench.maths.distributions.community import Community
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.part import Setting
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import METRICS


@METRICS.register("disagreement")
@spec
class Disagreement(Metric):
    """Variance between the means of an ecosystem's models (divided by models - 1), summed over columns; 0: they agree."""

    log = True

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for a model that is not several with known means."""
        family: Any = experiment.model.family()
        if not isinstance(family, Community) or not family.members.knows("moments"):
            raise self.refuse("the model is no ecosystem of models that know their means")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        community: Any = view.fitted
        means = community.member_moments()[0]
        return ((means - means.mean(axis=0)[None]) ** 2).sum() / max(community.count - 1, 1)
