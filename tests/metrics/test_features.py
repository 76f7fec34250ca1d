"""Metrics on classifier features against references, and their provenance in a result."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel
from sklearn.neighbors import NearestNeighbors

import collapsebench as cb
from collapsebench.maths.estimators import kernels, means, moments, neighbours, transport
from collapsebench.maths.numerics import as_leaves
from collapsebench.runs.results import from_columns

ROWS, K = 120, 5
KEY = jax.random.key(0)
LOOKING = {
    name: cb.METRICS.build(name, rows=ROWS)
    for name in ("frechet", "precision", "recall", "coverage", "density", "mmd", "kid", "sliced_w2")
}


@pytest.fixture(scope="module")
def drawn(digits):
    """Half of the classes, with noise, so that precision and recall are neither 0 nor 1."""
    x, y = digits[0]
    x = x[y < 5][:ROWS]
    return (x + np.random.default_rng(0).normal(0, 0.1, x.shape)).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Repeats:
    """A model whose draws are known: the first rows of its parameters."""

    def sample(self, key, params, n):
        return jax.tree.map(lambda a: a[:n], params)


def batch(x):
    return cb.Batch(x, jnp.ones(len(jax.tree.leaves(x)[0])))


@jax.jit
def measure(metric, drawn, holdout, real=None):
    real = None if real is None else batch(real)
    return metric(KEY, cb.View(None, Repeats(), drawn, None, None, real, batch(holdout), 0))


@pytest.fixture(scope="module")
def through(classifier, digits, drawn):
    """In float64, whose sums can be compared: (every metric through the classifier, features of held-out and drawn)."""

    @jax.jit
    def look(classifier, held, drawn):
        view = cb.View(None, Repeats(), drawn, None, None, None, batch(held), 0)
        metrics = {name: dataclasses.replace(metric, features=classifier) for name, metric in LOOKING.items()}
        found = {name: metric(KEY, view) for name, metric in metrics.items()}
        x = classifier.features(held), classifier.features(drawn)
        found["by hand"] = transport.sliced_w2(jax.random.split(KEY)[1], x[0][:ROWS], x[1], 32)
        return found, x

    with jax.enable_x64(True):
        found, (held, drawn) = look(as_leaves(classifier), np.asarray(digits[1][0], float), np.asarray(drawn, float))
        return found, np.asarray(held), np.asarray(drawn)


def test_features_have_a_scale(through, digits):
    _, seen, _ = through
    assert seen.shape == (len(digits[1][0]), 64)
    assert np.all(seen.std(axis=0) > 0)
    assert 0.5 < (seen**2).mean() < 2  # it is 1 on the rows that it was trained on


def radii(x):
    return NearestNeighbors().fit(x).kneighbors(n_neighbors=K)[0][:, -1]


def test_manifolds(through):
    measured, held, drawn = through
    real = held[:ROWS]
    distance = cdist(real, drawn)
    in_real, in_drawn = distance <= radii(real)[:, None], distance <= radii(drawn)[None, :]
    expected = {
        "precision": in_real.any(axis=0).mean(), "recall": in_drawn.any(axis=1).mean(),
        "coverage": in_real.any(axis=1).mean(), "density": in_real.sum(axis=0).mean() / K,
    }  # fmt: skip
    for name, value in expected.items():
        assert float(measured[name].value) == pytest.approx(value, abs=1e-6), name
        assert 0.05 < value < 0.99


def test_kernels(through):
    measured, held, drawn = through
    real = held[:ROWS]
    off = ~np.eye(ROWS, dtype=bool)
    width = np.median(cdist(real[:64], real[:64])[np.triu_indices(64, 1)])
    xx, yy, xy = (rbf_kernel(a, b, gamma=1 / (2 * width**2)) for a, b in ((real, real), (drawn, drawn), (real, drawn)))
    expected = xx[off].mean() + yy[off].mean() - 2 * xy[off].mean()
    assert float(measured["mmd"].value) == pytest.approx(expected, rel=1e-6)
    xx, yy, xy = (polynomial_kernel(a, b, degree=3) for a, b in ((real, real), (drawn, drawn), (real, drawn)))
    expected = xx[off].mean() + yy[off].mean() - 2 * xy.mean()  # its defaults are gamma = 1 / d and coef0 = 1
    assert float(measured["kid"].value) == pytest.approx(expected, rel=1e-6)


def test_frechet(through):
    measured, real, drawn = through
    s, t = np.cov(real.T), np.cov(drawn.T)
    gap = np.sum((real.mean(axis=0) - drawn.mean(axis=0)) ** 2)
    expected = gap + np.trace(s + t - 2 * sqrtm(s @ t).real)
    assert float(measured["frechet"].value) == pytest.approx(expected, rel=1e-6)


def test_sliced_w2(through):
    measured = through[0]
    assert float(measured["sliced_w2"].value) == pytest.approx(float(measured["by hand"].value), rel=1e-12)


@pytest.mark.slow
def test_rows_are_what_they_were(digits, drawn):
    """The estimators on the rows themselves, bit for bit, with captions beside the rows or without.

    In one program: XLA computes only once what is the same twice.
    """

    @jax.jit
    def both(held, x):
        captioned = [{"x": a, "caption": jnp.zeros((len(a), 1), int)} for a in (x, held)]
        views = [cb.View(None, Repeats(), a, None, None, None, batch(b), 0) for a, b in ((x, held), captioned)]
        real = held[:ROWS]
        width = kernels.median_distance(real[:64])
        expected = {
            "frechet": transport.frechet(x, *moments.sample_moments(held, jnp.ones(len(held)))),
            "precision": means.share_estimate(neighbours.visits(x, real, K).any(axis=1)),
            "recall": neighbours.recall(real, x, K), "coverage": neighbours.coverage(real, x, K),
            "density": neighbours.density(real, x, K), "mmd": kernels.mmd_squared(real, x, width),
            "kid": kernels.polynomial_mmd_squared(real, x),
            "sliced_w2": transport.sliced_w2(jax.random.split(KEY)[1], real, x, 32),
        }  # fmt: skip
        return expected, *({name: metric(KEY, view) for name, metric in LOOKING.items()} for view in views)

    expected, plain, captioned = both(jnp.asarray(digits[1][0]), jnp.asarray(drawn))
    jax.tree.map(np.testing.assert_array_equal, plain, expected)
    jax.tree.map(np.testing.assert_array_equal, captioned, expected)


def test_class_entropy_of_known_classes(classifier, digits, labels):
    x, y = (a[labels[0] == digits[0][1]] for a in digits[0])
    metric = as_leaves(cb.metrics.ClassEntropy(rows=60, features=classifier))
    two = np.concatenate([x[y == 1][:40], x[y == 7][:20]])
    estimate = measure(metric, two, x[:8])
    logs = -np.log(np.repeat([2 / 3, 1 / 3], [40, 20]))
    assert float(estimate.value) == pytest.approx(logs.mean(), rel=1e-6)
    assert float(estimate.standard_error) == pytest.approx(logs.std(ddof=1) / np.sqrt(60), rel=1e-5)
    one = measure(metric, x[y == 3][:60], x[:8])
    assert one.value == one.standard_error == 0


def test_memorisation(digits):
    """Copies are 0 and fresh rows are 1; between them it is the ratio of mean distances. All of it beside captions."""
    (train, _), (held, _) = digits
    fresh, held = held[:170], held[170:340]
    metric = as_leaves(cb.metrics.Memorisation(rows=170))

    def of(drawn):
        return measure(metric, *({"x": x, "caption": np.zeros((len(x), 1), int)} for x in (drawn, held, train)))

    assert of(train[-170:]).value == 0
    estimate = of(fresh)
    expected = cdist(fresh, train).min(axis=1).mean() / cdist(held, train).min(axis=1).mean()
    assert float(estimate.value) == pytest.approx(expected, rel=1e-5)
    assert abs(estimate.value - 1) < 5 * np.sqrt(2) * estimate.standard_error  # the held-out rows' error too
    near = of((train[:170] + 0.02).astype(np.float32))
    assert near.value < 1 - 10 * near.standard_error


def test_memorisation_where_held_out_rows_repeat():
    """Counts: every held-out row is in the training set; draws that are too are no copies of more."""
    metric, ones = as_leaves(cb.metrics.Memorisation(rows=8)), np.ones(8, np.float32)
    assert measure(metric, ones, ones, ones).value == 1
    assert measure(metric, 2 * ones, ones, ones).value == np.inf


# --- in an experiment -----------------------------------------------------------------------------------------------

IMAGES = cb.Experiment(
    name="images", target="images", model=cb.models.KernelDensity(dim=64, bandwidth=0.05), n=32, holdout=64,
    generations=2, trajectories=2,
    metrics=(cb.metrics.ClassEntropy(rows=32), cb.metrics.KID(rows=32, features="classifier")),
)  # fmt: skip


def test_a_result_records_what_it_looked_through(classifier):
    columns = np.zeros((2, 2, len(IMAGES.columns)))
    blank = {"points": None, "started": 0, "seconds": 0, "plan": {"width": 1}, "trajectories": range(2)}
    attrs = from_columns(IMAGES, columns, {}, **blank).attrs
    assert json.loads(attrs["features"]) == {"digits": classifier.digest}
    assert len(classifier.digest) == 64
    rows = dataclasses.replace(IMAGES, metrics=("precision", "kid"))
    assert "features" not in from_columns(rows, columns, {}, **blank).attrs
    assert cb.Experiment.from_json(IMAGES.to_json()) == IMAGES


@pytest.mark.slow
def test_a_run_looks_through_it(classifier):
    result = cb.run(IMAGES)
    assert json.loads(result.attrs["features"]) == {"digits": classifier.digest}
    assert all(np.isfinite(values).all() for values in result.data_vars.values())
    assert np.all(result["class_entropy"] > 1)  # the log of 10 classes is 2.3


WRONG = {
    "kid": ({"metrics": cb.metrics.KID(features="inception")}, "features = inception: not one of rows, classifier"),
    "frechet": ({"metrics": cb.metrics.Frechet(features="classifier")}, "target normal is none"),
    "mmd": ({"metrics": cb.metrics.MMD(features="clasifier")}, "did you mean 'classifier'"),
    "class_entropy": ({"metrics": "class_entropy"}, "target normal is none"),
    "density": ({"metrics": cb.metrics.Density(k=30), "holdout": 31}, "k = 30"),
    "memorisation": ({"metrics": "memorisation", "handover": "summary"}, "handover = summary has none"),
    "knn_entropy": ({"metrics": "knn_entropy", "target": "poisson", "model": "poisson"}, "count data"),
    "precision": ({"metrics": "precision", "target": "zipf", "model": "categorical"}, "symbol data"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_are_refused(name):
    changes, reason = WRONG[name]
    with pytest.raises(cb.RequestError, match=reason) as error:
        cb.Experiment(**changes)
    assert str(error.value).startswith(f"metrics = {name}: ")
    assert "\n" not in str(error.value)


def test_captioned_models_have_row_metrics():
    experiment = cb.Experiment(
        target=cb.targets.Images(labelled=True), model=cb.models.Diffusion(dim=64, words=(10,)), n=32, holdout=64,
        metrics=("class_entropy", "memorisation", "knn_entropy", *LOOKING),
    )  # fmt: skip
    assert experiment.model.kind == "captioned"
