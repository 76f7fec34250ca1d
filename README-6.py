# needs scikit-learn
from sklearn.mixture import GaussianMixture

import collapsebench as cb

mixture = cb.models.Callback(
    fit=lambda rows, weights, rng: GaussianMixture(4, random_state=int(rng.integers(2**31))).fit(rows),
    sample=lambda fitted, n, rng: fitted.set_params(random_state=int(rng.integers(2**31))).sample(n)[0],
    log_prob=lambda fitted, rows: fitted.score_samples(rows),
    name="sklearn mixture",
)
experiment = cb.Experiment(
    target="moons", model=mixture, metrics=("nll", "sliced_w2"), n=100, generations=4, trajectories=3
)
print(cb.run(experiment).nll.mean("trajectory").values.round(2))
