import collapsebench as cb

swept = cb.sweep(
    cb.Experiment(name="mixing", regime="mix", handover="summary", n=100, generations=30, trajectories=200),
    {"regime.real_fraction": [0.0, 0.1, 0.5], "n": [100, 1000]},
)
print(swept.variance.mean("trajectory").isel(generation=-1).values.round(3))
