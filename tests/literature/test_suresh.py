"""Suresh et al. (2025) at smoke scale: it runs, and every claim and figure is well formed."""

import numpy as np
import pytest

from collapsebench import theory
from collapsebench.literature.papers.suresh import Suresh
from collapsebench.literature.papers.suresh.read import alive_law, bernoulli_p, distinct_law
from collapsebench.literature.papers.suresh.settings import (
    BOUND,
    DISTINCT_EXACT,
    GAUSSIAN,
    MIXTURE,
    SINGLE,
    THRESHOLD,
)
from collapsebench.show.figures import Kind

pytestmark = pytest.mark.slow  # compiles every program of the paper


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Suresh)


def test_statements_quote_the_law():
    assert alive_law("bernoulli-rare", np.array([6, 22])) == pytest.approx([0.9316, 0.5679], abs=5.1e-5)
    assert alive_law("bernoulli-small", np.array([1, 22])) == pytest.approx([0.6340, 0.0837], abs=5.1e-5)
    assert alive_law("poisson-1", np.array([56, 222])) == pytest.approx([0.2910, 0.0852], abs=5.1e-5)
    assert alive_law("poisson-10", np.array([56, 222])) == pytest.approx([0.9679, 0.5895], abs=5.1e-5)
    assert alive_law("bernoulli-rare", np.array(7)) == pytest.approx(0.9049, abs=5.1e-5)  # one fit more is another law
    assert alive_law("gaussian", np.array(GAUSSIAN.k)) == pytest.approx(
        [1, 0.7956, 0.4351, 0.2244, 0.1145, 0.0583, 0.0302, 0.0155, 0.0079, 0.0041], abs=1e-3
    )  # of a large simulation
    bound = theory.replace_sd_moment_bound(GAUSSIAN.n, np.array(GAUSSIAN.k), THRESHOLD)
    assert bound == pytest.approx(np.array(BOUND), abs=5.1e-5)


def test_explanations_quote_the_law():
    for name, exact in DISTINCT_EXACT.items():
        assert distinct_law(name, list(exact)) == pytest.approx(list(exact.values()), abs=5.1e-5)
    ended = 2 - theory.survival_law(100, 600, SINGLE) - theory.survival_law(100, 600, 1 - SINGLE)
    assert ended == pytest.approx(0.998, abs=5e-4)


def test_bernoulli_p_is_a_count_over_n(results):
    count = 100 * bernoulli_p(results, "trajectories-bernoulli", SINGLE)
    assert count == pytest.approx(np.round(count), abs=1e-3)
    assert count.min() >= -1e-3
    assert count.max() <= 100 + 1e-3


def test_verdicts(results, verdicts_of):
    verdicts = verdicts_of(Suresh, results)
    for name in ("poisson-10-at-222", "gaussian-curve", "gaussian-rate", "zipf-1-at-9", "mixture-at-40"):
        assert verdicts[name]["verdict"] == "not run"  # beyond the fits of the smoke scale
    assert verdicts["moment-bound-at-200"]["verdict"] == "law holds"
    assert verdicts["gaussian-at-45"]["ours"] is not None


def test_figures(results, panels_of):
    panels = panels_of(Suresh, results)
    for name in ("survival", "spread", "distinct", "mixture"):
        for panel in panels[name]:
            kinds = {series.kind for series in panel.series}
            assert {Kind.MEASURED, Kind.LAW} <= kinds
            assert (Kind.PUBLISHED in kinds) == (name in ("distinct", "mixture"))  # the others' references are laws
    published = [s for s in panels["mixture"][0].series if s.kind is Kind.PUBLISHED]
    assert published[0].y == MIXTURE.share
    assert [sum(s.kind is Kind.TRAJECTORY for s in panel.series) for panel in panels["trajectories"]] == [25, 25]
