"""Figures of results: their lines, laws and names, in a notebook, a script and on the command line."""

import dataclasses

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.show.figures import EXACT, Kind
from collapsebench.show.plot import figure_of

BASE = cb.Experiment(name="drawn", n=100, generations=8, trajectories=50, handover="summary", metrics=("variance",))


@pytest.fixture(scope="module")
def runs():
    return [cb.run(dataclasses.replace(BASE, regime=regime)) for regime in ("replace", "accumulate")]


def test_several_results_share_a_panel_and_are_called_by_what_differs(runs):
    figure = figure_of(*runs)
    (panel,) = figure.panels
    assert figure.title == "drawn: gaussian, n = 100"
    assert [s.label for s in panel.series] == ["replace", "", "accumulate", "", EXACT]
    law = panel.series[1]
    assert law.kind is Kind.LAW
    assert law.group == "replace"
    np.testing.assert_allclose(law.y, cb.theory.replace_variance_law(100, np.arange(1, 9)))
    assert not panel.ylog  # less than a decade


@pytest.mark.slow
def test_points_of_a_sweep_have_their_laws():
    swept = cb.sweep(BASE, {"n": [20, 100]})
    lines = figure_of(swept).panels[0].series
    assert [s.label for s in lines if s.kind is Kind.MEASURED] == ["n=20", "n=100"]
    laws = [s.y for s in lines if s.kind is Kind.LAW and s.group]
    for n, law in zip((20, 100), laws, strict=True):
        np.testing.assert_allclose(law, cb.theory.replace_variance_law(n, np.arange(1, 9)))


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_result_plots_itself(runs, tmp_path, kind):
    path = tmp_path / f"one.{kind}"
    drawn = runs[0].collapsebench.plot(path=path)
    again = tmp_path / f"two.{kind}"
    cb.plot(runs[0], path=again)
    assert path.read_bytes() == again.read_bytes()
    assert len(drawn.axes) == 1
    assert "generation 0" in runs[0].collapsebench.summary()


def test_axes_of_ones_own_and_logarithms_in_plain_numbers(runs):
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    assert cb.plot(runs[0], ax=ax) is ax
    assert ax.get_ylabel() == "variance"
    long = cb.run(dataclasses.replace(BASE, n=3, generations=30, metrics=("log_variance", "variance"), trajectories=8))
    panels = {panel.title: panel for panel in figure_of(long).panels}
    assert panels["variance"].ylog
    drawn = cb.plot(long)
    drawn.canvas.draw()
    ticks = [label.get_text() for axes in drawn.axes for label in axes.get_yticklabels()]
    assert not any("$" in tick for tick in ticks)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda runs: cb.plot(), "one or several results"),
        (lambda runs: cb.plot(3), "it takes results of collapsebench"),
        (lambda runs: cb.plot(runs[0], path="x.gif"), "path = x.gif: it must end in .png, .svg, .pdf"),
        (lambda runs: cb.plot(runs[0], ax=[]), "0 axes for 1 panels"),
    ],
)
def test_wrong_requests_are_one_line(runs, call, message):
    with pytest.raises(cb.RequestError, match=message):
        call(runs)
