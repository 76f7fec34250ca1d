"""Float32 counts pinned at 2^24, through a whole loop; right: KL ~ (classes - 1) / (2 n).

Source: numpy/numpy#22956.
"""

import collapsebench as cb

SLOW = True


def case():
    e = cb.Experiment(
        name="c", target=cb.targets.Categorical(classes=2, probs=(0.9, 0.1)), model=cb.models.Categorical(classes=2),
        metrics=("kl",), n=30_000_000, generations=2, trajectories=1,
    )  # fmt: skip
    got = cb.run(e).kl.values[0]
    return got.max() < 1e-5, f"KL {got} right below 1e-6"
