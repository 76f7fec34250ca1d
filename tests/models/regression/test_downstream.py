"""A ridge fit to the labels of a chain of least-squares generators, against its downstream law."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench import theory

DIM, N, ROWS, RIDGE, TRAJECTORIES = 40, 100, 60, 0.1, 2000
SPECTRUM, WEIGHTS = 1 / np.arange(1, DIM + 1), np.full(DIM, DIM**-0.5)


@cb.spec
class Chain(cb.Regime):
    """`links` fits to `rows` rows each, the first to real ones, and then fits to n."""

    links: float = 1.0
    rows: float = ROWS

    def synthetic_size(self, n, t):
        return jnp.where(t < self.links, self.rows, n)

    def update(self, key, pool, synthetic, fresh, t):
        return pool, synthetic


@cb.spec
class RidgeDownstream(cb.models.RidgeRegression):
    """A ridge for the fits to `downstream` rows; the generators before have none."""

    downstream: float = N

    def fit(self, key, params, data):
        penalty = jnp.where(data.weight == self.downstream, self.penalty, 0)
        return cb.models.RidgeRegression.fit(dataclasses.replace(self, penalty=penalty), key, params, data)


@pytest.mark.slow
@pytest.mark.parametrize(("links", "noise_generator"), [(0, 1.0), (1, 2.0), (2, 1.0)])
def test_ridge_downstream(links, noise_generator):
    """The law is asymptotic: at this size it is off by less than 1%, and a standard error is about 0.7%.

    Wrong laws: another number of generators, sizes or noises in each other's place, and a penalty that is not per row
    (so 1 / n of it).
    """
    experiment = cb.Experiment(
        name="ridge", target=cb.targets.Linear(dim=DIM, decay=1.0, noise=noise_generator if links else 1.0),
        model=RidgeDownstream(dim=DIM, decay=1.0, penalty=RIDGE, fresh=True), regime=Chain(links=links),
        metrics=("excess_risk",), n=N, n_real=ROWS if links else N, generations=3, trajectories=TRAJECTORIES, holdout=1,
        handover="summary",
    )  # fmt: skip
    risk = cb.run(experiment).excess_risk.values[:, links]
    error = risk.std() / np.sqrt(TRAJECTORIES)

    def law(n=N, ridge=RIDGE, **change):
        setting = {"generators": links, "n_generator": ROWS, "noise_generator": noise_generator, **change}
        return theory.ridge_chain_law(SPECTRUM, WEIGHTS, n, ridge, **setting)

    assert abs(risk.mean() - law()) < 5 * error
    wrong = [law(generators=links + 1), law(ridge=RIDGE / N)]
    if links:
        wrong += [law(generators=links - 1), law(n=ROWS, n_generator=N)]
    if noise_generator != 1:
        wrong.append(law(noise=noise_generator, noise_generator=1.0))
    assert min(abs(risk.mean() - value) for value in wrong) > 10 * error
