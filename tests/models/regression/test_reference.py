"""Fits against scikit-learn and NumPy, in float64."""

import jax
import numpy as np
import pytest
from sklearn import linear_model

import collapsebench as cb


def _rows(n, dim, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dim)) * np.linspace(0.5, 2, dim)
    return x, x @ rng.normal(size=dim) + rng.normal(size=n), rng.random(n)


@pytest.mark.parametrize(("n", "dim"), [(40, 3), (60, 20)])
def test_least_squares_and_ridge_are_scikit_learns(n, dim):
    x, y, w = _rows(n, dim)
    with jax.enable_x64(True):
        plain = cb.fit(cb.models.LinearRegression(dim=dim), {"x": x, "y": y}, weights=w).coef
        ridge = cb.fit(cb.models.RidgeRegression(dim=dim, penalty=0.3), {"x": x, "y": y}, weights=w).coef
    theirs = linear_model.LinearRegression(fit_intercept=False).fit(x, y, w).coef_
    np.testing.assert_allclose(plain, theirs, rtol=1e-6)
    theirs = linear_model.Ridge(alpha=0.3 * w.sum(), fit_intercept=False).fit(x, y, w).coef_
    np.testing.assert_allclose(ridge, theirs, rtol=1e-6)


def test_fewer_rows_than_dimensions_give_the_shortest_solution():
    x, y, _ = _rows(5, 8)
    shortest = np.linalg.pinv(x) @ y
    for x64, tolerance in ((True, 1e-9), (False, 1e-3)):
        with jax.enable_x64(x64):
            ours = cb.fit(cb.models.LinearRegression(dim=8), {"x": x, "y": y}).coef
        np.testing.assert_allclose(ours, shortest, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("n", "dim"), [(60, 3), (300, 5)])
def test_logistic_is_scikit_learns(n, dim):
    x, _, w = _rows(n, dim)
    y = (np.random.default_rng(1).random(n) < 1 / (1 + np.exp(-x.sum(axis=1)))).astype(float)
    with jax.enable_x64(True):
        ours = cb.fit(cb.models.LogisticRegression(dim=dim), {"x": x, "y": y}, weights=w).coef
    options = {"C": np.inf, "fit_intercept": False, "solver": "newton-cholesky", "tol": 1e-12, "max_iter": 1000}
    theirs = linear_model.LogisticRegression(**options).fit(x, y, w).coef_[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_separable_labels_give_a_finite_fit_that_separates():
    x, _, _ = _rows(30, 2)
    for y in ((x[:, 0] > 0).astype(float), np.ones(30)):
        coef = np.asarray(cb.fit(cb.models.LogisticRegression(dim=2), {"x": x, "y": y}).coef)
        assert np.isfinite(coef).all()
        if 0 < y.sum() < 30:
            np.testing.assert_array_equal(x @ coef > 0, y > 0.5)


def test_excess_log_loss_is_the_mean_over_draws():
    """The quadrature lies within 5 standard errors of a plain mean over 2e5 inputs."""
    truth, fitted = cb.targets.Logistic(norm=2.0), cb.targets.Logistic(norm=1.0)
    ours = float(fitted.distribution().excess_risk(truth.distribution()))
    score = np.random.default_rng(0).normal(size=200_000) * 2
    p = 1 / (1 + np.exp(-score))
    losses = np.logaddexp(0, score / 2) - np.logaddexp(0, score) + p * score / 2
    assert abs(ours - losses.mean()) < 5 * losses.std() / np.sqrt(200_000)
    assert float(truth.distribution().excess_risk(truth.distribution())) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"n_real": 50}, "n_real"),
        ({"regime": cb.regimes.Memory()}, "regime.models"),
        ({"regime": cb.regimes.Grow()}, "regime"),
        ({"regime": cb.regimes.Mix(), "handover": "summary"}, "regime"),
        ({"target": cb.targets.Linear(decay=1.0)}, "model.decay"),
        ({"target": cb.targets.Normal(dim=3)}, "model"),
    ],
)
def test_designs_that_cannot_be_labelled_again_are_refused(change, field):
    values = {"target": cb.targets.Linear(), "model": cb.models.LinearRegression(), "metrics": "excess_risk", **change}
    with pytest.raises(cb.RequestError, match=field):
        cb.Experiment(**values)
