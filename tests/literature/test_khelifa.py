"""Khelifa et al. (2026): the law's numbers, and at smoke scale that claims and figures are well formed."""

import numpy as np
import pytest

from collapsebench import theory
from collapsebench.literature.papers.khelifa import (
    DIM,
    GENERATIONS,
    MEANS,
    SECOND_MOMENT,
    SHARES,
    SMOOTHING,
    Khelifa,
    drift,
)
from collapsebench.literature.study import Scale
from collapsebench.runs.sweep import run_request


def test_statements_quote_the_law():
    law = theory.diffusion_drift_law(
        GENERATIONS, np.array(SHARES), SMOOTHING, dim=DIM, second_moment=SECOND_MOMENT
    )  # fmt: skip
    assert law == pytest.approx([1.083, 0.247, 0.137], abs=5e-4)
    assert "+24.7%" in next(claim.statement for claim in Khelifa.claims if claim.name == "drift-0.5")


def test_second_moment_is_the_target_s():
    target = Khelifa().experiments(Scale.SMOKE)["smoothing"].experiment.target
    mean, covariance = target.distribution().moments()
    assert np.trace(covariance) + mean @ mean == pytest.approx(SECOND_MOMENT, rel=1e-5)
    assert len(MEANS) == target.components


@pytest.mark.slow
def test_a_kernel_density_drifts_by_the_law(assert_law):
    results = {"smoothing": run_request(Khelifa().experiments(Scale.SMOKE)["smoothing"])}
    fits = np.arange(1, GENERATIONS + 1)
    for share in SHARES:
        law = theory.diffusion_drift_law(fits, share, SMOOTHING, dim=DIM, second_moment=SECOND_MOMENT)
        assert_law(
            drift(results, "smoothing", share),
            law,
            theory.diffusion_drift_law(fits - 1, share, SMOOTHING, dim=DIM, second_moment=SECOND_MOMENT),
        )


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Khelifa)


@pytest.mark.slow
def test_verdicts(results, verdicts_of):
    verdicts = verdicts_of(Khelifa, results)
    for share in SHARES:
        assert verdicts[f"drift-{share:g}"]["ours"] is not None
    assert verdicts["diffusion-order"]["verdict"] == "not run"  # smoke is too short


@pytest.mark.slow
def test_figure(results, panels_of):
    assert len(panels_of(Khelifa, results)["drift"]) == 3
