"""Figures as data: panels of series, tables of values and images, with a CSV beside them; `drawing` renders them.

Nothing imports matplotlib until something is drawn. Files are deterministic: no dates, fixed identifiers.
"""

from __future__ import annotations

import csv
import dataclasses
import enum
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from collapsebench.specs import files
from collapsebench.specs.errors import counted, printable


class Kind(enum.StrEnum):
    """Kind of a series, which sets its style."""

    MEASURED = "measured"
    """ours: a solid line, with its band"""
    LAW = "law"
    """an exact law: dashed, in the colour of the series of the same label"""
    BOUND = "bound"
    """a bound: dotted"""
    PUBLISHED = "published"
    """a published number: a hollow marker"""
    FLOOR = "floor"
    """from this generation on the rows' floating-point resolution is not enough: grey, dotted, upright"""
    TRAJECTORY = "trajectory"
    """one trajectory among many: a thin line"""
    POINTS = "points"
    """a cloud of points"""


EXACT = "exact law"
"""Label of the one grey entry that stands in a legend for all dashed laws."""


@dataclasses.dataclass(frozen=True)
class Series:
    """One line of a panel; low and high bound its band, which the figure's note explains."""

    label: str
    x: Any
    y: Any
    low: Any = None
    high: Any = None
    kind: Kind = Kind.MEASURED
    group: str = ""
    """series of one group share a colour (empty: the label)"""


@dataclasses.dataclass(frozen=True)
class Heat:
    """Heat map of values [rows, columns] over y and x, which may be names; `cells` are texts written into it."""

    label: str
    x: Any
    y: Any
    values: Any
    cells: Any = None


@dataclasses.dataclass(frozen=True)
class Images:
    """Grey images [rows, columns, height, width] from 0 to 1 in a grid; a label for each row and each column."""

    values: np.ndarray
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Panel:
    """One set of axes: its labels and limits, and the series, heat map or images on it."""

    title: str
    xlabel: str
    ylabel: str
    series: tuple[Series, ...] = ()
    heat: Heat | None = None
    images: Images | None = None
    xlog: bool = False
    ylog: bool = False
    ylim: tuple[float | None, float | None] = (None, None)
    equal: bool = False


@dataclasses.dataclass(frozen=True)
class Figure:
    """Panels in rows of `columns`, with a note below that explains bands and dashes."""

    title: str
    panels: tuple[Panel, ...]
    note: str = ""
    columns: int = 3

    @property
    def alt(self) -> str:
        """Words for who cannot see it: its title, what each panel shows of which lines, and its note."""
        panels = "; ".join(dict.fromkeys(map(_shows, self.panels)))
        return printable(f"{self.title}. {panels}. {self.note}".rstrip(" .") + ".", 1000)


def _shows(panel: Panel) -> str:
    if panel.heat is not None:
        rows, columns = len(panel.heat.y), len(panel.heat.x)
        return f"{panel.title or panel.heat.label}: table of {counted(rows, 'row')} by {counted(columns, 'column')}"
    if panel.images is not None:
        return f"{panel.title or 'images'}: a grid of images"
    named = list(dict.fromkeys(s.label for s in panel.series if s.label and s.label != EXACT))
    lines = f" of {', '.join(named)}" if 0 < len(named) <= 12 else f" of {len(named)} lines" if named else ""
    what = f"{panel.title}: {panel.ylabel}" if panel.title and panel.ylabel else panel.title or panel.ylabel
    return f"{what} by {panel.xlabel}{lines}" if panel.xlabel else f"{what}{lines}"


@dataclasses.dataclass(frozen=True)
class Animation:
    """Figures of one layout, shown one after another, `seconds` each."""

    frames: tuple[Figure, ...]
    seconds: float = 0.5

    @property
    def alt(self) -> str:
        """Words for who cannot see it: those of its last frame."""
        return f"Animation of {len(self.frames)} pictures, at its end: {self.frames[-1].alt}"


def with_bounds(result: Any, name: str, **at: Any) -> tuple[Any, Any, Any]:
    """A variable of a result at some coordinates, and the ends of its interval, `NAME_low` and `NAME_high`."""
    value, low, high = (result[column].sel(at).values for column in (name, f"{name}_low", f"{name}_high"))
    return value, low, high


def write(figure: Figure | Animation, stem: Path) -> list[Path]:
    """Draw a figure as PNG and SVG, and write the CSV behind it; an animation is a GIF. Returns the paths."""
    from collapsebench.show import drawing  # matplotlib, only when something is drawn

    if isinstance(figure, Animation):
        path = stem.with_name(stem.name + ".gif")
        with files.whole(path) as unfinished:
            drawing.animate(figure, unfinished)
        return [path]
    paths = [stem.with_name(stem.name + end) for end in (".png", ".svg", ".csv")]
    with files.whole(paths[2]) as csv_file, files.whole(paths[1]) as svg, files.whole(paths[0]) as png:
        _write_csv(figure, csv_file)
        drawing.draw(figure, png, svg)
    return paths


def _write_csv(figure: Figure, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = _Csv(file)
        table.writerow(["panel", "kind", "series", "x", "y", "low", "high"])
        for panel in figure.panels:
            for s in panel.series:
                if s.label == EXACT:
                    continue
                x, y = np.broadcast_arrays(np.atleast_1d(s.x), np.atleast_1d(s.y))
                low = np.broadcast_to(np.nan if s.low is None else s.low, y.shape)
                high = np.broadcast_to(np.nan if s.high is None else s.high, y.shape)
                for row in zip(x, y, low, high, strict=True):
                    table.writerow([panel.title, s.kind, s.label or s.group, *(_text(value) for value in row)])
            if panel.images is not None:  # each image's mean brightness; the pixels are in the result
                for i, row in enumerate(np.asarray(panel.images.values).mean(axis=(2, 3))):
                    for j, value in enumerate(row):
                        label = panel.images.rows[i] if panel.images.rows else i
                        table.writerow([panel.title, "image", label, j, _text(value), "", ""])
            if panel.heat is not None:
                for y, row in zip(panel.heat.y, np.asarray(panel.heat.values), strict=True):
                    for x, value in zip(panel.heat.x, row, strict=True):
                        table.writerow([panel.title, "heat", f"{panel.heat.label} at {y}", x, _text(value), "", ""])


class _Csv:
    """Writer of CSV in which no word begins a formula, whatever program opens the file."""

    def __init__(self, file: Any) -> None:
        self._writer = csv.writer(file, lineterminator="\n")

    def writerow(self, cells: Sequence[object]) -> None:
        """Write a row; a word that a spreadsheet would take for a formula is quoted by an apostrophe, as they do."""
        plain = [printable(cell, 10_000) if isinstance(cell, str) else cell for cell in cells]
        self._writer.writerow([f"'{cell}" if _is_formula(cell) else cell for cell in plain])


def _is_formula(cell: object) -> bool:
    if not isinstance(cell, str) or not cell.lstrip().startswith(("=", "+", "-", "@")):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str) else "" if np.isnan(value) else f"{float(value):.7g}"
