"""Table and figure of an ablation."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from collapsebench.analysis.intervals import heavy_tailed
from collapsebench.show.figures import Figure, Kind, Panel, Series, with_bounds
from collapsebench.show.tables import carried_by_few, table, what_was_run, with_interval

if TYPE_CHECKING:
    import xarray as xr


def _cell(result: xr.Dataset, name: str, scale: float = 1.0, **at: object) -> str:
    value, low, high = (float(end) * scale for end in with_bounds(result, name, **at))
    size = scale if name == "share" else float(np.nanmax(np.abs(result.total)))
    return with_interval(value, low, high, least=ROUNDING * size)


def _name(result: xr.Dataset, error: object) -> str:
    """An error's name; residual, where the class that should contain the truth is only a larger one."""
    return f"residual {error}" if error == "expressivity" and result.attrs["expressivity"] == "residual" else str(error)


def ablation_summary(result: xr.Dataset) -> str:
    """Table of each error's contribution and each interaction at the first, middle and last generation, and sentences."""
    last = result.sizes["generation"] - 1
    generations = sorted({0, last // 2, last})
    rows = []
    for error in result.error.values:
        rows.append((_name(result, error), *(_cell(result, "shapley", error=error, generation=g) for g in generations)))
        shares = (_cell(result, "share", 100, error=error, generation=g) for g in generations)
        rows.append(("  share, %", *shares))
        rows.append(("  alone", *(_cell(result, "alone", error=error, generation=g) for g in generations)))
    rows.append(("total", *(f"{float(result.total[g]):.3g}" for g in generations)))
    rows.append(("with no error", *(f"{float(result.floor[g]):.3g}" for g in generations)))
    for pair in result.combination.values:
        rows.append((pair, *(_cell(result, "interaction", combination=pair, generation=g) for g in generations)))
    head = table((result.attrs["divergence"], *(f"generation {g}" for g in generations)), rows)
    doses = dose_summary(result)
    statistic = result.attrs["statistic"]
    more = f"\n\nDoses: the {statistic} at the last generation\n{doses}" if doses else ""
    said = "".join(f"\n{sentence}" for sentence in sentences(result))
    return (
        f"{what_was_run(result)}\n\n{head}{more}\n{said}\n\nShapley values of the {statistic} over trajectories, each "
        "error alone (the other two off), what errors add together beyond what they add apart (a x b), and their 95% "
        "bootstrap intervals. A Shapley value is the error alone, half of each interaction of two and a third of the "
        f"threefold one; a share is of the total, the sum of the three. All arms in {result.attrs['seconds']:.1f} s"
    )


def sentences(result: xr.Dataset) -> list[str]:
    """What the numbers of the last generation say: which errors offset or compound each other, and what limits them."""
    last = result.isel(generation=-1)
    said = list(_blame(last))
    said += [text for pair in itertools.combinations(result.error.values, 2) if (text := _pair(last, *pair))]
    if result.attrs["expressivity"] == "residual":
        said.append(
            f"expressivity is residual: {result.attrs['rich']} is only a larger model, and what it cannot say of the "
            "truth either is in every arm"
        )
    said += _checks(last)
    top = float(last.top_share.max())
    if heavy_tailed(top, result.sizes["trajectory"]):
        found = (
            carried_by_few(top, result.sizes["trajectory"]) + f" {result.attrs['divergence']} at the last generation"
        )
        cure = "take the median, or a bounded divergence (hellinger, total_variation)"
        mean = result.attrs["statistic"] == "mean"
        said.append(f"{found}: its interval is too short; {cure}" if mean else f"{found}, which a median does not feel")
    return said


def _blame(last: xr.Dataset) -> Iterator[str]:
    """Which error does most of the harm, which protects, and what shares outside of 0 to 100% mean.

    A share is that of the table: an error's Shapley value over the total, which the three sum to.
    """
    total, divergence = float(last.total), last.attrs["divergence"]
    own = {str(error): tuple(map(float, with_bounds(last, "shapley", error=error))) for error in last.error.values}
    worst = max(own, key=lambda error: own[error][0])
    if not own[worst][1] > 0:
        yield f"no error does clear harm by generation {int(last.generation)}: their sum is {total:.3g}"
    else:
        harm = own[worst][0]
        most = 2 * harm > sum(max(value, 0.0) for value, *_ in own.values())
        how = "does most of the harm" if most else "does the largest part of the harm"
        share = f", a share of {harm / total:.0%}" if total > 0 else ", of which there are no shares"
        yield f"{_called(last, worst)} {how}: it adds {harm:.3g} {divergence}; all errors together add {total:.3g}{share}"
    for error, (value, _, high) in own.items():
        if high < 0 and abs(value) > CLEAR * abs(total):
            better = {"expressivity": f"with {last.attrs['rich']}", "approximation": "with an exact learner"}
            instead = better.get(error, "without it")
            yield f"{_called(last, error)} protects: {instead} the {divergence} would be larger by {-value:.3g}"
    below = [
        f"{_called(last, error)}{'' if high < 0 else ', though its interval reaches above 0,'}"
        for error, (value, _, high) in own.items()
        if value < -ROUNDING * abs(total)
    ]
    if below and total > 0:
        yield (
            f"shares leave 0 to 100%: {' and '.join(below)} take{'s' * (len(below) == 1)} away from what the others add. A "
            "share is of the sum that is left: what protects has a negative one, and the others can have more than the "
            "whole; read the Shapley values"
        )


def _called(last: xr.Dataset, error: str) -> str:
    """An error in words: its name, and what it is here."""
    words = {"statistical": "sampling noise", "expressivity": "the small class", "approximation": "the learner"}
    return f"{words[error]} ({_name(last, error)} error)"


def _checks(last: xr.Dataset) -> Iterator[str]:
    """How exact the arms without an error are, as they were checked."""
    total = abs(float(last.total))
    for name, text in (
        ("doubling", "twice the steps of the exact learner change its arms"),
        (
            "population_error",
            f"half of the {last.attrs['population']} rows that stand for an infinite sample change its arms",
        ),
    ):
        if name in last:
            change = float(np.nanmax(np.abs(last[name])))
            yield f"{text} by at most {change:.3g}; all errors together are {total:.3g}"
    if "by_start" in last:
        cold, warm = (last.by_start.sel(start=start).values for start in ("cold", "warm"))
        gap = np.nanmax(np.abs(warm - cold))
        yield f"cold and warm starts of the exact learner differ by at most {gap:.3g}"


WIDE = 30.0
"""Largest over least value of a dose response from which its axis is logarithmic."""
ROUNDING = 1e-7
"""Of the largest total: an error that is 0 by an identity comes out of differences of about this size."""
CLEAR = 0.1
"""Share of the smaller of two errors alone that their interaction must exceed to be put into a sentence."""


def _pair(last: xr.Dataset, first: str, second: str) -> str:
    """A sentence on two errors that clearly change each other's cost, from the arms without the third; else empty."""
    value, low, high = map(float, with_bounds(last, "interaction", combination=f"{first} x {second}"))
    alone = {error: float(last.alone.sel(error=error)) for error in (first, second)}
    if not (low > 0 or high < 0) or not abs(value) > CLEAR * min(abs(cost) for cost in alone.values()):
        return ""
    verb = "compound" if value > 0 else "offset"
    text = f"{first} and {second} {verb} each other: {first} costs {alone[first]:.3g} "
    both = alone[first] + value
    if second != "expressivity":
        return text + f"without {second} and {both:.3g} with it"
    rich, given = ("larger class", "class as given")
    text += f"in the {rich} and {both:.3g} in the {given}"
    if value < 0 and first == "statistical":
        shapley = float(last.shapley.sel(error=second))
        text += (
            f". The {rich} has more to estimate and brings variance, so {_name(last, second)} costs "
            f"{alone[second]:.3g} alone and {shapley:.3g} by Shapley"
        )
    return text


def error_panel(result: xr.Dataset, title: str, name: str = "shapley", ylabel: str = "") -> Panel:
    """Panel of a variable of each error by generation; by default its contribution, in the divergence's unit."""
    x, errors = result.generation.values, result.error.values
    lines = tuple(Series(_name(result, error), x, *with_bounds(result, name, error=error)) for error in errors)
    return Panel(title, "generation", ylabel or _unit(result), lines)


def _unit(result: xr.Dataset) -> str:
    return f"{result.attrs['divergence']} ({result.attrs['unit']})"


def ablation_figure(result: xr.Dataset) -> Figure:
    """Figure of the errors' contributions and shares by generation."""
    total = Series("all errors less none", result.generation.values, result.total.values, kind=Kind.MEASURED)
    contribution = error_panel(result, "contribution")
    panels = (
        dataclasses.replace(contribution, series=(*contribution.series, total)),
        error_panel(result, "alone: the other two off", "alone"),
        error_panel(result, "share of the total", "share", "share"),
        *_responses(result),
    )
    statistic = result.attrs["statistic"]
    note = f"Shapley values of the {statistic} over trajectories; bands are 95% bootstrap intervals"
    if len(panels) > 3:
        note += f"; doses: the {statistic} at the last generation, the other two errors off or on"
    return Figure(f"{result.attrs['name']}: the three errors", panels, note, columns=2 if len(panels) == 4 else 3)


def _responses(result: xr.Dataset) -> Iterator[Panel]:
    """A panel per error with doses: the divergence at the last generation over the levels."""
    for error, path in json.loads(result.attrs["doses"]).items():
        last, lines = result.isel(generation=-1), []
        for others in result.others.values:
            bounds = with_bounds(last, f"dose_{error}", others=others)
            lines.append(Series(f"others {others}", result[f"{error}_level"].values, *bounds))
        values = np.concatenate([np.asarray(line.y, float) for line in lines])
        seen = values[np.isfinite(values)]
        wide = len(seen) > 0 and seen.min() > 0 and seen.max() > WIDE * seen.min()
        yield Panel(f"{error}: doses", path, _unit(result), tuple(lines), ylog=bool(wide))


def dose_summary(result: xr.Dataset) -> str:
    """Table of the divergence at the last generation, by level of each error; empty without doses."""
    last, lines = result.isel(generation=-1), []
    for error, path in json.loads(result.attrs["doses"]).items():
        for others in result.others.values:
            cells = last[f"dose_{error}"].sel(others=others)
            pairs = zip(cells[f"{error}_level"].values, cells.values, strict=True)
            row = ", ".join(f"{level}: {value:.3g}" for level, value in pairs if not np.isnan(value))
            lines.append(f"{error} ({path}), others {others}: {row or 'cannot be run'}")
    return "\n".join(lines)
