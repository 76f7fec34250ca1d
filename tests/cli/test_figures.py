"""Layout of figures: ticks, colours, and the place of the legend."""

import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas

from collapsebench.show import drawing
from collapsebench.show.figures import Figure, Kind, Panel, Series, write


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
