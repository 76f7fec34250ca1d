"""Keys that cost no hash: of their own for every stream and generation, and good for independent draws."""

import jax
import numpy as np
from scipy import stats

from collapsebench.maths import samplers
from collapsebench.maths.streams import Stream, key_for, key_near, trajectory_key

LANES, GENERATIONS = 2000, 100


def test_near_keys_differ_from_each_other_and_from_hashed_ones():
    root = jax.random.key(3)
    made = [
        tuple(jax.random.key_data(key(trajectory_key(root, i), stream, g)).tolist())
        for i in range(2) for stream in (Stream.SAMPLE, Stream.FRESH) for g in range(3) for key in (key_near, key_for)
    ]  # fmt: skip
    assert len(set(made)) == len(made)


def test_draws_of_near_keys_are_independent_over_generations_and_trajectories():
    """Uniform by Kolmogorov and Smirnov; the correlations that sums of a chain would turn into a wrong spread."""

    def draws(i):
        key = trajectory_key(jax.random.key(4), i)
        return jax.vmap(lambda g: samplers.normal(key_near(key, Stream.SAMPLE, g), (2,)))(np.arange(GENERATIONS))

    z = np.asarray(jax.jit(jax.vmap(draws))(np.arange(LANES)), float)
    assert stats.kstest(z.ravel(), stats.norm.cdf).pvalue > 1e-6
    for lag in (1, 2, 16):
        for one, two in ((z[:, lag:], z[:, :-lag]), (z[lag:], z[:-lag]), (z[:, lag:, 0], z[:, :-lag, 1])):
            assert abs((one * two).mean()) < 5 / np.sqrt(one.size)
    sums = z.sum(axis=1) / np.sqrt(GENERATIONS)
    assert abs(sums.var() - 1) < 5 * np.sqrt(2 / sums.size)
