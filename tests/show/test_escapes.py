"""Names that are code somewhere: in a page, a table, a spreadsheet, a terminal, a figure."""

import csv
import json

import numpy as np
import pytest

from collapsebench.cli import main
from collapsebench.show import benchmarks, figures, markdown, page, tables
from collapsebench.show.figures import Figure, Panel, Series

EVIL = "<script>alert('x')</script>"


def verdict(**more):
    """A record of a verdict."""
    empty = dict.fromkeys(("published", "ours", "half_width", "margin", "reference", "explains", "at_1.1", "at_0.9"))
    words = dict.fromkeys(
        ("claim", "statement", "where", "source", "law", "basis", "chosen", "why", "blunt", "verdict"), EVIL
    )
    return {**empty, **words, "paper": "one", "kind": "number", **more}


class Study:
    title = citation = EVIL


def test_a_page_escapes_every_name(tmp_path):
    path = page.write_page([verdict()], [tmp_path / "one" / "x.nc"], tmp_path, {"one": Study})
    assert "<script" not in path.read_text()
    assert "&lt;script" in path.read_text()
    head, rows = (EVIL, "b"), [(EVIL, "\x1b")]
    assert "<script" not in benchmarks.as_html(EVIL, head, rows)
    assert "<script" not in markdown.table(head, rows)
    assert markdown.table(("a",), [("b|\nc",)]).count("\n") == 3


def test_a_table_moves_no_cursor():
    text = tables.table(("a", "b"), [("\x1b[2J", "x\ny")])
    assert text.isprintable() or set(filter(lambda c: not c.isprintable(), text)) == {"\n"}
    assert text.count("\n") == 2


@pytest.mark.parametrize("name", ["=cmd()", "+1+1", "-2+3", "@x", "\t=1", "\r=1", " =1"])
def test_no_word_of_a_csv_begins_a_formula(tmp_path, name):
    line = Series(name, np.arange(2.0), np.array([-1.0, np.nan]))
    figure, path = Figure(name, (Panel(name, "x", "$\\frac$", (line,)),)), tmp_path / "figure.csv"
    figures._write_csv(figure, path)
    rows = list(csv.reader(path.open(newline="")))
    for row in rows:
        for cell in (row[0], row[2]):
            assert cell.lstrip()[:1] not in "=+-@" or not cell
    assert rows[1][4] == "-1"
    assert rows[1][2] == (f"'{name}" if name.isprintable() else ascii(name)[1:-1])


def test_a_figure_takes_any_printable_name(tmp_path):
    panel = Panel("$\\frac$", "$", "<b>", (Series("_$^", np.arange(2.0), np.arange(2.0)),))
    assert len(figures.write(Figure("$x$ $", (panel,)), tmp_path / "figure")) == 3


TIMES = {
    "times": [None, [], 0, [0.0], [-1.0], [1.0, "x"], [[1.0]], {"a": 1}, "1", [float("nan")], [float("inf")], [None],
              [1e308, 1e308], [10**400], [True], [5e-324]],
    "calibration": [None, 0, [0.0, 1.0], [1.0], [float("nan")] * 2, "ab", [[1.0], [1.0]]],
    "rate": [None, 0, -1.0, float("nan"), float("inf"), "x", [1.0], {}],
}  # fmt: skip


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, some in TIMES.items() for value in some])
def test_times_that_no_comparison_can_use_are_refused(tmp_path, capsys, field, value):
    extra = {"times": [1.0, 2.0], "calibration": [1.0, 1.0], "rate": 1.0}
    paths = []
    for name, own in (("good", extra), ("bad", {**extra, field: value})):
        bench = {"name": "b", "stats": {"median": 1.0}, "extra_info": own}
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_text(json.dumps({"machine_info": {}, "benchmarks": [bench]}))
    for pair in (paths, paths[::-1]):
        assert main(["compare", *map(str, pair)]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
    assert main(["compare", str(paths[0]), str(paths[0])]) == 0


def test_a_missing_median_and_a_name_that_is_there_twice_are_refused(tmp_path, capsys):
    path = tmp_path / "odd.json"
    for benches in (
        [{"name": "b", "stats": {}}],
        [{"name": "b", "stats": {"median": 1.0}}] * 2,
        [{"stats": {"median": 1}}],
    ):
        path.write_text(json.dumps({"machine_info": {}, "benchmarks": benches}))
        assert main(["compare", str(path), str(path)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_a_threshold_of_nothing_is_refused(tmp_path, capsys):
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"machine_info": {}, "benchmarks": [{"name": "loop", "stats": {"median": 1.0}}]}))
    assert main(["compare", str(path), str(path), "--threshold", "lop=.2"]) == 2
    assert "did you mean 'loop'?" in capsys.readouterr().err


def test_ticks_of_logarithmic_axes_are_plain_numbers():
    """Names must not be read as mathematics, so neither are matplotlib's own ticks."""
    from collapsebench.show import drawing

    x = [1e-3, 0.02, 0.5]
    panel = Panel("a", "b", "c", (Series("d", x, x),), xlog=True, ylog=True)
    with drawing.mpl.rc_context(drawing._style()):
        canvas = drawing._canvas(Figure("e", (panel,)))
        canvas.draw_without_rendering()
    (ax,) = canvas.axes
    told = {t.get_text() for axis in (ax.xaxis, ax.yaxis) for t in axis.get_ticklabels()}
    assert not [text for text in told if "$" in text]
    assert {"1e-02", "1e-01"} <= {text.replace("\u2212", "-") for text in told}
