"""A small example experiment for any model, and the regimes that an experiment allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from collapsebench.experiment.experiment import Experiment
from collapsebench.parts.checks import asking
from collapsebench.parts.model import Model
from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import spec_name
from collapsebench.specs.registry import REGIMES, TARGETS


def regimes_for(experiment: Experiment) -> tuple[Any, ...]:
    """Every registered regime, with its defaults, that the experiment allows."""
    found = []
    for _, entry in REGIMES.items():
        try:
            found.append(dataclasses.replace(experiment, regime=entry()).regime)
        except RequestError:
            continue
    return tuple(found)


MOST, WORK = 100, 8e9
"""Trajectories of an example, and the rows that its fits may read: of a language model it has fewer trajectories."""


def example(model: Model) -> Experiment:
    """A small experiment for any model, on a target of its own family, else the normal, else the first that it learns.

    Raises RequestError when there is none.
    """
    other: Experiment | None = None
    generations = 20
    with asking(model):
        sizes = {"dim": model.dim, "classes": model.classes}
        trajectories = min(MOST, max(2, round(WORK / generations / model.rows_per_fit(100.0))))
    for target in _targets():
        if not target().family().known:
            continue  # rows of no family; to look at them would mean to read them
        for arguments in ({}, *({field: size} for field, size in sizes.items())):
            try:
                experiment = Experiment(
                    name=spec_name(model), target=target(**arguments), model=model, metrics=("nll",),
                    trajectories=trajectories, generations=generations,
                )  # fmt: skip
            except (TypeError, RequestError):
                continue
            if type(experiment.model.family()) is type(experiment.target.family()):
                return experiment
            other = other or experiment
            break
    if other is not None:
        return other
    raise RequestError(
        f"model = {spec_name(model)}: no registered target gives what it learns; build an Experiment in Python"
    )


def _targets() -> Iterator[Any]:
    """Every registered target, the normal first; the others are imported only if it does not serve."""
    yield TARGETS.get("normal")
    yield from (target for _, target in TARGETS.items())
