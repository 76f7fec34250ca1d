"""Border of a phase diagram by theory: where a limit is just kept by an exact law, or a condition of stability."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import set_field
from collapsebench.oversight import laws
from collapsebench.oversight.dials import Dial
from collapsebench.oversight.limits import Limit
from collapsebench.specs.names import spec_name

Axis = tuple[str, Sequence[float]]
"""A dotted path and its values, ascending."""


def border_of(experiment: Experiment, limit: Limit, x: Axis, y: Axis) -> tuple[str, np.ndarray]:
    """Name of the law, and the x at which it just keeps the limit [y]; NaN where it does so everywhere, or nowhere.

    Without any law the name is empty. Uniform symbols that are sampled at a temperature have no exact law; their border is
    that of `theory.temperature_stability_law`.
    """
    paths = {x[0], y[0]}
    if paths == {"model.temperature", "regime.real_fraction"} and _uniform(experiment):
        return "temperature_stability_law", _stable(x, y)
    law = laws.law_of(experiment, limit)
    if law is None:
        return "", np.full(len(y[1]), np.nan)
    dial, low = Dial(x[0], x[0], float(x[1][0]), float(x[1][-1])), float(x[1][0])
    line = []
    for value in y[1]:
        own = at(experiment, y[0], value)
        found = laws.root(law[1], _whole(dial), at(own, x[0], low), limit)
        line.append(np.nan if found is None else found)
    return law[0], np.array(line)


def _whole(dial: Dial) -> Dial:
    return dataclasses.replace(dial, step=1.0) if dial.path == "n" else dial


def _uniform(experiment: Experiment) -> bool:
    symbols = spec_name(experiment.target) == spec_name(experiment.model) == "categorical"
    return symbols and experiment.target.probs is None and spec_name(experiment.regime) == "mix"


def _stable(x: Axis, y: Axis) -> np.ndarray:
    """Where a departure from uniform neither grows nor shrinks."""

    def factor(value: float, other: float) -> float:
        temperature, external = (value, other) if x[0] == "model.temperature" else (other, value)
        return float(theory.temperature_stability_law(temperature, external)) - 1

    ends = float(x[1][0]), float(x[1][-1])
    crossed = [np.sign(factor(ends[0], value)) * np.sign(factor(ends[1], value)) <= 0 for value in y[1]]
    return np.array([brentq(factor, *ends, args=(v,)) if ok else np.nan for v, ok in zip(y[1], crossed, strict=True)])


def at(experiment: Experiment, path: str, value: float) -> Experiment:
    """The experiment with an axis at a value; "generations" counts those after the first."""
    if path == "generations":
        return dataclasses.replace(experiment, generations=int(value) + 1)
    return set_field(experiment, path, int(value) if path == "n" else float(value))
