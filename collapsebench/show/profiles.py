"""Table and figure of a collapse profile: the matrix of the eight definitions and the survival curves."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.show.figures import Figure, Heat, Panel, Series, with_bounds
from collapsebench.show.tables import table, what_was_run

if TYPE_CHECKING:
    import xarray as xr

    Cell = Callable[[xr.Dataset, str], str]

WORDS = {1.0: "yes", 0.5: "maybe", 0.0: "no"}
WIDE = 4
"""Points of a sweep above which each is a row of its tables, not a column."""
HARM = {"catastrophic increase": 10.0, "any increase": 0.0, "divergence": 0.0, "modes lost": 0.0, "tail lost": 0.5}
"""Evidence above which a definition would hold if it were known without error; a variance collapses below 0."""
NEEDS = {
    "tail 5% half lost": "the metric tail_mass", "tail 1% half lost": "the metric tail_mass with quantile = 0.01",
    "spread half lost": "the metric log_variance, of symbols entropy",
    "total collapse": "the metric log_variance, of symbols support",
    "rare tokens half lost": "the metric survivors, which texts have (model ngram)",
    "catastrophic increase": "the metric kl or excess_risk", "any increase": "the metric kl, excess_risk or nll",
    "divergence": "the metric kl, excess_risk or nll", "collapsing variance": "the metric log_variance",
    "changed scaling law": "a sweep over three n or more (--sweep n=30,100,300)",
    "modes lost": "the metric modes, which targets with modes have (gaussian_mixture, grid)",
    "tail lost": "the metric tail_mass", "hallucination": "the metric tail_mass with quantile = 0.01",
}  # fmt: skip
"""What an event or a definition is measured by."""


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


def _holds(point: xr.Dataset, definition: str) -> float:
    """1 where a definition holds, 0 where not, .5 where the evidence's 95% interval says so and its 5 errors do not."""
    flag = float(point.flag.sel(definition=definition))
    if flag == 0:
        _, low, high = map(float, with_bounds(point, "evidence", definition=definition))
        shown = high < 0 if definition == "collapsing variance" else low > HARM.get(definition, np.inf)
        return 0.5 if shown else 0.0
    return flag


def _evidence(point: xr.Dataset, definition: str) -> str:
    holds, value = _holds(point, definition), float(point.evidence.sel(definition=definition))
    return "-" if np.isnan(holds) else f"{WORDS[holds]} ({value + 0.0:.3g})"


def _said(label: str, point: xr.Dataset) -> str:
    """A sentence on one point: which definitions hold, and what the median trajectory has lost at the end."""
    flags = {str(name): float(point.flag.sel(definition=name)) for name in point.definition.values}
    holds = [name for name, flag in flags.items() if flag == 1]
    measured = sum(not np.isnan(flag) for flag in flags.values())
    lost = []
    for event in point.event.values:
        left = float(point.left_median.sel(event=event).isel(generation=-1))
        if event != "total collapse" and not np.isnan(left):
            what = re.sub(r"tail (\S+)", r"\1 tail", str(event).removesuffix(" half lost"))
            lost.append(f"{max(0.0, 1 - left):.0%} of the {what}")
    named = f" ({', '.join(holds)})" if holds else ""
    text = f"collapse by {len(holds)} of {measured} measured definitions{named}"
    if lost:
        text += f"; the median run has lost {', '.join(lost)} by generation {int(point.generation[-1])}"
    return f"{label}: {text}" if label else text


def _not_measured(profile: xr.Dataset) -> list[str]:
    """What no point measures, and what it needs."""
    absent = [str(e) for e in profile.event.values if np.isnan(profile.chance.sel(event=e)).all()]
    absent += [str(d) for d in profile.definition.values if np.isnan(profile.flag.sel(definition=d)).all()]
    return [f"not measured: {name}; it needs {NEEDS[name]}" for name in absent]


def _grid(corner: str, names: Iterable[str], points: list[tuple[str, xr.Dataset]], cell: Cell) -> str:
    """Table of a cell for each name and point; of few points a column each, of many a row each."""
    rows = [[cell(point, name) for _, point in points] for name in names]
    labels = [label or "value" for label, _ in points]
    if len(points) <= WIDE:
        return table((corner, *labels), [(name, *row) for name, row in zip(names, rows, strict=True)])
    return table((corner, *names), list(zip(labels, *rows, strict=True)))


def profile_summary(profile: xr.Dataset) -> str:
    """Tables of median times, of what is left, and of the eight definitions, with a column per point of a sweep."""
    points = list(_points(profile))
    events, definitions = (list(map(str, profile[dim].values)) for dim in ("event", "definition"))
    said = "\n".join([*(_said(label, point) for label, point in points), *_not_measured(profile)])
    lasting = profile.lasting.values[np.isfinite(profile.lasting.values)]
    longest = f"{lasting.min():.0f} to {lasting.max():.0f}" if lasting.size else "0"
    return (
        f"{what_was_run(profile)}\n\n{_grid('median generation of', events, points, _time)}\n\n"
        f"{_grid('left at the end of', events, points, _left)}\n\n"
        f"{_grid('collapse as', definitions, points, _evidence)}\n\n{said}\n\n"
        "[a, b]: 95% interval, Kaplan-Meier. Lost: at or below the threshold from then to the end, and for so many "
        f"generations ({longest}) that at most 5% of loop-free trajectories have it (judged by "
        f"{profile.attrs['loop_free']}).\na, b; c (d): mean and median of what is left as a share of the real or first, "
        "share of trajectories at or below the threshold, that of loop-free fits. (e): evidence; yes: by 5 standard "
        "errors; maybe: by its 95% interval only, more trajectories would tell; -: not measured; "
        f"risk: {profile.attrs['risk']}"
    )


def profile_figures(profile: xr.Dataset) -> dict[str, Figure]:
    """Figures of the matrix of definitions and, called "-times", of each event's survival curve."""
    points = list(_points(profile))
    names = [label or profile.attrs["name"] for label, _ in points]
    flags = np.array([[_holds(point, name) for _, point in points] for name in profile.definition.values])
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
