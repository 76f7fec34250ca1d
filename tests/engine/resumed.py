"""Runs that are stopped at a block and go on from the arrays of their cursor: `python -m tests.engine.resumed FOLDER`."""

import sys
from pathlib import Path

import numpy as np

import collapsebench as cb
from collapsebench.engine import loop
from collapsebench.engine.cursor import Cursor
from collapsebench.learning.training import Training
from collapsebench.runs import runner


def fit(rows, weights, rng):
    return rows.mean(0), rows.std(0)


def draw(params, n, rng):
    return rng.normal(*params, size=(n, params[0].size))


SIZES = {"n": 16, "generations": 5, "trajectories": 6, "width": 2, "holdout": 16}
TINY = Training(steps=6, batch=4)
CASES = {
    "gaussian": cb.Experiment(**SIZES),
    "mixture": cb.Experiment(target="gaussian_mixture", model="gaussian_mixture", metrics="nll", **SIZES),
    "accumulate": cb.Experiment(model="kde", regime="accumulate", metrics="nll", **SIZES),
    "memory": cb.Experiment(regime=cb.regimes.Memory(models=3), **SIZES),
    "vae": cb.Experiment(target="moons", model=cb.models.VAE(hidden=(4,), training=TINY), **SIZES),
    "vae on the host": cb.Experiment(
        target="moons", model=cb.models.VAE(hidden=(4,), training=TINY), host=True, **SIZES
    ),
    "callback": cb.Experiment(model=cb.models.Callback(fit, draw, name="moments"), regime="accumulate", **SIZES),
}
LATER, WITHIN_A_FIT = 3, 9
"""A run goes on after so many of its blocks: within a chunk, and a fit that is cut within the second fit."""


def start(experiment):
    """The engine of an experiment, its plan and the program."""
    lanes = runner.lanes_of(experiment, {}, 1, range(experiment.trajectories))
    engine = runner.engine_of(experiment, lanes)
    return engine, engine.plan(experiment.width), lanes.program


def values(block):
    """The numbers of a block, [lanes, generations, columns]."""
    return np.moveaxis(np.concatenate(block.pieces, axis=1), 0, -1) if block.pieces else 0


def stop(experiment):
    """All numbers of a run, and the arrays of its cursor after a few blocks."""
    found, kept = np.zeros((experiment.trajectories, experiment.generations, len(experiment.columns))), {}
    engine, plan, program = start(experiment)
    for i, block in enumerate(engine.blocks(plan)):
        found[block.lanes, block.generations] = values(block)
        if i == (WITHIN_A_FIT if experiment.host else LATER):
            kept = block.cursor.to_arrays(program)
    return found, kept


def go_on(experiment, arrays):
    """The numbers that a run gives from the arrays of its cursor on; NaN before."""
    found = np.full((experiment.trajectories, experiment.generations, len(experiment.columns)), np.nan)
    engine, plan, program = start(experiment)
    for block in engine.blocks(plan, Cursor.from_arrays(arrays, engine.full(plan), program)):
        found[block.lanes, block.generations] = values(block)
    return found


def main(folder):
    """Go on from every file of a folder, as another process does."""
    loop.SECONDS = 0.0
    for path in Path(folder).glob("*.npz"):
        with np.load(path) as arrays:
            np.save(path.with_suffix(".npy"), go_on(CASES[path.stem], dict(arrays)))


if __name__ == "__main__":
    main(sys.argv[1])
