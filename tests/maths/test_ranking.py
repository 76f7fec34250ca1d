"""Which rows are the smallest, against NumPy's stable order."""

import jax
import jax.numpy as jnp
import numpy as np

from collapsebench.maths.ranking import smallest


def test_the_smallest_are_those_of_a_stable_order(random):
    x = random.random((40, 30), dtype=np.float32) + np.float32(1e-9)
    x[10:20] = np.ceil(4 * x[10:20]) / 4  # equal ones
    x[20:30] *= np.float32(2.0) ** random.integers(-60, 1, (10, 30))
    counts = np.arange(40, dtype=np.float32) - 2.0  # none, some, and more than there are
    counts[:10] = random.integers(0, 31, 10)
    chosen = np.asarray(jax.jit(jax.vmap(smallest))(jnp.asarray(x), jnp.asarray(counts)))
    rank = x.argsort(axis=1, kind="stable").argsort(axis=1)
    np.testing.assert_array_equal(chosen, rank < counts[:, None])
