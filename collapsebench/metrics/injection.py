"""What each error adds in one generation, against the distribution that the generation learned from."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.distributions.roles import population
from collapsebench.estimators import reading
from collapsebench.registry import METRICS
from collapsebench.types import Key, Metric, View, spec, static

PARTS = ("expressivity", "estimation", "optimisation")


@METRICS.register("injection")
@spec
class Injection(Metric):
    """One part of the divergence KL(q || model) that a generation injects; q is what it learned from, in nats.

    q is the target at generation 0 and the last model's own draws after it. With `best` the projection of q on the
    class (the exact learner on an infinite sample of q) and `learned` the exact learner on the generation's data:
    "expressivity" is KL(q || best), "estimation" KL(q || learned) - KL(q || best), which is KL(best || learned) for an
    exponential family, and "optimisation" KL(q || model) - KL(q || learned), negative where the learner's error undoes
    the sample's. They sum to KL(q || model) exactly. Regime replace, and a density with sufficient statistics.
    Sources: Bottou and Bousquet (2008) for the three parts; Csiszar (1975) for the Pythagorean identity.
    """

    part: str = static("estimation")

    unit = "nats"

    def check(self, experiment: Any) -> None:
        """Raise RequestError for another part, regime or family than this is defined for."""
        if self.part not in PARTS:
            raise reading.refuse(self, f"part = {self.part}: not one of {', '.join(PARTS)}")
        if getattr(type(experiment.regime), "registry_name", "") != "replace":
            raise reading.refuse(self, "a generation learns from one distribution under regime replace only")
        target, model = reading.families(experiment)
        if getattr(experiment.model, "summary", None) is None or not reading.offers(model, "kl"):
            raise reading.refuse(self, "the model has no density with sufficient statistics and a closed-form kl")
        if type(target) is not type(model) and not reading.offers(target, "nodes"):
            raise reading.refuse(self, "the target is not of the model's family and has no quadrature nodes")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        model = view.model.exact() if hasattr(view.model, "exact") else view.model
        learned, actual = model.distribution(model.fit(key, view.params, view.train)), reading.model_distribution(view)

        def parts(q: Any) -> Float[Array, " 3"]:
            best = model.distribution(model.fit(key, view.params, population(q, 1.0, model.summary, "this target")))
            first, second, third = (_kl(q, other) for other in (best, learned, actual))
            return jnp.stack([first, second - first, third - second])

        real, last = view.target.distribution(), view.model.generator(view.previous)
        found = jax.lax.cond(view.generation == 0, lambda: parts(real), lambda: parts(last))
        return found[PARTS.index(self.part)]


def _kl(first: Any, second: Any) -> Float[Array, ""]:
    """KL(first || second): in closed form within a family, else by quadrature over the nodes of the first."""
    if type(first) is type(second):
        return first.kl(second)
    nodes = first.nodes()
    return (nodes.w * (first.log_prob(nodes.x) - second.log_prob(nodes.x))).sum() / nodes.w.sum()
