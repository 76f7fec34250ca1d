"""Injection: divergence that each error adds in one generation, against the distribution it learned from."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.distributions.mixture import Mixture, as_mixture, common_nodes
from collapsebench.maths.distributions.normal import Normal
from collapsebench.maths.streams import part
from collapsebench.parts.data import Batch, Data, Kind
from collapsebench.parts.distribution import Distribution, population
from collapsebench.parts.metric import Metric, View
from collapsebench.parts.model import Model
from collapsebench.parts.part import Setting
from collapsebench.specs.errors import RequestError
from collapsebench.specs.pytree import Key, spec, static
from collapsebench.specs.registry import METRICS

PARTS = ("expressivity", "statistical", "approximation")
LOSSES = ("kl", "excess_risk")


@METRICS.register("injection")
@spec
class Injection(Metric):
    """One part of the divergence D(q || model) that a generation injects; q is what it learned from.

    q is the target at generation 0 and the last model's own draws after it. With `best` the exact learner on an
    infinite sample of q, the projection of q on the class, and `learned` the exact learner on the generation's data:
    "expressivity" is D(q || best), "statistical" D(q || learned) - D(q || best), which is D(best || learned) for an
    exponential family, and "approximation" D(q || model) - D(q || learned), negative where the learner's error undoes
    the sample's. They sum to D(q || model) exactly. Regime replace.

    loss: "kl", in nats, or "excess_risk" of labelled rows, in the unit of that metric.
    D is in closed form where the family has one and by quadrature where q has nodes; elsewhere the infinite sample and
    D are made of `rows` draws, the same for all parts.
    Sources: Bottou and Bousquet (2008) for the three parts; Csiszar (1975) for the Pythagorean identity.
    """

    part: str = static("statistical")
    loss: str = static("kl")
    rows: int = static(4096)

    common_draws = True
    unit = "nats"

    def check(self, experiment: Setting) -> None:
        """Raise RequestError for another part, loss, regime or family than this is defined for."""
        for name, value, known in (("part", self.part, PARTS), ("loss", self.loss, LOSSES)):
            if value not in known:
                raise self.refuse(f"{name} = {value}: not one of {', '.join(known)}")
        if not experiment.regime.replaces:
            raise self.refuse("a generation learns from one distribution under regime replace only")
        target, model = experiment.target.family(), experiment.model.family()
        if not (model.known and target.known):
            noun = "target" if model.known else "model"
            raise self.refuse(f"the {noun} has no distribution in closed form")
        if experiment.model.finite_only:
            raise self.refuse("model.bandwidth is 0 for an infinite sample; give a number")
        labelled = experiment.model.kind == Kind.LABELLED
        if self.loss == "excess_risk" and not labelled:
            raise self.refuse("loss = excess_risk: it needs labelled rows; that of a density is the kl")
        if labelled and type(target) is not type(model):
            raise self.refuse("the target's labels are not of the model's family")

    def __call__(self, key: Key, view: View) -> Float[Array, ""]:
        model = view.model.exact()
        first, fit_key, rows_key = view.generation == 0, part(key, 0), part(key, 1)
        start = jax.tree.map(lambda new, old: jnp.where(first, new, old), model.init(fit_key), view.previous)

        def learn(data: Data) -> Distribution:
            return model.distribution(model.fit(fit_key, start, data))

        learned, actual = learn(view.train), view.fitted

        def parts(q: Distribution) -> Float[Array, " 3"]:
            best = learn(self._infinite(rows_key, q, model))
            found = [self._divergence(rows_key, q, other) for other in (best, learned, actual)]
            return jnp.stack([found[0], found[1] - found[0], found[2] - found[1]])

        real, last = view.target.distribution(), view.model.generator(view.previous)
        found = jax.lax.cond(first, lambda: parts(real), lambda: parts(last))
        return found[PARTS.index(self.part)]

    def _infinite(self, key: Key, q: Distribution, model: Model) -> Data:
        try:
            return population(q, 1.0, model.summary, "this target")
        except RequestError:
            return self._drawn(key, q)

    def _drawn(self, key: Key, q: Distribution) -> Batch:
        return Batch(q.sample(key, self.rows), jnp.ones(self.rows))

    def _divergence(self, key: Key, q: Distribution, other: Distribution) -> Float[Array, ""]:
        if self.loss == "excess_risk":
            return other.excess_risk(q)
        if q.compares(other, "kl"):
            return q.kl(other)
        try:
            # The nodes of q alone would miss a narrow component of the other, and its density is in the logarithm.
            narrow = isinstance(q, Normal | Mixture) and isinstance(other, Normal | Mixture) and q.dim == 1
            rows = common_nodes(as_mixture(q), as_mixture(other)) if narrow else q.nodes()
        except RequestError:
            rows = self._drawn(key, q)
        gap = jnp.where(rows.w > 0, q.log_prob(rows.x) - other.log_prob(rows.x), 0)
        return (rows.w * gap).sum() / rows.w.sum()
