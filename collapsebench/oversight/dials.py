"""Dials of a plan: real share, fresh rows, growth of the sample, a judge's quality, or any number of a part."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import is_leaf, set_field
from collapsebench.specs.errors import RequestError, nearest
from collapsebench.specs.registry import CURATORS, REGIMES

GROWTH = 2.0
"""The largest exponent of the sample that is tried."""


@dataclasses.dataclass(frozen=True)
class Dial:
    """A number of an experiment, a leaf at `path`, from `low` to `high`; a person reads it multiplied by `scale`.

    step: it moves by so much (0: freely). percent: it is read as a share. advice: the sentence's beginning, with {} for
    the value and {most} for "at least" or "at most".
    """

    name: str
    path: str
    low: float = 0.0
    high: float = 1.0
    step: float = 0.0
    scale: float = 1.0
    percent: bool = False
    advice: str = "Set it to {most} {}"

    def show(self, value: float) -> str:
        """The value as a person reads it."""
        number = value * self.scale
        if self.percent:
            return f"{100 * number:.3g}%"
        return f"{number:.0f}" if self.step else f"{number:.3g}"

    def at(self, experiment: Experiment, value: float) -> Experiment:
        """The experiment with the dial at a value."""
        return set_field(experiment, self.path, round(value) if self.path == "n" else float(value))


def _real_share(experiment: Experiment, most: float | None) -> tuple[Experiment, Dial]:
    advice = "Keep {most} {} real rows in every generation"
    dial = Dial("real_share", "regime.real_fraction", step=1 / experiment.n, percent=True, advice=advice)
    return dataclasses.replace(experiment, regime=REGIMES.get("mix")()), dial


def _fresh_rows(experiment: Experiment, most: float | None) -> tuple[Experiment, Dial]:
    rows = math.ceil(experiment.n if most is None else most)
    advice = f"Add {{most}} {{}} new real rows to the {experiment.n} synthetic ones in every generation"
    dial = Dial("fresh_rows", "regime.used", step=1 / rows, scale=rows, advice=advice)
    return dataclasses.replace(experiment, regime=REGIMES.get("fresh")(rows=rows)), dial


def _growth(experiment: Experiment, most: float | None) -> tuple[Experiment, Dial]:
    power = GROWTH if most is None else float(most)
    advice = f"Let the sample grow as {experiment.n} (1 + generation)^a with a {{most}} {{}}"
    return dataclasses.replace(experiment, regime=REGIMES.get("grow")(power=power)), Dial(
        "growth", "regime.used", scale=power, advice=advice
    )


def _judge(experiment: Experiment, most: float | None) -> tuple[Experiment, Dial]:
    judge = experiment.curator if experiment.curator is not None else CURATORS.get("judge")(keep=0.5)
    dial = Dial(
        "judge", "curator.rho", high=1.0 if most is None else most, advice="Use a judge of correlation {most} {}"
    )
    return dataclasses.replace(experiment, curator=judge), dial


def _weight(experiment: Experiment, most: float | None) -> tuple[Experiment, Dial]:
    dial = Dial(
        "weight", "regime.weight", low=0.02, high=0.98 if most is None else most, advice="Weigh the real rows {most} {}"
    )
    own = experiment.regime
    weighted = own if isinstance(own, REGIMES.get("weighted")) else REGIMES.get("weighted")(rows=experiment.n)
    return dataclasses.replace(experiment, regime=weighted), dial


_PARTS = ("target", "model", "regime", "curator")
DIALS: dict[str, Callable[[Experiment, float | None], tuple[Experiment, Dial]]] = {
    "real_share": _real_share, "fresh_rows": _fresh_rows, "growth": _growth, "judge": _judge, "weight": _weight,
}  # fmt: skip


def dial_of(experiment: Experiment, name: str, most: float | None = None) -> tuple[Experiment, Dial]:
    """The experiment with the part that a dial turns, and the dial; `name` is one of DIALS or a leaf such as curator.rho.

    most: the largest value that is tried, as a person reads it. Raises RequestError, one line, for what is no dial.
    """
    if most is not None and not (isinstance(most, int | float) and 0 < most < math.inf):
        raise RequestError(f"most = {most!r}: it must be a number above 0")
    if name in DIALS:
        changed, dial = DIALS[name](experiment, most)
        dial = dataclasses.replace(dial, high=min(dial.high, most)) if most is not None and dial.scale == 1 else dial
    elif isinstance(name, str) and "." in name:
        changed, dial = (
            experiment,
            Dial(name, name, *_bounds(experiment, name, most), advice=f"Set {name} to {{most}} {{}}"),
        )
    else:
        raise RequestError(
            f"dial = {name}: not one of {', '.join(DIALS)}, nor a number such as curator.rho{nearest(str(name), DIALS)}"
        )
    if not is_leaf(changed, dial.path, (dial.low, dial.high)):
        raise RequestError(f"dial = {name}: {dial.path} is no number of an experiment that one program can run over")
    dial.at(changed, dial.high)
    return dial.at(changed, dial.low), dial


def _bounds(experiment: Experiment, path: str, most: float | None) -> tuple[float, float]:
    """The bounds that a part declares for a number, with `most` above."""
    head, _, name = path.partition(".")
    part: Any = getattr(experiment, head) if head in _PARTS else None
    fields = {} if part is None else {field.name: field for field in dataclasses.fields(part)}
    if name not in fields or not is_leaf(experiment, path, (0.5,)):
        numbers = [field for field in fields if is_leaf(experiment, f"{head}.{field}", (0.5,))]
        why = f"the numbers of {head} are {', '.join(numbers)}" if numbers else f"{head} has no numbers"
        raise RequestError(f"dial = {path}: {why}{nearest(name, numbers)}")
    low, high = fields[name].metadata.get("within", (0.0, math.inf))
    high = high if most is None else min(high, most)
    low = 0.0 if math.isinf(low) else low
    if math.isinf(high):
        raise RequestError(f"dial = {path}: it has no largest value; give most=")
    return low, high
