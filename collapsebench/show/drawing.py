"""Drawing of figures with matplotlib; no other module imports it."""

from __future__ import annotations

import io
import textwrap
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogFormatter, MaxNLocator

from collapsebench.show.figures import EXACT, Animation, Figure, Heat, Images, Kind, Panel, Series

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#000000")
TICKS = 7
"""Intervals of a linear axis from left to right: more would let long numbers run into each other."""
TITLE = 10
"""Characters of a title that an inch holds."""
PIXELS = 1000
"""Cells above which a heat map is one picture in an SVG."""
_INSIDE, _COLUMN, MOST = 6, 16, 32
"""Legend entries: up to so many stand inside the axes; beside them, in columns of so many; no more than so many."""


_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""Markers of the first lines of each colour, of the second, and so on; lines of one colour each have none but of points."""


def _looks(panel: Panel) -> dict[str, tuple[Any, str]]:
    """Colour and marker of every group, no two of them the same.

    More groups than twice the named colours lie along a map from dark blue to yellow, neighbours with other markers.
    """
    groups = list(
        dict.fromkeys(s.group or s.label for s in panel.series if s.kind is not Kind.FLOOR and s.label != EXACT)
    )
    count, named = len(groups), len(_COLOURS)
    if count <= 2 * named:
        return {group: (_COLOURS[i % named], _MARKERS[i // named]) for i, group in enumerate(groups)}
    map_ = mpl.colormaps["viridis"](np.linspace(0, 0.95, count))
    return {group: (map_[i], _MARKERS[i % len(_MARKERS)]) for i, group in enumerate(groups)}


def _legend_columns(panel: Panel) -> int:
    """Columns of a legend beside the axes; 0 where it stands inside or there is none."""
    count = len({s.label for s in panel.series if s.label})
    return 0 if count <= _INSIDE else -(-min(count, MOST) // _COLUMN)


def _style() -> Any:
    return {
        "text.parse_math": False,
        "figure.dpi": 100, "savefig.dpi": 130, "font.size": 9, "axes.titlesize": 9.5, "axes.spines.top": False,
        "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25, "grid.linewidth": 0.5, "legend.fontsize": 7.5,
        "legend.framealpha": 0.75, "legend.edgecolor": "none", "svg.hashsalt": "collapsebench",
        "svg.fonttype": "path", "path.simplify": True,
    }  # fmt: skip


def draw(figure: Figure, png: Path, svg: Path) -> None:
    """Draw a figure as PNG and SVG, the same bytes every time."""
    with mpl.rc_context(_style()):
        drawn = _canvas(figure)
        drawn.savefig(png, metadata=_about(figure, "png"))
        drawn.savefig(svg, metadata=_about(figure, "svg"))


def save(figure: Figure, path: Path, kind: str) -> None:
    """Draw a figure as "png", "svg" or "pdf", the same bytes every time."""
    with mpl.rc_context(_style()):
        _canvas(figure).savefig(path, format=kind, metadata=_about(figure, kind))


def _about(figure: Figure, kind: str) -> dict[str, Any]:
    """What a file says of itself: no date, so that it has the same bytes every time, and words for who cannot see it."""
    if kind == "pdf":
        return {"CreationDate": None, "Title": figure.title, "Subject": figure.alt}
    maker = {"Software": "collapsebench"} if kind == "png" else {"Date": None, "Creator": "collapsebench"}
    return {**maker, "Title": figure.title, "Description": figure.alt}


def canvas(figure: Figure) -> Canvas:
    """The figure as matplotlib's, drawn."""
    with mpl.rc_context(_style()):
        return _canvas(figure)


def draw_on(figure: Figure, axes: np.ndarray) -> None:
    """Draw a figure's panels on given axes, without its title and note."""
    for ax, panel in zip(axes, figure.panels, strict=False):
        draw_panel(ax.figure, ax, panel)


def animate(animation: Animation, path: Path) -> None:
    """Draw an animation as an endless GIF of 64 colours; the last frame lasts four times as long."""
    from PIL import Image

    frames = []
    with mpl.rc_context(_style()):
        for figure in animation.frames:
            drawn = io.BytesIO()
            _canvas(figure).savefig(drawn, format="png", dpi=80)
            frames.append(Image.open(drawn).convert("RGB").quantize(64))
    times = [round(1000 * animation.seconds)] * (len(frames) - 1) + [round(4000 * animation.seconds)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=times, loop=0, optimize=False,
                   comment=animation.alt.encode("utf-8"))  # fmt: skip


def _canvas(figure: Figure) -> Any:
    """The figure as matplotlib's, drawn."""
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
        draw_panel(canvas, ax, panel)
    for ax in axes[len(figure.panels) :]:
        ax.set_visible(False)
    canvas.suptitle(textwrap.fill(figure.title, int(TITLE * width * columns)), fontsize=11, fontweight="bold")
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


def draw_panel(canvas: Any, ax: Any, panel: Panel) -> None:
    """Draw one panel on its axes."""
    if panel.images is not None:
        ax.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel)
        return _draw_images(ax, panel.images)
    if panel.heat is not None:
        ax.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel)
        _set_scales(ax, panel)
        _draw_heat(canvas, ax, panel.heat)
        for s in panel.series:
            _draw_series(ax, s, "black")
        return _draw_legend(ax, 0)
    looks = _looks(panel)
    for s in panel.series:
        if s.kind is Kind.FLOOR:
            ax.axvline(float(np.atleast_1d(s.x)[0]), color="0.5", lw=0.8, ls=":", label=s.label)
            continue
        _draw_series(ax, s, *(("0.4", "o") if s.label == EXACT else looks[s.group or s.label]))
    ax.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel)
    _set_scales(ax, panel)
    if not panel.xlog:
        whole = panel.xlabel.startswith(("generation", "fits"))
        ax.xaxis.set_major_locator(MaxNLocator(TICKS, integer=whole, steps=[1, 2, 2.5, 5, 10]))
    if panel.ylim != (None, None):  # after the scale: even (None, None) would freeze limits that suit a linear axis
        ax.set_ylim(panel.ylim)
    if panel.equal:
        ax.set_aspect("equal", adjustable="datalim")
    _draw_legend(ax, _legend_columns(panel))


def _set_scales(ax: Any, panel: Panel) -> None:
    """Linear or logarithmic axes, whose numbers are plain: no text is read as mathematics."""
    for axis, log, scale in ((ax.xaxis, panel.xlog, ax.set_xscale), (ax.yaxis, panel.ylog, ax.set_yscale)):
        if (
            kind := "log" if log else "linear"
        ) != axis.get_scale():  # setting it again would take names away from ticks
            scale(kind)
        if log:
            axis.set_major_formatter(LogFormatter())
            axis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.4)))


def _draw_heat(canvas: Any, ax: Any, heat: Heat) -> None:
    """Named rows stand from the top down, as in a table."""
    axes, places = ((heat.x, ax.xaxis), (heat.y, ax.yaxis)), []
    for names, _ in axes:
        places.append(np.arange(len(names)) if any(isinstance(name, str) for name in names) else np.asarray(names))
    values = np.asarray(heat.values, float)
    look: dict[str, Any] = {} if heat.cells is None else {"cmap": "OrRd", "vmin": 0, "vmax": 2, "edgecolor": "white"}
    many = values.size > PIXELS
    mesh = ax.pcolormesh(*map(_edges, places), values, rasterized=many, **look)
    ax.grid(False)
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


def _edges(places: np.ndarray) -> np.ndarray:
    """Ends of cells around their places: half-way to the next; of one place alone, half a unit to each side."""
    middle = (places[1:] + places[:-1]) / 2
    first, last = (middle[0], middle[-1]) if len(middle) else (places[0] + 0.5, places[0] - 0.5)
    return np.concatenate([[2 * places[0] - first], middle, [2 * places[-1] - last]])


def _draw_legend(ax: Any, columns: int) -> None:
    handles, labels = ax.get_legend_handles_labels()
    unique = list(dict(zip(labels, handles, strict=True)).items())
    chosen = [unique[i] for i in np.unique(np.linspace(0, len(unique) - 1, min(len(unique), MOST)).round().astype(int))]
    if not chosen:
        return
    place: Any = {"loc": "upper left", "bbox_to_anchor": (1, 1), "ncols": columns} if columns else {"loc": "best"}
    ax.legend([handle for _, handle in chosen], [label for label, _ in chosen], **place)


def _draw_series(ax: Any, s: Series, colour: str, marker: str = "o") -> None:
    x, y = np.broadcast_arrays(np.atleast_1d(s.x), np.atleast_1d(s.y))
    label = s.label if s.label else None
    if s.kind is Kind.MEASURED:
        few = len(x) <= 12
        every: Any = None if few else (0.03, 0.12)  # of the axes' diagonal
        ax.plot(x, y, color=colour, lw=1.4, label=label, marker=marker if few or marker != "o" else None, ms=3 + (marker != "o"),
                markevery=every)  # fmt: skip
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
