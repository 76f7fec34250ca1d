"""Kazdan et al. (2025) at smoke scale: it runs, and every claim and figure is well formed."""

import numpy as np
import pytest

from collapsebench import theory
from collapsebench.figures import Kind
from collapsebench.papers.kazdan import Kazdan
from collapsebench.papers.kazdan.read import kde_variance
from collapsebench.papers.kazdan.settings import COLLAPSE, DATA, EXACT, RISK
from collapsebench.runner import run
from collapsebench.study import Scale
from collapsebench.sweeps import Sweep, run_sweep

pytestmark = pytest.mark.slow  # compiles every program of the paper


@pytest.fixture(scope="module")
def results():
    plan = Kazdan().experiments(Scale.SMOKE)
    return {name: run_sweep(one) if isinstance(one, Sweep) else run(one) for name, one in plan.items()}


def test_explanations_quote_the_law():
    assert set(EXACT) == set(COLLAPSE)
    for n, exact in EXACT.items():
        assert theory.fixation_time_law(n, np.full(10, 0.1)) == pytest.approx(exact, rel=5e-4)


def test_kde_law_starts_at_the_data_and_the_kernel():
    trace = np.trace(DATA["blobs"].distribution().moments()[1])
    law = kde_variance(DATA["blobs"], 10**9, 0.5, "replace", np.array(1))
    assert law == pytest.approx(trace + 2 * 0.5**2, rel=1e-5)


def test_verdicts(results):
    verdicts = {claim.name: claim.verdict("kazdan", results) for claim in Kazdan.claims}
    assert len(verdicts) == len(Kazdan.claims)
    for verdict in verdicts.values():
        assert verdict["basis"]
        assert verdict["where"]
        assert (verdict["published"] is None) == (verdict["tolerance"] is None)
    for regime in ("replace", "accumulate", "subsample"):  # printed at generation 100, which smoke does not reach
        assert verdicts[f"regression-{regime}-32"]["verdict"] == "not run"
    assert verdicts["collapse-10"]["ours"] is not None


def test_figures(results):
    panels = {name: draw(results).panels for name, draw in Kazdan.figures.items()}
    for series in (series for several in panels.values() for panel in several for series in panel.series):
        assert np.isfinite(np.asarray(series.y, float)).all(), series.label
    published = [s for panel in panels["regression"] for s in panel.series if s.kind is Kind.PUBLISHED]
    assert {float(s.y[0]) for s in published} >= {RISK["replace"][32], RISK["accumulate"][32]}
    assert any(s.kind is Kind.LAW for panel in panels["kde"] for s in panel.series)
