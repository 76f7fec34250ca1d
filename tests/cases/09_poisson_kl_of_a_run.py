"""KL of near-equal laws cancels; right: KL ~ 1 / (2 n).

Source: google/tunix#2315, scipy#25625.
"""

import collapsebench as cb


def case():
    target = cb.targets.Poisson(rate=1e6)
    e = cb.Experiment(
        name="p", target=target, model="poisson", metrics=("kl",), n=100, generations=1, trajectories=2000
    )
    got = float(cb.run(e).kl.mean())
    return abs(got - 0.005) < 0.001, f"mean KL {got:.4f} right 0.0050"
