"""Counts refitted to their own draws: the laws of survival, and the tables of Suresh et al. (2025)."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.maths.distributions.bernoulli import Bernoulli
from collapsebench.maths.distributions.poisson import Poisson
from collapsebench.maths.distributions.totals import Totals
from collapsebench.theory import branching_survival_law, survival_law

CHANCE = 5.7e-7  # two-sided tail of a normal at 5 standard errors
LIFETIMES = np.array([1, 6, 11, 17, 22, 28, 33, 39, 44, 50])

BERNOULLI = cb.Experiment(
    name="bernoulli",
    target=cb.targets.Bernoulli(0.01),
    model=cb.models.Bernoulli(),
    metrics=("variance", "support"),
    n=100,
    generations=50,
    trajectories=20_000,
    handover="summary",
    width=1000,
)
POISSON = dataclasses.replace(
    BERNOULLI, name="poisson", target=cb.targets.Poisson(1.0), model=cb.models.Poisson(), n=10, generations=56
)


@pytest.fixture(scope="module")
def poisson():
    return np.asarray(cb.run(POISSON)["variance"], float)


@pytest.mark.parametrize(
    ("n", "p", "table"),
    [
        (100, 0.01, [0.6340, 0.2382, 0.1495, 0.1043, 0.0837, 0.0680, 0.0590, 0.0510, 0.0459, 0.0411]),
        (10_000, 0.001, [1, 0.9316, 0.7947, 0.6556, 0.5679, 0.4877, 0.4357, 0.3861, 0.3525, 0.3190]),
    ],
)
def test_bernoulli_survival(n, p, table, assert_law):
    """The law is exact; the published table rounds it to four digits.

    The first fit kills next to nobody, so its standard error cannot be estimated and it is left out.
    """
    result = cb.run(dataclasses.replace(BERNOULLI, n=n, target=cb.targets.Bernoulli(p)))
    np.testing.assert_allclose(survival_law(n, LIFETIMES, p), table, atol=6e-5)
    fits = LIFETIMES[1:]
    alive = np.asarray(result["variance"])[:, fits - 1] > 0
    assert_law(alive, survival_law(n, fits, p), survival_law(n, fits - 1, p), survival_law(n, fits, 0.8 * p))


def test_poisson_survival(poisson, assert_law):
    """Branching is exact for it; so is the mean, and the variance of the rate is rate * fits / n."""
    fits = np.arange(1, 57)
    law = branching_survival_law(10, fits, 1.0)
    np.testing.assert_allclose(law[[0, 55]], [1, 0.2910], atol=6e-5)
    wrong = branching_survival_law(9, fits, 1.0), branching_survival_law(10, fits + 2, 1.0)
    assert_law(poisson[:, 1:] > 0, law[1:], *(w[1:] for w in wrong))
    few = poisson[:, :5]
    assert_law(few, 1, 0.9)
    assert_law((few - 1) ** 2, fits[:5] / 10, fits[:5] / 9)


def test_poisson_survival_from_a_higher_rate(assert_law):
    result = cb.run(dataclasses.replace(POISSON, target=cb.targets.Poisson(10.0)))
    law = branching_survival_law(10, 56, 10.0)
    assert abs(law - 0.9679) < 6e-5
    assert_law(np.asarray(result["variance"])[:, 55:] > 0, law, branching_survival_law(10, 70, 10.0))


@pytest.mark.slow
def test_poisson_samples_agree_with_summary(poisson, agreement):
    """In law, at fits 1 to 3; a summary of 9 rows in the place of 10 would be told apart."""
    rows = np.asarray(cb.run(dataclasses.replace(POISSON, handover="samples", generations=3))["variance"])
    assert all(agreement(rows[:, g], poisson[:, g]) > CHANCE for g in range(3))
    fewer = np.asarray(cb.run(dataclasses.replace(POISSON, n=9))["variance"])
    assert agreement(np.round(9 * fewer[:, 2]), np.round(10 * poisson[:, 2])) < 1e-23


@pytest.mark.slow
def test_poisson_samples_agree_with_summary_over_many_trajectories(agreement):
    many = dataclasses.replace(POISSON, n=20, generations=5, trajectories=100_000)
    rows, totals = (
        np.asarray(cb.run(dataclasses.replace(many, handover=h))["variance"]) for h in ("samples", "summary")
    )
    assert all(agreement(rows[:, g], totals[:, g]) > CHANCE for g in (0, 2, 4))


def test_one_row():
    """A Bernoulli of one row is absorbed at once; nothing is NaN."""
    result = cb.run(dataclasses.replace(BERNOULLI, n=1, target=cb.targets.Bernoulli(0.5)))
    assert np.all(np.asarray(result["variance"]) == 0)
    rates = np.asarray(cb.run(dataclasses.replace(POISSON, n=1))["variance"])
    assert np.all(np.isfinite(rates))
    assert np.all(rates[:, 1:][rates[:, :-1] == 0] == 0)


@pytest.mark.parametrize("family", [Bernoulli(jnp.float32(0.3)), Poisson(jnp.float32(0.3))])
def test_totals_of_any_size(family):
    n = jnp.array([0, 0.4, 1, 10 / 3])
    totals = jax.jit(jax.vmap(lambda n: Totals.draw(jax.random.key(0), family, n)))(n)
    assert np.all(np.isfinite(totals.total))
    np.testing.assert_array_equal(totals.weight, n)
    assert totals.total[0] == jax.vmap(lambda t: t.mean)(totals)[0] == 0


def test_totals_honour_weights_and_add():
    batch = cb.Batch(jnp.array([1.0, 0.0, 5.0]), jnp.array([2.0, 1.0, 0.0]))
    totals = Totals.of(batch)
    assert (float(totals.weight), float(totals.total)) == (3, 2)
    both = totals.concat(totals.scale(3))
    assert (float(both.weight), float(both.total)) == (12, 8)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"target": cb.targets.Bernoulli(1.5)}, "target.p"),
        ({"target": cb.targets.Poisson(-1.0)}, "target.rate"),
        ({"target": cb.targets.Normal()}, "count"),
    ],
)
def test_wrong_requests(change, field):
    with pytest.raises(cb.RequestError, match=field):
        dataclasses.replace(BERNOULLI, **change)
