import dataclasses

import numpy as np

import collapsebench as cb

rows = np.random.default_rng(0).gamma(2.0, size=(500, 3))  # or "mine.csv", or a table
own = cb.Experiment(name="own", target=rows, model="gaussian", n=200, generations=15, trajectories=100)
with_real = dataclasses.replace(own, regime="mix")
cb.plot(cb.run(own), cb.run(with_real), path="own.png")  # or .svg, .pdf; in a notebook without a path
table = cb.targets.Dataset("people.csv", columns=("height", "weight"), weight="count", order="date")
