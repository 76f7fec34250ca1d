"""One small loop end to end: its law, and its result saved and read back."""

import dataclasses

import numpy as np
import pytest
import xarray
from scipy.special import digamma, polygamma

import collapsebench as cb


@pytest.fixture(scope="module")
def experiment():
    return cb.Experiment(
        name="smoke",
        target=cb.targets.Normal(),
        model=cb.models.Gaussian(unbiased=False),
        regime=cb.regimes.Replace(),
        metrics=("variance", "log_variance"),
        n=10,
        generations=20,
        trajectories=1000,
        seed=0,
    )


@pytest.fixture(scope="module")
def result(experiment):
    return cb.run(experiment)


def test_result_has_the_fixed_schema(result):
    assert dict(result.sizes) == {"trajectory": 1000, "generation": 20}
    assert {"variance", "log_variance"} <= set(result.data_vars)
    assert {"trajectory", "generation"} <= set(result.coords)
    assert result.attrs["schema"] == "collapsebench.result"
    assert {"experiment", "digest", "seed", "handover", "x64"} <= set(result.attrs)


@pytest.mark.parametrize("handover", ["samples", "summary"])
def test_log_variance_follows_its_law(experiment, result, handover):
    """Within 5 standard errors; the unbiased estimator's law (n - 1 for n) is 29 away at the last generation."""
    if handover != "samples":
        result = cb.run(dataclasses.replace(experiment, handover=handover))
    n, fits = experiment.n, np.arange(1, experiment.generations + 1)
    law = fits * (digamma((n - 1) / 2) + np.log(2 / n))
    standard_error = np.sqrt(fits * polygamma(1, (n - 1) / 2) / experiment.trajectories)
    wrong = fits * np.log(n / (n - 1))
    assert wrong[-1] / standard_error[-1] > 10
    assert np.all(np.abs(result["log_variance"].mean("trajectory") - law) < 5 * standard_error)


def test_save_and_load_give_the_same_result(result, tmp_path):
    path = tmp_path / "smoke.nc"
    cb.save(result, path)
    xarray.testing.assert_identical(cb.load(path), result)
