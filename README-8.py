import collapsebench as cb

experiment = cb.Experiment(
    name="fate", n=20, generations=60, handover="summary", metrics=("kl", "log_variance", "tail_mass")
)
fate = cb.profile(cb.sweep(experiment, {"regime": [cb.regimes.Replace(), cb.regimes.Accumulate()]}))
print(fate["median"].sel(event="spread half lost").to_series())  # about 9 under replace, never under accumulate
print(fate.flag.sel(regime="replace").to_series())  # 1: collapse by this definition, 0: none, NaN: not measured
