"""Multinomial sampler: joint law, margins, covariances, and edge cases."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, PartitionSpec
from scipy import stats

from collapsebench.maths.samplers import multinomial

LANES, SYMBOLS = 4000, 300
over_lanes = jax.jit(jax.vmap(multinomial))


def draw(seed, n, probs, rounds=1):
    """Counts [rounds * LANES, SYMBOLS]; n and probs are one for all lanes or one for each. One program for all."""
    n = jnp.broadcast_to(jnp.asarray(n, jnp.float32), (LANES,))
    probs = np.asarray(probs, np.float32)
    probs = np.pad(probs, [(0, 0)] * (probs.ndim - 1) + [(0, SYMBOLS - probs.shape[-1])])
    keys = jax.random.split(jax.random.key(seed), (rounds, LANES))
    probs = jnp.broadcast_to(probs, (LANES, SYMBOLS))
    return np.concatenate([over_lanes(row, n, probs) for row in keys]).astype(np.float64)


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
def test_joint_law(dtype, assert_cells):
    """Every one of the 231 outcomes of 20 draws from three of five symbols."""
    probs = [0.5, 0.0, 0.2, 0.3, 0.0]
    if dtype == "float32":
        counts = draw(1, 20, probs, 10)
        assert np.all(counts[:, 5:] == 0)
    else:
        with jax.enable_x64(True):
            keys = jax.random.split(jax.random.key(1), 40_000)
            counts = np.asarray(jax.vmap(lambda key: multinomial(key, 20, jnp.asarray(probs)))(keys))
            assert counts.dtype == np.float64
    assert np.all(counts[:, [1, 4]] == 0)
    assert np.all(counts.sum(1) == 20)
    cells = [(i, j, 20 - i - j) for i in range(21) for j in range(21 - i)]
    observed = [np.sum((counts[:, 0] == i) & (counts[:, 2] == j)) for i, j, _ in cells]

    def law(*probs):
        return stats.multinomial(20, probs).pmf(cells)

    assert_cells(observed, law(0.5, 0.2, 0.3), law(0.5, 0.21, 0.29))


@pytest.fixture(scope="module")
def wide():
    """300 symbols, a third of them dead, the others from 1e-9 to 0.1: probabilities and 4000 draws of 2000."""
    probs = np.random.default_rng(0).dirichlet(np.full(300, 0.3))
    probs[::3] = 0
    probs = (probs / probs.sum()).astype(np.float32)
    return probs.astype(np.float64) / probs.sum(dtype=np.float64), draw(2, 2000, probs)


def test_sums_and_dead_symbols(wide):
    probs, counts = wide
    assert np.all(counts.sum(1) == 2000)
    assert np.all(counts[:, probs == 0] == 0)
    assert np.all((counts >= 0) & (counts == np.round(counts)))


def test_margins_are_binomial(wide, assert_counts):
    probs, counts = wide
    for symbol in np.argsort(probs)[[-1, -5, -20, -50]]:
        law, wrong = stats.binom(2000, probs[symbol]), stats.binom(2000, probs[symbol] * 1.15)
        assert_counts(counts[:, symbol], law, wrong)


def test_pooled_margins(wide, assert_cells):
    probs, counts = wide
    tilted = probs * np.linspace(0.99, 1.01, len(probs))
    assert_cells(counts.sum(0)[probs > 0], probs[probs > 0], tilted[probs > 0] / tilted.sum())


def test_covariances(wide, assert_law):
    """-n p_i p_j between symbols; drawn independently they would have 0."""
    probs, counts = wide
    order = np.argsort(probs)[::-1]
    one, many = probs[order[0]], probs[order[1:40]].sum()
    product = (counts[:, order[0]] - 2000 * one) * (counts[:, order[1:40]].sum(1) - 2000 * many)
    assert_law(product[:, None], [-2000 * one * many], [0])


@pytest.mark.parametrize("n", [0, 1, 2**24])
def test_extreme_sizes(n):
    probs = np.r_[np.zeros(40), np.full(60, 1 / 60)]
    counts = draw(3, n, probs)
    assert np.all(counts.sum(1) == n)
    assert np.all(counts[:, :40] == 0)
    assert np.all(counts[:, 100:] == 0)
    if n > 1:
        score = np.sum((counts[:, 40:100] - n / 60) ** 2 / (n / 60))
        assert abs(score - LANES * 59) < 5 * np.sqrt(2 * LANES * 59)


@pytest.mark.parametrize("symbols", [1, 33])
def test_any_number_of_symbols(symbols):
    """Only the last symbol lives; then all do, in proportion to unnormalised weights."""
    weights = np.full((2, symbols), 3.0, np.float32)
    weights[0, :-1] = 0
    counts = np.asarray(over_lanes(jax.random.split(jax.random.key(4), 2), jnp.full(2, 1e5), jnp.asarray(weights)))
    np.testing.assert_array_equal(counts[0], weights[0] / 3 * 1e5)
    assert counts[1].sum() == 1e5
    assert np.all(abs(counts[1] - 1e5 / symbols) <= 7 * np.sqrt(1e5 / symbols))


def test_impossible_parameters_are_nan():
    n = np.resize([-1, 5, np.nan, 5], LANES)
    counts = draw(0, n, np.resize([[1.0], [0], [1], [1]], (LANES, 1)) * np.ones(7))
    assert np.isnan(counts).all(1).reshape(-1, 4).all(0).tolist() == [True, True, True, False]
    assert np.all(counts[3::4].sum(1) == 5)


def test_a_lane_does_not_depend_on_the_others(wide):
    """Lanes with different sizes and numbers of living symbols, mapped and one by one."""
    sizes = np.random.default_rng(1).integers(0, 5000, LANES)
    every = 1 + np.arange(LANES)[:, None] % 24
    probs = np.where(np.arange(SYMBOLS) % every == 1, wide[0], wide[0] * (np.arange(SYMBOLS) < 9)).astype(np.float32)
    together = draw(5, sizes, probs)
    keys = jax.random.split(jax.random.key(5), (1, LANES))[0]
    for lane in range(12):
        alone = multinomial(keys[lane], np.float32(sizes[lane]), jnp.asarray(probs[lane]))
        np.testing.assert_array_equal(together[lane], alone)


@pytest.mark.slow
def test_recursion_inside_scan_map_and_shard_map():
    """Neutral drift: symbols die for good, and the chance that two draws differ falls by 1 - 1/n a generation."""
    n, symbols, generations, trajectories = 60, 30, 40, 2048
    mesh, over = jax.make_mesh((1,), ("trajectory",), axis_types=(AxisType.Auto,)), PartitionSpec("trajectory")

    def trajectory(key):
        def step(counts, generation):
            drawn = multinomial(jax.random.fold_in(key, generation), n, counts / n)
            return drawn, (jnp.sum((drawn > 0) & (counts == 0)), 1 - jnp.sum((drawn / n) ** 2), jnp.sum(drawn))

        return jax.lax.scan(step, jnp.full(symbols, n / symbols), jnp.arange(generations))[1]

    @jax.jit
    @partial(jax.shard_map, mesh=mesh, in_specs=over, out_specs=over, check_vma=False)
    def run(keys):
        return jax.lax.map(trajectory, keys, batch_size=512)

    revived, diversity, sums = map(np.asarray, run(jax.random.split(jax.random.key(6), trajectories)))
    assert np.all(revived == 0)
    assert np.all(sums == n)
    law = (1 - 1 / symbols) * (1 - 1 / n) ** np.arange(1, generations + 1)
    error = diversity.std(0) / np.sqrt(trajectories)
    assert np.all(np.abs(diversity.mean(0) - law) < 5 * error)
    assert np.max(np.abs(diversity.mean(0) - (1 - 1 / symbols)) / error) > 10  # no drift at all
