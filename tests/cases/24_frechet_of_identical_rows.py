"""FID of a set and itself.

Source: mseitzer/pytorch-fid#13, scipy#20178.
"""

import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_digits

from collapsebench.maths.estimators.moments import sample_moments
from collapsebench.maths.estimators.transport import frechet

SLOW = True


def case():
    x = jnp.asarray(load_digits(return_X_y=True)[0][:256], jnp.float32)
    got = float(frechet(x, *sample_moments(x, jnp.ones(256))).value)
    return np.isfinite(got) and abs(got) < 0.01, f"{got} right 0"
