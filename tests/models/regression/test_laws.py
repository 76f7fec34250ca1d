"""Regressions in the loop against their laws, the logistic pathway included."""

import dataclasses

import numpy as np
import pytest

import collapsebench as cb
from collapsebench import theory

N, DIM = 20, 4
EXPERIMENT = cb.Experiment(
    name="regression", target=cb.targets.Linear(dim=DIM), model=cb.models.LinearRegression(dim=DIM),
    metrics=("excess_risk",), n=N, generations=5, trajectories=40_000, holdout=1, width=512,
)  # fmt: skip
FITS = np.arange(1, EXPERIMENT.generations + 1)


def _distance(result, law):
    """Standard errors between the mean excess risk and a law, by generation."""
    values = result["excess_risk"].values
    return np.abs(values.mean(axis=0) - law) / (values.std(axis=0) / np.sqrt(len(values)))


@pytest.fixture(scope="module", params=["samples", "summary"])
def handover(request):
    return request.param


@pytest.mark.parametrize("fresh", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_replace(handover, fresh):
    """Wrong law: n - d for n - d - 1."""
    model = cb.models.LinearRegression(dim=DIM, fresh=fresh)
    result = cb.run(dataclasses.replace(EXPERIMENT, handover=handover, model=model))
    assert _distance(result, theory.least_squares_replace_law(N, DIM, FITS)).max() < 5
    assert _distance(result, FITS * DIM / (N - DIM)).min() > 10


@pytest.mark.slow
def test_accumulate_on_one_design(handover):
    """Wrong law: replace's; a fresh design has a law of its own, which gives less."""
    experiment = dataclasses.replace(EXPERIMENT, handover=handover, regime=cb.regimes.Accumulate())
    result = cb.run(experiment)
    law = theory.least_squares_accumulate_law(N, DIM, FITS)
    assert _distance(result, law).max() < 5
    assert _distance(result, theory.least_squares_replace_law(N, DIM, FITS))[-1] > 10
    if handover == "summary":
        fresh = cb.run(dataclasses.replace(experiment, model=cb.models.LinearRegression(dim=DIM, fresh=True)))
        assert _distance(fresh, theory.least_squares_accumulate_law(N, DIM, FITS, fresh_design=True)).max() < 5
        assert _distance(fresh, law)[-1] > 10


@pytest.mark.slow
def test_chain_of_generators_then_a_fit_of_another_size():
    """n_real rows for the generator, n downstream. Wrong law: both of the generator's size."""
    model = cb.models.LinearRegression(dim=DIM, fresh=True)
    result = cb.run(dataclasses.replace(EXPERIMENT, handover="summary", model=model, n_real=40, generations=2))
    law = theory.least_squares_chain_law(N, DIM, 1, n_generator=40)
    assert _distance(result, law)[-1] < 5
    assert _distance(result, theory.least_squares_replace_law(40, DIM, 2))[-1] > 10


@pytest.mark.slow
def test_noise_free_over_parametrised_chain(handover):
    """Wrong laws: the dimension one larger, a fit fewer. In float64: rows are short of the dimension."""
    target, model = cb.targets.Linear(dim=8, noise=0.0), cb.models.LinearRegression(dim=8, noise=0.0, fresh=True)
    experiment = dataclasses.replace(
        EXPERIMENT, handover=handover, target=target, model=model, n=5, generations=3, trajectories=4000, x64=True
    )
    result = cb.run(experiment)
    assert _distance(result, theory.overparametrised_chain_law(5, 8, FITS[:3])).max() < 5
    assert _distance(result, theory.overparametrised_chain_law(5, 9, FITS[:3])).min() > 10
    assert _distance(result, theory.overparametrised_chain_law(5, 8, FITS[:3] - 1)).min() > 10


def test_population_never_errs():
    for fresh in (False, True):
        model = cb.models.LinearRegression(dim=DIM, fresh=fresh)
        result = cb.run(dataclasses.replace(EXPERIMENT, handover="population", trajectories=2, model=model, width=2))
        np.testing.assert_allclose(result["excess_risk"], 0, atol=1e-10)


@pytest.mark.slow
def test_logistic_error_grows_by_one_share_a_fit():
    """Excess log loss over that of the first fit is about k. Wrong law: accumulate's sum of 1/i^2."""
    experiment = cb.Experiment(
        name="logistic", target=cb.targets.Logistic(dim=2), model=cb.models.LogisticRegression(dim=2, steps=8),
        metrics=("excess_risk",), n=1000, generations=4, trajectories=1000, holdout=1,
    )  # fmt: skip
    values = cb.run(experiment)["excess_risk"].values
    first = values[:, 0].mean()
    law = first * FITS[:4]
    error = (values - np.outer(values[:, 0], FITS[:4])).std(axis=0) / np.sqrt(len(values))
    assert np.all(np.abs(values.mean(axis=0) - law)[1:] < 5 * error[1:] + 0.01 * law[1:])  # 1%: terms of order 1/n
    assert abs(values[:, 3].mean() - first * theory.pathway_accumulate_law(4)) > 10 * error[3]


def _last_risks(experiment):
    return [cb.run(dataclasses.replace(experiment, handover=h, seed=s))["excess_risk"].values[:, -1]
            for s, h in enumerate(("samples", "summary"))]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fresh", [False, True])
def test_samples_and_summary_agree_in_law(fresh, apart):
    """Wrong law: n - d for n - d - 1. The fast tests above hold each handover to the exact law by itself."""
    model = cb.models.LinearRegression(dim=DIM, fresh=fresh)
    drawn, summed = _last_risks(dataclasses.replace(EXPERIMENT, model=model, trajectories=100_000))
    assert apart(drawn, summed) < 5
    assert apart(drawn, summed * (N - DIM - 1) / (N - DIM)) > 10
