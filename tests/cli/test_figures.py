"""Layout of figures: ticks, colours, and the place of the legend."""

import html
import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas
from PIL import Image

from collapsebench.show import drawing, page
from collapsebench.show.figures import Animation, Figure, Heat, Kind, Panel, Series, write

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in how bright a colour looks."""


def drawn(panel):
    canvas = Canvas(figsize=(5, 3), layout="constrained")
    ax = canvas.subplots()
    drawing.draw_panel(canvas, ax, panel)
    canvas.draw_without_rendering()
    return ax


def many(count, xlabel="generation", last=3):
    x = np.arange(last + 1)
    return Panel("", xlabel, "", tuple(Series(f"p={i}", x, np.exp(-x * i), kind=Kind.MEASURED) for i in range(count)))


@pytest.mark.parametrize("last", [1, 2, 3, 7, 100])
def test_generations_have_whole_ticks(last):
    ticks = drawn(many(2, last=last)).get_xticks()
    assert len(ticks) > 1
    assert (ticks == np.round(ticks)).all()


@pytest.mark.parametrize("count", [3, 8, 9, 30])
def test_no_two_lines_have_colour_and_marker_in_common(count):
    looks = [(mpl.colors.to_hex(line.get_color()), line.get_marker()) for line in drawn(many(count)).get_lines()]
    assert len(set(looks)) == count
    if count > 16:  # along one map: neighbours are near in colour
        assert all(one[1] != other[1] for one, other in itertools.pairwise(looks))


def test_a_law_has_the_colour_of_its_group():
    x = np.arange(3)
    panel = many(10)
    law = Series("law", x, x, kind=Kind.LAW, group="p=4")
    lines = {line.get_label(): line.get_color() for line in drawn(Panel("", "", "", (*panel.series, law))).get_lines()}
    assert np.array_equal(lines["law"], lines["p=4"])


@pytest.mark.parametrize("count", [3, 6, 7, 20, 60])
def test_a_long_legend_stands_outside_the_curves(count):
    ax = drawn(many(count))
    outside = ax.get_legend().get_window_extent().x0 >= ax.get_window_extent().x1
    assert outside == (count > 6)
    assert len(ax.get_legend().get_texts()) == min(count, drawing.MOST)


def test_a_figure_of_many_series_is_written(tmp_path):
    for path in write(Figure("many", (many(40), many(2))), tmp_path / "many"):
        assert path.stat().st_size > 100


@pytest.mark.parametrize("columns", [1, 3])
def test_every_cell_of_a_table_is_painted_and_its_words_are_read(columns):
    """One column alone too, whose cells once had no width: white words on white."""
    values = np.linspace(0, 3, 4 * columns).reshape(4, columns)
    cells = [[f"{value:.2g}" for value in row] for row in values]
    ax = drawn(Panel("", "", "", heat=Heat("x", [f"c{i}" for i in range(columns)], list("abcd"), values, cells)))
    (mesh,) = ax.collections
    assert mesh.get_coordinates()[0, :, 0].tolist() == (np.arange(columns + 1) - 0.5).tolist()
    colours = mesh.to_rgba(values).reshape(-1, 4)
    for text, colour in zip(ax.texts, colours, strict=True):
        written = mpl.colors.to_rgb(text.get_color())
        assert abs(np.dot(colour[:3], LUMA) - np.dot(written, LUMA)) > 0.35


def test_long_numbers_stand_apart():
    x = np.linspace(-0.1, 0.1, 9)
    ax = drawn(Panel("", "share", "", (Series("a", x, x),)))
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(boxes))


def test_a_picture_says_what_it_shows_to_who_cannot_see_it(tmp_path):
    x = np.arange(3)
    heat = Heat("losses", ["a"], ["b", "c"], np.ones((2, 1)), [["1"], ["1"]])
    panels = (
        Panel("left", "fits", "variance", (Series("ours", x, x), Series("<law>", x, x))),
        Panel("", "", "", heat=heat),
    )
    figure = Figure("Two panels", panels, "bands: 95%")
    said = "Two panels. left: variance by fits of ours, <law>; losses: table of 2 rows by 1 column. bands: 95%."
    assert figure.alt == said
    png, svg, _ = write(figure, tmp_path / "two")
    assert Image.open(png).info["Description"] == said
    assert "Two panels. left: variance by fits of ours, &lt;law&gt;" in svg.read_text()
    assert f"alt='{html.escape(said)}'" in page._picture(png)
    (gif,) = write(Animation((figure, figure)), tmp_path / "film")
    assert f"alt='Animation of 2 pictures, at its end: {html.escape(said)}'" in page._picture(gif)
    other = tmp_path / "other.png"
    other.write_bytes(b"no picture")
    assert "alt='other'" in page._picture(other)


def test_a_long_title_stays_on_the_canvas():
    canvas = drawing.canvas(Figure("Zhu et al. (2025): editing in place of generating, twice", (many(2),)))
    canvas.draw_without_rendering()
    box = canvas._suptitle.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= canvas.bbox.x1
