"""The contract of a metric: one number per generation, read off a View of that generation."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar, Self

from jaxtyping import Array, Float, Int, PyTree

from collapsebench.parts.data import Batch, Data, Kind, as_matrix
from collapsebench.parts.distribution import Distribution
from collapsebench.parts.model import Model
from collapsebench.parts.part import Part, Setting
from collapsebench.parts.target import Classifier, Target
from collapsebench.specs.errors import nearest
from collapsebench.specs.names import spec_name
from collapsebench.specs.pytree import Key, spec, static


@spec
class Estimate:
    """A metric's value with the standard error of the Monte-Carlo draw that made it."""

    value: Float[Array, ""]
    standard_error: Float[Array, ""]


@spec
class View:
    """One generation, as a metric or a curator may look at it.

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
        """The fitted distribution, which `log_prob` is of."""
        return self.model.distribution(self.params)

    @property
    def truth(self) -> Distribution:
        """The real distribution."""
        return self.target.distribution()

    def density_rows(self, key: Key, rows: int) -> PyTree:
        """Draws from the density that `log_prob` gives: without the model's sampling bias where that is known."""
        fitted = self.fitted
        return fitted.sample(key, rows) if fitted.knows("sample") else self.model.sample(key, self.params, rows)

    def drawn(self, key: Key, rows: int) -> Float[Array, "rows d"]:
        """Draws as the next generation would get them, with the model's sampling bias."""
        return as_matrix(self.model.sample(key, self.params, rows))

    def held_out(self, rows: int | None = None) -> Float[Array, "rows d"]:
        """The first rows of the holdout: `rows` of them, or all that there are."""
        return as_matrix(self.holdout.x)[:rows]


class Metric(Part):
    """One number per generation: `__call__(key, view)`."""

    noun = "metrics"
    estimates: ClassVar[bool] = False
    """the number comes from a Monte-Carlo draw; the call returns an Estimate"""
    common_draws: ClassVar[bool] = False
    """all metrics of this class in an experiment get the same key, so that what they draw is the same"""
    needs_first: ClassVar[bool] = False
    """it compares with the model of generation 0, whose parameters the run then keeps"""
    unit: ClassVar[str] = ""
    log: ClassVar[bool] = False
    """how a figure labels and scales its axis"""

    def prepare(self, experiment: Setting) -> Self:
        """The metric as a run uses it, with what it looks through trained or read."""
        return self

    def provenance(self, experiment: Setting) -> dict[str, str]:
        """Digests, by name, of what the number depends on beside the experiment's record."""
        return {}

    def __call__(self, key: Key, view: View) -> Float[Array, ""] | Estimate:
        """The number of a generation. Raises RequestError where a derived class gives none."""
        raise self.refuse("it needs a method __call__(key, view)")

    # --- what a `check` may ask for: each raises RequestError -------------------------------------------------------

    def needs_draws(self, experiment: Setting) -> None:
        """The model draws by itself, without rows to go on from."""
        if experiment.model.prompted:
            raise self.refuse("it draws from the model, and this model needs prompts to draw")

    def needs_rows(self, experiment: Setting) -> None:
        """Model and target give rows that have distances."""
        kind = experiment.model.kind
        if not Kind(kind).measurable:
            raise self.refuse(f"it compares rows of numbers (vector or count data), and the model's are {kind} data")
        self.needs_draws(experiment)

    def needs_moments(self, experiment: Setting) -> None:
        """The model has moments, or gives rows that have."""
        if not experiment.model.family().knows("moments"):
            self.needs_rows(experiment)

    def needs_target_density(self, experiment: Setting) -> None:
        """The target has a density."""
        if not experiment.target.has_density:
            raise self.refuse("the target has no density, only rows; nll, mmd or sliced_w2 need no more than rows")


@spec
class RowMetric(Metric):
    """A comparison of at most `rows` holdout rows with as many draws of the model. A derived class gives `compare`.

    features: "rows" compares them as they are, "classifier" in the last layer of a network that was trained to tell the
    classes of the target's images (its digest is in the result).
    """

    rows: int = static(256)
    features: Any = "rows"

    estimates = True
    choices: ClassVar[tuple[str, ...]] = ("rows", "classifier")
    """the features there are to choose from"""
    least: ClassVar[int] = 1
    """fewest rows that it can compare"""

    def check(self, experiment: Setting) -> None:
        """Raise RequestError unless there are rows of numbers, and the features that are asked for."""
        self.needs_rows(experiment)
        value = self.features
        if not isinstance(value, str) or value not in self.choices:
            known = ", ".join(self.choices)
            raise self.refuse(f"features = {value}: not one of {known}{nearest(str(value), self.choices)}")
        if value == "classifier" and not experiment.target.has_classifier:
            name = spec_name(experiment.target)
            raise self.refuse(f"features = classifier: it is trained on images, and target {name} is none; use images")
        if (rows := min(self.rows, experiment.holdout)) < self.least:
            raise self.refuse(f"it needs {self.least} rows, and there are {rows}")

    def prepare(self, experiment: Setting) -> Self:
        """The metric with the target's classifier in the place of the word."""
        if self.features != "classifier":
            return self
        prepared: Any = dataclasses.replace(self, features=experiment.target.classifier())
        return prepared

    def provenance(self, experiment: Setting) -> dict[str, str]:
        """The classifier's digest by the target's name."""
        if self.features != "classifier":
            return {}
        classifier = experiment.target.classifier()
        return {classifier.name: classifier.digest}

    def seen(self, x: Float[Array, "n d"]) -> Float[Array, "n features"]:
        """Rows as they are, or what the classifier sees in them."""
        features: str | Classifier = self.features
        return x if isinstance(features, str) else features.features(x)

    def __call__(self, key: Key, view: View) -> Estimate:
        real = self.seen(view.held_out(self.rows))
        return self.compare(key, real, self.seen(view.drawn(key, real.shape[0])))

    def compare(self, key: Key, real: Float[Array, "n d"], drawn: Float[Array, "n d"]) -> Estimate:
        """The metric of two sets of rows, with the standard error of the draws."""
        raise self.refuse("it needs a method compare(key, real, drawn)")
