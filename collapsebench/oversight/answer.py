"""Answer of a plan: its dataset, with the curve and the exact law, its sentence, the single round and the cost in rows."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.analysis.intervals import Z, wilson_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.oversight import laws
from collapsebench.oversight.dials import Dial
from collapsebench.oversight.limits import Limit, name_of
from collapsebench.oversight.search import Crossing
from collapsebench.runs.results import kept_records, new_dataset
from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import short_name

if TYPE_CHECKING:
    import xarray as xr


def measured(experiment: Experiment, result: xr.Dataset) -> np.ndarray:
    """The limit's metric [point, trajectory, generation]. Raises RequestError where it is no number in every run."""
    name = experiment.columns[0]
    values = np.asarray(result[name].values, np.float64)
    if wrong := int((~np.isfinite(values)).any(axis=-1).sum()):
        raise RequestError(
            f"limit: {name} is not finite in {wrong} of {values[..., 0].size} runs; choose another metric"
        )
    return values


def left_parts(experiment: Experiment, limit: Limit, result: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Numerator and denominator [point, trajectory] of what is left."""
    values = measured(experiment, result)
    return limit.parts(experiment, values[..., 0], values[..., -1])


def margins(limit: Limit, above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Margins [point, trajectory], whose mean is at least 0 where the limit is kept; of an optimum the most is sought."""
    if limit.optimum:
        return -above / below.mean()
    return (above - limit.level * below) * (-1 if limit.upper else 1)


def ratio_of_means(above: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ratio [point, ...] of means over trajectories [point, trajectory, ...], and its standard error."""
    scale = np.maximum(below.mean(axis=1), 1e-300)
    ratio = above.mean(axis=1) / scale
    error = (above - ratio[:, None] * below).std(axis=1, ddof=1) / scale / np.sqrt(above.shape[1])
    return ratio, error


@dataclasses.dataclass(frozen=True)
class Answer:
    """Outcome of a search: where the limit is just kept (None: verdict says "always" or "never"); rising: more is better."""

    experiment: Experiment
    limit: Limit
    dial: Dial
    found: Crossing | None
    verdict: str
    rising: bool

    @property
    def value(self) -> float:
        """The answer; else the end of the dial that costs least and keeps the limit, or keeps most."""
        if self.found is not None:
            return self.found.value
        return self.dial.high if self.verdict == "never" and self.rising else self.dial.low

    def dataset(self, runs: list[xr.Dataset], values: np.ndarray) -> xr.Dataset:
        """The Dataset of `plan`, of the results of all stages at these values of the dial."""
        law = laws.law_of(self.experiment, self.limit)
        exact = None if law is None else laws.root(law[1], self.dial, self.experiment, self.limit)
        known = [np.nan if law is None else law[1](self.dial.at(self.experiment, x)) for x in values]
        data: dict[str, Any] = {name: ("point", values) for name, values in self._curves(runs).items()} | {
            "exact_left": ("point", known)
        }
        found = self.found
        ends = (np.nan,) * 3 if found is None else (found.value, found.low, found.high)
        for name, end in zip(("answer", "answer_low", "answer_high", "exact"), (*ends, exact), strict=True):
            data[name] = ((), np.nan if end is None else end * self.dial.scale)
        stage = np.repeat(np.arange(len(runs)), [result.sizes["point"] for result in runs])
        coords = {"value": ("point", values * self.dial.scale), "stage": ("point", stage)}
        made = new_dataset(data | kept_records(runs[-1]), coords, runs[-1].attrs)
        for name, text in _LONG_NAMES.items():
            made[name].attrs["long_name"] = text
        return made.assign_attrs(
            kind="plan", limit=name_of(self.limit), level=float(self.limit.level), path=self.dial.path,
            verdict=self.verdict or "found", law="" if law is None else law[0], sentence=self.sentence(),
            once=self.once(made), cost=json.dumps(self.cost()), trajectories=self.experiment.trajectories * len(runs),
            seconds=sum(result.attrs["seconds"] for result in runs),
        )  # fmt: skip

    def _curves(self, runs: list[xr.Dataset]) -> dict[str, np.ndarray]:
        """`left` and `once` with their intervals, by point of all stages."""
        curves: dict[str, list[np.ndarray]] = {}
        for result in runs:
            values = measured(self.experiment, result)
            pairs = {"left": left_parts(self.experiment, self.limit, result), "once": (values[..., 1], values[..., 0])}
            for name, pair in pairs.items():
                for end, column in zip(("", "_low", "_high"), _interval(*pair), strict=True):
                    curves.setdefault(name + end, []).append(column)
        return {name: np.concatenate(columns) for name, columns in curves.items()}

    def cost(self) -> dict[str, float]:
        """Rows of all generations at the answer, and real rows of every generation after the first."""
        real, synthetic = laws.sizes(self.dial.at(self.experiment, self.value))
        return {"real": real.sum(), "real_per_generation": real[1:].mean(), "synthetic": synthetic.sum()}

    def sentence(self) -> str:
        """What to do, or that nothing needs to be done, or that nothing helps."""
        text, dial, found = self.limit.text(self.experiment.generations - 1), self.dial, self.found
        ends = f"{dial.name} from {dial.show(dial.low)} to {dial.show(dial.high)}"
        if found is None and self.verdict == "always":
            return f"Any {ends} keeps the limit: {text}"
        if found is None:
            return f"No {ends} keeps the limit, not even {dial.show(self.value)}: that {text}"
        interval = f"[{dial.show(found.low)}, {dial.show(found.high)}]"
        if self.limit.optimum:
            return (
                dial.advice.format(f"{dial.show(found.value)} {interval}", most="").replace("  ", " ")
                + f": then {text}"
            )
        if self.rising and found.value <= dial.low:
            return f"{dial.name} {dial.show(dial.low)} is enough {interval}: {text}"
        if found.value == (dial.high if self.rising else dial.low):
            return (
                f"Only {dial.name} {dial.show(found.value)} keeps the limit, or no value at all {interval}: that {text}"
            )
        advice = dial.advice.format(
            f"{dial.show(found.value)} {interval}", most="at least" if self.rising else "at most"
        )
        end = found.high >= dial.high if self.rising else found.low <= dial.low
        doubt = "; or no value is enough, which so few trajectories cannot tell" if end else ""
        return f"{advice}: then {text}{doubt}"

    def once(self, made: xr.Dataset) -> str:
        """Whether one round alone harms, at the point nearest to the answer."""
        i = int(np.abs(made["value"].values - self.value * self.dial.scale).argmin())
        ratio, low, high = (float(made[name].values[i]) for name in ("once", "once_low", "once_high"))
        harmful, harmless = (low > 1, high <= 1) if self.limit.upper else (high < 1, low >= 1)
        word = "harmful" if harmful else "harmless" if harmless else "no harm that can be told"
        at = self.dial.show(made["value"].values[i] / self.dial.scale)
        metric = short_name(self.experiment.metrics[0])
        change = f"{metric} is {ratio:.3g} [{low:.3g}, {high:.3g}] times the first model's"
        return f"One round alone with {self.dial.name} {at}: {word}; {change}"


_LONG_NAMES = {
    "left": "what the limit bounds, at the last generation", "exact_left": "what is left, by an exact law",
    "once": "the limit's metric after one round over that of the first model",
    "answer": "value of the dial at which the limit is just kept", "exact": "the answer by an exact law",
    "value": "value of the dial", "stage": "stage of the search; each has trajectories of its own",
}  # fmt: skip


def _interval(top: np.ndarray, bottom: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ratio of means [point] over trajectories [point, trajectory], and its 95% interval: Wilson's, where it is a share."""
    ratio, error = ratio_of_means(top, bottom)
    if not (np.isin(top, (0, 1)).all() and (bottom == 1).all()):
        return ratio, ratio - Z * error, ratio + Z * error
    low, high = np.transpose([wilson_interval(share, top.shape[-1]) for share in ratio])
    return ratio, low, high
