"""Gerstgrasser et al. (2024) at smoke scale: it runs, and every claim and figure is well formed."""

import numpy as np
import pytest

from collapsebench import theory
from collapsebench.papers.gerstgrasser import ACCUMULATE, DIM, PER_FIT, ROWS, Gerstgrasser
from collapsebench.runner import run
from collapsebench.study import Scale
from collapsebench.sweeps import Sweep, run_sweep


@pytest.fixture(scope="module")
def results():
    plan = Gerstgrasser().experiments(Scale.SMOKE)
    return {name: run_sweep(one) if isinstance(one, Sweep) else run(one) for name, one in plan.items()}


def test_printed_numbers_are_the_law():
    assert theory.least_squares_replace_law(ROWS, DIM, 1) == pytest.approx(PER_FIT, abs=5e-5)
    for fits, printed in ACCUMULATE.items():
        assert theory.least_squares_accumulate_law(ROWS, DIM, fits) == pytest.approx(printed, abs=5e-5)


def test_verdicts(results):
    verdicts = [claim.verdict("gerstgrasser", results) for claim in Gerstgrasser.claims]
    assert len({verdict["claim"] for verdict in verdicts}) == len(verdicts)
    for verdict in verdicts:
        assert verdict["basis"]
        assert verdict["where"]
        assert verdict["ours"] is not None
        assert (verdict["published"] is None) == (verdict["tolerance"] is None)


def test_figure(results):
    figure = Gerstgrasser.figures["regression"](results)
    assert len(figure.panels) == 2
    for panel in figure.panels:
        assert all(np.isfinite(np.asarray(series.y, float)).all() for series in panel.series)
