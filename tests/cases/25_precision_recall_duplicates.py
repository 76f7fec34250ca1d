"""A strict comparison gives 0 for a set and itself.

Source: photosynthesis-team/piq#285.
"""

import jax.numpy as jnp
import numpy as np

from collapsebench.maths.estimators import neighbours as nb


def case():
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(8, 8)) + 100, 8, 0).astype("f4")
    y = jnp.asarray(x[rng.permutation(64)])
    x = jnp.asarray(x)
    got = [float(f(x, y, k).value) for f in (nb.coverage, nb.recall) for k in (1, 3, 5)]
    return got == [1.0] * 6, f"coverage and recall {got} right all 1"
