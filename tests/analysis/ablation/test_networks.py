"""The three errors of a network whose truth is a trained flow, so that its class and weights are known."""

import dataclasses

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.analysis.ablation.dials import dials
from collapsebench.learning.training import Training

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
    assert rich.start == TRUTH, "the exact learner starts from the truth"
    assert found.models[0][1].training == SHORT.training, "the learner with its error is the experiment's"
    arm = found.arm(BASE, 0, 0, 0)
    assert arm.handover == "population"
    assert arm.warm_start
    assert found.arm(BASE, 1, 1, 1).model == SHORT


def learners(found, **training):
    """The dials with another budget for the exact learner."""
    exact = found.models[0][0]
    exact = dataclasses.replace(exact, training=dataclasses.replace(exact.training, **training))
    return dataclasses.replace(found, models=((exact, found.models[0][1]), found.models[1]))


@pytest.mark.slow
def test_without_errors_nothing_drifts_and_each_error_costs():
    """At rest the learner takes small steps, as its start is the optimum; on a sample it goes where that one is best."""

    def loss(found, *corner):
        result = cb.run(found.arm(BASE, *corner))
        return result.nll.values[:, -1].astype(float).mean(), result.nll_standard_error.values.mean()

    resting, thorough = learners(dials(BASE), rate=3e-5), learners(dials(BASE), steps=600, rate=3e-3)
    none, error = loss(resting, 0, 0, 0)
    truth = -np.asarray(TRUTH.log_prob(TRUTH.sample(_key(), 20000))).mean()
    assert abs(none - truth) < 5 * error
    for found, corner in ((thorough, (1, 0, 0)), (resting, (0, 1, 0)), (resting, (0, 0, 1))):
        assert loss(found, *corner)[0] - none > 5 * error


def _key():
    from collapsebench.maths.streams import root_key

    return root_key(0, "truth")
