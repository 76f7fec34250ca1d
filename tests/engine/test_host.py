"""The host loop gives the numbers of the compiled loop, traced in pieces and by plain calls."""

import dataclasses
import inspect
from pathlib import Path

import numpy as np
import pytest

import collapsebench as cb
from collapsebench.specs.registry import REGIMES

SIZES = {"n": 12, "generations": 4, "trajectories": 2, "holdout": 16, "width": 1}


@cb.spec
class PlainGaussian(cb.models.Gaussian):
    """A Gaussian that is called as a model outside of JAX is."""

    hosted = True


@cb.spec
class PlainMixture(cb.models.GaussianMixture):
    """A Gaussian mixture that is called as a model outside of JAX is."""

    hosted = True


CASES = [
    ("normal", cb.models.Gaussian(), PlainGaussian()),
    ("gaussian_mixture", cb.models.GaussianMixture(), PlainMixture()),
]
QUICK = {("normal", "replace"), ("normal", "accumulate")}


@pytest.mark.parametrize(
    ("target", "model", "plain", "regime"),
    [
        pytest.param(
            *case, regime, id=f"{case[0]}-{regime}", marks=[] if (case[0], regime) in QUICK else [pytest.mark.slow]
        )
        for case in CASES
        for regime in REGIMES.names()
    ],
)
def test_the_host_gives_what_the_compiled_loop_gives(target, model, plain, regime):
    experiment = cb.Experiment(
        target=target, model=model, regime=regime, metrics=("nll", "variance"), x64=True, **SIZES
    )
    compiled = cb.run(experiment)
    for same in (dataclasses.replace(experiment, host=True), dataclasses.replace(experiment, model=plain)):
        result = cb.run(same)
        for name in ("nll", "variance"):
            np.testing.assert_allclose(result[name], compiled[name], rtol=1e-9)


def test_few_frames_lie_between_a_run_and_the_first_number():
    stacks = []

    @cb.spec
    class Watched(cb.models.Gaussian):
        def fit(self, key, params, data):
            stacks.append([frame.filename for frame in inspect.stack() if "collapsebench/" in frame.filename])
            return super().fit(key, params, data)

    cb.run(cb.Experiment(model=Watched(), **SIZES))
    ours = [[Path(name) for name in stack if Path(name).parts[-3:-2] == ("collapsebench",)] for stack in stacks]
    assert max(map(len, ours)) <= 9
    assert max(len(set(stack)) for stack in ours) <= 8
