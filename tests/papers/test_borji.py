"""Borji (2024) at smoke scale: it runs, and every claim and figure is well formed."""

import jax
import numpy as np
import pytest

from collapsebench.experiment import Experiment
from collapsebench.papers.borji import DATA, VARIANCE, Borji, UniformMixture
from collapsebench.runner import run
from collapsebench.study import Scale
from collapsebench.sweeps import Sweep, run_sweep

pytestmark = pytest.mark.slow  # compiles every program of the paper


@pytest.fixture(scope="module")
def results():
    plan = Borji().experiments(Scale.SMOKE)
    return {name: run_sweep(one) if isinstance(one, Sweep) else run(one) for name, one in plan.items()}


def test_uniform_mixture():
    x = np.asarray(UniformMixture().sample(jax.random.key(0), 20000), float)
    assert (abs(abs(x) - 2) <= 1).all()
    error = x.var() - VARIANCE["uniforms"]
    assert abs(error) < 5 * (x**2).std() / np.sqrt(x.size)
    assert np.exp(UniformMixture().log_prob(np.array([[-1.5], [0.0], [2.9]]))) == pytest.approx([0.25, 0, 0.25])


def test_uniform_mixture_is_saved_by_its_path():
    experiment = Borji().experiments(Scale.SMOKE)["uniforms"].experiment
    assert Experiment.from_json(experiment.to_json()).target == DATA["uniforms"]


def test_verdicts(results):
    verdicts = [claim.verdict("borji", results) for claim in Borji.claims]
    assert len({verdict["claim"] for verdict in verdicts}) == len(verdicts)
    for verdict in verdicts:
        assert verdict["published"] is None  # no size and no number of this paper is known
        assert verdict["basis"]
        assert verdict["verdict"] in ("qualitative", "not run")


def test_figure(results):
    figure = Borji.figures["drift"](results)
    assert len(figure.panels) == 3 * len(DATA)
    for panel in figure.panels:
        assert all(np.isfinite(np.asarray(series.y, float)).all() for series in panel.series)
