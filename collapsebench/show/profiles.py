"""Table and figure of a collapse profile: the matrix of the eight definitions and the survival curves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.show.figures import Figure, Heat, Panel, Series, with_bounds
from collapsebench.show.tables import table, what_was_run

if TYPE_CHECKING:
    import xarray as xr

WORDS = {1.0: "yes", 0.0: "no"}


def _points(profile: xr.Dataset) -> Iterator[tuple[str, xr.Dataset]]:
    """(label, profile) of each point of a sweep; one point without a label where there was none."""
    swept = [str(dim) for dim in profile.flag.dims if dim != "definition"]
    for index in itertools.product(*(range(profile.sizes[dim]) for dim in swept)):
        point = profile.isel(dict(zip(swept, index, strict=True)))
        values = [point[dim].item() for dim in swept]
        plain = [str(v) if isinstance(v, str) else f"{dim} = {v:g}" for dim, v in zip(swept, values, strict=True)]
        yield ", ".join(plain), point


def _time(point: xr.Dataset, event: str) -> str:
    """Median and its interval in generations; `>` where fewer than half of the trajectories saw the event."""
    value, low, high = map(float, with_bounds(point, "median", event=event))
    chance, lasting = (float(point[name].sel(event=event)) for name in ("chance", "lasting"))
    last = point.generation[-1].item() + 1 - lasting

    def text(time: float) -> str:
        return f"> {last:.0f}" if np.isinf(time) else f"{time:.0f}"

    if np.isnan(value):
        return "not measured" if np.isnan(chance) else f"no verdict: one fit to real data loses it in {chance:.0%}"
    return f"{text(value)} [{text(low)}, {text(high)}]"


def _left(point: xr.Dataset, event: str) -> str:
    """Mean and median of what is left at the last generation, and the share of trajectories that have lost it."""
    at = point.sel(event=event).isel(generation=-1)
    mean, median, lost, chance = (float(at[name]) for name in ("left", "left_median", "lost", "chance"))
    return "-" if np.isnan(lost) else f"{mean:.3g}, {median:.3g}; {lost:.0%} ({chance:.0%})"


def _evidence(point: xr.Dataset, definition: str) -> str:
    flag, value = (float(point[name].sel(definition=definition)) for name in ("flag", "evidence"))
    return "-" if np.isnan(flag) else f"{WORDS[flag]} ({value:.3g})"


def profile_summary(profile: xr.Dataset) -> str:
    """Tables of median times, of what is left, and of the eight definitions, with a column per point of a sweep."""
    points = list(_points(profile))
    head = [label or "value" for label, _ in points]
    times = [(event, *(_time(point, event) for _, point in points)) for event in profile.event.values]
    left = [(event, *(_left(point, event) for _, point in points)) for event in profile.event.values]
    flags = [(name, *(_evidence(point, name) for _, point in points)) for name in profile.definition.values]
    lasting = profile.lasting.values[np.isfinite(profile.lasting.values)]
    longest = f"{lasting.min():.0f} to {lasting.max():.0f}" if lasting.size else "0"
    return (
        f"{what_was_run(profile)}\n\n{table(('median generation of', *head), times)}\n\n"
        f"{table(('left at the end of', *head), left)}\n\n{table(('collapse as', *head), flags)}\n\n"
        "[a, b]: 95% interval, Kaplan-Meier. Lost: at or below the threshold from then to the end, and for so many "
        f"generations ({longest}) that at most 5% of loop-free trajectories have it (judged by "
        f"{profile.attrs['loop_free']}).\na, b; c (d): mean and median of what is left as a share of the real or first, "
        "share of trajectories at or below the threshold, that of loop-free fits. (e): evidence; -: not measured; "
        f"risk: {profile.attrs['risk']}"
    )


def profile_figures(profile: xr.Dataset) -> dict[str, Figure]:
    """Figures of the matrix of definitions and, called "-times", of each event's survival curve."""
    points = list(_points(profile))
    names = [label or profile.attrs["name"] for label, _ in points]
    flags = np.array(
        [[float(point.flag.sel(definition=name)) for _, point in points] for name in profile.definition.values]
    )
    cells = [[_evidence(point, name).replace(" (", "\n(") for _, point in points] for name in profile.definition.values]
    heat = Heat("definition holds", names, [str(name) for name in profile.definition.values], flags, cells)
    matrix = Panel("", "", "", heat=heat)
    panels = []
    x = profile.generation.values
    for event in profile.event.values:
        lines = []
        for name, (_, point) in zip(names, points, strict=True):
            curve, low, high = with_bounds(point, "survival", event=event)
            if not np.isnan(curve).all():
                lines.append(Series(name, x, curve, low, high))
        if lines:
            panels.append(Panel(f"{event}", "generation", "trajectories without it", tuple(lines), ylim=(-0.02, 1.02)))
    note = "lost for good, not by the noise of a fit; curves are Kaplan-Meier with 95% intervals"
    title = f"{profile.attrs['name']}: collapse profile"
    made = {"": Figure(title, (matrix,), "evidence in brackets; -: not measured")}
    if panels:
        made["-times"] = Figure(title, tuple(panels), note, columns=2)
    return made
