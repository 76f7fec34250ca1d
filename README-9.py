import numpy as np

import collapsebench as cb

rng = np.random.default_rng(0)
for name, sd in {"real": 1, "gen0": 1, "gen1": 0.9, "gen2": 0.8, "gen3": 0.7}.items():
    np.savetxt(f"{name}.csv", sd * rng.standard_normal((1000, 2)), delimiter=",", header="height,weight", comments="")

report = cb.monitor("real.csv", ["gen0.csv", "gen1.csv", "gen2.csv", "gen3.csv"])
print(report)  # a line a generation, what was lost, and the last healthy generation to go back to
assert report.first("losing").generation <= 3

watch = cb.Monitor("real.csv")  # in a training loop
for generation in range(3):
    print(watch.update(rng.standard_normal((1000, 2))).alarms)
