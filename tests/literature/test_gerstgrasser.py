"""Gerstgrasser et al. (2024) at smoke scale: it runs, and every claim and figure is well formed."""

import pytest

from collapsebench import theory
from collapsebench.literature.papers.gerstgrasser import DIM, FITS, ROWS, Gerstgrasser


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Gerstgrasser)


def test_statements_quote_the_law():
    assert theory.least_squares_replace_law(ROWS, DIM, 1) == pytest.approx(0.1124, abs=5e-5)
    law = [theory.least_squares_accumulate_law(ROWS, DIM, fits) for fits in FITS]
    assert law == pytest.approx([0.1124, 0.1645, 0.1741, 0.1793], abs=5e-5)


@pytest.mark.slow
def test_verdicts(results, verdicts_of):
    assert all(verdict["ours"] is not None for verdict in verdicts_of(Gerstgrasser, results).values())


@pytest.mark.slow
def test_figure(results, panels_of):
    assert len(panels_of(Gerstgrasser, results)["regression"]) == 2
