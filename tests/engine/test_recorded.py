"""Generations that are not recorded are not measured, and those that are have the same numbers."""

import dataclasses

import jax
import numpy as np
import pytest

import collapsebench as cb

MEASURED = []


@cb.spec
class Counted(cb.metrics.Variance):
    """The variance, which notes the generations that it is asked for."""

    def __call__(self, key, view):
        jax.debug.callback(lambda generation: MEASURED.extend(np.atleast_1d(generation).tolist()), view.generation)
        return super().__call__(key, view)


@cb.spec
class Plain(cb.models.Gaussian):
    """A Gaussian that is called as a model outside of JAX is."""

    hosted = True


BASE = cb.Experiment(metrics=(Counted(),), n=12, generations=40, trajectories=3, width=2, holdout=1, record=3)


@pytest.mark.parametrize(
    "experiment",
    [
        BASE,
        dataclasses.replace(BASE, width=1, generations=21, record=2),
        dataclasses.replace(BASE, generations=5, host=True),
        dataclasses.replace(BASE, generations=5, model=Plain()),
    ],
    ids=["compiled", "one lane", "host", "hosted"],
)
def test_only_what_is_recorded_is_measured(experiment):
    wanted = cb.run(dataclasses.replace(experiment, record=None, metrics=("variance",)))
    MEASURED.clear()
    found = cb.run(experiment)
    jax.effects_barrier()
    kept = np.linspace(0, experiment.generations - 1, experiment.record).round().astype(int)
    np.testing.assert_array_equal(found.generation, kept)
    np.testing.assert_allclose(found.counted.values, wanted.variance.sel(generation=kept).values, rtol=1e-5)
    assert set(MEASURED) == set(kept.tolist())
