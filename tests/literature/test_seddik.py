"""Seddik et al. (2024) at smoke scale: it runs, and every claim and figure is well formed."""

import numpy as np
import pytest

from collapsebench.literature.papers.seddik import PROBS, REAL, SPREAD, Seddik, partial_error_law
from collapsebench.show.figures import Kind

pytestmark = pytest.mark.slow  # compiles every program of the paper


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Seddik)


def test_partial_error_law_in_numpy():
    draws = np.random.default_rng(0)
    runs, n = 40000, 30
    real = draws.multinomial(REAL, PROBS, size=runs)
    p, errors = real / REAL, []
    for _ in range(4):
        errors.append(((p - PROBS) ** 2).sum(axis=1))
        p = (real + draws.multinomial(n, p)) / (REAL + n)
    law = partial_error_law(n, np.arange(1, 5))
    error = np.std(errors, axis=1) / np.sqrt(runs)
    assert (abs(np.mean(errors, axis=1) - law) < 5 * error).all()
    assert law[0] == pytest.approx(SPREAD / REAL)  # the wrong law, distance from the real draws, starts at 0
    assert law[0] > 10 * error[0]


def test_verdicts(results, verdicts_of):
    verdicts = verdicts_of(Seddik, results)
    assert verdicts["norm-30-at-10"]["ours"] is not None
    for name in ("always-ends", "ends-at-symbol-1", "error-100-at-50"):
        assert verdicts[name]["verdict"] == "not run"  # beyond the fits of the smoke scale


def test_figures(results, panels_of):
    for panel in panels_of(Seddik, results)["loops"]:
        assert {Kind.MEASURED, Kind.LAW} <= {series.kind for series in panel.series}
