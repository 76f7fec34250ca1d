import collapsebench as cb

experiment = cb.Experiment(
    name="early",
    target=cb.targets.Normal(mean=1.0, sd=2.0),
    model=cb.models.EarlyStopped(steps=3.0),
    n=100,
    generations=5,
    trajectories=1000,
    handover="summary",
)
ablation = cb.ablate(experiment, doses=False)
print(ablation.share.sel(generation=0).values.round(2))  # .7, 0, .3: statistical, expressivity, approximation
