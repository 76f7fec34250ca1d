"""Bertrand et al. (2024): its law, and at smoke scale that claims and figures are well formed."""

import dataclasses

import numpy as np
import pytest

from collapsebench import theory
from collapsebench.literature.papers.bertrand import RATIOS, ROWS, Bertrand, kept_law
from collapsebench.literature.study import Scale
from collapsebench.models.gaussian import Gaussian
from collapsebench.runs.runner import run


def _plan():
    return Bertrand().experiments(Scale.SMOKE)


@pytest.mark.slow
def test_spread_alone_follows_the_law(assert_law):
    experiment = dataclasses.replace(_plan()["alone"], generations=20, trajectories=20_000)
    sd = np.exp(run(experiment).log_variance.values / 2)
    fits = np.arange(1, 21)
    ml = theory.replace_sd_law(ROWS, fits)
    assert_law(sd, theory.replace_sd_law(ROWS, fits, unbiased=True), ml)


@pytest.mark.slow
def test_kept_rows_follow_the_law(assert_law):
    assert isinstance(_plan()["kept"].experiment.model, Gaussian)
    experiment = dataclasses.replace(_plan()["kept"].experiment, n=4 * ROWS, trajectories=20_000)
    drift, _ = kept_law(4 * ROWS, np.arange(1, 21))
    forgotten = theory.augment_rate_bound(0.45) * drift  # had the published bound been the rate
    assert_law(run(experiment).mean_error.values, drift, forgotten)


def test_one_ratio_is_inside_of_the_condition_and_one_outside():
    assert min(RATIOS) < 0.5 < max(RATIOS)
    rows = {name: (one.n, one.n_real) for name, one in Bertrand().experiments(Scale.QUICK).items() if "-" in name}
    assert {n / real for n, real in rows.values()} == {0.25, 1.0}


def test_networks_are_fine_tuned():
    assert all(one.warm_start for name, one in _plan().items() if "-" in name)


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Bertrand)


@pytest.mark.slow
def test_verdicts(results, verdicts_of):
    verdicts = verdicts_of(Bertrand, results)
    assert verdicts["sd-10"]["reference"] == pytest.approx(theory.c4_law(ROWS) ** 10)
    assert verdicts["flow-gaussians-alone"]["verdict"] == "not run"  # smoke is too short
    assert verdicts["diffusion-moons-1"]["verdict"] == "not run"  # smoke has one network


@pytest.mark.slow
def test_figures(results, panels_of):
    assert set(panels_of(Bertrand, results)) == {"gaussian", "networks"}
