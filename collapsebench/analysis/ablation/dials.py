"""The three dials of an experiment: how each error is switched on and off, as data.

A model names its own dials in `dials`, {"expressivity": (field, levels), "approximation": (field, levels)}, levels from
the largest error to the smallest, and gives its exact learner by `exact()`. The statistical dial is the handover.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import jax

from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import check_experiment
from collapsebench.parts.checks import build_part, check_dims
from collapsebench.parts.data import Kind
from collapsebench.parts.distribution import Distribution
from collapsebench.parts.model import Model
from collapsebench.parts.target import Target
from collapsebench.specs.errors import RequestError, shown
from collapsebench.specs.names import spec_name
from collapsebench.specs.registry import MODELS

COMPONENTS = 12
"""At most, of the mixture that stands for a class that contains real rows: as many as have ROWS for each parameter."""
ROWS = 10
POPULATION = 3000
"""Rows of the large sample that stands for an infinite one where the target is real rows and no other was named."""


@dataclasses.dataclass(frozen=True)
class Dials:
    """Models and handover at the ends of the three dials; an error that a family lacks has the same at both ends.

    models: [expressivity][approximation], index 1 with the error: the class that contains the truth and the class as
    given, each with the exact learner and with the learner as given. handover: with the statistical error; without it
    is "population". contained: whether the first class is known to contain the truth; else it is only a larger model.
    """

    models: tuple[tuple[Model, Model], tuple[Model, Model]]
    handover: str
    contained: bool = True
    resting: Model | None = None
    """of networks, the exact learner where nothing errs: from the truth, in small steps"""
    population: int | None = None
    """rows of the large sample that stands for an infinite one where there is none; None: it is refused"""

    def arm(
        self, experiment: Experiment, statistical: int, expressivity: int, approximation: int, warm: bool | None = None
    ) -> Experiment:
        """The experiment with these errors, 0 or 1 each; warm: its starts, None for those of the experiment.

        EM that is exact goes on from the last model, so that what it has learned it does not lose; so does the exact
        learner of a network that starts at the truth, which would else be told the truth anew in every generation.
        Raises RequestError where this model cannot be trained on an infinite sample.
        """
        model = self.models[expressivity][approximation]
        rest = self.at_rest(statistical, expressivity, approximation)
        if rest is not None:
            model, warm = rest, True
        elif not approximation and model.iterative and not model.streams:
            warm = True
        warm = experiment.warm_start if warm is None else warm
        own = dataclasses.replace(experiment, model=model, warm_start=warm, handover="samples")
        if statistical:  # rows, where there are no statistics: the same law
            return dataclasses.replace(own, handover=self.handover if model.summary is not None else "samples")
        return self._infinite(own)

    def at_rest(self, statistical: int, expressivity: int, approximation: int) -> Model | None:
        """The resting learner of an arm without any error; None for other arms, and for what is no network."""
        own = self.models[expressivity] is self.models[0]
        return self.resting if own and not statistical and not approximation else None

    def _infinite(self, own: Experiment) -> Experiment:
        try:
            return dataclasses.replace(own, handover="population")
        except RequestError as refusal:
            if self.population is None:
                raise RequestError(
                    f"{refusal}; or let a large sample stand for it, whose error is measured: population=10000"
                ) from refusal
            there = own.target.rows()
            real = self.population if there is None else min(self.population, there)
            return dataclasses.replace(own, n=self.population, n_real=real)


def exact(model: Model, learner: Mapping[str, Any] | None = None) -> Any:
    """The model with its exact learner, and with those fields of `learner` that it has."""
    made = model.exact()
    own = made.field_names
    return made.replace(**{name: value for name, value in (learner or {}).items() if name in own})


def containing(experiment: Experiment) -> Model:
    """A model whose class holds the target: the experiment's own, opened as far as needed, or of the target's family.

    Of real rows it is a mixture of up to COMPONENTS normals, which is only larger than most. It takes over the learner's budget
    (fields that both models have). Raises RequestError where no class is known to.
    """
    model = experiment.model
    if (held := experiment.target.held_by()) is not None:
        return held.taught_like(model)
    theirs = experiment.target.family()
    if theirs.known:
        for rich in _candidates(model, theirs):
            try:
                check_dims(experiment.target, rich)
                other = dataclasses.replace(experiment, model=rich, metrics=("nll",), handover="samples")
            except (TypeError, RequestError):
                continue
            if type(other.model.family()) is type(theirs) and rich.holds(theirs):
                return rich.taught_like(model)
    if not theirs.known and experiment.target.kind == Kind.VECTOR and experiment.target.dim:  # real rows
        dim = experiment.target.dim
        own = (experiment.target.rows() or experiment.n) // (ROWS * (dim + 1) * (dim + 2) // 2)
        return MODELS.get("gaussian_mixture")(dim=dim, components=min(max(own, 2), COMPONENTS))
    name = spec_name(experiment.target)
    raise RequestError(f"target = {name}: no registered model's class contains it; name one that does (rich=)")


def contains(model: Model, target: Target) -> bool:
    """Whether the model's class is known to contain the target."""
    held, theirs = target.held_by(), target.family()
    if held is not None and not theirs.known:  # a network, whose class is its shape
        key = jax.random.key(0)
        return type(model) is type(held) and jax.eval_shape(model.init, key) == jax.eval_shape(held.init, key)
    return theirs.known and type(model.family()) is type(theirs) and model.holds(theirs)


def _candidates(model: Model, family: Distribution) -> Iterator[Model]:
    yield model
    yield from model.opened()
    sizes = {"components": family.components, "dim": family.dim, "classes": family.classes}
    known = {name: int(size) for name, size in sizes.items() if size is not None}
    for _, entry in MODELS.items():
        for arguments in (known, {name: size for name, size in known.items() if name != "components"}):
            try:
                yield entry(**arguments)
            except (TypeError, RequestError):
                continue


def dials(
    experiment: Experiment, rich: Any = None, learner: Mapping[str, Any] | None = None, population: int | None = None
) -> Dials:
    """The dials of an experiment; its own model and handover are the ends with the errors.

    rich: a model whose class contains the truth, where `containing` finds none or a better one is known. learner:
    fields that make the learner exact, beyond what the model's `exact` says, such as {"unbiased": True}. population:
    rows of a large sample that stands for an infinite one where the models have none (above three dimensions).
    """
    check_experiment("ablate", experiment)
    if population is None and experiment.target.rows() is not None:
        population = max(POPULATION, 10 * experiment.n)
    if experiment.handover.infinite:
        raise RequestError("handover = population: that is the dial's end without error; ablate samples or summary")
    if not isinstance(learner, Mapping | None) or not all(isinstance(name, str) for name in learner or ()):
        raise RequestError(f"learner = {shown(learner)}: it must be a dict of fields and values")
    if not isinstance(population, int | None) or (population is not None and not population > experiment.n):
        raise RequestError(
            f"population = {shown(population)}: it stands for an infinite sample, so more than n = {experiment.n}"
        )
    rich = containing(experiment) if rich is None else build_part("model", rich, "rich")
    thorough = exact(rich, learner)
    at_truth = thorough.from_truth(experiment.target)
    rests = rich.streams and at_truth is not thorough
    with_truth = (thorough if rich.streams else at_truth, rich)
    same = repr(rich) == repr(experiment.model)
    restricted = with_truth if same else (exact(experiment.model, learner), experiment.model)
    return Dials(
        (with_truth, restricted), str(experiment.handover), contains(rich, experiment.target),
        at_truth if rests else None, population,
    )  # fmt: skip
