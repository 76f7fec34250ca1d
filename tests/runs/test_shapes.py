"""A wrong shape in a user's class is one line that names class and method, from a run and from the contract checks."""

import dataclasses

import jax.numpy as jnp
import pytest

import collapsebench as cb
from collapsebench.maths.distributions.normal import Normal
from collapsebench.runs import contracts


@cb.spec
class FewRows(cb.models.Gaussian):
    """Draws a row too few."""

    def sample(self, key, params, n):
        return super().sample(key, params, n - 1)


@cb.spec
class WideRows(cb.models.Gaussian):
    """Draws every number twice."""

    def sample(self, key, params, n):
        return jnp.tile(super().sample(key, params, n), (1, 2))


@cb.spec
class NamedRows(cb.models.Gaussian):
    """Draws rows of another structure."""

    def sample(self, key, params, n):
        return {"x": super().sample(key, params, n)}


@cb.spec
class OtherStart(cb.models.Gaussian):
    """Starts from two numbers that are no distribution."""

    def init(self, key):
        return {"mean": jnp.zeros(1), "sd": jnp.ones(1)}

    def distribution(self, params):
        return params if isinstance(params, Normal) else Normal.standard(1)


@cb.spec
class Column(cb.models.Gaussian):
    """Gives densities as a column."""

    def log_prob(self, params, x):
        return super().log_prob(params, x)[:, None]


@cb.spec
class Growing(cb.regimes.Accumulate):
    """Keeps a pool that grows."""

    def update(self, key, pool, synthetic, fresh, t):
        pool, train = super().update(key, pool, synthetic, fresh, t)
        return (pool, jnp.zeros(3)), train


@cb.spec
class OneWeight(cb.Curator):
    """One weight for all rows, as a column."""

    def weights(self, key, view, state):
        return view.synthetic.w[:, None], state


@cb.spec
class NoState(cb.Curator):
    """Weights without the next state."""

    def weights(self, key, view, state):
        return view.synthetic.w


@cb.spec
class Rows(cb.Metric):
    """Not one number, but one a row."""

    def __call__(self, key, view):
        return view.holdout.w


@cb.spec
class FewReal(cb.targets.Normal):
    """A target that draws a row too few."""

    def sample(self, key, n):
        return super().sample(key, n - 1)


SIZES = {"n": 8, "generations": 2, "trajectories": 2, "holdout": 16}
WRONG_RUNS = {
    "FewRows: sample gives shape (7, 1) for 8 rows": {"model": FewRows()},
    "WideRows: sample gives rows of shape (2,), not (1,) as the target's": {"model": WideRows()},
    "NamedRows: sample gives rows of structure (['x']), not (one array) as the target's": {"model": NamedRows()},
    "OtherStart: fit gives parameters of structure (": {"model": OtherStart(), "warm_start": True},
    "Growing: update gives a pool of structure (": {"regime": Growing()},
    "OneWeight: weights gives shape (8, 1), not (8,) as there are rows": {"curator": OneWeight()},
    "NoState: weights must return (weights, the next state), and gives a ": {"curator": NoState()},
    "Rows: it gives shape (16,), not (): one number a generation": {"metrics": (Rows(),)},
    "FewReal: sample gives shape (7, 1) for 8 rows": {"target": FewReal()},
}


@pytest.mark.parametrize("line", WRONG_RUNS)
def test_a_run_says_it_in_one_line(line):
    with pytest.raises(cb.RequestError) as error:
        cb.run(cb.Experiment(**SIZES, **WRONG_RUNS[line]))
    assert line in str(error.value)
    assert "\n" not in str(error.value)


WRONG_PARTS = {
    "sample gives shape (24, 2), not (24, 1) as the data have": WideRows,
    "sample gives structure (['x']), not (one array) as the data have": NamedRows,
    "fit gives structure (": OtherStart,
    "log_prob gives shape (24, 1) for 24 rows": Column,
    "update gives a pool of structure (": Growing,
    "weights gives shape (24, 1), not (24,)": OneWeight,
    "it gives shape (64,), not ()": Rows,
}


@pytest.mark.parametrize("line", WRONG_PARTS)
def test_the_contract_checks_say_it_in_one_line(line):
    part = WRONG_PARTS[line]()
    said = []
    for check in contracts.CHECKS[contracts.kind_of(part)]:
        if check is not contracts.runs_or_refuses_each_handover:
            try:
                check(part)
            except (AssertionError, cb.RequestError) as problem:
                said.append(str(problem))
    assert any(line in text for text in said), said


def test_parameters_whose_sizes_follow_the_data_are_no_mistake():
    contracts.fits_samples_and_scores(dataclasses.replace(cb.models.KernelDensity()))
