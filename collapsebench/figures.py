"""A figure is data: panels of series. One renderer draws every figure and writes the CSV behind it.

Nothing here imports matplotlib until something is drawn. Files are deterministic: no dates, fixed identifiers.
"""

from __future__ import annotations

import csv
import dataclasses
import enum
import textwrap
from pathlib import Path
from typing import Any

import numpy as np


class Kind(enum.StrEnum):
    """What a series is, which decides how it looks."""

    MEASURED = "measured"
    """ours: a solid line, with its band"""
    LAW = "law"
    """an exact law: dashed, in the colour of the series of the same label"""
    BOUND = "bound"
    """a bound: dotted"""
    PUBLISHED = "published"
    """a published number: a hollow marker"""
    FLOOR = "floor"
    """below this the samples' floating-point resolution ends: grey, dotted"""
    TRAJECTORY = "trajectory"
    """one trajectory among many: a thin line"""
    POINTS = "points"
    """a cloud of points"""


@dataclasses.dataclass(frozen=True)
class Series:
    """One line of a panel. low and high bound the band, what the panel's note says it is."""

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
    """A table of values [rows, columns] over y and x; x and y may be names. `cells` are written into their fields."""

    label: str
    x: Any
    y: Any
    values: Any
    cells: Any = None


@dataclasses.dataclass(frozen=True)
class Images:
    """Grey images [rows, columns, height, width] from 0 to 1 in a grid; a label for each row and each column."""

    values: Any
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Panel:
    """One set of axes."""

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
    """Panels in rows of `columns`, with a line below that says what the bands and dashes are."""

    title: str
    panels: tuple[Panel, ...]
    note: str = ""
    columns: int = 3


@dataclasses.dataclass(frozen=True)
class Animation:
    """Figures of one layout, shown one after another, `seconds` each."""

    frames: tuple[Figure, ...]
    seconds: float = 0.5


def resolution_floor(spread: float = 1.0, mean: float = 1.0, x64: bool = False) -> float:
    """Variance below which samples with this mean cannot be told apart: (eps * max(|mean|, spread))^2."""
    eps = np.finfo(np.float64 if x64 else np.float32).eps
    return float((eps * max(abs(mean), spread)) ** 2)


def write(figure: Figure | Animation, stem: Path) -> list[Path]:
    """Draw a figure as PNG and SVG, and write the CSV behind it; an animation is a GIF. Returns the paths."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(figure, Animation):
        return [_animate(figure, stem.with_name(stem.name + ".gif"))]
    paths = [stem.with_name(stem.name + end) for end in (".png", ".svg", ".csv")]
    _write_csv(figure, paths[2])
    _draw(figure, paths[0], paths[1])
    return paths


def _write_csv(figure: Figure, path: Path) -> None:
    with path.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["panel", "kind", "series", "x", "y", "low", "high"])
        for panel in figure.panels:
            for s in panel.series:
                x, y = np.broadcast_arrays(np.atleast_1d(s.x), np.atleast_1d(s.y))
                low = np.broadcast_to(np.nan if s.low is None else s.low, y.shape)
                high = np.broadcast_to(np.nan if s.high is None else s.high, y.shape)
                for row in zip(x, y, low, high, strict=True):
                    table.writerow([panel.title, s.kind, s.label, *(_text(value) for value in row)])
            if panel.images is not None:  # each image's mean brightness; the pixels are in the result
                for i, row in enumerate(np.asarray(panel.images.values).mean(axis=(2, 3))):
                    for j, value in enumerate(row):
                        label = panel.images.rows[i] if panel.images.rows else i
                        table.writerow([panel.title, "image", label, j, _text(value), "", ""])
            if panel.heat is not None:
                for y, row in zip(panel.heat.y, np.asarray(panel.heat.values), strict=True):
                    for x, value in zip(panel.heat.x, row, strict=True):
                        table.writerow([panel.title, "heat", f"{panel.heat.label} at {y}", x, _text(value), "", ""])


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str) else "" if np.isnan(value) else f"{float(value):.7g}"


_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#000000")
_INSIDE, _COLUMN, _MOST = 6, 16, 32
"""Legend entries: up to so many stand inside the axes; beside them, in columns of so many; no more than so many."""


def _colours(panel: Panel) -> dict[str, Any]:
    """A colour for every group; more groups than named colours lie along a map from dark blue to yellow."""
    import matplotlib as mpl

    groups = list(dict.fromkeys(s.group or s.label for s in panel.series if s.kind is not Kind.FLOOR))
    if len(groups) <= len(_COLOURS):
        return dict(zip(groups, _COLOURS, strict=False))
    return dict(zip(groups, mpl.colormaps["viridis"](np.linspace(0, 0.95, len(groups))), strict=True))


def _legend_columns(panel: Panel) -> int:
    """Columns of a legend beside the axes; 0 where it stands inside or there is none."""
    count = len({s.label for s in panel.series if s.label})
    return 0 if count <= _INSIDE else -(-min(count, _MOST) // _COLUMN)


def _style() -> Any:
    return {
        "figure.dpi": 100, "savefig.dpi": 130, "font.size": 9, "axes.titlesize": 9.5, "axes.spines.top": False,
        "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25, "grid.linewidth": 0.5, "legend.fontsize": 7.5,
        "legend.frameon": False, "svg.hashsalt": "collapsebench", "svg.fonttype": "path", "path.simplify": True,
    }  # fmt: skip


def _draw(figure: Figure, png: Path, svg: Path) -> None:
    import matplotlib as mpl

    with mpl.rc_context(_style()):
        canvas = _canvas(figure)
        canvas.savefig(png, metadata={"Software": "collapsebench"})
        canvas.savefig(svg, metadata={"Date": None, "Creator": "collapsebench"})


def _animate(animation: Animation, path: Path) -> Path:
    """One GIF for ever round, of 64 colours, the last frame four times as long."""
    import io

    import matplotlib as mpl
    from PIL import Image

    frames = []
    with mpl.rc_context(_style()):
        for figure in animation.frames:
            drawn = io.BytesIO()
            _canvas(figure).savefig(drawn, format="png", dpi=80)
            frames.append(Image.open(drawn).convert("RGB").quantize(64))
    times = [round(1000 * animation.seconds)] * (len(frames) - 1) + [round(4000 * animation.seconds)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=False)
    return path


def _canvas(figure: Figure) -> Any:
    """The figure as matplotlib's, drawn."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas

    columns = min(figure.columns, len(figure.panels))
    rows = -(-len(figure.panels) // columns)
    beside = max(_legend_columns(panel) for panel in figure.panels)
    tables = [_table_size(panel.heat) for panel in figure.panels if panel.heat and panel.heat.cells]
    grids = [_grid_size(panel.images) for panel in figure.panels if panel.images]
    tables += grids
    width = max(4.1 + 1.9 * beside, *(size[0] for size in tables), 0)
    least = 0.0 if len(grids) == len(figure.panels) else 3.2
    height = max(least, *(size[1] for size in tables), 0)
    canvas = Canvas(figsize=(width * columns, height * rows + 0.6), layout="constrained")
    FigureCanvasAgg(canvas)
    axes = canvas.subplots(rows, columns, squeeze=False).ravel()
    for ax, panel in zip(axes, figure.panels, strict=False):
        _draw_panel(canvas, ax, panel)
    for ax in axes[len(figure.panels) :]:
        ax.set_visible(False)
    canvas.suptitle(figure.title, fontsize=11, fontweight="bold")
    if figure.note:
        canvas.supxlabel(textwrap.fill(figure.note, 76 * columns), fontsize=7.5, color="0.35")
    return canvas


def _table_size(heat: Heat) -> tuple[float, float]:
    """Inches that a table of words needs."""
    lines = [str(cell).split("\n") for row in heat.cells for cell in row]
    longest = max(len(line) for cell in lines for line in cell)
    return 1.6 + max(0.85, 0.068 * longest) * len(heat.x), 1.0 + 0.17 * (1 + max(map(len, lines))) * len(heat.y)


def _grid_size(images: Images) -> tuple[float, float]:
    """Inches that a grid of images needs: .42 an image."""
    rows, columns = np.shape(images.values)[:2]
    return 0.8 + 0.42 * columns, 0.6 + 0.42 * rows


def _draw_images(ax: Any, images: Images) -> None:
    """One picture of all, a pixel of white between two."""
    values = np.pad(np.clip(images.values, 0, 1), ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=0)
    rows, columns, height, width = values.shape
    ax.imshow(values.swapaxes(1, 2).reshape(rows * height, columns * width), cmap="gray_r", vmin=0, vmax=1)
    ax.set_yticks(np.arange(rows) * height + height / 2 - 0.5, images.rows or [""] * rows)
    ax.set_xticks(np.arange(columns) * width + width / 2 - 0.5, images.columns or [""] * columns)
    ax.tick_params(length=0)
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _draw_panel(canvas: Any, ax: Any, panel: Panel) -> None:
    if panel.images is not None:
        ax.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel)
        return _draw_images(ax, panel.images)
    if panel.heat is not None:
        ax.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel)
        ax.set_xscale("log" if panel.xlog else "linear")
        ax.set_yscale("log" if panel.ylog else "linear")
        return _draw_heat(canvas, ax, panel.heat)
    colours = _colours(panel)
    for s in panel.series:
        if s.kind is Kind.FLOOR:
            ax.axhline(float(np.atleast_1d(s.y)[0]), color="0.5", lw=0.8, ls=":", label=s.label)
            continue
        _draw_series(ax, s, colours[s.group or s.label])
    ax.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel)
    ax.set_xscale("log" if panel.xlog else "linear")
    ax.set_yscale("log" if panel.ylog else "linear")
    if not panel.xlog and panel.xlabel.startswith(("generation", "fits")):
        ax.xaxis.get_major_locator().set_params(integer=True)
    if panel.ylim != (None, None):  # after the scale: even (None, None) would freeze limits that suit a linear axis
        ax.set_ylim(panel.ylim)
    if panel.equal:
        ax.set_aspect("equal", adjustable="datalim")
    _draw_legend(ax, _legend_columns(panel))


def _draw_heat(canvas: Any, ax: Any, heat: Heat) -> None:
    """Named rows stand from the top down, as in a table."""
    axes, places = ((heat.x, ax.xaxis), (heat.y, ax.yaxis)), []
    for names, _ in axes:
        places.append(np.arange(len(names)) if any(isinstance(name, str) for name in names) else np.asarray(names))
    values = np.asarray(heat.values, float)
    look: dict[str, Any] = {} if heat.cells is None else {"cmap": "OrRd", "vmin": 0, "vmax": 2, "edgecolor": "white"}
    mesh = ax.pcolormesh(*places, values, shading="nearest", **look)
    for place, (names, axis) in zip(places, axes, strict=True):
        if any(isinstance(name, str) for name in names):
            axis.set_ticks(place, [str(name) for name in names], rotation=30 * (axis is ax.xaxis), ha="right")
            axis.set_inverted(axis is ax.yaxis)
    if heat.cells is None:
        canvas.colorbar(mesh, ax=ax, label=heat.label)
        return
    for y, row, fields in zip(places[1], heat.cells, values, strict=True):
        for x, text, value in zip(places[0], row, fields, strict=True):
            ax.text(x, y, text, ha="center", va="center", fontsize=7, color="white" if value > 1.2 else "black")


def _draw_legend(ax: Any, columns: int) -> None:
    handles, labels = ax.get_legend_handles_labels()
    unique = list(dict(zip(labels, handles, strict=True)).items())
    chosen = [
        unique[i] for i in np.unique(np.linspace(0, len(unique) - 1, min(len(unique), _MOST)).round().astype(int))
    ]
    if not chosen:
        return
    place: Any = {"loc": "upper left", "bbox_to_anchor": (1, 1), "ncols": columns} if columns else {"loc": "best"}
    ax.legend([handle for _, handle in chosen], [label for label, _ in chosen], **place)


def _draw_series(ax: Any, s: Series, colour: str) -> None:
    x, y = np.broadcast_arrays(np.atleast_1d(s.x), np.atleast_1d(s.y))
    label = s.label if s.label else None
    if s.kind is Kind.MEASURED:
        ax.plot(x, y, color=colour, lw=1.4, label=label, marker="o" if len(x) <= 12 else None, ms=3)
        if s.low is not None:
            ax.fill_between(x, s.low, s.high, color=colour, alpha=0.2, lw=0)
    elif s.kind is Kind.PUBLISHED:
        ax.plot(x, y, color=colour, ls="none", marker="D", mfc="none", ms=5, mew=1.2, label=label)
    elif s.kind is Kind.TRAJECTORY:
        ax.plot(x, y, color=colour, lw=0.5, alpha=0.5, label=label)
    elif s.kind is Kind.POINTS:
        ax.plot(x, y, color=colour, ls="none", marker=".", ms=2, alpha=0.4, label=label)
    else:
        ax.plot(x, y, color=colour, lw=1.1, ls="--" if s.kind is Kind.LAW else ":", label=label)
