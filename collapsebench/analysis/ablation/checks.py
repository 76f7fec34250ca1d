"""Checks of the arms that should have no error: more steps, the other start, half of the large sample."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from collapsebench.analysis.ablation.dials import Dials
from collapsebench.analysis.ablation.statistics import with_interval
from collapsebench.experiment.experiment import Experiment

Corner = tuple[int, int, int]
Checks = dict[tuple[str, Corner], Experiment]
STARTS = ("cold", "warm")


def check_arms(found: Dials, plain: Experiment, made: Mapping[Corner, Experiment]) -> Checks:
    """Experiments that check the arms, by what they check and which one.

    "doubling": twice the steps of a network's exact learner; "cold" and "warm": its other start; "population": half of
    the rows that stand for an infinite sample. Equal arms (a class that is the truth's own) are checked once.
    """
    checks, seen = Checks(), set[str]()
    for corner, arm in made.items():
        statistical, _, approximation = corner
        if arm.digest in seen:
            continue
        seen.add(arm.digest)
        model: Any = arm.model
        if model.streams and not approximation:
            training = dataclasses.replace(model.training, steps=2 * model.training.steps)
            checks["doubling", corner] = dataclasses.replace(arm, model=model.replace(training=training))
            if found.at_rest(*corner) is None:
                other = found.arm(plain, *corner, warm=not arm.warm_start)
                checks[STARTS[other.warm_start], corner] = dataclasses.replace(other, metrics=arm.metrics)
        if not statistical and not arm.handover.infinite:
            half = arm.n // 2
            checks["population", corner] = dataclasses.replace(arm, n=half, n_real=min(half, arm.n_real or half))
    return checks


def checked(
    values: Mapping[tuple[str, Corner], np.ndarray], arms: Mapping[Corner, np.ndarray], made: Mapping[Corner, Experiment],
    statistic: str, resamples: int, seed: int,
) -> dict[str, Any]:  # fmt: skip
    """Variables of the checks: by arm, NaN where there is none, with their 95% intervals.

    values: [trajectory, generation] of each check; arms: of each arm. `doubling` and `population_error` [statistical,
    expressivity, approximation, generation]: the check less the arm, the statistic of the differences of trajectories,
    which saw the same random numbers. `by_start` [start, ...]: the arm with each start.
    """
    data: dict[str, Any] = {}
    generations = next(iter(arms.values())).shape[1]
    dims = ("statistical", "expressivity", "approximation", "generation")

    def put(name: str, at: tuple[int, ...], found: Mapping[str, np.ndarray], lead: tuple[str, ...] = ()) -> None:
        for end, own in found.items():
            shape = (*(len(STARTS) for _ in lead), 2, 2, 2, generations)
            data.setdefault(name + end, ((*lead, *dims), np.full(shape, np.nan)))[1][at] = own

    for (kind, corner), own in values.items():
        same = [other for other, arm in made.items() if arm.digest == made[corner].digest]
        for other in same:
            if kind in STARTS:
                for start, rows in ((kind, own), (STARTS[made[corner].warm_start], arms[corner])):
                    found = with_interval(rows, statistic, resamples, seed)
                    put("by_start", (STARTS.index(start), *other), found, ("start",))
            else:
                name = "population_error" if kind == "population" else kind
                put(name, other, with_interval(own - arms[corner], statistic, resamples, seed))
    return data
