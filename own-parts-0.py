from pathlib import Path

import mine
import numpy as np

import collapsebench as cb
from collapsebench.show.figures import Figure, Kind, Panel, Series, write
from collapsebench.analysis.intervals import mean_interval

experiment = cb.Experiment(
    name="shrunk", model=mine.Shrunk(factor=0.9), metrics=(mine.LostShare(),), n=50, generations=8, trajectories=2000
)
lost = cb.run(experiment).lost_share
law = 1 - (0.9 * (1 - 1 / 50)) ** (lost.generation.values + 1)
print(np.abs(lost.mean("trajectory") - law).max().item())

other = cb.Experiment(
    name="other",
    target=mine.Laplace(),
    model=mine.Shrunk(),
    regime=mine.EveryOther(),
    curator=mine.Shrinking(radius=3.0),
    n=50,
    generations=8,
)
cb.run(other)

series = (
    Series("ours", lost.generation.values, *mean_interval(lost)),  # mean, and its 95% interval
    Series("law", lost.generation.values, law, kind=Kind.LAW, group="ours"),
)
panel = Panel("", "generation", "share of variance lost", series)
write(Figure("Shrunk", (panel,), "mean over 2000 trajectories and its 95% interval; dashes: law"), Path("shrunk"))
