"""Suresh et al. (2025) at smoke scale: it runs, and every claim and figure is well formed."""

import numpy as np
import pytest

from collapsebench import theory
from collapsebench.literature.papers.suresh import Suresh
from collapsebench.literature.papers.suresh.read import alive_law, bernoulli_p, distinct_law
from collapsebench.literature.papers.suresh.settings import (
    BERNOULLI,
    BOUND,
    CURVES,
    DISTINCT_EXACT,
    GAUSSIAN,
    MIXTURE,
    POISSON,
    SINGLE,
    THRESHOLD,
)
from collapsebench.show.figures import Kind

pytestmark = pytest.mark.slow  # compiles every program of the paper


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Suresh)


@pytest.mark.parametrize("name", [*BERNOULLI, *POISSON])
def test_values_compared_with_are_the_law_after_k_fits(name):
    curve = CURVES[name]
    assert alive_law(name, np.array(curve.k)) == pytest.approx(np.array(curve.share), abs=5.1e-5)
    assert abs(alive_law(name, np.array(curve.k) + 1) - curve.share).max() > 5e-4  # one fit more is another law


def test_gaussian_values_are_the_law_but_for_their_own_error():
    law = alive_law("gaussian", np.array(GAUSSIAN.k))
    assert law == pytest.approx(np.array(GAUSSIAN.share), abs=1e-3)
    bound = theory.replace_sd_moment_bound(GAUSSIAN.n, np.array(GAUSSIAN.k), THRESHOLD)
    assert bound == pytest.approx(np.array(BOUND), abs=5.1e-5)


def test_explanations_quote_the_law():
    for name, exact in DISTINCT_EXACT.items():
        assert distinct_law(name, list(exact)) == pytest.approx(list(exact.values()), abs=5.1e-5)
    assert alive_law("bernoulli-rare", np.array(7)) == pytest.approx(0.9049, abs=5.1e-5)
    assert alive_law("gaussian", np.array([45, 133])) == pytest.approx([0.4360, 0.0299], abs=5.1e-5)
    ended = 2 - theory.survival_law(100, 600, SINGLE) - theory.survival_law(100, 600, 1 - SINGLE)
    assert ended == pytest.approx(0.998, abs=5e-4)


def test_bernoulli_p_is_a_count_over_n(results):
    count = 100 * bernoulli_p(results, "trajectories-bernoulli", SINGLE)
    assert count == pytest.approx(np.round(count), abs=1e-3)
    assert count.min() >= -1e-3
    assert count.max() <= 100 + 1e-3


def test_verdicts(results, verdicts_of):
    verdicts = verdicts_of(Suresh, results)
    for name in ("poisson-1-at-222", "gaussian-curve", "gaussian-rate", "zipf-1-at-9", "mixture-between"):
        assert verdicts[name]["verdict"] == "not run"  # beyond the fits of the smoke scale
    assert verdicts["moment-bound-at-200"]["verdict"] == "reproduced"
    assert verdicts["gaussian-at-45"]["ours"] is not None


def test_figures(results, panels_of):
    panels = panels_of(Suresh, results)
    for name in ("survival", "spread", "distinct", "mixture"):
        for panel in panels[name]:
            assert {Kind.MEASURED, Kind.LAW, Kind.PUBLISHED} <= {series.kind for series in panel.series}
    published = [s for s in panels["mixture"][0].series if s.kind is Kind.PUBLISHED]
    assert published[0].y == MIXTURE.share
    assert [sum(s.kind is Kind.TRAJECTORY for s in panel.series) for panel in panels["trajectories"]] == [25, 25]
