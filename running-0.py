import collapsebench as cb

experiment = cb.Experiment(
    name="mine",
    target=cb.targets.Normal(),
    model=cb.models.Gaussian(),
    regime=cb.regimes.Replace(),
    metrics=("variance", "w2_squared"),
    n=100,
    generations=50,
    trajectories=1000,
    seed=0,
)
result = cb.run(experiment)  # xarray.Dataset, dims (trajectory, generation)
