"""Resampling of weighted rows: with replacement, bootstrap, and subsamples without replacement."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapsebench.maths.samplers import categorical_rows, choose_rows, subsample_rows

DRAWS = 200_000
symbols = jax.jit(lambda key, probs: categorical_rows(key, probs, DRAWS))


def test_categorical_rows(dtype, assert_cells):
    probs = np.random.default_rng(0).dirichlet(np.full(50, 0.5)).astype(dtype)
    probs[::4] = 0
    drawn = np.asarray(symbols(jax.random.key(1), jnp.asarray(probs * 3)))
    assert drawn.dtype == np.int32
    observed, probs = np.bincount(drawn, minlength=50), probs.astype(np.float64) / probs.sum(dtype=np.float64)
    assert np.all(observed[probs == 0] == 0)
    tilted = probs * np.linspace(0.95, 1.05, 50)
    assert_cells(observed[probs > 0], probs[probs > 0], (tilted / tilted.sum())[probs > 0])


@pytest.mark.parametrize("size", [1, 4097])
def test_dead_rows_are_never_chosen(size, random):
    """Also where the parallel running sum rounds differently on both sides of a zero."""
    weights = np.where(random.random(size) < 0.3, random.random(size) ** 8, 0).astype(np.float32)
    weights[size // 2] = 1
    assert np.all(weights[np.asarray(symbols(jax.random.key(2), jnp.asarray(weights)))] > 0)
    only = np.zeros(size, np.float32)
    only[-1] = 1e-30
    assert np.all(np.asarray(symbols(jax.random.key(3), jnp.asarray(only))) == size - 1)


def test_choose_rows_is_the_bootstrap_of_the_living(assert_cells):
    weights = jnp.asarray([0.0, 1, 1, 0, 1, 2, 0])
    drawn = choose_rows(jax.random.key(4), weights, 100_000)
    assert_cells(np.bincount(drawn, minlength=7)[[1, 2, 4, 5]], [0.2, 0.2, 0.2, 0.4], [0.25, 0.25, 0.25, 0.25])


def test_subsample_rows_is_uniform_over_ordered_subsets(assert_cells):
    """Two of five living rows among eight: each of the 20 ordered pairs as often."""
    weights = jnp.asarray([1.0, 0, 3, 1, 0, 0.5, 1, 0])
    living = [0, 2, 3, 5, 6]
    keys = jax.random.split(jax.random.key(5), 50_000)
    rows, kept = map(np.asarray, jax.vmap(lambda key: subsample_rows(key, weights, 2))(keys))
    assert np.all(kept)
    pairs = list(itertools.permutations(living, 2))
    observed = np.array([np.sum((rows[:, 0] == i) & (rows[:, 1] == j)) for i, j in pairs])
    assert observed.sum() == 50_000
    tilted = np.array([1 + 0.1 * (i < j) for i, j in pairs])
    assert_cells(observed, np.full(20, 0.05), tilted / tilted.sum())


def test_subsample_rows_of_so_many_that_they_share_slots(assert_cells):
    """16 of 2000 rows, two thirds of them living: a table of 128 slots, and draws that go on by themselves."""
    living = np.arange(2000) % 3 > 0
    keys = jax.random.split(jax.random.key(8), 5000)
    rows, kept = map(np.asarray, jax.vmap(lambda key: subsample_rows(key, jnp.asarray(living, jnp.float32), 16))(keys))
    assert np.all(kept)
    assert np.all(living[rows])
    assert np.all(np.diff(np.sort(rows, axis=1), axis=1) > 0)
    share = np.add.reduceat(living, np.arange(0, 2000, 100)) / living.sum()
    assert_cells(np.bincount(rows.ravel() // 100, minlength=20), share, share * np.linspace(0.97, 1.03, 20))


def test_subsample_rows_with_fewer_living_than_asked():
    take = jax.jit(lambda key, weights: subsample_rows(key, weights, 6))
    rows, kept = take(jax.random.key(6), jnp.asarray([0.0, 1, 0, 1, 1, 0, 0, 0, 0]))
    np.testing.assert_array_equal(kept, [True] * 3 + [False] * 3)
    assert sorted(np.asarray(rows[:3])) == [1, 3, 4]
    rows, kept = take(jax.random.key(6), jnp.ones(9))
    assert np.all(kept)
    assert len(set(np.asarray(rows).tolist())) == 6
    assert take._cache_size() == 1


def test_rows_do_not_depend_on_what_is_mapped_around_them():
    keys = jax.random.split(jax.random.key(7), 8)
    weights = jnp.asarray(np.random.default_rng(1).integers(0, 3, (8, 40)), jnp.float32)
    both = jax.jit(lambda key, weights: (choose_rows(key, weights, 30), subsample_rows(key, weights, 9)[0]))
    together = jax.vmap(both)(keys, weights)
    alone = [both(*lane) for lane in zip(keys, weights, strict=True)]
    for i in range(2):
        np.testing.assert_array_equal(together[i], [one[i] for one in alone])
