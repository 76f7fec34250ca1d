import numpy as np

import collapsebench as cb

base = cb.Experiment(
    name="plan", model=cb.models.Gaussian(unbiased=True), n=100, handover="summary", generations=21, trajectories=400
)
planned = cb.plan(base, "risk=.5", "real_share")
print(planned.attrs["sentence"])  # Keep at least ...% real rows in every generation, with its interval
print(float(planned.exact))  # .43, by planned.attrs["law"]

rows = np.random.default_rng(0).normal(size=(200, 2))  # or the name of a .csv or .npy file of your own
mine = cb.plan(rows, "risk=.5", "fresh_rows", generations=20)
print(mine.attrs["family"], "-", mine.attrs["sentence"])
