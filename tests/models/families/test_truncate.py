"""The curator `truncate`: weights of near and far rows, and its refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import collapsebench as cb


def weights(x, radius, w=None):
    batch = cb.Batch(jnp.asarray(x), jnp.ones(len(x)) if w is None else jnp.asarray(w))
    view = cb.View(None, None, None, None, batch, None, None, 0)
    return np.asarray(cb.curators.Truncate(radius).weights(jax.random.key(0), view, ())[0])


@pytest.mark.parametrize("radius", [0.5, 1.0, 2.0])
def test_it_cuts_a_normal_at_its_radius(radius):
    x = stats.norm.ppf((np.arange(4001) + 0.5) / 4001)[:, None]
    keep = weights(5 + 3 * x, radius) > 0
    assert np.array_equal(keep, np.abs(x[:, 0]) <= radius * x.std())
    law = 1 - 2 * radius * stats.norm.pdf(radius) / (2 * stats.norm.cdf(radius) - 1)
    assert x[keep].var() == pytest.approx(law, rel=5e-3)


def test_rows_that_weigh_nothing_do_not_exist():
    keep = weights(np.array([0.0, 1.0, -1.0, 1e6]), 1.5, [1.0, 1.0, 1.0, 0.0])
    assert np.array_equal(keep[:3], [1, 1, 1])


@pytest.mark.parametrize("x", [np.zeros((4, 2)), np.array([[-1.0], [1.0]]), np.array([3.0])])
def test_something_always_stays(x):
    assert weights(x, 1e-3).sum() > 0


def test_wrong_requests():
    with pytest.raises(cb.RequestError, match=r"curator.radius = 0"):
        cb.Experiment(curator=cb.curators.Truncate(0.0))
    with pytest.raises(cb.RequestError, match="symbol"):
        cb.Experiment(target="categorical", model="categorical", curator="truncate")
