"""Exponential scales refitted to their own draws, and the uniform target, which no model here contains."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import digamma

import collapsebench as cb
from collapsebench.maths.distributions.exponential import Exponential, LogTotal
from collapsebench.maths.distributions.uniform import Uniform

EXPERIMENT = cb.Experiment(
    name="exponential",
    target=cb.targets.Exponential(2.0),
    model=cb.models.Exponential(),
    metrics=("log_variance", "mean_error"),
    n=3,
    generations=300,
    trajectories=4000,
    handover="summary",
    width=1000,
)


def log_scale(experiment):
    return np.asarray(cb.run(experiment)["log_variance"], float) / 2


@pytest.mark.parametrize("n", [1, 3])
def test_log_mean_drifts_by_its_law(n, assert_law):
    """digamma(n) - log n per fit, the whole way to 1e-70 at n = 1, far below the smallest float32."""
    values = log_scale(dataclasses.replace(EXPERIMENT, n=n))
    fits = np.arange(1, 301)
    law = np.log(2) + fits * (digamma(n) - np.log(n))
    assert np.all(np.isfinite(values))
    assert n > 1 or values.max(axis=0)[-1] < np.log(np.finfo(np.float32).tiny)
    assert_law(values, law, np.log(2) + fits * (digamma(n + 1) - np.log(n + 1)), law - np.log(2))


def test_samples_follow_the_same_law(assert_law):
    values = log_scale(dataclasses.replace(EXPERIMENT, handover="samples", generations=4))
    law = np.log(2) + np.arange(1, 5) * (digamma(3) - np.log(3))
    assert_law(values, law, np.log(2) + np.arange(1, 5) * (digamma(2) - np.log(2)))


def test_log_totals_of_any_size_add():
    point, unit = Exponential(jnp.float32(-jnp.inf)), Exponential(jnp.float32(0))
    nothing = jax.jit(LogTotal.draw)(jax.random.key(0), unit, 0.0)
    assert float(nothing.log_total) == -np.inf
    some = LogTotal.draw(jax.random.key(0), unit, 2.5)
    both = nothing.concat(some).concat(LogTotal.draw(jax.random.key(1), point, 1.0)).scale(2.0)
    assert float(both.weight) == 7
    assert float(both.log_total) == pytest.approx(float(some.log_total) + np.log(2), rel=1e-5)
    assert float(nothing.concat(nothing).scale(0.0).log_total) == -np.inf
    fitted = cb.models.Exponential().fit(jax.random.key(0), unit, nothing)
    assert float(fitted.log_scale) == -np.inf


def test_no_draw_is_exactly_zero():
    """2^-23 of jax.random.exponential's are: one in 600 of these experiments would have ended by it."""
    assert float(Exponential(jnp.float32(0)).sample(jax.random.key(0), 50_000_000 // 25).min()) > 0


def test_gaussian_on_uniform_in_summary(assert_law):
    """The real set is drawn as rows, since the uniform has no law of the Gaussian's statistics."""
    experiment = cb.Experiment(
        name="uniform", target=cb.targets.Uniform(), model=cb.models.Gaussian(), handover="summary", n=4, generations=3,
        trajectories=8000, width=1000,
    )  # fmt: skip
    law = (1 - 1 / 4) ** np.arange(1, 4) / 12
    assert_law(np.asarray(cb.run(experiment)["variance"], float), law, np.full(3, 1 / 12), law * 2 / 3 / 0.75)


@pytest.mark.parametrize("dim", [1, 2])
def test_nodes_integrate(dim):
    box = Uniform(jnp.linspace(-1, 0, dim), jnp.linspace(1, 3, dim))
    nodes = jax.tree.map(np.asarray, box.nodes())
    mean, covariance = map(np.asarray, box.moments())
    np.testing.assert_allclose(nodes.w.sum(), 1, rtol=1e-5)
    np.testing.assert_allclose(nodes.w @ nodes.x, mean, atol=1e-5)
    np.testing.assert_allclose((nodes.w * (nodes.x - mean).T) @ (nodes.x - mean), covariance, atol=1e-5)


def test_nodes_in_three_dimensions_are_refused():
    with pytest.raises(cb.RequestError, match=r"dim = 3.*dim <= 2"):
        cb.targets.Uniform(3).distribution().nodes()


@pytest.mark.parametrize(
    ("target", "field"),
    [(cb.targets.Exponential(0.0), "target.scale"), (cb.targets.Uniform(1, 1.0, 0.0), "target.low")],
)
def test_wrong_requests(target, field):
    with pytest.raises(cb.RequestError, match=field):
        dataclasses.replace(EXPERIMENT, target=target)
