"""Estimators on samples against NumPy, SciPy and brute force, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.special import digamma, gammaln
from sklearn.metrics.pairwise import polynomial_kernel
from sklearn.neighbors import NearestNeighbors

from collapsebench.maths.estimators import counting, kernels, means, neighbours, ordering, transport
from collapsebench.parts.data import Batch

pytestmark = pytest.mark.usefixtures("double")
K = 3
VISITS, RECALL, COVERAGE, DENSITY = (
    jax.jit(f, static_argnums=2)
    for f in (neighbours.visits, neighbours.recall, neighbours.coverage, neighbours.density)
)
DISTANCES, OWN, NEAREST, MMD, POLYNOMIAL, MEDIAN, FRECHET, MEAN = (
    jax.jit(f)
    for f in (
        neighbours.squared_distances, neighbours.own_distances, neighbours.nearest_distance, kernels.mmd_squared,
        kernels.polynomial_mmd_squared, kernels.median_distance, transport.frechet, means.mean_estimate,
    )
)  # fmt: skip
KNN_ENTROPY = jax.jit(neighbours.knn_entropy, static_argnums=1)
SLICED = jax.jit(transport.sliced_w2, static_argnums=3)
DISTINCT = jax.jit(counting.distinct_rows, static_argnums=1)
SORT, QUANTILES, SORTED_W2 = (jax.jit(f) for f in (ordering.sort, ordering.quantiles, transport.w2_squared_sorted))


@pytest.fixture(scope="module")
def double():
    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    return random.normal(size=(40, 2)), 0.6 * random.normal(size=(40, 2)) + 0.5


def radii(x):
    return np.sort(cdist(x, x), axis=1)[:, K]


def numpy_precision(real, drawn):
    return np.mean((cdist(drawn, real) <= radii(real)).any(axis=1))


def numpy_recall(real, drawn):
    return numpy_precision(drawn, real)


def numpy_coverage(real, drawn):
    return np.mean((cdist(real, drawn) <= radii(real)[:, None]).any(axis=1))


@pytest.mark.parametrize("dim", [1, 3, 40])
def test_distances(random, dim):
    x, y = random.normal(size=(7, dim)), random.normal(size=(9, dim))
    np.testing.assert_allclose(DISTANCES(x, y), cdist(x, y) ** 2, rtol=1e-12)
    assert np.all(np.diagonal(OWN(jnp.asarray(x))) == 0)


@pytest.mark.parametrize("n", [1, 5, 64])
def test_sort_and_quantiles(random, n):
    x = random.normal(size=(3, n)).round(1)  # with ties
    np.testing.assert_array_equal(SORT(jnp.asarray(x)), np.sort(x))
    q = np.array([-1, 0, 0.05, 0.5, 0.77, 1, 2])
    np.testing.assert_allclose(QUANTILES(jnp.asarray(x[0]), q), np.quantile(x[0], np.clip(q, 0, 1)), rtol=1e-12)


def test_smallest(random):
    x = random.normal(size=(6, 20)).round(1)
    np.testing.assert_array_equal(np.stack(neighbours.smallest(jnp.asarray(x), 4), axis=1), np.sort(x)[:, :4])


def test_manifolds(rows):
    real, drawn = (jnp.asarray(a) for a in rows)
    assert float(VISITS(drawn, real, K).any(axis=1).mean()) == pytest.approx(numpy_precision(*rows))
    assert float(RECALL(real, drawn, K).value) == pytest.approx(numpy_recall(*rows))
    assert float(COVERAGE(real, drawn, K).value) == pytest.approx(numpy_coverage(*rows))


@pytest.mark.parametrize(("estimator", "reference"), [(RECALL, numpy_recall), (COVERAGE, numpy_coverage)])
def test_manifold_errors_are_the_jackknife_by_brute_force(rows, estimator, reference):
    real, drawn = rows
    without = np.array([reference(real, np.delete(drawn, j, axis=0)) for j in range(len(drawn))])
    expected = np.sqrt((len(drawn) - 1) * np.var(without))
    assert expected > 0
    estimate = estimator(jnp.asarray(real), jnp.asarray(drawn), K)
    assert float(estimate.standard_error) == pytest.approx(expected, rel=1e-12)


def test_density_and_its_error(rows):
    real, drawn = rows
    radius = NearestNeighbors().fit(real).kneighbors(n_neighbors=K)[0][:, -1]
    counts = (cdist(drawn, real) <= radius).sum(axis=1) / K
    estimate = DENSITY(jnp.asarray(real), jnp.asarray(drawn), K)
    assert float(estimate.value) == pytest.approx(counts.mean())
    assert float(estimate.standard_error) == pytest.approx(counts.std(ddof=1) / np.sqrt(len(drawn)))


@pytest.mark.parametrize("dim", [2, 40])
def test_nearest_distance(random, dim):
    """Over several blocks of the sample; rows of weight 0 are not there, and a row that is there is 0 away."""
    sample = random.normal(size=(2500, dim))
    points = np.concatenate([random.normal(size=(10, dim)), sample[:1], sample[1300:1301], sample[2499:]])
    w = np.r_[0.0, np.ones(2499)]
    found = np.asarray(NEAREST(jnp.asarray(points), jnp.asarray(sample), jnp.asarray(w)))
    np.testing.assert_allclose(found[:-2], cdist(points[:-2], sample[1:]).min(axis=1), rtol=1e-12)
    assert np.all(found[-2:] == 0)
    assert found[10] > 0


def numpy_knn_entropy(x, k):
    n, d = x.shape
    radius = NearestNeighbors().fit(x).kneighbors(n_neighbors=k)[0][:, -1]
    ball = d / 2 * np.log(np.pi) - gammaln(d / 2 + 1)
    return digamma(n) - digamma(k) + ball + d * np.log(radius).mean()


@pytest.mark.parametrize(("dim", "k"), [(1, 1), (2, 5), (7, 3)])
def test_knn_entropy_and_its_jackknife_by_brute_force(random, dim, k):
    x = random.normal(size=(30, dim))
    estimate = KNN_ENTROPY(jnp.asarray(x), k)
    assert float(estimate.value) == pytest.approx(numpy_knn_entropy(x, k), rel=1e-10)
    without = np.array([numpy_knn_entropy(np.delete(x, j, axis=0), k) for j in range(len(x))])
    expected = np.sqrt((len(x) - 1) * np.var(without))
    assert float(estimate.standard_error) == pytest.approx(expected, rel=1e-8)


def test_knn_entropy_of_a_normal():
    """Within 5 standard errors of the law; to leave out digamma(k), to take log(k) for it, or diameters, is over 10."""
    k, n, replicates, law = 5, 512, 200, 0.5 * np.log(2 * np.pi * np.e) + np.log(3.0)
    draws = 3 * jax.random.normal(jax.random.key(0), (replicates, n, 1)) + 1
    estimate = jax.jit(lambda x: jax.lax.map(lambda x: neighbours.knn_entropy(x, k), x))(draws)
    value, error = np.asarray(estimate.value), np.asarray(estimate.standard_error)
    assert abs(value[0] - law) < 5 * error[0]
    spread = value.std() / np.sqrt(replicates)
    assert abs(value.mean() - law) < 5 * spread
    for wrong in (law + digamma(k), law + digamma(k) - np.log(k), law + np.log(2)):
        assert abs(value.mean() - wrong) > 10 * spread
    assert value.std() < np.sqrt((error**2).mean()) < 1.6 * value.std()  # too large rather than too small


def test_knn_entropy_of_repeated_rows_is_minus_infinity():
    estimate = KNN_ENTROPY(jnp.zeros((10, 2)).at[0].set(1.0), 2)
    assert estimate.value == -np.inf
    assert estimate.standard_error == 0


def test_mmd(rows):
    x, y = rows
    n, width = len(x), 0.8
    xx, yy, xy = (np.exp(-(cdist(a, b) ** 2) / (2 * width**2)) for a, b in ((x, x), (y, y), (x, y)))
    off = ~np.eye(n, dtype=bool)
    expected = xx[off].mean() + yy[off].mean() - 2 * xy[off].mean()
    assert float(MMD(jnp.asarray(x), jnp.asarray(y), width).value) == pytest.approx(expected, rel=1e-10)


def test_polynomial_mmd(rows):
    """Against scikit-learn's kernel; to count a row's kernel with itself is a wrong law that the tolerance tells."""
    x, y = rows
    xx, yy, xy = (polynomial_kernel(a, b, degree=3, gamma=1 / x.shape[1], coef0=1) for a, b in ((x, x), (y, y), (x, y)))
    off = ~np.eye(len(x), dtype=bool)
    expected = xx[off].mean() + yy[off].mean() - 2 * xy.mean()
    estimate = POLYNOMIAL(jnp.asarray(x), jnp.asarray(y))
    assert float(estimate.value) == pytest.approx(expected, rel=1e-10)
    assert abs(xx.mean() + yy.mean() - 2 * xy.mean() - expected) > 1e-3 * abs(expected)
    assert estimate.standard_error > 0


@pytest.mark.parametrize("n", [2, 5])
def test_median_distance(random, n):
    x = random.normal(size=(n, 3))
    expected = np.median(cdist(x, x)[np.triu_indices(n, 1)])
    assert float(MEDIAN(jnp.asarray(x))) == pytest.approx(expected)
    assert float(MEDIAN(jnp.ones((n, 3)))) == 1


@pytest.mark.slow
@pytest.mark.parametrize("statistic", [lambda x, y: kernels.mmd_squared(x, y, 1.0), kernels.polynomial_mmd_squared])
def test_mmd_standard_error(statistic):
    """E SE^2 = Var within 5 standard errors; under equality at most 1.5 times, where the plain jackknife says twice."""

    @jax.jit
    def replicate(keys, shift):
        def one(key):
            x, y = jax.random.normal(key, (2, 32, 1))
            return statistic(x, y + shift)

        return jax.lax.map(one, keys, batch_size=50)

    keys = jax.random.split(jax.random.key(0), 4000)
    for shift, most in ((0.5, 1.0), (0.0, 1.5)):
        estimate = replicate(keys, shift)
        square, variance = estimate.standard_error**2, (estimate.value - estimate.value.mean()) ** 2
        error = (square - variance).std() / np.sqrt(len(keys))
        assert square.mean() > variance.mean() - 5 * error
        assert square.mean() < most * variance.mean() + 5 * error
        assert 2 * variance.mean() > square.mean() + 10 * error


def test_w2_on_the_line(random):
    x, y = random.normal(size=20), random.exponential(size=20)
    cost = (x[:, None] - y[None, :]) ** 2
    expected = cost[linear_sum_assignment(cost)].mean()
    assert float(SORTED_W2(jnp.asarray(x), jnp.asarray(y))) == pytest.approx(expected)


def test_sliced_w2_of_a_shift(random):
    """A shift by v: W2^2 along a direction is its squared component, |v|^2 / d on average; without the / d: 3 times."""
    x, v = random.normal(size=(20, 3)), np.array([1.0, -2.0, 0.5])
    estimate = SLICED(jax.random.key(0), jnp.asarray(x), jnp.asarray(x + v), 4096)
    law = np.sqrt(v @ v / 3)
    assert abs(estimate.value - law) < 5 * estimate.standard_error
    assert abs(estimate.value - np.sqrt(3) * law) > 10 * estimate.standard_error


def test_frechet(random):
    x, y = random.normal(size=(50, 4)) @ random.normal(size=(4, 4)), random.normal(size=(60, 4)) + 1
    s, t = np.cov(x.T), np.cov(y.T)
    gap = np.sum((x.mean(axis=0) - y.mean(axis=0)) ** 2)
    expected = gap + np.trace(s + t - 2 * sqrtm(s @ t).real)
    estimate = FRECHET(jnp.asarray(x), jnp.asarray(y.mean(axis=0)), jnp.asarray(t))
    assert float(estimate.value) == pytest.approx(expected, rel=1e-10)
    assert 0 < estimate.standard_error < estimate.value


def test_mean_estimate(random):
    x, w = random.normal(size=12), np.repeat([1.0, 0.0], 6)
    estimate = MEAN(jnp.asarray(x), jnp.asarray(w))
    assert float(estimate.value) == pytest.approx(x[:6].mean())
    assert float(estimate.standard_error) == pytest.approx(x[:6].std(ddof=1) / np.sqrt(6))


@pytest.mark.parametrize(
    ("values", "mean"),
    [([1, np.inf], np.inf), ([-np.inf, 1], -np.inf), ([np.inf, -np.inf], np.inf), ([2, 2], 2)],
)
def test_mean_estimate_is_never_nan(values, mean):
    estimate = MEAN(jnp.asarray(values, float))
    assert estimate.value == mean
    assert estimate.standard_error == 0


def test_mean_estimate_keeps_huge_spreads():
    estimate = MEAN(jnp.asarray([1e200, 3e200]))
    assert float(estimate.standard_error) == pytest.approx(1e200)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dim", [1, 3])
def test_distinct_rows(random, dtype, dim):
    x = random.integers(-2, 3, size=(200, dim)).astype(dtype) / 3
    x[x == 0] *= random.choice([-1, 1], size=int((x == 0).sum()))  # -0.0 is 0.0
    w = (np.arange(200) < 150).astype(dtype)
    distinct, count = DISTINCT(Batch(jnp.asarray(x), jnp.asarray(w)))
    assert (int(distinct), int(count)) == (len(np.unique(x[:150] + 0.0, axis=0)), 150)


def test_distinct_symbols(random):
    x = random.integers(0, 100, size=80)
    batch = Batch(jnp.asarray(x), jnp.asarray(np.arange(80) < 50, float))
    assert int(DISTINCT(batch, 100)[0]) == len(np.unique(x[:50]))
    assert int(DISTINCT(batch)[0]) == len(np.unique(x[:50]))
