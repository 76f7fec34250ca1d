from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, PartitionSpec
from scipy import stats

from collapsebench.samplers import multinomial

LANES = 40_000
over_keys = jax.jit(jax.vmap(multinomial, in_axes=(0, None, None)))


def test_joint_law(dtype, assert_cells):
    """Every one of the 231 outcomes of 20 draws from three of five symbols."""
    with_dead = np.array([0.5, 0.0, 0.2, 0.3, 0.0], dtype)
    counts = np.asarray(over_keys(jax.random.split(jax.random.key(1), LANES), dtype.type(20), jnp.asarray(with_dead)))
    assert counts.dtype == dtype
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
    counts = over_keys(jax.random.split(jax.random.key(2), 4000), np.float32(2000), jnp.asarray(probs))
    return probs.astype(np.float64) / probs.sum(dtype=np.float64), np.asarray(counts, np.float64)


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
    left, right = counts[:, order[0]] - 2000 * probs[order[0]], counts[:, order[1:40]].sum(1) - 2000 * probs[order[1:40]].sum()
    assert_law((left * right)[:, None], [-2000 * probs[order[0]] * probs[order[1:40]].sum()], [0])


@pytest.mark.parametrize("n", [0, 1, 2**24])
def test_extreme_sizes(n):
    probs = np.r_[np.zeros(40), np.full(60, 1 / 60), np.zeros(200)]
    keys = jax.random.split(jax.random.key(3), 4000)
    counts = np.asarray(over_keys(keys, np.float32(n), jnp.asarray(probs, jnp.float32)), np.float64)
    assert np.all(counts.sum(1) == n)
    assert np.all(counts[:, probs == 0] == 0)
    if n > 1:
        score = np.sum((counts[:, 40:100] - n / 60) ** 2 / (n / 60))
        assert abs(score - 4000 * 59) < 5 * np.sqrt(2 * 4000 * 59)


@pytest.mark.parametrize("symbols", [1, 33])
def test_any_number_of_symbols(symbols):
    """Only the last symbol lives; then all do, in proportion to unnormalised weights."""
    one = np.zeros(symbols, np.float32)
    one[-1] = 7
    keys = jax.random.split(jax.random.key(4), 3)
    only = over_keys(keys, np.float32(1000), jnp.asarray(one))
    np.testing.assert_array_equal(only, np.broadcast_to(one / 7 * 1000, (3, symbols)))
    counts = np.asarray(over_keys(keys, np.float32(1e5), jnp.full(symbols, 3.0)))
    assert np.all(counts.sum(1) == 1e5)
    assert np.all(abs(counts - 1e5 / symbols) <= 7 * np.sqrt(1e5 / symbols))


def test_impossible_parameters_are_nan():
    keys = jax.random.split(jax.random.key(0), 3)
    for n, weight in ((-1, 1), (5, 0), (np.nan, 1)):
        assert np.isnan(over_keys(keys, np.float32(n), jnp.full(33, np.float32(weight)))).all()


def test_a_lane_does_not_depend_on_the_others(wide):
    """Lanes with different sizes and numbers of living symbols, mapped and one by one."""
    probs = jnp.asarray(wide[0], jnp.float32)
    keys = jax.random.split(jax.random.key(5), 24)
    sizes = jnp.asarray(np.random.default_rng(1).integers(0, 5000, 24), jnp.float32)
    rows = jnp.where(jnp.arange(300) % (1 + jnp.arange(24))[:, None] == 1, probs, probs * (jnp.arange(300) < 9))
    one = jax.jit(multinomial)
    together = jax.jit(jax.vmap(multinomial))(keys, sizes, rows)
    np.testing.assert_array_equal(together, [one(*lane) for lane in zip(keys, sizes, rows, strict=True)])


def test_recursion_inside_scan_map_and_shard_map():
    """Neutral drift: symbols die for good, and the chance that two draws differ falls by 1 - 1/n a generation."""
    n, symbols, generations, trajectories = 60, 30, 40, 2048
    mesh = jax.make_mesh((1,), ("trajectory",), axis_types=(AxisType.Auto,))

    def trajectory(key):
        def step(counts, generation):
            drawn = multinomial(jax.random.fold_in(key, generation), n, counts / n)
            return drawn, (jnp.sum((drawn > 0) & (counts == 0)), 1 - jnp.sum((drawn / n) ** 2), jnp.sum(drawn))

        return jax.lax.scan(step, jnp.full(symbols, n / symbols), jnp.arange(generations))[1]

    @jax.jit
    @partial(jax.shard_map, mesh=mesh, in_specs=PartitionSpec("trajectory"), out_specs=PartitionSpec("trajectory"), check_vma=False)
    def run(keys):
        return jax.lax.map(trajectory, keys, batch_size=512)

    revived, diversity, sums = map(np.asarray, run(jax.random.split(jax.random.key(6), trajectories)))
    assert np.all(revived == 0)
    assert np.all(sums == n)
    law = (1 - 1 / symbols) * (1 - 1 / n) ** np.arange(1, generations + 1)
    error = diversity.std(0) / np.sqrt(trajectories)
    assert np.all(np.abs(diversity.mean(0) - law) < 5 * error)
    assert np.max(np.abs(diversity.mean(0) - (1 - 1 / symbols)) / error) > 10  # no drift at all
