"""Tables for a terminal."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.runs.results import experiment_of
from collapsebench.show.texts import rising, text_summary
from collapsebench.specs.errors import counted, printable
from collapsebench.specs.names import short_name

if TYPE_CHECKING:
    import xarray as xr


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Text table with columns as wide as their longest cell."""
    header = [_plain(cell) for cell in header]
    rows = [[_plain(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in [header, *rows]) for i in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in [header, *rows]]
    return "\n".join(
        [lines[0].rstrip(), "  ".join("-" * width for width in widths), *(line.rstrip() for line in lines[1:])]
    )


def _plain(cell: object) -> str:
    """Text of a cell, with what could move a cursor as escapes: names come from files."""
    return printable(str(cell), 10_000)


def with_interval(value: float, low: float, high: float, digits: int = 3, least: float = 0.0) -> str:
    """Text of a value and its interval, for a cell; what is below `least` is rounding and stands as 0."""
    value, low, high = (0.0 if abs(end) < least else end for end in (value, low, high))
    return f"{value:.{digits}g} [{low:.{digits}g}, {high:.{digits}g}]"


def carried_by_few(share: float, trajectories: int) -> str:
    """Words for how much of a mean its largest 1% of trajectories, and at least one, make up (`top_share`)."""
    count = max(1, trajectories // 100)
    who = f"1 of {trajectories} runs carries" if count == 1 else f"1% of {trajectories} runs carry"
    return f"{who} {'all' if share > 1 else f'{share:.0%}'} of the mean"


def series_of(result: xr.Dataset, name: str) -> Iterable[tuple[str, np.ndarray]]:
    """(label, values [trajectory, generation]) for every point of a result that may be a sweep."""
    array = result[name]
    swept = [dim for dim in array.dims if dim not in ("trajectory", "generation")]
    if not swept:
        yield "", array.values
        return
    stacked = array.stack(point=swept).transpose("point", "trajectory", "generation")
    for i, point in enumerate(stacked["point"].values):
        yield ", ".join(f"{dim}={value}" for dim, value in zip(swept, point, strict=True)), stacked.values[i]


def not_run(result: xr.Dataset, names: Iterable[str]) -> set[str]:
    """Labels of the points of a sweep that was stopped before it came to them: no metric has a number."""
    return set.intersection(
        *({label for label, v in series_of(result, n) if label and np.isnan(v).all()} for n in names)
    )


def _cell(values: np.ndarray) -> str:
    """Mean over trajectories, and its standard error where there are several and all are finite."""
    kept = values[~np.isnan(values)]
    if not kept.size:
        return "nan"
    with np.errstate(invalid="ignore"):
        mean = kept.mean()
    error = f" +- {kept.std(ddof=1) / np.sqrt(kept.size):.2g}" if kept.size > 1 and np.isfinite(mean) else ""
    return f"{mean:.4g}{error}"


def _describe(part: Any, prefix: str, swept: Iterable[str]) -> str:
    """A part's name and its fields that are not at their defaults, without those that a sweep runs over."""
    fields = [f for f in dataclasses.fields(part) if f.init and f"{prefix}.{f.name}" not in swept]
    changed = [f"{f.name}={getattr(part, f.name)}" for f in fields if repr(getattr(part, f.name)) != repr(f.default)]
    return short_name(part) + (f"({', '.join(changed)})" if changed else "")


def what_was_run(result: xr.Dataset) -> str:
    """Line of target, model, regime, sizes, seed and swept fields of a result."""
    experiment = experiment_of(result)
    fields = {field.name for field in dataclasses.fields(experiment)}
    swept = [str(dim) for dim in result.dims if str(dim).split(".")[0] in fields]
    said: dict[str, Any] = {
        field: _describe(getattr(experiment, field), field, swept)
        for field in ("target", "model", "regime", "curator")
        if getattr(experiment, field) is not None
    }
    said |= {field: getattr(experiment, field) for field in ("n", "n_real", "handover", "generations", "trajectories")}
    for field in ("generations", "trajectories"):
        here = _generations(result) if field == "generations" else result.sizes.get("trajectory", said[field])
        said[field] = here if here == said[field] else f"{here} of {said[field]}"
    said["seed"] = experiment.seed
    fixed = [f"{field} = {value}" for field, value in said.items() if value is not None and field not in swept]
    over = [f"{dim} = {', '.join(str(value) for value in result[dim].values)}" for dim in swept]
    line = f"{experiment.name}: {', '.join(fixed)}" + (f"; over {'; '.join(over)}" if over else "")
    return printable(line, 10 * len(line))  # names come from a file


def _generations(result: xr.Dataset) -> int:
    """Generations that were run: the result may record only some of them."""
    return int(result.generation.values[-1]) + 1 if result.sizes["generation"] else 0


def ended(result: xr.Dataset) -> str:
    """Text of how many trajectories were ended by a fit that failed, and when; empty if none was."""
    if "ended" not in result:
        return ""
    over = result["ended"].transpose(..., "generation").values.reshape(-1, result.sizes["generation"]) > 0
    if not over.any():
        return ""
    first = int(result.generation.values[over.any(axis=0).argmax()])
    network = experiment_of(result).model.streams
    return (
        f"{over.any(axis=1).sum()} of {counted(len(over), 'trajectory')} ended, the first in generation {first}: "
        f"{'a loss was not finite' if network else 'a fit failed'}; their later numbers are nan and are left out of every mean"
    )


def infinite(result: xr.Dataset) -> str:
    """Text that explains infinite means; empty if there is none."""
    names = [name for name in experiment_of(result).metric_names if np.isposinf(result[name].values).any()]
    if not names:
        return ""
    return (
        f"{', '.join(names)} inf: the model gives something real no probability, such as a category that is lost; "
        "hellinger, total_variation, entropy and support stay finite"
    )


def coarse(result: xr.Dataset) -> str:
    """Text of how many trajectories drew rows that float32 is too coarse for, and when; empty if none did."""
    if (first := first_coarse(result)) is None:
        return ""
    found = result["coarse"].values
    return (
        f"{(found >= 0).sum()} of {counted(found.size, 'trajectory')} drew rows whose spread is lost in float32, the first in "
        f"generation {first}; x64=True goes further"
    )


def first_coarse(result: xr.Dataset) -> int | None:
    """The first generation whose rows float32 was too coarse for, of all trajectories; None if there is none."""
    found = result["coarse"].values if "coarse" in result else np.zeros(0)
    return int(found[found >= 0].min()) if (found >= 0).any() else None


def summary(result: xr.Dataset) -> str:
    """Text of what was run, a table of each metric's mean at the first, middle and last generation, and sentences."""
    from collapsebench.show.said import sentences  # which reads tables as this file makes them

    experiment = experiment_of(result)
    generations = sorted({0, result.sizes["generation"] // 2, result.sizes["generation"] - 1})
    absent = not_run(result, experiment.metric_names)
    rows = []
    for name in experiment.metric_names:
        for label, values in series_of(result, name):
            cells = ("not run" if label in absent else _cell(values[:, g]) for g in generations)
            rows.append((name, label, *cells))
    head = table(("metric", "at", *(f"generation {result.generation.values[g]}" for g in generations)), rows)
    count, seconds = (
        _generations(result) * result[experiment.columns[0]].isel(generation=0).size,
        result.attrs["seconds"],
    )
    devices = f"{result.attrs['device_count']} x {result.attrs['device_kind']}"
    error = "a +- b: mean over trajectories and its standard error\n" if result.sizes["trajectory"] > 1 else ""
    over = "".join(f"{found}\n" for found in (ended(result), coarse(result), rising(result), infinite(result)) if found)
    said = f"{found}\n\n" if (found := text_summary(result)) else ""
    told = "\n".join(sentences(result))
    said += f"{told}\n\n" if told else ""
    return (
        f"{what_was_run(result)}\n\n{head}\n\n{said}{error}{over}"
        f"{count:,} trajectory-generations in {seconds:.1f} s on {devices}, compilation included"
    )
