"""The mixture in the loop: samples, population, and one component as a plain Gaussian."""

import numpy as np
import pytest
from scipy.special import digamma, polygamma

import collapsebench as cb


@pytest.mark.slow
def test_one_component_follows_the_gaussian_law():
    """Maximum likelihood; the unbiased estimator's law is more than 10 standard errors away."""
    n, fits = 10, np.arange(1, 11)
    experiment = cb.Experiment(
        name="one", model=cb.models.GaussianMixture(components=1, ridge=0.0), metrics=("log_variance",), n=n,
        generations=10, trajectories=1000,
    )  # fmt: skip
    mean = cb.run(experiment).log_variance.mean("trajectory")
    error = np.sqrt(fits * polygamma(1, (n - 1) / 2) / 1000)
    assert (np.abs(mean - fits * (digamma((n - 1) / 2) + np.log(2 / n))) < 5 * error).all()
    assert fits[-1] * np.log(n / (n - 1)) > 10 * error[-1]


@pytest.mark.slow
def test_components_collapse():
    experiment = cb.Experiment(
        name="collapse", target=cb.targets.GaussianMixture(components=3, dim=2), metrics=("variance", "l2_squared"),
        model=cb.models.GaussianMixture(components=3, dim=2), n=30, generations=40, trajectories=20,
    )  # fmt: skip
    result = cb.run(experiment)
    assert np.isfinite(result.variance).all()
    assert np.isfinite(result.l2_squared).all()
    variance = result.variance.mean("trajectory").values
    assert variance[-1] < 0.6 * variance[0]


@pytest.fixture(scope="module")
def infinite():
    experiment = cb.Experiment(
        name="infinite", target=cb.targets.GaussianMixture(components=2, dim=1), generations=5, trajectories=1,
        model=cb.models.GaussianMixture(components=2, dim=1, tolerance=1e-15, steps=3000, ridge=0.0),
        metrics=("variance", "l2_squared", "mean_error"), handover="population", warm_start=True, x64=True, holdout=1,
    )  # fmt: skip
    return cb.run(experiment)


def test_the_infinite_sample_of_a_truth_in_the_class_is_a_fixed_point(infinite):
    np.testing.assert_allclose(infinite.variance, 5, rtol=1e-6)
    assert (infinite.l2_squared < 1e-12).all()
    assert (infinite.mean_error < 1e-12).all()


def test_requests_that_no_fit_can_serve():
    with pytest.raises(cb.RequestError, match=r"covariance = tied.*full, diagonal, spherical"):
        cb.Experiment(model=cb.models.GaussianMixture(covariance="tied"))
    with pytest.raises(cb.RequestError, match=r"model\.dim = 4"):
        cb.Experiment(target=cb.targets.Normal(dim=4), model=cb.models.GaussianMixture(dim=4), handover="population")
