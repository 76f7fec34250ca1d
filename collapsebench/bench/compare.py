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
from collapsebench.specs.errors import RequestError, counted, nearest, shown

THRESHOLD = 0.15
"""A median that moved by less is the same, whatever a test says: machines differ that much from hour to hour."""
LEVEL = 0.01
"""Chance that a run of unchanged benchmarks shows a difference at all: shared out over the benchmarks (Bonferroni)."""
RESAMPLES = 2000
SMALLEST, LARGEST = 1e-15, 1e30
"""Numbers of a file outside of these are no seconds and no rates; their ratios would overflow."""


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

    Raises RequestError for what is no such file, and for times that no comparison can use.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        machine = data["machine_info"]
        own = machine.get("collapsebench", {})
        device = own.get("device", machine.get("node", "unknown"))
        found = [(str(bench.get("fullname") or bench["name"]), _timing(path, bench)) for bench in data["benchmarks"]]
    except RequestError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no JSON of pytest-benchmark"
        raise RequestError(f"compare {path}: {why}") from error
    names = [name for name, _ in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise RequestError(f"compare {path}: {twice[0]}: it is there twice")
    return Run(path, str(device), own, dict(found))


def _timing(path: Path, bench: Mapping[str, Any]) -> Timing:
    """One benchmark of a file. Raises RequestError for times, a calibration or a rate that are no positive numbers."""
    extra, stats, name = bench.get("extra_info", {}), bench["stats"], str(bench["name"])

    def refuse(what: str) -> RequestError:
        return RequestError(f"compare {path}: {name}: {what}")

    raw = _positive(extra["times"] if "times" in extra else stats["data"] if "data" in stats else [stats.get("median")])
    if raw is None:
        raise refuse("its times are not all positive numbers of seconds")
    scale = _positive(extra["calibration"]) if extra.get("calibration", []) != [] else np.ones(len(raw))
    if scale is None or len(scale) < len(raw):
        raise refuse(f"its calibration is not a positive number for each of {counted(len(raw), 'round')}")
    rate = _positive([extra["rate"]]) if "rate" in extra else 1 / np.median(raw)[None]
    if rate is None:
        raise refuse(f"rate = {shown(extra['rate'])}: it must be a positive number")
    return Timing(
        name=name, group=str(bench.get("group") or _module(bench)), times=raw / scale[: len(raw)],
        raw=float(np.median(raw)), rate=float(rate[0]), unit=str(extra.get("unit", "calls")),
    )  # fmt: skip


def _positive(numbers: object) -> np.ndarray | None:
    """Numbers of a flat list, one at least, all positive and of a size that can be averaged; None for anything else."""
    if not isinstance(numbers, list) or not numbers or not all(type(number) in (int, float) for number in numbers):
        return None
    return np.array(numbers, float) if all(SMALLEST < number < LARGEST for number in numbers) else None


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
    groups = {word for timing in first.timings.values() for word in ("", timing.name, timing.group)}
    if unknown := [word for word in known if word not in groups]:
        raise RequestError(
            f"--threshold {unknown[0]}=: no benchmark or group of that name{nearest(unknown[0], groups)}"
        )
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
    """The largest of a device's rates. Raises RequestError for what is no positive number."""
    if value is None or value == {}:
        return None
    found = _positive(list(value.values()) if isinstance(value, dict) else [value])
    if found is None:
        raise RequestError(f"compare: peak = {shown(value)}: it must be a positive number")
    return float(found.max())
