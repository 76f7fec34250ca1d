"""Negative guidance: a guided normal and a guided regression against their laws, and what is refused."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench import theory
from collapsebench.maths.distributions.normal import Normal

M, FITS = cb.models, np.arange(1, 6)
LOOP = {"n": 30, "generations": 5, "trajectories": 20_000, "holdout": 1, "handover": "summary"}


def measured(model, *metrics, **changes):
    found = cb.run(cb.Experiment(**(LOOP | {"model": model, "metrics": metrics} | changes)))
    return [found[name].values for name in metrics]


@pytest.mark.parametrize("bias", [1.0, 0.8])
def test_a_guided_normal_follows_its_laws(assert_law, bias):
    """Rows of its own twice those of a fit; the laws of no guidance, and of as many rows, are the wrong ones."""
    variance, logs, error = measured(M.Neon(M.Gaussian(bias=bias), 0.7, 60), "variance", "log_variance", "mean_error")
    for values, law in (
        (variance, theory.neon_variance_law), (logs, theory.neon_log_variance_law), (error, theory.neon_mean_error_law)
    ):  # fmt: skip
        assert_law(values, *(law(30, rows, weight, FITS, bias=bias) for rows, weight in ((60, 0.7), (60, 0), (6, 0.7))))


@pytest.mark.slow
def test_in_three_dimensions(assert_law):
    model, target = M.Neon(M.Gaussian(dim=3, bias=0.9), 0.7, 40), cb.targets.Normal(dim=3)
    variance, error = measured(model, "variance", "mean_error", target=target)
    laws = [theory.neon_variance_law(30, 40, w, FITS, dim=3, bias=0.9) for w in (0.7, 0.5)]
    assert_law(variance / 3, *laws, theory.neon_variance_law(30, 40, 0.7, FITS, bias=0.9))
    assert_law(error, *(theory.neon_mean_error_law(30, 40, w, FITS, dim=3, bias=0.9) for w in (0.7, 0.4)))


def test_laws_at_their_ends():
    for bias in (1.0, 0.8):
        unguided = bias ** (FITS - 1.0)
        assert theory.neon_variance_law(30, 60, 0, FITS, bias=bias) == pytest.approx((1 - 1 / 30) ** FITS * unguided)
        assert theory.neon_log_variance_law(30, 30, 1, FITS, bias=bias) == pytest.approx(np.full(5, -np.log(bias)))
    assert theory.neon_log_variance_law(30, 9, 0, FITS) == pytest.approx(theory.replace_log_variance_law(30, FITS))
    assert theory.neon_mean_error_law(30, 9, 0, FITS) == pytest.approx(theory.replace_mean_error_law(30, FITS))
    with pytest.raises(ValueError, match="rows = 9: a finite variance needs rows > 9"):
        theory.neon_variance_law(30, 9, 4, 3)


@pytest.mark.slow
def test_a_regression_without_a_bias_only_loses(assert_law):
    model = M.Neon(M.LinearRegression(dim=3, fresh=True), 0.5, 40)
    (risk,) = measured(model, "excess_risk", target=cb.targets.Linear(dim=3))
    each = [theory.least_squares_risk_law(30, 3) + w**2 * theory.least_squares_risk_law(40, 3) for w in (0.5, 0.0)]
    assert_law(risk, *(FITS * e for e in each))


def test_units_of_rows_do_not_matter(random):
    """The same normals in other coordinates, mixed from the first to the last, extrapolate to the same one."""
    roots = np.linalg.cholesky([np.cov(random.standard_normal((3, 20))) for _ in range(2)])
    mean, units = random.standard_normal((2, 3)), np.tril(random.standard_normal((3, 3))) + 3 * np.eye(3)

    def beyond(change):
        own = [
            Normal.from_moments(change @ m, change @ root @ root.T @ change.T)
            for m, root in zip(mean, roots, strict=True)
        ]
        for got, wanted in zip(own[0].extrapolate(own[1], -1.0).moments(), own[1].moments(), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-5)  # all the way back
        return own[0].extrapolate(own[1], 0.6).moments()

    plain, other = beyond(np.eye(3)), beyond(units)
    np.testing.assert_allclose(other[0], units @ plain[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(other[1], units @ plain[1] @ units.T, rtol=1e-4, atol=1e-4)
    point = dataclasses.replace(Normal.standard(3), log_scale=-jnp.inf)
    for pair in ((point, Normal.standard(3)), (Normal.standard(3), point), (point, point)):
        assert pair[0].extrapolate(pair[1], 0.6).log_scale == pair[0].log_scale


@pytest.mark.slow
def test_a_network_is_guided_by_its_weights():
    plain = M.Flow(layers=2, hidden=(4,), training=dataclasses.replace(M.Flow().training, steps=4, batch=8))
    model, x = M.Neon(plain, 2.0, 30), cb.targets.Moons().sample(jax.random.key(0), 50)
    data, start = cb.Batch(x, jnp.ones(50)), plain.init(jax.random.key(1))
    guided = model.fit(jax.random.key(2), start, data)
    bare = dataclasses.replace(model, weight=0.0).fit(jax.random.key(2), start, data)
    back = dataclasses.replace(model, weight=-1.0).fit(jax.random.key(2), start, data)  # the fit to its own draws
    for ours, theirs, again in zip(*map(jax.tree.leaves, (guided, bare, back)), strict=True):
        np.testing.assert_allclose(ours, 3 * theirs - 2 * again, rtol=1e-4, atol=1e-5)
    assert any((theirs != again).any() for theirs, again in zip(*map(jax.tree.leaves, (bare, back)), strict=True))
    found = cb.run(cb.Experiment(target="moons", model=model, n=50, generations=2, trajectories=2, metrics="nll"))
    assert np.isfinite(found.nll.values).all()
    assert not found.ended.values.any()


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (M.Neon("poisson"), "model.model = poisson: it has no parameters to extrapolate; use gaussian"),
        (M.Neon(M.LinearRegression()), "model.model = linear_regression: it has no parameters to extrapolate"),
        (M.Neon(M.Gaussian(dim=5), rows=5), "model.rows = 5: a fit to its own draws needs more than dim = 5"),
        (M.Neon("neon"), "model.model = neon: it has no parameters to extrapolate"),
    ],
)
def test_refusals_are_one_line(model, message):
    targets = {"count": "poisson", "labelled": "linear"}
    target = targets.get(model.kind, cb.targets.Normal(dim=model.dim or 1))
    with pytest.raises(cb.RequestError) as caught:
        cb.Experiment(model=model, target=target)
    assert str(caught.value).startswith(message)
