"""Phase diagrams: one compiled program for all cells, cells against sweeps and exact laws, borders, files and refusals."""

import dataclasses
import json

import jax
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.cli.output import draw
from collapsebench.oversight import diagram as diagrams
from collapsebench.oversight.border import at
from collapsebench.oversight.known import DIAGRAMS
from collapsebench.oversight.laws import law_of
from collapsebench.oversight.limits import limit_of
from collapsebench.show.diagrams import diagram_figure, diagram_json, diagram_summary, simulated_border

BASE = cb.Experiment(
    name="cells", regime="mix", n=20, generations=11, trajectories=100, handover="summary", width=64
)  # fmt: skip
VALUES = {"regime.real_fraction": np.linspace(0, 0.3, 5), "n": [10, 20, 40]}


@pytest.fixture(scope="module")
def found():
    return cb.diagram(BASE, VALUES, "variance=.6")


def test_cells_are_a_sweep_s_points(found):
    """The same numbers as a sweep gives, and within five standard errors of the exact law; turned round, ten."""
    swept = cb.sweep(BASE, VALUES).variance
    left = swept.isel(generation=-1).mean("trajectory") / swept.isel(generation=0).mean("trajectory")
    np.testing.assert_allclose(found.left.T, left, rtol=1e-5)
    limit = limit_of("variance=.6")
    name, law = law_of(BASE, limit)
    assert found.attrs["law"] == name == "fresh_law"
    cells = [[law(at(at(BASE, "n", n), "regime.real_fraction", c)) for c in found["regime.real_fraction"].values]
             for n in VALUES["n"]]  # fmt: skip
    assert np.abs((found.left - cells) / found.left_error).max() < 5
    turned = np.abs((found.left - np.array(cells)[:, ::-1]) / found.left_error)  # shares in the wrong order
    assert turned.max() > 10


def test_the_collapse_time_is_the_first_generation_beyond_the_limit(found):
    swept = cb.sweep(BASE, VALUES).variance
    left = (swept / swept.isel(generation=0).mean("trajectory")).mean("trajectory").values
    broken = left < 0.6
    first = np.where(broken.any(-1), broken.argmax(-1), np.nan)
    np.testing.assert_array_equal(found.collapse_time.T, first)


def test_a_diagram_of_many_pieces_compiles_three_programs_at_most(found, monkeypatch):
    """Nine generations are another program than eleven: it is compiled once, for all pieces. The last is filled up."""
    compiled = []

    def listen(event, duration, **_):
        compiled.append(event)

    monkeypatch.setattr(diagrams, "NUMBERS", 100 * 9 * 4)
    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        pieces = cb.diagram(BASE, VALUES, "variance=.6", generations=9)
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    assert 1 <= len([event for event in compiled if event.endswith("backend_compile_duration")]) <= 3
    swept = cb.sweep(dataclasses.replace(BASE, generations=9), VALUES).variance
    left = swept.isel(generation=-1).mean("trajectory") / swept.isel(generation=0).mean("trajectory")
    np.testing.assert_allclose(pieces.left.T, left, rtol=1e-5)


@pytest.mark.slow
def test_generations_are_an_axis_without_runs_of_its_own():
    grown = cb.Experiment(
        name="grown", regime=cb.regimes.Grow(power=2.0), n=20, generations=11, trajectories=200, handover="summary"
    )
    made = cb.diagram(grown, {"regime.used": [0.0, 0.5, 1.0], "generations": [1, 5, 10]}, "risk=1")
    law = law_of(grown, limit_of("risk=1"))[1]
    exact = [[law(at(at(grown, "generations", g), "regime.used", u)) for u in (0, 0.5, 1)] for g in (1, 5, 10)]
    assert np.abs((made.left - exact) / made.left_error).max() < 5
    assert (made.collapse_time <= made.generations).sum() == made.collapse_time.notnull().sum() > 0
    np.testing.assert_allclose(made.border.values[1:], simulated_border(made)[1:], atol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", DIAGRAMS)
def test_diagrams_with_a_name_have_their_border(name):
    """The simulated border lies within a cell and a half of the border by theory, in the median of the rows."""
    rows = DIAGRAMS[name].experiment.handover.rows
    made = cb.diagram(name, cells=8, trajectories=100, generations=11 if rows else 51)
    x = made[made.attrs["x"]].values
    assert np.isfinite(made.border).sum() >= 3
    apart = (simulated_border(made) - made.border.values) / np.diff(x).mean()
    assert np.nanmedian(np.abs(apart)) < 1.5


def test_files(found, tmp_path):
    paths = draw(diagram_figure, found, tmp_path / "d")
    assert {path.suffix for path in paths} == {".png", ".svg", ".csv"}
    data = json.loads(json.dumps(diagram_json(found), allow_nan=False))
    assert data["digest"] == found.attrs["digest"]
    assert np.shape(data["left"]) == (3, 5)
    assert "Border by fresh_law" in diagram_summary(found)
    saved = cb.load(cb.save(found, tmp_path / "d.nc"))
    assert saved.identical(found) or dict(saved.attrs) == dict(found.attrs)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("real_sare",), "did you mean 'real_share'"),
        (("real_share", {"cells": 1}), "cells = 1: it must be a whole number of at least 2"),
        ((BASE,), "values: a diagram needs two fields"),
        ((BASE, {"n": [10, 20], "model.dim": [1, 2]}), "values = model.dim: it is no number"),
        ((BASE, {"n": [20, 10], "regime.real_fraction": [0, 1]}), "values = n: it must be at least two numbers, ascending"),
        ((BASE, {"n": [10, 20], "regime.real_fraction": [0, 2]}), "real_fraction = 2"),
        ((BASE, {"n": [10, 20], "generations": [1, 11]}), "whole numbers from 1 to 10"),
        ((BASE, {"generations": [1, 2], "n": [10, 20]}), "generations are along y"),
        ((BASE, VALUES, "best"), "limit = best"),
    ],
)  # fmt: skip
def test_what_is_no_diagram_is_one_line(given, why):
    with pytest.raises(cb.RequestError, match=why.replace("(", r"\(")) as told:
        cb.diagram(given[0], **given[1]) if isinstance(given[0], str) and len(given) > 1 else cb.diagram(*given)
    assert "\n" not in str(told.value)


def test_another_limit_is_another_digest():
    made = diagrams.make_diagram(BASE, VALUES, "variance=.6")
    assert made.digest == diagrams.make_diagram(BASE, VALUES, "variance=.6").digest
    assert made.digest != dataclasses.replace(made, limit=limit_of("variance=.5")).digest
