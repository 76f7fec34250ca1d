"""The three dials of an experiment: how each error is switched off, as data.

A model names its own dials in `dials`, {"expressivity": (field, levels), "approximation": (field, levels)}, levels from
the largest error to the smallest, and gives its exact learner by `exact()`. The statistical dial is the handover.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from collapsebench.experiment.experiment import Experiment, check_dims
from collapsebench.maths.estimators import reading
from collapsebench.parts.data import Handover
from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import spec_name
from collapsebench.specs.registry import MODELS


@dataclasses.dataclass(frozen=True)
class Dials:
    """What stands at each end of each dial; an error that a family does not have is the same at both ends.

    models: [expressivity][approximation], index 1 with the error: the class that contains the truth and the class as
    given, each with the exact learner and with the learner as given. handover: with the statistical error; without it
    is "population".
    """

    models: tuple[tuple[Any, Any], tuple[Any, Any]]
    handover: str

    def arm(self, experiment: Experiment, statistical: int, expressivity: int, approximation: int) -> Experiment:
        """The experiment with these errors, 0 or 1 each.

        An exact learner that takes steps goes on from the last model, so that what it has learned it does not lose.
        Raises RequestError where this model cannot be trained on an infinite sample.
        """
        model = self.models[expressivity][approximation]
        handover = self.handover
        if handover == Handover.SUMMARY and getattr(model, "summary", None) is None:
            handover = str(Handover.SAMPLES)  # the same law, by rows
        warm = experiment.warm_start or (not approximation and getattr(model, "iterative", False))
        return dataclasses.replace(
            experiment, model=model, warm_start=warm, handover=handover if statistical else "population"
        )


def exact(model: Any, learner: Mapping[str, Any] | None = None) -> Any:
    """The model with its exact learner; a model without `exact` has no other. learner: fields that make it exact."""
    made = model.exact() if hasattr(model, "exact") else model
    own = {field.name for field in dataclasses.fields(made)}
    return dataclasses.replace(made, **{name: value for name, value in (learner or {}).items() if name in own})


def containing(experiment: Experiment) -> Any:
    """A model whose class holds the target: the experiment's own, opened as far as needed, or of the target's family.

    It takes over the learner's budget (fields that both models have). Raises RequestError where no class is known to.
    """
    if (held := getattr(experiment.target, "held_by", None)) is not None:
        return _with_learner_of(experiment.model, held)
    theirs = reading.families(experiment)[0]
    if theirs is not None:
        for rich in _candidates(experiment.model, theirs):
            try:
                check_dims(experiment.target, rich)
                other = dataclasses.replace(experiment, model=rich, metrics=("nll",), handover="samples")
            except (TypeError, RequestError):
                continue
            if type(reading.families(other)[1]) is type(theirs) and _holds(rich, theirs):
                return _with_learner_of(experiment.model, rich)
    name = spec_name(experiment.target)
    raise RequestError(f"target = {name}: no registered model's class contains it; name one that does (rich=)")


def _candidates(model: Any, family: Any) -> Iterator[Any]:
    yield model
    field, levels = getattr(model, "dials", {}).get("expressivity", ("", ()))
    if field != "components":
        yield from (dataclasses.replace(model, **{field: level}) for level in reversed(levels))
    sizes = {name: getattr(family, name, None) for name in ("components", "dim", "classes")}
    known = {name: int(size) for name, size in sizes.items() if size is not None}
    for _, entry in MODELS.items():
        for arguments in (known, {name: size for name, size in known.items() if name != "components"}):
            try:
                yield entry(**arguments)
            except TypeError:
                continue


def _holds(model: Any, family: Any) -> bool:
    """Whether a model of the target's family is large enough for it."""
    needed = getattr(family, "components", None)
    return (
        (needed is None or getattr(model, "components", 0) >= needed)
        and getattr(model, "covariance", "full") == "full"
        and getattr(model, "tied", 1) == 1
        and getattr(model, "features", None) in (None, getattr(model, "dim", None))
    )


def _with_learner_of(model: Any, rich: Any) -> Any:
    budget = {
        field.name: getattr(model, field.name)
        for field in dataclasses.fields(rich)
        if field.name in ("steps", "lloyd", "tolerance", "ridge", "training") and hasattr(model, field.name)
    }
    return dataclasses.replace(rich, **budget)


def dials(experiment: Experiment, rich: Any = None, learner: Mapping[str, Any] | None = None) -> Dials:
    """The dials of an experiment; its own model and handover are the ends with the errors.

    rich: a model whose class contains the truth, where `containing` finds none or a better one is known. learner:
    fields that make the learner exact, beyond what the model's `exact` says, such as {"unbiased": True}.
    """
    if experiment.handover == Handover.POPULATION:
        raise RequestError("handover = population: that is the dial's end without error; ablate samples or summary")
    rich = containing(experiment) if rich is None else rich
    with_truth = (_from_truth(experiment, exact(rich, learner)), rich)
    same = repr(rich) == repr(experiment.model)
    restricted = with_truth if same else (exact(experiment.model, learner), experiment.model)
    return Dials((with_truth, restricted), str(experiment.handover))


def _from_truth(experiment: Experiment, model: Any) -> Any:
    """An exact learner that takes steps starts at the truth where its class holds it: EM finds no other optimum there."""
    if getattr(model, "start", 0) is not None:
        return model
    if (held := getattr(experiment.target, "held_by", None)) is not None and hasattr(model, "training"):
        same = jax.eval_shape(held.init, jax.random.key(0)) == jax.eval_shape(model.init, jax.random.key(0))
        return dataclasses.replace(model, start=experiment.target) if same else model
    if not hasattr(experiment.target, "distribution"):
        return model
    truth = experiment.target.distribution()
    if type(truth) is not type(jax.eval_shape(lambda: model.distribution(model.init(None)))):
        return model
    if getattr(truth, "components", None) != getattr(model, "components", None):
        return model
    return dataclasses.replace(model, start=jax.tree.map(np.asarray, truth))
