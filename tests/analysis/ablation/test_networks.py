"""The three errors of a network whose truth is a trained flow, so that its class and weights are known."""

import dataclasses

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.analysis.ablation import arms
from collapsebench.analysis.ablation.checks import check_arms
from collapsebench.analysis.ablation.dials import dials
from collapsebench.learning.training import Training
from collapsebench.show.attribution import sentences

FLOW = cb.models.Flow(hidden=(16,), training=Training(steps=1500, batch=256, rate=3e-3, schedule="cosine"))
TRUTH = cb.targets.Trained(model=FLOW, target="moons")
SHORT = cb.models.Flow(layers=2, hidden=(4,), training=Training(steps=60, batch=128, rate=1e-3))
BASE = cb.Experiment(
    name="ablated-flow", target=TRUTH, model=SHORT, metrics=("nll",), n=200, generations=5, trajectories=4, holdout=2048
)


def test_the_class_that_holds_a_trained_truth_is_its_own():
    found = dials(BASE)
    rich = found.models[0][0]
    assert rich.hidden == FLOW.hidden
    assert found.contained
    assert found.models[0][1].training == SHORT.training, "the learner with its error is the experiment's"
    assert found.arm(BASE, 1, 1, 1).model == SHORT


@pytest.mark.slow
def test_the_exact_learner_has_two_budgets():
    """At rest from the truth in small steps, going on from itself; to a sample's optimum from random, in each generation."""
    found = dials(BASE)
    rest, thorough = found.arm(BASE, 0, 0, 0), found.arm(BASE, 1, 0, 0)
    assert (rest.handover, rest.warm_start, rest.model.start) == ("population", True, TRUTH)
    assert (thorough.handover, thorough.warm_start, thorough.model.start) == ("samples", False, None)
    assert rest.model.training.rate == pytest.approx(0.01 * thorough.model.training.rate)
    assert thorough.model.training.steps >= 4 * SHORT.training.steps
    assert found.arm(BASE, 0, 1, 0).model.start is None, "the class as given does not contain the truth"


@pytest.mark.slow
def test_each_exact_arm_is_checked_by_more_steps_and_by_the_other_start():
    made = arms(BASE)
    checks = check_arms(dials(BASE), BASE, made)
    exact = [corner for corner in made if not corner[2]]
    assert [corner for kind, corner in checks if kind == "doubling"] == exact
    assert [corner for kind, corner in checks if kind == "warm"] == exact[1:], "at rest there is one start"
    for (kind, corner), check in checks.items():
        ratio = check.model.training.steps / made[corner].model.training.steps
        assert (ratio, check.warm_start) == ((2, made[corner].warm_start) if kind == "doubling" else (1, True))


@pytest.mark.slow
def test_a_random_network_as_the_truth_is_ablated():
    """Truth(Flow()), which has no trained weights, and its checks in the result and in sentences."""
    model = cb.models.Flow(layers=2, hidden=(4,), training=Training(steps=20, batch=16))
    request = dataclasses.replace(
        BASE, target=cb.targets.Truth(model), model=model, n=20, generations=2, trajectories=2
    )
    result = cb.ablate(request, doses=False, resamples=20)
    assert np.isfinite(result.shapley).all()
    assert np.isfinite(result.doubling.sel(approximation=False)).all()
    assert np.isnan(result.doubling.sel(approximation=True)).all()
    sampled = result.by_start.sel(statistical=True, approximation=False)
    assert np.isfinite(sampled).all()
    centre = result.divergence.median("trajectory").sel(statistical=True, approximation=False)
    np.testing.assert_allclose(sampled.sel(start="cold"), centre)
    said = " ".join(sentences(result))
    assert "twice the steps of the exact learner change its arms by at most" in said
    assert "cold and warm starts" in said


@pytest.mark.slow
def test_without_errors_nothing_drifts_and_each_error_costs():
    """At rest the learner takes small steps, as its start is the optimum; on a sample it goes where that one is best."""

    def loss(*corner):
        result = cb.run(dials(BASE).arm(BASE, *corner))
        return result.nll.values[:, -1].astype(float).mean(), result.nll_standard_error.values.mean()

    none, error = loss(0, 0, 0)
    truth = -np.asarray(TRUTH.log_prob(TRUTH.sample(_key(), 20000))).mean()
    assert abs(none - truth) < 5 * error
    for corner in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
        assert loss(*corner)[0] - none > 5 * error


def _key():
    from collapsebench.maths.streams import root_key

    return root_key(0, "truth")
