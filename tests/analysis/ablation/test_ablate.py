"""Ablations of loops whose three errors are known."""

import dataclasses

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.analysis.ablation import arms
from collapsebench.show.attribution import ablation_summary, sentences

EARLY = cb.models.EarlyStopped(steps=1.0, rate=0.8)
SHIFTED = cb.targets.Normal(mean=1.0, sd=2.0)
BASE = cb.Experiment(name="ablation", generations=5, trajectories=2000, n=50, handover="summary", holdout=64)


@pytest.fixture(scope="module")
def in_class():
    """Gaussian truth, Gaussian model, exact learner."""
    return cb.ablate(BASE, doses=False)


def test_only_the_statistical_error_is_there(in_class):
    share = in_class.share.sel(error="statistical")
    np.testing.assert_allclose(share, 1, atol=1e-6)
    for end in ("expressivity", "approximation"):
        np.testing.assert_allclose(in_class.shapley.sel(error=end), 0, atol=1e-12)
    assert (in_class.shapley_low.sel(error="statistical") > 0).all()
    assert np.abs(in_class.floor).max() < 1e-10


def test_the_total_is_the_law(in_class):
    """E KL(real || model) of the first fit, in closed form: half of E[1/v + m^2/v - 1 + log v]."""
    n = BASE.n
    # n v is chi-square(n - 1), m is N(0, 1/n) and independent: E 1/v = n/(n - 3), E log v = psi((n-1)/2) + log(2/n).
    from scipy.special import digamma

    law = 0.5 * (n / (n - 3) * (1 + 1 / n) - 1 + digamma((n - 1) / 2) + np.log(2 / n))
    arm = in_class.divergence.sel(statistical=True, expressivity=False, approximation=False)[:, 0].values
    assert abs(arm.mean() - law) < 5 * arm.std(ddof=1) / np.sqrt(len(arm))


def test_shapley_values_sum_to_the_total():
    experiment = dataclasses.replace(BASE, model=EARLY, target=SHIFTED, trajectories=200)
    result = cb.ablate(experiment, doses=False)
    np.testing.assert_allclose(result.shapley.sum("error"), result.total, rtol=0, atol=1e-9)
    defined = result.share.sum("error")
    np.testing.assert_allclose(defined, 1, atol=1e-9)
    assert (result.shapley.sel(error="approximation") > 0).all()
    assert (result.shapley.sel(error="expressivity") == 0).all()


def test_a_learner_that_stops_early_drifts_without_samples_for_ever():
    """Infinite data, the right class: what is left of the start, s = .2, stays in every fit: mu_k = mu (1 - s)^k."""
    made = arms(dataclasses.replace(BASE, model=EARLY, target=SHIFTED, x64=True, trajectories=1))
    arm = dataclasses.replace(made[0, 0, 1], metrics=("mean_error",))
    gap = np.sqrt(cb.run(arm).mean_error.values[0])
    np.testing.assert_allclose(gap, 1 - 0.8 ** np.arange(1, 6), rtol=1e-9)


def test_expressivity_enters_at_the_first_fit_only():
    """A mixture as the truth, one Gaussian, infinite data: nothing is added after generation 0."""
    target = cb.targets.GaussianMixture(components=2, radius=2.0)
    experiment = dataclasses.replace(BASE, target=target, x64=True, trajectories=2)
    made = arms(experiment)
    values = cb.run(made[0, 1, 0]).kl.values
    assert (values[:, 0] > 0.01).all()
    assert np.abs(values - values[:, :1]).max() < 1e-10
    assert made[0, 0, 0].model.components == 2


def test_em_cut_short_drifts_at_every_generation():
    """The right class, infinite data, 3 EM steps from a new start in each generation."""
    target = cb.targets.GaussianMixture(components=2, radius=1.5)
    model = cb.models.GaussianMixture(components=2, steps=3, tolerance=0.0)
    experiment = cb.Experiment(
        name="cut short", target=target, model=model, handover="population", generations=6, trajectories=2, x64=True,
        metrics=("l2_squared",), holdout=16,
    )  # fmt: skip
    short = cb.run(experiment).l2_squared.values
    assert (np.diff(short, axis=1) > 0).all()
    assert (short[:, 0] > 1e-6).all()
    exact = cb.run(dataclasses.replace(experiment, model=model.exact())).l2_squared.values
    assert exact.max() < 1e-8


def test_equal_arms_are_run_once_and_leaves_share_programs():
    made = arms(dataclasses.replace(BASE, model=EARLY, target=SHIFTED))
    assert len(set(map(repr, made.values()))) == 4  # the class holds the truth: expressivity has one end


def test_a_target_that_no_class_holds_is_refused_in_one_line():
    with pytest.raises(cb.RequestError, match="no registered model's class contains it") as error:
        cb.ablate(dataclasses.replace(BASE, target=cb.targets.Moons(), model=cb.models.Gaussian(dim=2)))
    assert "\n" not in str(error.value)


def test_population_has_no_statistical_error_to_switch_off():
    with pytest.raises(cb.RequestError, match="without error"):
        cb.ablate(dataclasses.replace(BASE, handover="population"))


def test_the_result_is_saved_and_loaded(in_class, tmp_path):
    back = cb.load(cb.save(in_class, tmp_path / "ablation.nc"))
    np.testing.assert_array_equal(back.shapley, in_class.shapley)


@pytest.mark.slow
def test_a_rich_class_brings_variance_and_a_sentence_says_so():
    """Least squares with a feature missing: alone that costs its coefficient squared, by Shapley less, as the fit with all
    features varies more."""
    target, model = cb.targets.Linear(dim=5), cb.models.LinearRegression(dim=5, features=4, fresh=True)
    request = dataclasses.replace(
        BASE, target=target, model=model, n=12, generations=1, trajectories=1000, holdout=16, metrics=("excess_risk",)
    )
    result = cb.ablate(request, doses=False, divergence="excess_risk", statistic="mean", resamples=200)
    alone, value = (float(result[name].sel(error="expressivity")[0]) for name in ("alone", "shapley"))
    assert alone == pytest.approx(float(target.distribution().coef[-1]) ** 2, rel=1e-5)
    assert value < alone - 0.02
    blame, said = sentences(result)
    assert blame.startswith(("the small class (expressivity error) does", "sampling noise (statistical error) does"))
    assert f"brings variance, so expressivity costs {alone:.3g} alone and {value:.3g} by Shapley" in said
    assert result.attrs["expressivity"] == "whole"
    assert f"{alone:.3g} [" in ablation_summary(result)


@pytest.mark.slow
def test_a_larger_model_of_real_data_leaves_a_residual():
    """Without a word about a richer class, and in five dimensions, of a user's own rows."""
    rows = np.random.default_rng(0).normal(size=(400, 5)) ** 3
    request = dataclasses.replace(
        BASE, target=rows, model="gaussian", handover="samples", n=30, generations=2, trajectories=4, holdout=30,
        metrics=("nll",),
    )  # fmt: skip
    result = cb.ablate(request, divergence="nll", doses=False, resamples=50, checks=False)
    assert result.attrs["rich"].startswith("gaussian_mixture(")
    assert result.attrs["population"] == 3000
    assert result.attrs["expressivity"] == "residual"
    assert result.error.values.tolist() == ["statistical", "expressivity", "approximation"]
    text = ablation_summary(result)
    assert "\nresidual expressivity " in text
    assert "only a larger model" in text


def test_errors_that_offset_each_other_are_told(in_class):
    changed = in_class.copy(deep=True).isel(generation=slice(-1, None))
    for name, value in (("shapley", -0.5), ("shapley_low", -0.6), ("shapley_high", -0.4)):
        changed[name].loc[{"error": "expressivity"}] = value * float(changed.total[-1])
    changed["shapley"].loc[{"error": "statistical"}] = 1.5 * float(changed.total[-1])
    text = " ".join(sentences(changed))
    assert f"; all errors together add {float(changed.total[-1]):.3g}, a share of 150%" in text  # as the table's row
    assert "shares leave 0 to 100%: the small class (expressivity error) takes away from what the others add. " in text
    assert "the small class (expressivity error) protects: with gaussian the kl would be larger by" in text
    assert "what protects has a negative one" in text


@pytest.mark.slow
def test_a_mean_that_few_runs_carry_is_called_so():
    """n = 6 over 10 generations: in one line, and in the result; medians do not feel it, and the mean's interval does."""
    request = dataclasses.replace(BASE, n=6, generations=10, trajectories=2000)
    for statistic, words in (("median", "which a median does not feel"), ("mean", "take the median, or a bounded")):
        result = cb.ablate(request, doses=False, statistic=statistic, resamples=100)
        assert result.top_share.sel(statistical=True, expressivity=True, approximation=True)[-1] > 0.3
        assert [words in said for said in sentences(result)] == [False, True]
    calm = cb.ablate(request, doses=False, divergence="hellinger", statistic="mean", resamples=100)
    (said,) = sentences(calm)
    assert said.startswith("sampling noise (statistical error) does most of the harm: it adds")
    total = float(calm.total[-1])
    assert said.endswith(f" hellinger; all errors together add {total:.3g}, a share of 100%")
    assert calm.top_share.max() < 0.1


FOUR = dataclasses.replace(
    BASE, target=cb.targets.Truth(cb.models.GaussianMixture(components=1, dim=4)), handover="samples", generations=2,
    model=cb.models.GaussianMixture(components=1, dim=4), n=20, trajectories=20,
)  # fmt: skip


def test_above_three_dimensions_a_refusal_names_the_way_out():
    with pytest.raises(cb.RequestError, match="population=10000") as error:
        arms(FOUR)
    assert "\n" not in str(error.value)
    with pytest.raises(cb.RequestError, match=r"population = 20: .* more than n = 20"):
        cb.ablate(FOUR, population=20)


@pytest.mark.slow
def test_a_large_sample_stands_for_an_infinite_one_and_its_error_is_stated():
    """A normal in four dimensions by EM: half of N rows have as much more divergence as N rows have, to first order.

    KL of a fit to N rows is about its number of parameters, 14, over 2 N, and grows by that in each generation.
    """
    request = dataclasses.replace(FOUR, holdout=4096)
    result = cb.ablate(request, population=2000, divergence="kl", statistic="mean", doses=False, resamples=50)
    assert result.attrs["population"] == 2000
    off = {"statistical": False, "expressivity": False, "approximation": False}
    values = result.divergence.sel(off)[:, 0].values
    error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - 14 / 4000) < 5 * error
    half = result.population_error.sel(off)[0]
    assert abs(half - 14 / 4000) < 5 * np.sqrt(5) * error  # twice the spread of the whole, less the whole
    assert half > 2 * error
    assert np.isnan(result.population_error.sel(statistical=True)).all()
    assert any("half of the 2000 rows" in said for said in sentences(result))
