"""Comparison of two benchmark runs: what became slower or faster, with intervals and p-values. NumPy and SciPy only."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import mannwhitneyu

from collapsebench.analysis.intervals import block_bootstrap_medians, percentile_interval
from collapsebench.specs.errors import RequestError

THRESHOLD = 0.15
"""A median that moved by less is the same, whatever a test says: machines differ that much from hour to hour."""
LEVEL = 0.01
"""Chance that a run of unchanged benchmarks shows a difference at all: shared out over the benchmarks (Bonferroni)."""
RESAMPLES = 2000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Timing:
    """One benchmark of one run: seconds by round, in units of the calibration where there was one."""

    name: str
    group: str
    times: np.ndarray
    raw: float
    rate: float
    unit: str


@dataclasses.dataclass(frozen=True)
class Run:
    """A file of pytest-benchmark: where it was measured, and its benchmarks by name with parameters."""

    path: Path
    device: str
    machine: Mapping[str, Any]
    timings: dict[str, Timing]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pair:
    """The same benchmark in two runs: ratio of medians (second over first), its 99% interval, p of Mann and Whitney."""

    name: str
    group: str
    first: float
    second: float
    ratio: float
    low: float
    high: float
    p: float
    threshold: float
    verdict: str


def load(path: Path) -> Run:
    """Read a file that `pytest --benchmark --benchmark-json` or `bench` wrote.

    Raises RequestError for what is no such file.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        machine = data["machine_info"]
        own = machine.get("collapsebench", {})
        timings = {}
        for bench in data["benchmarks"]:
            extra = bench.get("extra_info", {})
            raw = _positive(path, bench, extra.get("times") or bench["stats"].get("data") or [bench["stats"]["median"]])
            scale = _positive(path, bench, extra.get("calibration") or np.ones(len(raw)))[: len(raw)]
            timings[str(bench.get("fullname") or bench["name"])] = Timing(
                name=bench["name"], group=bench.get("group") or _module(bench), times=raw / scale,
                raw=float(np.median(raw)), rate=float(extra.get("rate", 1 / np.median(raw))),
                unit=str(extra.get("unit", "calls")),
            )  # fmt: skip
    except RequestError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no JSON of pytest-benchmark"
        raise RequestError(f"compare {path}: {why}") from error
    return Run(path, str(own.get("device", machine.get("node", "unknown"))), own, timings)


def _positive(path: Path, bench: Mapping[str, Any], numbers: Any) -> np.ndarray:
    """Seconds of each round. Raises RequestError unless they are positive numbers in a list."""
    array = np.asarray(numbers)
    if (
        array.ndim != 1
        or not array.size
        or array.dtype.kind not in "fi"
        or not (np.isfinite(array) & (array > 0)).all()
    ):
        raise RequestError(f"compare {path}: {bench['name']}: its times are not all positive numbers of seconds")
    return array.astype(float)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Group:
    """The benchmarks of one group together: geometric mean of their ratios, with its 99% interval."""

    name: str
    ratio: float
    low: float
    high: float
    threshold: float
    verdict: str


def groups(pairs: Sequence[Pair]) -> list[Group]:
    """Each group of two benchmarks or more, judged by the mean of the logarithms of its ratios.

    The interval takes the benchmarks' own intervals as independent. "slower" or "faster" as for a benchmark.
    """
    made = []
    for name in dict.fromkeys(pair.group for pair in pairs):
        own = [pair for pair in pairs if pair.group == name]
        if len(own) < 2:
            continue
        centre = float(np.mean([math.log(pair.ratio) for pair in own]))
        half = math.sqrt(sum((math.log(pair.high / pair.low) / 2) ** 2 for pair in own)) / len(own)
        threshold = own[0].threshold
        sure = abs(centre) > max(half, math.log1p(threshold))
        verdict = ("slower" if centre > 0 else "faster") if sure else "same"
        low, high = math.exp(centre - half), math.exp(centre + half)
        made.append(Group(name=name, ratio=math.exp(centre), low=low, high=high, threshold=threshold, verdict=verdict))
    return made


def compare(first: Run, second: Run, thresholds: Mapping[str, float] | None = None) -> list[Pair]:
    """The benchmarks that both runs have, in the order of the first.

    "slower" or "faster": the median moved by more than the threshold of its group, the bootstrap interval excludes 1
    and Mann and Whitney's p is below LEVEL over the number of pairs; else "same". thresholds: by group or name, and ""
    for all others. Raises RequestError where the runs share no benchmark.
    """
    names = [name for name in first.timings if name in second.timings]
    if not names:
        raise RequestError(f"compare: {first.path.name} and {second.path.name} have no benchmark in common")
    known = {"": THRESHOLD, **(thresholds or {})}
    return [_pair(first.timings[name], second.timings[name], known, LEVEL / len(names)) for name in names]


def _pair(a: Timing, b: Timing, thresholds: Mapping[str, float], level: float) -> Pair:
    threshold = thresholds.get(a.name, thresholds.get(a.group, thresholds[""]))
    ratio = float(np.median(b.times) / np.median(a.times))
    rng = np.random.default_rng(0)  # in blocks of rounds: neighbours share a slow or a fast phase of the machine
    above, below = (block_bootstrap_medians(timing.times, RESAMPLES, rng) for timing in (b, a))
    low, high = percentile_interval(above / below, 0.99)
    p = float(mannwhitneyu(a.times, b.times).pvalue)
    sure = p < level and not low <= 1 <= high
    far = abs(math.log(ratio)) > math.log1p(threshold)
    verdict = ("slower" if ratio > 1 else "faster") if sure and far else "same"
    return Pair(
        name=a.name, group=a.group, first=a.raw, second=b.raw, ratio=ratio, low=float(low), high=float(high), p=p,
        threshold=threshold, verdict=verdict,
    )  # fmt: skip


def parse_thresholds(texts: Sequence[str]) -> dict[str, float]:
    """Thresholds from texts: `.2` for all groups, `GROUP=.3` for one. Raises RequestError unless above 0."""
    found = {}
    for text in texts:
        name, _, value = text.rpartition("=")
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = math.nan
        if not found[name] > 0:
            raise RequestError(f"--threshold {text}: it must be a number above 0, or GROUP=NUMBER")
    return found


def across(first: Run, second: Run) -> list[dict[str, Any]]:
    """The accelerator table: for each benchmark the rates on both devices, and the speed-up, also per peak and watt."""
    rows = []
    for name, a in first.timings.items():
        if name not in second.timings:
            continue
        b = second.timings[name]
        row: dict[str, Any] = {
            "name": name,
            "first": a.rate,
            "second": b.rate,
            "unit": a.unit,
            "speed-up": b.rate / a.rate,
        }
        for label, key in (("per peak FLOP/s", "flops_per_second"), ("per peak normals/s", "normals_per_second"),
                           ("per watt", "watts")):  # fmt: skip
            peaks = [_peak(run.machine.get(key)) for run in (first, second)]
            row[label] = None if None in peaks else (b.rate / peaks[1]) / (a.rate / peaks[0])  # type: ignore[operator]
        rows.append(row)
    if not rows:
        raise RequestError(f"compare: {first.path.name} and {second.path.name} have no benchmark in common")
    return rows


def _module(bench: Mapping[str, Any]) -> str:
    """Benchmarks without a group of their own are grouped by file."""
    return Path(str(bench.get("fullname", "")).split("::")[0]).stem


def _peak(value: Any) -> float | None:
    found = max(value.values(), default=None) if isinstance(value, dict) else value
    return float(found) if found else None
