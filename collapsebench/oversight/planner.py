"""Plan: the least of a dial, such as the share of real rows, that keeps a limit on loss, with its interval."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.oversight import rows
from collapsebench.oversight.answer import Answer, left_parts, margins
from collapsebench.oversight.dials import Dial, dial_of
from collapsebench.oversight.limits import Limit, limit_of, name_of
from collapsebench.oversight.observed import plan_of
from collapsebench.oversight.search import Crossing, Measured, Search
from collapsebench.runs.progress import Progress, Step, heard, silent
from collapsebench.runs.runner import run_points
from collapsebench.specs import record
from collapsebench.specs.errors import RequestError

if TYPE_CHECKING:
    import xarray as xr

LEAST = 100
"""Trajectories at least, for an interval of 95%."""
LATER = 20
"""Generations after the first, of a plan from observed ones that names none."""
STAGES = 3
"""Stages of most plans that need a second one."""


def plan(
    experiment: object, limit: Limit | str | None = None, dial: str = "real_share", *, most: float | None = None,
    n: int | None = None, generations: int | None = None, trajectories: int | None = None, seed: int | None = None,
    observed: Sequence[object] | None = None, progress: Progress | bool | None = None,
) -> xr.Dataset:  # fmt: skip
    """Find the least value of a dial that keeps a limit on loss after so many generations, by simulation.

    experiment: an Experiment; or rows of one's own, an array or the name of a .csv or .npy file, to which the nearest
    family is fitted (`rows.experiment_of`). limit: "tail=.5" (half of the 5% tail is left in a typical run), "risk=.1"
    (the mean risk is within 10% of the first; "risk:nll=.1" names the metric), "variance=.5" (the mean variance is at
    least half of the first), "categories=.95" (none is lost, with that probability), "best" (the risk is least), or a
    Limit. dial: "real_share" (regime `mix`), "fresh_rows" (`fresh`), "growth" (`grow`), "weight" (`weighted`), "judge"
    (a curator's `rho`), or a number such as "curator.keep_right". most: the largest value that is tried.
    generations: those after the first model. trajectories: runs of every point (100 at least). observed: rows of the
    generations 0, 1, ... that a pipeline made, each as rows of one's own: the share of real rows is then planned from what
    each kept of the last one's variance (`observed.plan_of`), with nothing simulated, for the limit "variance".
    progress: as in `run`, of one stage after another.

    Trajectory i sees the same random numbers at every point of a stage; each of three stages or more has trajectories of
    its own, and the answer rests on the last one alone. Its interval are the values at which the 95% interval of a cubic
    through the margins holds 0 (Fieller). Rows are whole: the answer is rounded to the side that keeps the limit.

    Returns a Dataset: `answer`, `answer_low`, `answer_high`, NaN where the limit is kept always or never (attrs
    "verdict"); `exact`, the answer by an exact law, NaN where there is none (attrs "law"); by `point`: `value`, `stage`,
    `left` (with `_low`, `_high`), what the limit bounds, `exact_left`, and `once` (with `_low`, `_high`), the metric after
    one round over that of the first model: whether mixing harms at once. attrs: "sentence", "cost" (rows, as JSON).
    Raises RequestError, one line, and Stopped on Ctrl-C.
    """
    if observed is not None:
        changed: dict[str, object] = {"n": n, "trajectories": trajectories, "seed": seed, "most": most}
        changed["dial"] = None if dial == "real_share" else dial
        for field, value in changed.items():
            if value is not None:
                raise RequestError(f"{field} = {value}: a plan from observed generations takes limit and generations")
        later = LATER if generations is None else _whole("generations", generations)
        return plan_of(experiment, limit_of(limit or "variance"), observed, later)
    sizes = {"n": n, "generations": generations, "trajectories": trajectories, "seed": seed}
    request = make_plan(experiment, limit or "tail", dial, most=most, **sizes)
    with heard(progress, request.experiment.name) as tell:
        return request.run(tell)


def make_plan(
    experiment: object, limit: Limit | str = "tail", dial: str = "real_share", *, most: float | None = None, n: int | None = None,
    generations: int | None = None, trajectories: int | None = None, seed: int | None = None,
) -> Plan:  # fmt: skip
    """The request of `plan` with the same arguments. Raises RequestError, one line, for what could not be planned."""
    kept, family = limit_of(limit), ""
    if not isinstance(experiment, Experiment):
        experiment, family = rows.experiment_of(rows.read(experiment), kept, str(dial), n)
    changes = {"n": n, "trajectories": trajectories, "seed": seed}
    changes["generations"] = None if generations is None else _whole("generations", generations) + 1
    given: dict[str, Any] = {field: value for field, value in changes.items() if value is not None}
    request = Plan(dataclasses.replace(experiment, **given), kept, dial, most, family)
    request.prepared()
    return request


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise RequestError(f"{name} = {value!r}: it must be a whole number of at least 1")
    return int(value)


@dataclasses.dataclass(frozen=True)
class Plan:
    """Arguments of `plan` as data: a request that chooses its next points itself. family: what was fitted, in words."""

    experiment: Experiment
    limit: Limit
    dial: str
    most: float | None = None
    family: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the records of all arguments, 16 digits."""
        return record.digest([self.experiment.to_json({}), name_of(self.limit), self.dial, self.most])

    def prepared(self) -> tuple[Experiment, Dial]:
        """The experiment with its dial at the low end and the limit's metric. Raises RequestError, one line."""
        experiment, dial = dial_of(self.experiment, self.dial, self.most)
        if experiment.handover.infinite:
            raise RequestError(
                "handover = population: it has no sampling noise, and so no loss to plan against; use samples"
            )
        if experiment.trajectories < LEAST:
            raise RequestError(f"trajectories = {experiment.trajectories}: a plan needs at least {LEAST}")
        if experiment.generations < 2:
            raise RequestError(
                f"generations = {experiment.generations}: a plan needs at least 2, the first on real data"
            )
        metric = self.limit.metric(experiment)
        return dataclasses.replace(experiment, metrics=(metric,), snapshots=(), record=None), dial

    def run(self, progress: Progress = silent) -> xr.Dataset:
        """Run the stages that the search asks for; returns the Dataset of `plan`."""
        experiment, dial = self.prepared()
        search = Search(dial.low, dial.high, dial.step, optimum=self.limit.optimum)
        size, seen, runs = experiment.trajectories, list[Measured](), list[Any]()
        while (values := search.ask(seen)) is not None:
            stage = f"stage {len(runs) + 1}" + (f" of {STAGES}" if 0 < len(runs) < STAGES else "")

            def told(step: Step, stage: str = stage) -> None:  # how many come is seen at the end of each
                progress(dataclasses.replace(step, name=f"{step.name}: {stage}"))

            numbers = range(len(runs) * size, (len(runs) + 1) * size)
            result = run_points(experiment, {dial.path: values}, len(values), progress=told, trajectories=numbers)
            runs.append(result)
            seen.append(Measured(values, margins(self.limit, *left_parts(experiment, self.limit, result))))
        verdict, rising = search.verdict(seen), search.rising(seen)
        found = None if verdict else _rounded(search.crossing(seen), search, rising)
        answer = Answer(experiment, self.limit, dial, found, verdict, rising)
        made = answer.dataset(runs, np.concatenate([each.values for each in seen]))
        return made.assign_attrs(digest=self.digest, dial=self.dial, family=self.family)


def _rounded(found: Crossing, search: Search, rising: bool) -> Crossing:
    """The crossing within the range, on whole steps to the side that keeps the limit."""

    def settled(value: float) -> float:
        value = float(np.clip(value, search.low, search.high))
        if not search.step or search.optimum:
            return value
        steps = round((value - search.low) / search.step, 6)
        return search.low + search.step * (math.ceil(steps) if rising else math.floor(steps))

    low, high = (search.low, search.high) if found.open else (found.low, found.high)
    return Crossing(settled(found.value), settled(low), settled(high), found.open)
