"""The animated picture at the top of the README: python docs/picture.py docs/collapse.gif (half a minute)."""

from __future__ import annotations

import dataclasses
import sys

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter

import collapsebench as cb

STEPS = (*range(0, 20, 2), *range(20, 100, 5), *range(100, 241, 10))
LOOPS = {
    "replace": cb.regimes.Replace(),
    "10% real rows": cb.regimes.Mix(0.1),
    "accumulate": cb.regimes.Accumulate(),
}

base = cb.Experiment(
    name="picture", target=cb.targets.Moons(noise=0.1), model=cb.models.GaussianMixture(components=8, dim=2), n=200,
    generations=STEPS[-1] + 1, trajectories=1, holdout=1, metrics="variance", snapshots=STEPS,
)  # fmt: skip
runs = {name: cb.run(dataclasses.replace(base, regime=regime)).sample.values[0] for name, regime in LOOPS.items()}

figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.3), dpi=90, layout="constrained")
dots = []
for axis, name in zip(axes, runs, strict=True):
    axis.set(xlim=(-1.6, 2.6), ylim=(-1.1, 1.6), xticks=[], yticks=[])
    axis.set_title(name, fontsize=10)
    dots.append(axis.plot([], [], ".", color="#0072b2", markersize=3, alpha=0.7)[0])


def frame(i):
    for dot, rows in zip(dots, runs.values(), strict=True):
        dot.set_data(*np.asarray(rows[i]).T)
    figure.suptitle(f"generation {STEPS[i]}", fontsize=10)
    return dots


frames = [0] * 4 + list(range(len(STEPS))) + [len(STEPS) - 1] * 8
FuncAnimation(figure, frame, frames, blit=False).save(sys.argv[1], PillowWriter(fps=6))
