"""EM of the Gaussian mixture: scikit-learn's numbers from the same start, and the cases it leaves undefined."""

import dataclasses
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as Reference

from collapsebench.maths import em
from collapsebench.maths.distributions.mixture import Mixture
from collapsebench.models.gaussian_mixture import GaussianMixture
from collapsebench.parts.data import Batch

KEY = jax.random.key(0)
ROWS = 400
# covariance, its name in scikit-learn, dim, components, data sets: 20 in all
CASES = [
    ("full", "full", 3, 3, 8),
    pytest.param("diagonal", "diag", 2, 4, 6, marks=pytest.mark.slow),
    pytest.param("spherical", "spherical", 1, 2, 6, marks=pytest.mark.slow),
]


@jax.jit
def fit(model, start, batch):
    return model.fit(KEY, start, batch)


log_prob_all = jax.jit(jax.vmap(Mixture.log_prob))
spherical_all = jax.jit(jax.vmap(Mixture.spherical))
fit_all = jax.jit(jax.vmap(lambda model, start, batch: model.fit(KEY, start, batch), (None, 0, 0)))


def data_sets(random, dim, components, count):
    """Rows [count, ROWS, dim] of mixtures, and a start for each: distinct rows as means, one wide spread."""
    places = 3 * random.normal(size=(count, components, dim))
    label = random.integers(components, size=(count, ROWS))
    spread = random.normal(size=(count, dim, dim))
    x = np.take_along_axis(places, label[..., None], 1) + random.normal(size=(count, ROWS, dim)) @ spread
    means = np.stack([rows[random.choice(ROWS, components, replace=False)] for rows in x])
    return x, means, x.std(axis=(1, 2))


def reference(kind, x, means, sd, steps):
    components, dim = means.shape
    precision = {
        "full": np.eye(dim)[None].repeat(components, 0),
        "diag": np.ones(means.shape),
        "spherical": np.ones(components),
    }
    model = Reference(
        components, covariance_type=kind, max_iter=steps, tol=1e-3, means_init=means,
        weights_init=np.full(components, 1 / components), precisions_init=precision[kind] / sd**2,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x)


def covariances(kind, model, dim):
    if kind == "full":
        return model.covariances_
    return np.stack([np.eye(dim) * np.asarray(c) for c in model.covariances_])


@pytest.mark.parametrize(("covariance", "kind", "dim", "components", "count"), CASES)
def test_one_step_and_the_fit_are_those_of_scikit_learn(random, covariance, kind, dim, components, count):
    x, means, sd = data_sets(random, dim, components, count)
    with jax.enable_x64(True):
        start = spherical_all(means, sd)
        data = Batch(jnp.asarray(x), jnp.ones(x.shape[:2]))
        model = GaussianMixture(components=components, dim=dim, covariance=covariance)
        for steps in (1, 500):
            ours = fit_all(dataclasses.replace(model, steps=jnp.asarray(steps)), start, data)
            likelihood = log_prob_all(ours, data.x).mean(axis=1)
            spread = ours.scale_tril @ ours.scale_tril.swapaxes(-1, -2)
            for i in range(count):
                theirs = reference(kind, x[i], means[i], sd[i], steps)
                np.testing.assert_allclose(likelihood[i], theirs.score(x[i]), rtol=1e-6)
                np.testing.assert_allclose(ours.weights[i], theirs.weights_, rtol=1e-6)
                np.testing.assert_allclose(ours.mean[i], theirs.means_, rtol=1e-6, atol=1e-6 * sd[i])
                expected = covariances(kind, theirs, dim)
                np.testing.assert_allclose(spread[i], expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


@pytest.fixture(scope="module")
def blobs():
    """Four blobs in the plane, float32, [256, 2]."""
    random = np.random.default_rng(0)
    return (4 * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])[np.arange(256) % 4] + random.normal(size=(256, 2))).astype(
        "f4"
    )


MODEL = GaussianMixture(components=4, dim=2)


@pytest.mark.slow
def test_every_step_gains_likelihood(blobs):
    """From a poor start, with a tolerance of 0; rounding is all that may be lost."""
    data = Batch(jnp.asarray(blobs), jnp.ones(256))
    start = Mixture.spherical(blobs[[0, 4, 8, 12]], 1.0)
    model = dataclasses.replace(MODEL, tolerance=0.0, ridge=0.0)
    path = [
        fit(dataclasses.replace(model, steps=steps), start, data).log_prob(data.x).mean() for steps in range(0, 40, 3)
    ]
    assert path[-1] > path[0] + 0.3
    assert np.diff(path).min() > -1e-5


@pytest.mark.slow
def test_weights_are_repeats(blobs, random):
    count = random.integers(0, 4, size=256)
    start = Mixture.spherical(blobs[:4], 1.0)
    weighted = fit(MODEL, start, Batch(jnp.asarray(blobs), jnp.asarray(count, jnp.float32)))
    repeated = fit(MODEL, start, Batch(jnp.asarray(np.repeat(blobs, count, axis=0)), jnp.ones(count.sum())))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-4), weighted, repeated)


@pytest.mark.slow
def test_a_fit_that_is_given_no_start_finds_the_blobs(blobs):
    fitted = fit(MODEL, MODEL.init(KEY), Batch(jnp.asarray(blobs), jnp.ones(256)))
    best = fit(MODEL, Mixture.spherical(blobs[:4], 1.0), Batch(jnp.asarray(blobs), jnp.ones(256)))
    np.testing.assert_allclose(fitted.log_prob(blobs).mean(), best.log_prob(blobs).mean(), atol=1e-2)


@pytest.mark.slow
def test_unit_and_place_of_the_data_do_not_matter(blobs):
    plain = fit(MODEL, MODEL.init(KEY), Batch(jnp.asarray(blobs), jnp.ones(256)))
    model = dataclasses.replace(MODEL, ridge=MODEL.ridge * 2.0**40)
    moved = fit(model, MODEL.init(KEY), Batch(jnp.asarray(blobs * 2.0**20 + 2.0**20), jnp.ones(256)))
    np.testing.assert_allclose(moved.mean / 2.0**20 - 1, plain.mean, atol=1e-3)
    np.testing.assert_allclose(moved.log_scale - 20 * np.log(2), plain.log_scale, atol=1e-3)


@pytest.fixture(scope="module")
def seeds():
    """k-means++ centres of 3 distinct rows, the fourth of weight 0, under 200 keys: [200, 3, 1]."""
    x = jnp.asarray([[0.0, 0.0, 1.0, 1.0, 5.0, 9.0]])
    w = jnp.asarray([1.0, 3.0, 1.0, 1.0, 1.0, 0.0])
    keys = jax.random.split(KEY, 200)
    return np.asarray(jax.jit(jax.vmap(lambda key: em.kmeans_plus_plus(key, x, w, 3)))(keys))


def test_kmeans_plus_plus_picks_distinct_rows_that_weigh(seeds):
    assert (np.sort(seeds[:, :, 0], axis=1) == [0, 1, 5]).all()


def test_the_first_centre_is_drawn_by_weight(seeds):
    """Weights 4, 2, 1 of 7; the wrong law draws distinct rows alike: for the row at 0 it is 6 standard errors away."""
    share = np.array([(seeds[:, 0, 0] == value).mean() for value in (0, 1, 5)])
    law = np.array([4, 2, 1]) / 7
    assert (np.abs(share - law) < 5 * np.sqrt(law * (1 - law) / 200)).all()


def test_rows_are_drawn_by_weight():
    weights = jnp.asarray([0.0, 1, 2, 0, 3, 4, 0])
    drawn = np.asarray(jax.jit(em.draw_rows)(jax.random.uniform(KEY, (20000,)), weights))
    share = np.bincount(drawn, minlength=7) / 20000
    law = np.asarray(weights) / 10
    assert (share[law == 0] == 0).all()
    assert (np.abs(share - law) <= 5 * np.sqrt(law * (1 - law) / 20000)).all()


@pytest.mark.parametrize("covariance", ["full", "diagonal", "spherical"])
@pytest.mark.parametrize("ridge", [1e-6, 0.0])
@pytest.mark.parametrize("rows", ["equal", "fewer", "line", "none"])
@pytest.mark.slow
def test_degenerate_data_give_a_finite_mixture(covariance, ridge, rows):
    """All rows equal; two rows for three components; rows on a line; no row that weighs."""
    x = {
        "equal": np.full((8, 2), 3.1),
        "fewer": np.array([[0.0, 1], [2, 3]]).repeat(4, 0),
        "line": np.arange(16.0).reshape(8, 2),
    }
    w = np.zeros(8) if rows == "none" else np.ones(8)
    model = GaussianMixture(components=3, dim=2, covariance=covariance, ridge=ridge)
    fitted = fit(
        model, model.init(KEY), Batch(jnp.asarray(x.get(rows, x["line"]), jnp.float32), jnp.asarray(w, jnp.float32))
    )
    assert np.isfinite(fitted.mean).all()
    assert np.isfinite(fitted.factor).all()
    assert not np.isnan(fitted.log_weights).any()
    assert not np.isnan(fitted.log_scale).any()
    assert (fitted.log_scale < 5).all()
    if rows != "none":
        np.testing.assert_allclose(fitted.weights.sum(), 1, rtol=1e-5)
        assert not np.isnan(fitted.log_prob(jnp.zeros((1, 2)))).any()
        assert np.isfinite(fitted.sample(KEY, 5)).all()


def test_an_empty_component_stays_where_it_is_and_weighs_nothing():
    x = jnp.asarray(np.linspace(-1, 1, 64), jnp.float32)[:, None]
    start = Mixture.spherical(jnp.asarray([[0.0], [500.0]]), 0.5)
    model = GaussianMixture(components=2, dim=1)
    fitted = fit(model, start, Batch(x, jnp.ones(64)))
    assert fitted.log_weights[1] == -jnp.inf
    np.testing.assert_allclose(fitted.mean[1], 500, rtol=1e-5)
    np.testing.assert_allclose(jnp.exp(fitted.log_scale[1]), 0.5, rtol=1e-5)
    np.testing.assert_allclose(jnp.exp(2 * fitted.log_scale[0]), x.var(), rtol=1e-4)


def test_a_singular_component_has_the_ridge_for_variance():
    """Half of the rows at one point: its variance is the ridge; without one, the square of its rounding."""
    x = jnp.asarray(np.r_[np.zeros(32), 10 + np.linspace(-1, 1, 32)], jnp.float32)[:, None]
    start = Mixture.spherical(jnp.asarray([[0.0], [10.0]]), 1.0)
    for ridge, expected in ((1e-4, 1e-4), (0.0, float((em.ROUNDING * jnp.finfo(jnp.float32).eps) ** 2 * x.var()))):
        model = GaussianMixture(components=2, dim=1, ridge=ridge)
        fitted = fit(model, start, Batch(x, jnp.ones(64)))
        np.testing.assert_allclose(jnp.exp(2 * fitted.log_scale[0]), expected, rtol=1e-2)


@pytest.mark.slow
def test_one_by_one_or_all_at_once_is_the_same_fit(monkeypatch, random):
    x, means, sd = data_sets(random, 2, 3, 3)
    model = GaussianMixture(components=3, dim=2)
    with jax.enable_x64(True):
        start = spherical_all(means, sd)
        data = Batch(jnp.asarray(x), jnp.ones(x.shape[:2]))
        fits = []
        for long in (1, 10**9):
            monkeypatch.setattr(em, "FULL", long)
            mapped = jax.vmap(lambda start, data: model.fit(KEY, start, data))
            fits.append(jax.jit(mapped)(start, data))
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9), *fits)
