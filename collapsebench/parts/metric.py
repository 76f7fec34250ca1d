"""The contract of a metric: one number per generation, computed from a View of that generation."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any, ClassVar, Self

import jax
from jaxtyping import Array, Float, Int, PyTree

from collapsebench.parts.data import Batch, Data, Kind, as_matrix
from collapsebench.parts.distribution import Distribution
from collapsebench.parts.model import Model
from collapsebench.parts.part import Part, Setting
from collapsebench.parts.target import Classifier, Target
from collapsebench.specs.errors import counted, nearest
from collapsebench.specs.names import spec_name
from collapsebench.specs.pytree import Key, spec, static


@spec
class Estimate:
    """Value of a metric and its Monte-Carlo standard error."""

    value: Float[Array, ""]
    standard_error: Float[Array, ""]


@spec
class View:
    """Data of one generation for a metric or curator: target, model, parameters, training set, synthetic and real rows.

    params: of the model that was fitted to `train` and made `synthetic`, a Batch, Summary or Sources. real: the first
    real rows. holdout: real rows that no model sees. previous: the parameters of the last generation (at 0: of no use).
    first: those of generation 0, for a metric that says `needs_first`.
    """

    target: Target
    model: Model
    params: PyTree
    train: Data
    synthetic: PyTree
    real: Data
    holdout: Batch
    generation: Int[Array, ""] | int
    previous: PyTree = None
    first: PyTree = None

    @property
    def fitted(self) -> Distribution:
        """The fitted distribution, whose density `log_prob` gives."""
        return self.model.distribution(self.params)

    @property
    def truth(self) -> Distribution:
        """The target's distribution in closed form; the base Distribution if it has none."""
        return self.target.distribution()

    def density_rows(self, key: Key, rows: int) -> PyTree:
        """Draws from the fitted density, without the model's sampling bias where the family can be sampled."""
        fitted = self.fitted
        return fitted.sample(key, rows) if fitted.knows("sample") else self.model.sample(key, self.params, rows)

    def drawn(self, key: Key, rows: int) -> Float[Array, "rows d"]:
        """Draws as the next generation would receive them, with the model's sampling bias, as a matrix [rows, d]."""
        return as_matrix(self.model.sample(key, self.params, rows))

    def log_prob_each(self) -> Float[Array, " n"]:
        """Log density or log mass of each holdout row, in nats; of a block of text the mean over its tokens."""
        x = self.holdout.x
        found = self.model.log_prob(self.params, x)
        return found / x.shape[1] if self.model.kind == Kind.TEXT else found

    def held_out(self, rows: int | None = None) -> Float[Array, "rows d"]:
        """The first `rows` holdout rows as a matrix [rows, d]; None: all of them."""
        return as_matrix(self.holdout.x)[:rows]


class Metric(Part):
    """Base class of metrics: one number per generation. A derived class defines `__call__(key, view)`."""

    noun = "metrics"
    estimates: ClassVar[bool] = False
    """whether the value is a Monte-Carlo estimate; the call then returns an Estimate"""
    common_draws: ClassVar[bool] = False
    """whether all metrics of this class in an experiment get the same key, and so the same draws"""
    needs_first: ClassVar[bool] = False
    """whether it compares with the model of generation 0, whose parameters the run then keeps"""
    unit: ClassVar[str] = ""
    log: ClassVar[bool] = False
    """how a figure labels and scales its axis"""

    def prepare(self, experiment: Setting) -> Self:
        """The metric ready for a run, with any network trained or read."""
        return self

    def provenance(self, experiment: Setting) -> dict[str, str]:
        """Digests, by name, of what the metric depends on besides the experiment's record."""
        return {}

    def __call__(self, key: Key, view: View) -> Float[Array, ""] | Estimate:
        """Value of the metric in one generation. Raises RequestError unless a derived class defines it."""
        raise self.refuse("it needs a method __call__(key, view)")

    # --- conditions for a derived `check` ---------------------------------------------------------------------------

    def needs_draws(self, experiment: Setting) -> None:
        """Raise RequestError if the model draws only from prompts."""
        if experiment.model.prompted:
            raise self.refuse("it draws from the model, and this model needs prompts to draw")

    def needs_rows(self, experiment: Setting) -> None:
        """Raise RequestError unless the model draws rows that have distances."""
        kind = experiment.model.kind
        if not Kind(kind).measurable:
            raise self.refuse(f"it compares rows of numbers (vector or count data), and the model's are {kind} data")
        self.needs_draws(experiment)

    def needs_moments(self, experiment: Setting) -> None:
        """Raise RequestError unless the model has moments in closed form or draws rows that have distances."""
        if not experiment.model.family().knows("moments"):
            self.needs_rows(experiment)

    def needs_text(self, experiment: Setting) -> None:
        """Raise RequestError unless single rows of text are handed over."""
        if experiment.target.kind != Kind.TEXT:
            raise self.refuse(f"it measures text, and the target's are {experiment.target.kind} data")
        if not experiment.handover.rows:
            raise self.refuse(f"it reads single rows, which handover = {experiment.handover} never makes")

    def needs_grams(self, experiment: Setting, length: int) -> None:
        """Raise RequestError for grams that are longer than a block."""
        block = experiment.target.dim or 1
        if length > block:
            raise self.refuse(f"length = {length}: a block has {counted(block, 'token')}")

    def needs_model_density(self, experiment: Setting) -> None:
        """Raise RequestError unless the model has a density."""
        if not experiment.model.has_density:
            raise self.refuse(
                "the model has no log_prob, only draws; variance, mmd or sliced_w2 need no more than rows"
            )

    def needs_target_density(self, experiment: Setting) -> None:
        """Raise RequestError unless the target has a density."""
        if not experiment.target.has_density:
            raise self.refuse("the target has no density, only rows; nll, mmd or sliced_w2 need no more than rows")


@spec
class RowMetric(Metric):
    """Base class of comparisons of at most `rows` holdout rows with as many draws. A derived class defines `compare`.

    features: "rows" compares them as they are, "classifier" in the last layer of a network that was trained to tell the
    classes of the target's images (its digest is in the result).
    """

    rows: int = static(256)
    features: Any = "rows"

    estimates = True
    choices: ClassVar[tuple[str, ...]] = ("rows", "classifier")
    """known values of `features`"""
    least: ClassVar[int] = 1
    """smallest number of rows that it can compare"""

    def check(self, experiment: Setting) -> None:
        """Raise RequestError unless the rows have distances, are enough, and have the features of the spec."""
        self.needs_rows(experiment)
        value = self.features
        if not isinstance(value, str) or value not in self.choices:
            known = ", ".join(self.choices)
            raise self.refuse(f"features = {value}: not one of {known}{nearest(str(value), self.choices)}")
        if value == "classifier" and not experiment.target.has_classifier:
            name = spec_name(experiment.target)
            raise self.refuse(f"features = classifier: it is trained on images, and target {name} is none; use images")
        if (rows := min(self.rows, experiment.holdout)) < self.least:
            raise self.refuse(f"it needs {counted(self.least, 'row')}, and there are {rows}")

    def prepare(self, experiment: Setting) -> Self:
        """The metric with the target's trained classifier as `features`, if they are "classifier"."""
        if self.features != "classifier":
            return self
        prepared: Any = dataclasses.replace(self, features=experiment.target.classifier())
        return prepared

    def provenance(self, experiment: Setting) -> dict[str, str]:
        """The classifier's digest by its name; empty for features "rows"."""
        if self.features != "classifier":
            return {}
        classifier = experiment.target.classifier()
        return {classifier.name: classifier.digest}

    def seen(self, x: Float[Array, "n d"]) -> Float[Array, "n features"]:
        """Features of rows: the rows themselves, or the last layer of the classifier."""
        features: str | Classifier = self.features
        return x if isinstance(features, str) else features.features(x)

    def __call__(self, key: Key, view: View) -> Estimate:
        real = self.seen(view.held_out(self.rows))
        return _compare(self, key, real, self.seen(view.drawn(key, real.shape[0])))

    def compare(self, key: Key, real: Float[Array, "n d"], drawn: Float[Array, "n d"]) -> Estimate:
        """Value of the metric for real rows [n, d] and draws [n, d], with the standard error of the draws."""
        raise self.refuse("it needs a method compare(key, real, drawn)")


@partial(jax.jit, inline=True)  # part of a compiled loop, and compiled for itself where the model is outside of JAX
def _compare(metric: RowMetric, key: Key, real: Float[Array, "n d"], drawn: Float[Array, "n d"]) -> Estimate:
    return metric.compare(key, real, drawn)
