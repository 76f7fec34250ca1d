import collapsebench as cb

experiment = cb.Experiment(
    name="mine", model="gaussian", regime="replace", metrics="variance", n=100, generations=50, trajectories=1000
)
result = cb.run(experiment)  # an xarray.Dataset of dims (trajectory, generation)
law = cb.theory.replace_variance_law(100, result.generation.values + 1)
print(result.variance.mean("trajectory").values[-1].round(2), "law:", law[-1].round(3))  # .6, .605
print(result.collapsebench.summary())
