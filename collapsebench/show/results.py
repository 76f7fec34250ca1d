"""Figure of one or several results: a panel for each metric, a line for each, the exact laws where there are some."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.analysis.intervals import mean_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import part_label, set_fields
from collapsebench.parts.metric import Metric
from collapsebench.runs.results import experiment_of
from collapsebench.show.figures import EXACT, Figure, Images, Kind, Panel, Series
from collapsebench.show.tables import coarse, ended, first_coarse, not_run, series_of
from collapsebench.specs.errors import RequestError
from collapsebench.specs.names import short_name

if TYPE_CHECKING:
    import xarray as xr

_TOLD = ("target", "model", "regime", "curator", "n", "n_real", "handover", "warm_start")
_POINTS, _COLUMNS = 1000, 12
"""Rows of a cloud of snapshots, and images of a generation."""


@dataclasses.dataclass(frozen=True)
class Line:
    """What is drawn of one experiment, or of one point of a sweep."""

    label: str
    x: np.ndarray
    values: dict[str, np.ndarray]
    experiment: Experiment | None


def result_figure(*results: xr.Dataset) -> Figure:
    """Figure of every metric by generation, of one or several runs and sweeps, with the laws of `analysis.expected`.

    Lines are called by what they differ in; the title says what they share.
    """
    experiments = [experiment_of(result) for result in results]
    names = _names(experiments)
    lines = [line for result, name in zip(results, names, strict=True) for line in measured_lines(result, name)]
    metrics: dict[str, Metric] = {}
    for experiment in experiments:
        metrics |= dict(zip(experiment.metric_names, experiment.metrics, strict=True))
    firsts = [end for result in results if (end := first_coarse(result)) is not None]
    panels = [_panel(name, metric, lines, min(firsts, default=None)) for name, metric in metrics.items()]
    panels += [panel for result in results[:1] for panel in (*_clouds(result), *_images(result))]
    counts = sorted({result.sizes["trajectory"] for result in results})
    many = " or ".join(map(str, counts))
    note = f"mean over {many} trajectories and its 95% interval" if counts != [1] else "one trajectory"
    for result in results:
        note += "".join(f"; {found}" for found in (ended(result), coarse(result)) if found)
    return Figure(_title(experiments, results), tuple(panels), note)


def _panel(name: str, metric: Metric, lines: Sequence[Line], floor: int | None) -> Panel:
    from collapsebench.analysis.expected import expected  # with SciPy, which the way to a first run does without

    series: list[Series] = []
    law = False
    for line in lines:
        if name not in line.values:
            continue
        label = line.label or name
        series.append(Series(label, line.x, *mean_interval(line.values[name])))
        exact = {} if line.experiment is None else expected(line.experiment)
        if name in exact:
            law = True
            series.append(Series("", line.x, exact[name][line.x.astype(int)], kind=Kind.LAW, group=label))
    if law:
        series.append(Series(EXACT, np.nan, np.nan, kind=Kind.LAW))
    heights = np.concatenate([np.asarray(s.y, float).ravel() for s in series] or [np.zeros(0)])
    heights = heights[np.isfinite(heights) & (heights > 0)]
    decade = heights.size > 0 and heights.max() >= 10 * heights.min()
    if floor is not None:
        series.append(Series("float32's rows end", floor, np.nan, kind=Kind.FLOOR))
    unit = f"{name} ({metric.unit})" if metric.unit else name
    return Panel(name, "generation", unit, tuple(series), ylog=bool(type(metric).log and decade))


def measured_lines(result: xr.Dataset, name: str = "") -> Iterator[Line]:
    """A Line of each point of a result, that was run; `name` stands before its label."""
    experiment = experiment_of(result)
    absent = not_run(result, experiment.metric_names)
    found: dict[str, dict[str, np.ndarray]] = {}
    for metric in experiment.metric_names:
        for label, values in series_of(result, metric):
            if label not in absent:
                found.setdefault(label, {})[metric] = values
    swept = [str(dim) for dim in result[experiment.metric_names[0]].dims if dim not in ("trajectory", "generation")]
    places = dict(_points(result, swept))
    for label, own in found.items():
        at = _at(experiment, places.get(label, {}))
        yield Line(", ".join(part for part in (name, label) if part), result.generation.values, own, at)


def _points(result: xr.Dataset, swept: Sequence[str]) -> Iterator[tuple[str, dict[str, object]]]:
    """The label of each point of a sweep, as `series_of` makes it, and its values by path."""
    for index in np.ndindex(*(result.sizes[dim] for dim in swept)):
        at = {dim: result[dim].values[i] for dim, i in zip(swept, index, strict=True)}
        yield ", ".join(f"{dim}={value}" for dim, value in at.items()), at


def _at(experiment: Experiment, values: dict[str, object]) -> Experiment | None:
    """The experiment of a point; None where a value is a part with fields of its own, which its label does not tell."""
    plain = {path: value.item() if isinstance(value, np.generic) else value for path, value in values.items()}
    try:
        return set_fields(experiment, plain) if plain else experiment
    except RequestError:
        return None


def _names(experiments: Sequence[Experiment]) -> list[str]:
    """What each experiment differs in from the others; the empty word for one alone."""
    if len(experiments) == 1:
        return [""]
    told = [{field: getattr(experiment, field) for field in _TOLD} for experiment in experiments]
    differ = [field for field in _TOLD if len({repr(each[field]) for each in told}) > 1]
    names = [", ".join(_said(field, each[field]) for field in differ) for each in told]
    if len(set(names)) < len(names):
        names = [", ".join(word for word in (e.name, n) if word) for e, n in zip(experiments, names, strict=True)]
    if len(set(names)) < len(names):
        names = [f"{name or 'result'} ({i})" for i, name in enumerate(names, 1)]
    return names


def _said(field: str, value: object) -> str:
    """A field and its value, short: "mix .1" for a part with one number that is not at its default."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return f"{field} {value}"
    own = [f for f in dataclasses.fields(value) if f.init]
    changed = [getattr(value, f.name) for f in own if repr(getattr(value, f.name)) != repr(f.default)]
    if len(changed) == 1 and isinstance(changed[0], int | float):
        return f"{short_name(value)} {changed[0]:g}"
    return part_label(value)


def _title(experiments: Sequence[Experiment], results: Sequence[xr.Dataset]) -> str:
    """The name, and model, regime and n where all results share them."""
    swept = {str(dim).split(".")[0] for result in results for dim in result.dims}
    shared = []
    for field in ("model", "regime", "n"):
        if field in swept or len({repr(getattr(experiment, field)) for experiment in experiments}) > 1:
            continue
        value = getattr(experiments[0], field)
        shared.append(f"n = {value}" if field == "n" else short_name(value))
    names = list(dict.fromkeys(experiment.name for experiment in experiments))
    head = ", ".join(names) if len(names) <= 3 else f"{len(names)} experiments"
    alone = [word for word in shared if word != head]
    return f"{head}: {', '.join(alone)}" if alone else head


def _clouds(result: xr.Dataset) -> Iterator[Panel]:
    """Snapshots of rows of two or more numbers: the first two of one trajectory, by generation."""
    if "sample" not in result or result["sample"].ndim != 4 or result["sample"].sizes["sample_axis_0"] not in (2, 3):
        return
    rows = result["sample"].isel(trajectory_kept=0)
    clouds = []
    for i, generation in enumerate(rows["snapshot"].values):
        x = rows.isel(snapshot=i).values[:_POINTS]
        clouds.append(Series(f"generation {generation}", x[:, 0], x[:, 1], kind=Kind.POINTS))
    yield Panel("rows of one trajectory", "", "", tuple(clouds), equal=True)


def _images(result: xr.Dataset) -> Iterator[Panel]:
    """Snapshots of images: a row of those of one trajectory for each generation."""
    name = next((name for name in ("sample_x", "sample") if name in result), None)
    if name is None or not experiment_of(result).target.pictures:
        return
    drawn = result[name].isel(trajectory_kept=0).values[:, :_COLUMNS]
    side = math.isqrt(drawn.shape[-1])
    images = Images(
        drawn.reshape(*drawn.shape[:2], side, side), tuple(f"generation {g}" for g in result["snapshot"].values)
    )
    yield Panel("draws of one trajectory", "", "", images=images)
