"""Alemohammad et al. (2024): its laws, and at smoke scale that claims and figures are well formed."""

import numpy as np
import pytest

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.literature.papers.alemohammad import Alemohammad, laws
from collapsebench.literature.papers.alemohammad.settings import IMAGE_BIASES, LIMIT, START, guidance
from collapsebench.literature.study import Scale
from collapsebench.runs.runner import run


def test_distance_law_starts_at_one_fit_and_ends_at_the_limit():
    path = laws.loop_distance(100, 900, 400, bias=0.85)
    assert path[0] == pytest.approx(laws.one_fit_distance(100), rel=0.01)
    assert path[-1] == pytest.approx(laws.limit_distance(100, 900, 0.85), rel=1e-6)


def test_effective_size_is_the_theory_s_where_nothing_is_biased():
    for real, synthetic in ((100, 100), (1000, 100), (1000, 10_000)):
        ours = laws.effective_share(laws.limit_distance(real, synthetic), real)
        assert ours == pytest.approx(theory.fresh_effective_size_law(real, synthetic), rel=2 / real)
    assert laws.effective_share(1.0, 100) == 0


def test_admissible_rows_end_as_far_as_real_rows_alone():
    n = laws.admissible(250, 0.8)
    assert laws.effective_share(laws.limit_distance(250, n, 0.8), 250) == pytest.approx(1)


def test_memory_of_one_model_is_the_fresh_loop():
    v, _ = theory.fresh_limit_law(1000, 10_000)
    assert laws.memory_mean_error(1000, 10_000, 1) == pytest.approx(v, rel=1e-3)
    assert laws.memory_mean_error(1000, 10_000, 5) < laws.memory_mean_error(1000, 10_000, 2) < v


def test_guidance_is_the_sampling_bias():
    assert [1 / (1 + guidance(b)) for b in IMAGE_BIASES] == pytest.approx(IMAGE_BIASES)


@pytest.mark.slow
def test_line_loop_follows_the_distance_law():
    experiment = Alemohammad().experiments(Scale.SMOKE)["sizes-100"].experiment
    changed = {"n": 900, "trajectories": 4000, "generations": 30}
    result = run(Experiment.from_json({**experiment.to_json(), **changed}))
    law = laws.loop_distance(100, 900, 30)
    ratio = result.w2_squared.values[:, 10:].mean(axis=1) / law[10:].mean()
    assert abs(ratio.mean() - 1) < 5 * ratio.std(ddof=1) / np.sqrt(ratio.size) + 0.03  # first order in 1 / n


@pytest.fixture(scope="module")
def results(run_smoke):
    return run_smoke(Alemohammad)


@pytest.mark.slow
def test_verdicts(results, verdicts_of):
    verdicts = verdicts_of(Alemohammad, results)
    assert {verdicts[f"start-{n}"]["reference"] for n in START} == {value for value, _ in START.values()}
    for b in LIMIT:
        assert verdicts[f"limit-{b:g}"]["verdict"] == "not run"  # smoke is too short
    assert verdicts["admissible-shrinks"]["verdict"] == "qualitative"


@pytest.mark.slow
def test_figures(results, panels_of):
    assert set(panels_of(Alemohammad, results)) == {"gaussian", "sizes", "modes", "flow", "images"}
