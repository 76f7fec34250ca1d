"""The three dials of an experiment: how each error is switched off, as data."""

from __future__ import annotations

import dataclasses
from typing import Any

from collapsebench.errors import RequestError
from collapsebench.estimators import reading
from collapsebench.experiment import Experiment, check_dims, spec_name
from collapsebench.registry import MODELS
from collapsebench.types import Handover


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

        Raises RequestError where this model cannot be trained on an infinite sample.
        """
        model = self.models[expressivity][approximation]
        handover = self.handover
        if handover == Handover.SUMMARY and getattr(model, "summary", None) is None:
            handover = str(Handover.SAMPLES)  # the same law, by rows
        return dataclasses.replace(experiment, model=model, handover=handover if statistical else "population")


def exact(model: Any) -> Any:
    """The model with its exact learner; a model without `exact` has no other."""
    return model.exact() if hasattr(model, "exact") else model


def containing(experiment: Experiment) -> Any:
    """A model whose class holds the target: the experiment's own, or that of the target's family.

    It takes over the learner's budget (fields that both models have). Raises RequestError where no class is known to.
    """
    model = experiment.model
    theirs, ours = reading.families(experiment)
    if theirs is not None and type(theirs) is type(ours) and _holds(model, theirs):
        return model
    for _, entry in MODELS.items():
        for arguments in _sizes(theirs):
            try:
                rich = entry(**arguments)
                check_dims(experiment.target, rich)
                family = reading.families(
                    dataclasses.replace(experiment, model=rich, metrics=("nll",), handover="samples")
                )[1]
            except (TypeError, RequestError):
                continue
            if theirs is not None and type(family) is type(theirs) and _holds(rich, theirs):
                return _with_learner_of(model, rich)
    name = spec_name(experiment.target)
    raise RequestError(f"target = {name}: no registered model's class contains it; name one that does (rich=)")


def _holds(model: Any, family: Any) -> bool:
    """Whether a model of the target's family is large enough for it."""
    needed = getattr(family, "components", None)
    full = getattr(model, "covariance", "full") == "full"
    return (needed is None or getattr(model, "components", 0) >= needed) and full


def _sizes(family: Any) -> list[dict[str, Any]]:
    sizes = {field: getattr(family, field, None) for field in ("components", "dim", "classes")}
    known = {field: int(size) for field, size in sizes.items() if size is not None}
    return [known, {field: size for field, size in known.items() if field != "components"}]


def _with_learner_of(model: Any, rich: Any) -> Any:
    budget = {
        field.name: getattr(model, field.name)
        for field in dataclasses.fields(rich)
        if field.name in ("steps", "lloyd", "tolerance", "ridge") and hasattr(model, field.name)
    }
    return dataclasses.replace(rich, **budget)


def dials(experiment: Experiment, rich: Any = None) -> Dials:
    """The dials of an experiment; its own model and handover are the ends with the errors.

    rich: a model whose class contains the truth, where `containing` finds none or a better one is known.
    """
    if experiment.handover == Handover.POPULATION:
        raise RequestError("handover = population: that is the dial's end without error; ablate samples or summary")
    rich = containing(experiment) if rich is None else rich
    pairs = tuple((exact(model), model) for model in (rich, experiment.model))
    return Dials((pairs[0], pairs[1]), str(experiment.handover))
