import dataclasses

import collapsebench as cb

base = cb.Experiment(name="four", handover="summary", n=100, generations=50, trajectories=1000, metrics="variance")
regimes = [cb.regimes.Replace(), cb.regimes.Accumulate(), cb.regimes.Fresh(rows=50), cb.regimes.Mix(real_fraction=0.1)]
cb.plot(*(cb.run(dataclasses.replace(base, regime=regime)) for regime in regimes), path="four.png")
print(cb.theory.accumulate_variance_limit_law(100))  # .98: what of the variance is never lost under accumulate
