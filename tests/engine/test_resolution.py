"""Where float32 ends: a Gaussian's spread is followed to the end; of other rows the run knows when they are too coarse."""

import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.maths.distributions.exponential import Exponential
from collapsebench.maths.distributions.linear import LinearGaussian, RegressionMoments
from collapsebench.maths.distributions.normal import Moments, Normal
from collapsebench.maths.streams import root_key
from collapsebench.parts.data import Batch
from collapsebench.show import tables

KEY = root_key(0, "resolution")


@pytest.mark.parametrize("dim", [1, 2])
def test_samples_follow_the_law_far_below_the_rounding_of_the_mean(dim, assert_law):
    """Each fit adds log chi2(n - j) / n for every j below dim to the log determinant; n = 10 is past 1e-30 at fit 400."""
    from scipy.special import digamma

    n, fits, size = 10, 400, {"generations": 400, "trajectories": 400}
    target, model = cb.targets.Normal(dim=dim), cb.models.Gaussian(dim=dim)
    result = cb.run(cb.Experiment(target=target, model=model, n=n, metrics="log_variance", **size))
    assert "coarse" not in result
    if dim == 1:
        law = fits * (digamma((n - 1) / 2) + np.log(2 / n))
        assert_law(result.log_variance.values[:, -1], law, law * 1.1)
    assert result.log_variance.values[:, -1].mean() < -60


@pytest.mark.parametrize("dim", [1, 3])
def test_moments_of_standard_draws_are_those_of_the_rows(dim, random):
    """With the weights of a curator, and with rows that do not count."""
    root = random.normal(size=(dim, dim))
    normal = Normal.from_moments(random.normal(size=dim), root @ root.T)
    w = random.random(50).astype(np.float32) * (np.arange(50) < 40)
    rows = Moments.of(Batch(normal.sample(KEY, 50), w))
    mapped = normal.reduce_drawn(KEY, w)
    np.testing.assert_allclose(mapped.mean, rows.mean, rtol=1e-5, atol=1e-6)
    for moments in (mapped, rows):
        assert float(moments.w) == pytest.approx(w.sum(), rel=1e-6)
    np.testing.assert_allclose(Normal.fit(mapped).scale_tril, Normal.fit(rows).scale_tril, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2, 40, 50])
def test_moments_of_rows_that_count_alike_are_those_of_the_weights(n):
    """The first n of 50 rows: by pairs of draws that are never stored, or by rows and weights."""
    normal = Normal.from_moments([3.0], [[4.0]])
    w = (np.arange(50) < n).astype(np.float32)
    by_pairs, by_rows = normal.reduce_drawn(KEY, w, n), normal.reduce_drawn(KEY, w)
    np.testing.assert_allclose(by_pairs.mean, by_rows.mean if n else normal.mean, rtol=1e-5)
    np.testing.assert_allclose(by_pairs.log_scale, by_rows.log_scale, rtol=1e-5)
    assert float(by_pairs.w) == n


@pytest.mark.slow
def test_statistics_of_many_rows_in_many_dimensions_are_those_of_the_rows(random):
    """By a Gram matrix of standard draws, which is mapped: for a normal, and for inputs with their labels."""
    n, dim = 80, 6
    root = random.normal(size=(dim, dim))
    normal = Normal.from_moments(random.normal(size=dim), root @ root.T)
    w = np.ones(n, np.float32)
    mapped, rows = normal.reduce_drawn(KEY, w, n), Moments.of(Batch(normal.sample(KEY, n), w))
    np.testing.assert_allclose(mapped.mean, rows.mean, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(Normal.fit(mapped).scale_tril, Normal.fit(rows).scale_tril, rtol=1e-4, atol=1e-5)
    line = LinearGaussian(np.arange(6.0, dtype=np.float32), np.float32(0.7), np.arange(1, 7, dtype=np.float32) ** -0.5)
    mapped, rows = line.reduce_drawn(KEY, n), RegressionMoments.of(Batch(line.sample(KEY, n), w))
    for name in ("w", "factor", "image"):
        np.testing.assert_allclose(getattr(mapped, name), getattr(rows, name), rtol=1e-5, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("n", [31, 32, 1001])
def test_the_total_of_exponential_rows_is_that_of_the_rows(n):
    model, law = cb.models.Exponential(), Exponential(jnp.float32(-30.0))
    rows = Batch(model.sample(KEY, law, n), np.ones(n, np.float32))
    total, summed = model.reduce_drawn(KEY, law, rows, n), model.summary.of(rows)
    assert float(total.log_total) == pytest.approx(float(summed.log_total), abs=2e-6)
    assert float(total.w) == n


@cb.spec
class Halved(cb.models.Gaussian):
    """Gaussian whose own `sample` draws half of the spread."""

    def sample(self, key, params, n):
        return params.mean + (super().sample(key, params, n) - params.mean) / 2


def test_a_sampler_of_ones_own_is_what_is_fitted(assert_law):
    result = cb.run(cb.Experiment(model=Halved(), n=1000, generations=2, trajectories=50))
    ratio = result.variance.values[:, 1] / result.variance.values[:, 0]
    assert_law(ratio, 0.25 * (1 - 1 / 1000), 1 - 1 / 1000)


def test_rows_that_are_too_coarse_are_told(tmp_path):
    narrow = cb.models.KernelDensity(bandwidth=1e-9)
    experiment = cb.Experiment(model=narrow, n=10, generations=60, trajectories=20, metrics="nll")
    result = cb.run(experiment)
    found = result["coarse"].values
    assert (found >= 0).sum() > 15
    assert "lost in float32, the first in generation" in tables.summary(result)
    swept = cb.sweep(experiment, {"regime": ("replace", cb.regimes.Mix(real_fraction=0.5))})
    np.testing.assert_array_equal(swept["coarse"].sel(regime="replace"), found)
    assert (swept["coarse"].isel(regime=1) == -1).all()
    assert "coarse" not in cb.run(cb.Experiment(**{**vars(experiment), "x64": True, "generations": 20}))
