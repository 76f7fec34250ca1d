"""Borji (2024) at smoke scale: it runs, and every claim and figure is well formed."""

import jax
import numpy as np
import pytest

from collapsebench.experiment.experiment import Experiment
from collapsebench.literature.papers.borji import DATA, VARIANCE, Borji, UniformMixture
from collapsebench.literature.study import Scale

pytestmark = pytest.mark.slow  # compiles every program of the paper


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Borji)


def test_uniform_mixture():
    x = np.asarray(UniformMixture().sample(jax.random.key(0), 20000), float)
    assert (abs(abs(x) - 2) <= 1).all()
    error = x.var() - VARIANCE["uniforms"]
    assert abs(error) < 5 * (x**2).std() / np.sqrt(x.size)
    assert np.exp(UniformMixture().log_prob(np.array([[-1.5], [0.0], [2.9]]))) == pytest.approx([0.25, 0, 0.25])


def test_uniform_mixture_is_saved_by_its_path():
    experiment = Borji().experiments(Scale.SMOKE)["uniforms"].experiment
    assert Experiment.from_json(experiment.to_json()).target == DATA["uniforms"]


def test_verdicts(results, verdicts_of):
    for verdict in verdicts_of(Borji, results).values():
        assert verdict["published"] is None  # no size and no number of this paper is known
        assert verdict["verdict"] == "not run"  # smoke is too short


def test_figure(results, panels_of):
    assert len(panels_of(Borji, results)["drift"]) == 3 * len(DATA)
