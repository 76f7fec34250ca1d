"""Gillman et al. (2024): the corrected model and its law, and at smoke scale that claims and figures are well formed."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.literature.papers.gillman import GAMMAS, CorrectedGaussian, Gillman, mean_error_law
from collapsebench.literature.study import Scale
from collapsebench.maths.distributions.normal import Normal
from collapsebench.runs.runner import run
from collapsebench.specs.errors import RequestError


def _loop():
    return Gillman().experiments(Scale.SMOKE)["correction"].experiment


def test_law_without_correction_is_accumulate():
    fits = np.arange(1, 50)
    assert mean_error_law(0.0, 49, 25, 25) == pytest.approx(theory.accumulate_mean_error_law(25, fits), rel=1e-12)


def test_law_of_full_correction_is_a_growing_real_sample():
    assert mean_error_law(1e9, 20) == pytest.approx(1 / (50 + 25 * np.arange(20)), rel=1e-6)


@pytest.mark.slow
def test_draws_are_a_mixture_with_the_truth():
    far = dataclasses.replace(Normal.standard(2), mean=jnp.full(2, 100.0))
    x = np.asarray(CorrectedGaussian(gamma=3.0).sample(jax.random.key(0), far, 4000))
    share = (x[:, 0] < 50).mean()
    assert abs(share - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 4000)  # gamma / (1 + gamma), not gamma or 1 / (1 + gamma)
    assert ((x[:, 0] < 50) == (x[:, 1] < 50)).all()


@pytest.mark.slow
def test_mean_follows_the_law(assert_law):
    experiment = dataclasses.replace(_loop(), model=CorrectedGaussian(gamma=1.0), trajectories=4000, generations=20)
    per_dimension = run(experiment).mean_error.values / 2
    assert_law(per_dimension, mean_error_law(1.0, 20), mean_error_law(0.0, 20), mean_error_law(1e9, 20))


def test_correction_needs_rows():
    with pytest.raises(RequestError, match="needs draws"):
        dataclasses.replace(_loop(), handover="summary")


def test_model_is_saved_by_its_path():
    assert Experiment.from_json(_loop().to_json()) == _loop()


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Gillman)


@pytest.mark.slow
def test_verdicts(results, verdicts_of):
    verdicts = verdicts_of(Gillman, results)
    assert verdicts["more-correction-is-nearer"]["verdict"] == "not run"  # smoke is too short
    assert verdicts["correction-law"]["verdict"] == "not run"


@pytest.mark.slow
def test_figure(results, panels_of):
    panels = panels_of(Gillman, results)["correction"]
    assert {len(panel.series) for panel in panels} == {len(GAMMAS), 2 * len(GAMMAS)}
