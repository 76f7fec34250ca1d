"""Figures of results: their lines, laws and names, in a notebook, a script and on the command line."""

import dataclasses
import json
import sys
import types

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


def test_snapshots_of_images_are_a_grid_and_no_cloud(runs):
    about = cb.Experiment(target="images", model="gaussian", metrics=("variance",), snapshots=(0, 3))
    draws = np.random.default_rng(0).random((1, 2, 20, 64))
    dims = ("trajectory_kept", "snapshot", "row", "sample_axis_0")
    result = runs[0].assign(sample=(dims, draws)).assign_coords(snapshot=[0, 3])
    (_, panel) = figure_of(result.assign_attrs(experiment=json.dumps(about.to_json({})))).panels
    assert panel.images.values.shape == (2, 12, 8, 8)
    assert panel.images.rows == ("generation 0", "generation 3")
    np.testing.assert_array_equal(panel.images.values[1, 3].ravel(), draws[0, 1, 3])


def test_a_result_is_a_table_for_pandas(runs):
    table = runs[0].collapsebench.to_dataframe()
    assert list(table.columns) == ["trajectory", "generation", "variance"]
    assert len(table) == runs[0].variance.size
    at = table[(table.trajectory == 7) & (table.generation == 3)].variance.item()
    assert at == runs[0].variance.sel(trajectory=7, generation=3).item()
    with pytest.raises(cb.RequestError, match="names = 'kl': not one of variance"):
        runs[0].collapsebench.to_dataframe("kl")
    with pytest.raises(cb.RequestError, match="variables over the same dims"):
        runs[0].assign_attrs(kind="profile").collapsebench.to_dataframe()


def test_a_result_is_chains_and_draws_for_arviz_where_it_is_installed(runs, monkeypatch):
    monkeypatch.setitem(sys.modules, "arviz_base", None)
    with pytest.raises(cb.RequestError, match="pip install arviz-base"):
        runs[0].collapsebench.to_arviz()
    asked = []
    stub = types.SimpleNamespace(convert_to_datatree=lambda data, group: asked.append((data, group)))
    monkeypatch.setitem(sys.modules, "arviz_base", stub)
    runs[0].collapsebench.to_arviz()
    ((data, group),) = asked
    assert group == "posterior"
    assert data.variance.dims == ("chain", "draw")
    np.testing.assert_array_equal(data.variance.values, runs[0].variance.values)


def test_what_a_notebook_shows_is_escaped(runs):
    named = dataclasses.replace(BASE, name="<script>")
    assert "<tr><td>name<td>&#x27;&lt;script&gt;&#x27;<tr>" in named._repr_html_()
    assert "snapshots" not in named._repr_html_()
    told = runs[0].assign_attrs(experiment=json.dumps(named.to_json({}))).collapsebench._repr_html_()
    assert told.startswith("<pre>&lt;script&gt;: ")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda runs: cb.plot(), "one or several results"),
        (lambda runs: cb.plot(3), "it takes results of collapsebench"),
        (lambda runs: cb.plot(runs[0], path="x.gif"), "path = x.gif: it must end in .png, .svg, .pdf"),
        (lambda runs: cb.plot(runs[0], ax=[]), "0 axes for 1 panel"),
    ],
)
def test_wrong_requests_are_one_line(runs, call, message):
    with pytest.raises(cb.RequestError, match=message):
        call(runs)


def test_a_summary_says_what_changed_and_what_the_law_is(runs):
    text = runs[0].collapsebench.summary()
    law = cb.theory.replace_variance_law(100, 8)
    first, last = (float(runs[0].variance.mean("trajectory")[g]) for g in (0, -1))
    assert (
        f"\nvariance: {first:.4g} after the first fit and {last:.4g} after 8 fits, {1 - last / first:.0%} less; "
        in text
    )
    away = abs(last - law) / (runs[0].variance[:, -1].values.std(ddof=1) / 50**0.5)
    assert f"its exact law is {law:.4g}, {away:.1f} standard errors from it\n" in text
    lost = runs[0].copy(deep=True)
    lost.variance[0, -1] = np.inf
    assert "variance inf: the model gives something real no probability" in lost.collapsebench.summary()
