"""Dose and response: levels of one error, the other two off or on, with the arms as end points."""

import dataclasses

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.analysis.ablation.doses import default_doses

BASE = cb.Experiment(
    name="doses", generations=4, trajectories=300, n=50, handover="summary", holdout=16, x64=True,
    target=cb.targets.Normal(mean=1.0, sd=2.0), model=cb.models.EarlyStopped(steps=1.0, rate=0.8),
)  # fmt: skip
DOSES = {"statistical": ("n", (20, 50, 200)), "approximation": ("model.steps", (1.0, 3.0, float("inf")))}


@pytest.fixture(scope="module")
def made():
    return cb.ablate(BASE, doses=DOSES, resamples=200)


@pytest.mark.slow
def test_the_dose_of_the_experiment_itself_is_its_arm(made):
    """n = 50 and steps = 1 with the others on are the arm with all errors: common random numbers, so equal numbers."""
    arm = made.divergence.sel(statistical=True, expressivity=True, approximation=True).median("trajectory")
    np.testing.assert_allclose(made.dose_statistical.sel(statistical_level="50", others="on"), arm, rtol=1e-9)
    np.testing.assert_allclose(made.dose_approximation.sel(approximation_level="1", others="on"), arm, rtol=1e-9)
    alone = made.divergence.sel(statistical=True, expressivity=False, approximation=False).median("trajectory")
    np.testing.assert_allclose(made.dose_statistical.sel(statistical_level="50", others="off"), alone, rtol=1e-9)


@pytest.mark.slow
def test_no_dose_is_the_floor(made):
    np.testing.assert_allclose(
        made.dose_approximation.sel(approximation_level="inf", others="off"), made.floor, atol=1e-12
    )


@pytest.mark.slow
def test_more_of_an_error_is_more_divergence(made):
    for error, others in (("statistical", "off"), ("approximation", "off")):
        rows = made[f"dose_{error}"].sel(others=others).values
        assert (np.diff(rows, axis=0) < 0).all(), error
    low, high = made.dose_statistical_low, made.dose_statistical_high
    assert (low.values < high.values)[:, 0].all()


@pytest.mark.slow
def test_a_learner_may_be_made_exact_by_its_fields():
    """ML against unbiased as a learner's bias: with unbiased as the exact one, ML has an approximation error."""
    gaussian = dataclasses.replace(BASE, model=cb.models.Gaussian(), n=10, trajectories=4000, generations=2)
    made = cb.ablate(gaussian, learner={"unbiased": True}, divergence="variance", doses=False, resamples=200)
    bias = made.effect.sel(term="statistical x approximation")
    assert (bias.values < 0).all()  # maximum likelihood shrinks, and only where there is a sample
    arm = made.divergence.sel(statistical=True, expressivity=False, approximation=False)[:, 1].values
    assert abs(arm.mean() - 4) < 5 * arm.std(ddof=1) / np.sqrt(len(arm))


@pytest.mark.parametrize(("model", "fields"), [
    (cb.models.Categorical(), {"tied", "temperature"}), (cb.models.RidgeRegression(), {"features", "penalty"}),
    (cb.models.LogisticRegression(), {"features", "steps"}), (cb.models.GaussianMixture(), {"components", "steps"}),
    (cb.models.KernelDensity(), {"bandwidth"}), (cb.models.Gaussian(), {"bias"}), (cb.models.Bernoulli(), set()),
])  # fmt: skip
def test_families_name_their_dials(model, fields):
    from collapsebench.experiment.example import example

    chosen = default_doses(example(model))
    assert {path.removeprefix("model.") for path, _ in chosen.values()} == {"n", *fields}
    assert chosen["statistical"][1] == (10, 30, 100, 300, 1000)


@pytest.mark.parametrize(("doses", "word"), [
    ({"luck": ("n", (1,))}, "luck"), ({"approximation": ("model.stpes", (1,))}, "stpes"),
])  # fmt: skip
def test_unknown_doses_are_refused_in_one_line(doses, word):
    with pytest.raises(cb.RequestError, match=word) as error:
        cb.ablate(BASE, doses=doses)
    assert "\n" not in str(error.value)
