"""What an experiment accepts can be traced: no model and target are refused only when a run begins."""

import contextlib
import dataclasses
import itertools

import pytest

import collapsebench as cb
from collapsebench.engine.loop import Compiled
from collapsebench.parts.data import Handover
from collapsebench.runs.runner import lanes_of

READ = ("dataset", "images", "trained")
"""Targets that read files, or train a network first."""
SMALL = {"n": 20, "holdout": 32, "generations": 3, "trajectories": 2, "metrics": ("nll",)}


def accepted(model):
    """Experiments of a model with every target, handover and start that go together."""
    sizes = {field: getattr(model, field) for field in ("dim", "classes") if getattr(model, field) is not None}
    for (name, target), handover, warm in itertools.product(cb.TARGETS.items(), Handover, (False, True)):
        own = {field: size for field, size in sizes.items() if field in {f.name for f in dataclasses.fields(target)}}
        if name not in READ:
            with contextlib.suppress(cb.RequestError):
                yield cb.Experiment(target=target(**own), model=model, handover=handover, warm_start=warm, **SMALL)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, model in cb.MODELS.items() if not model.streams])
def test_what_is_accepted_is_traced(name):
    experiments = list(accepted(cb.MODELS.get(name)()))
    assert experiments
    for experiment in experiments:
        Compiled(lanes_of(experiment, {}, 1, range(2)))
