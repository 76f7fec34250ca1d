"""Text and figure of a plan: the answer, and what is left along the dial with the limit and the exact law."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.analysis.intervals import Z
from collapsebench.runs.results import experiment_of
from collapsebench.show.figures import Figure, Kind, Panel, Series, with_bounds
from collapsebench.show.tables import table, with_interval
from collapsebench.specs.names import spec_name

if TYPE_CHECKING:
    import xarray as xr


def plan_summary(plan: xr.Dataset) -> str:
    """The sentence of the answer, what one round does, the cost in rows, and a table of the last stage's points."""
    last = plan.isel(point=plan.stage.values == plan.stage.values.max())
    rows = []
    for i, value in enumerate(last.value.values):
        left, once = (_cell(last, name, i) for name in ("left", "once"))
        exact = float(last.exact_left[i])
        rows.append((f"{value:.4g}", left, "-" if np.isnan(exact) else f"{exact:.3g}", once))
    cost = json.loads(plan.attrs["cost"])
    lines = [_what(plan), ""]
    lines += [f"Fitted to the rows: {plan.attrs['family']}."] if plan.attrs["family"] else []
    lines += [f"{plan.attrs['sentence']}.", f"{plan.attrs['once']}."]
    if np.isfinite(exact := float(plan.exact)):
        lines.append(f"Exact, by {plan.attrs['law']}: {exact:.4g}.")
    elif plan.attrs["law"]:
        lines.append(f"By {plan.attrs['law']} the limit is kept everywhere, or nowhere.")
    if plan.attrs["family"]:
        lines.append(
            "This is what refits of that family lose; a pipeline that `monitor` finds losing faster needs more: --observed."
        )
    lines.append(
        f"Rows: {cost['real']:.0f} real ones in all, {cost['real_per_generation']:.4g} of them in every generation after "
        f"the first, and {cost['synthetic']:.0f} synthetic ones."
    )
    head = (plan.attrs["dial"], f"left (limit: {plan.attrs['level']:.3g})", "exact", "after one round / first")
    return (
        "\n".join(lines) + f"\n\n{table(head, rows)}\n\n[a, b]: 95% interval; the answer rests on the last stage alone"
    )


def _cell(plan: xr.Dataset, name: str, i: int) -> str:
    value, low, high = (float(values[i]) for values in with_bounds(plan, name))
    return with_interval(value, low, high)


def _what(plan: xr.Dataset) -> str:
    """Line of the parts by name, the limit, the sizes and the seed: rows of somebody's own are too many to be told."""
    made = experiment_of(plan)
    named = [(field, getattr(made, field)) for field in ("target", "model", "regime", "curator")]
    parts = ", ".join(f"{field} = {spec_name(part)}" for field, part in named if part is not None)
    return (
        f"{made.name}: {parts}, handover = {made.handover}, limit = {plan.attrs['limit']}, n = {made.n}, generations = "
        f"{made.generations}, trajectories = {plan.attrs['trajectories']}, seed = {made.seed}"
    )


def plan_figure(plan: xr.Dataset) -> Figure:
    """Figure of what is left along the dial, with the limit, the answer and the law."""
    order = np.argsort(plan.value.values, kind="stable")
    x = plan.value.values[order]
    left, low, high = (values[order] for values in with_bounds(plan, "left"))
    series = [Series("simulated", x, left, low, high)]
    if np.isfinite(exact := plan.exact_left.values[order]).any():
        series.append(Series(plan.attrs["law"], x, exact, kind=Kind.LAW, group="simulated"))
    if np.isfinite(level := plan.attrs["level"]):
        series.append(Series("limit", x[[0, -1]], np.full(2, level), kind=Kind.BOUND))
    if np.isfinite(answer := float(plan.answer)):
        ends = np.array([float(plan.answer_low), answer, float(plan.answer_high)])
        height = np.interp(answer, x, left) if np.isnan(level) else level
        series.append(Series("answer and its interval", ends, np.full(3, height), kind=Kind.PUBLISHED))
    panel = Panel("", plan.attrs["dial"].replace("_", " "), "left at the last generation", tuple(series))
    note = "bands: 95% intervals of the mean; every stage has trajectories of its own, the answer rests on the last"
    return Figure(f"{plan.attrs['name']}: {plan.attrs['limit']}", (panel,), note)


def observed_summary(plan: xr.Dataset) -> str:
    """The sentence of a plan from observed generations, one part a line, and a table of what each generation kept."""
    kept = zip(plan["rows"].values, plan["variance"].values, plan["error"].values, strict=True)
    rows = [(str(name), with_interval(v, *(v * np.exp(Z * e * np.array([-1, 1]))))) for name, v, e in kept]
    told = plan.attrs["sentence"].replace(". ", ".\n")
    return f"{told}.\n\n{table(('rows', 'variance over generation 0'), rows)}\n\n[a, b]: 95% interval of the rows alone"


def observed_figure(plan: xr.Dataset) -> Figure:
    """Figure of the variance of observed generations with the share that is kept, and of what is left by share of real rows."""
    k, variance, width = (plan[name].values for name in ("observed", "variance", "error"))
    keep, least, most = (float(plan[f"keep{end}"]) ** k for end in ("", "_low", "_high"))
    low, high = (variance * np.exp(side * Z * width) for side in (-1, 1))
    seen = Panel(
        "Observed", "generation", "variance over generation 0",
        (Series("observed", k, variance, low, high), Series("the same share kept", k, keep, least, most)),
    )  # fmt: skip
    x, level = plan["value"].values, float(plan.attrs["level"])
    ends = [float(plan[f"answer{end}"]) for end in ("_low", "", "_high")]
    needed = Panel(
        "Needed", "real share", f"left after {plan.attrs['generations']} generations",
        (
            Series("by the share that is kept", x, *with_bounds(plan, "left")),
            Series("limit", x[[0, -1]], np.full(2, level), kind=Kind.BOUND),
            Series("answer and its interval", ends, np.full(3, level), kind=Kind.PUBLISHED),
        ),
    )  # fmt: skip
    note = "bands: 95% intervals; assumed: real rows give what they gave in generation 0, synthetic ones keep that share again"
    return Figure(f"{plan.attrs['name']}: {plan.attrs['limit']}", (seen, needed), note)
