"""Kazdan et al. (2025) at smoke scale: it runs, and every claim and figure is well formed."""

import numpy as np
import pytest

from collapsebench import theory
from collapsebench.literature.papers.kazdan import Kazdan
from collapsebench.literature.papers.kazdan.read import kde_variance
from collapsebench.literature.papers.kazdan.settings import COLLAPSE, DATA, EXACT, RISK
from collapsebench.show.figures import Kind

pytestmark = pytest.mark.slow  # compiles every program of the paper


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Kazdan)


def test_explanations_quote_the_law():
    assert set(EXACT) == set(COLLAPSE)
    for n, exact in EXACT.items():
        assert theory.fixation_time_law(n, np.full(10, 0.1)) == pytest.approx(exact, rel=5e-4)


def test_kde_law_starts_at_the_data_and_the_kernel():
    trace = np.trace(DATA["blobs"].distribution().moments()[1])
    law = kde_variance(DATA["blobs"], 10**9, 0.5, "replace", np.array(1))
    assert law == pytest.approx(trace + 2 * 0.5**2, rel=1e-5)


def test_verdicts(results, verdicts_of):
    verdicts = verdicts_of(Kazdan, results)
    for regime in ("replace", "accumulate", "subsample"):  # printed at generation 100, which smoke does not reach
        assert verdicts[f"regression-{regime}-32"]["verdict"] == "not run"
    assert verdicts["collapse-10"]["ours"] is not None


def test_figures(results, panels_of):
    panels = panels_of(Kazdan, results)
    published = [s for panel in panels["regression"] for s in panel.series if s.kind is Kind.PUBLISHED]
    assert {float(s.y[0]) for s in published} >= {RISK["replace"][32], RISK["accumulate"][32]}
    assert any(s.kind is Kind.LAW for panel in panels["kde"] for s in panel.series)
