"""Far tails of every sampler against SciPy at 1e8 draws, and how fine each sampler is where its law is thin."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from collapsebench.maths import samplers
from collapsebench.maths.distributions.logistic import LogisticLabels
from collapsebench.maths.samplers.binomial import propose_binomial, propose_poisson
from collapsebench.maths.samplers.bits import half_from, uniform_from, whole_below
from collapsebench.maths.samplers.resample import _cumulative

BATCH, BATCHES = 2**20, 96
WHOLE = BATCH * BATCHES
RARE = np.array([0.3, 3e-7, 0.2, 1e-6, 0, 0.5, 1e-7, 3e-8, 1e-8])
"""Probabilities of symbols; beside a running sum of 1/2 a float32 has steps of 6e-8."""


@partial(jax.jit, static_argnames=("draw", "batches"))
def cells(draw, edges, batches=BATCHES):
    """How many of the draws of all batches lie in each cell between `edges`."""

    def batch(i, counts):
        x = draw(jax.random.fold_in(jax.random.key(31), i)).reshape(-1)
        # A loop over edges: eight sums side by side would each draw the batch anew.
        return counts + jax.lax.map(lambda edge: jnp.sum(x >= edge), jnp.asarray(edges))

    return jax.lax.fori_loop(0, batches, batch, jnp.zeros(len(edges), jnp.int32))


def edges_of(law):
    """Quantiles of either tail from 1e-4 down to 1e-7, the lowest first; whole numbers that differ for counts."""
    tails = np.array([1e-7, 1e-6, 1e-5, 1e-4])
    edges = np.concatenate([law.ppf(tails), law.isf(tails[::-1])])
    return np.unique(edges) if law.dist.name in ("poisson", "binom") else edges


LAWS = {
    "uniform": (samplers.uniform, (), stats.uniform()),
    "normal": (samplers.normal, (), stats.norm()),
    "exponential": (samplers.exponential, (), stats.expon()),
    "poisson, 0.1": (samplers.poisson, (0.1,), stats.poisson(np.float32(0.1))),
    "poisson, 3": (samplers.poisson, (3.0,), stats.poisson(3)),
    "poisson, 9.9": (samplers.poisson, (9.9,), stats.poisson(np.float32(9.9))),
    "poisson, 12": (samplers.poisson, (12.0,), stats.poisson(12)),
    "poisson, 1e4": (samplers.poisson, (1e4,), stats.poisson(1e4)),
    "binomial, 20 at 1/2": (samplers.binomial, (20.0, 0.5), stats.binom(20, 0.5)),
    "binomial, 19 at 1/2": (samplers.binomial, (19.0, 0.5), stats.binom(19, 0.5)),
    "binomial, 1e3 at 3e-3": (samplers.binomial, (1e3, 3e-3), stats.binom(1000, float(np.float32(3e-3)))),
    "binomial, 60 at 7/8": (samplers.binomial, (60.0, 0.875), stats.binom(60, 0.875)),
    "binomial, 1e5 at 1/4": (samplers.binomial, (1e5, 0.25), stats.binom(10**5, 0.25)),
    "log gamma, 0.3": (samplers.log_gamma, (0.3,), stats.loggamma(np.float32(0.3))),
    "log gamma, 1": (samplers.log_gamma, (1.0,), stats.loggamma(1)),
    "log gamma, 20": (samplers.log_gamma, (20.0,), stats.loggamma(20)),
    "chi-square, 3": (samplers.chi_square, (3.0,), stats.chi2(3)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LAWS)
def test_far_tails(name, assert_cells):
    """Wrong laws: tails that hold a quarter more, and tails that lack their last two cells."""
    sampler, parameters, law = LAWS[name]
    edges = edges_of(law).astype(np.float32)
    above = np.asarray(cells(lambda key: sampler(key, *parameters, (BATCH,)), tuple(map(float, edges))), np.int64)
    observed = -np.diff(np.concatenate([[WHOLE], above, [0]]))
    counts = law.dist.name in ("poisson", "binom")
    cdf, survival = (side(edges.astype(float) - counts) for side in (law.cdf, law.sf))
    # Differences of tails, each from its own end: beside 1 they would be rounding errors.
    low, high = np.concatenate([[0], cdf, [1]]), np.concatenate([[1], survival, [0]])
    probs = np.where(low[1:] < 0.5, np.diff(low), -np.diff(high))
    thick, place = np.argmax(probs), np.arange(len(probs))
    wrong = [probs * 1.25, np.where((place < 2) | (place >= len(probs) - 2), 1e-12, probs)]
    for tails in wrong:
        tails[thick] = 1 - tails[place != thick].sum()
    assert_cells(observed, probs, *wrong)


def share_of(p):
    return lambda key: samplers.bernoulli(key, np.float32(p), (BATCH,)).astype(jnp.float32)


def label(key):
    """Labels at a score of 14: 0 with probability 8.3e-7."""
    rows = {"x": jnp.full((BATCH, 1), 14.0)}
    return 1 - LogisticLabels(jnp.ones(1), jnp.ones(1)).sample(key, BATCH, rows)["y"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("draw", "p"),
    [(share_of(1e-6), 1e-6), (share_of(1e-7), 1e-7), (share_of(1e-8), 1e-8), (label, 1 / (1 + np.exp(14)))],
)
def test_rare_events(draw, p):
    """Within the 1e-7 quantiles of a Poisson law."""
    hits = int(cells(draw, (0.5,))[0])
    law = stats.poisson(WHOLE * float(np.float32(p)))
    assert law.cdf(hits) > 1e-7
    assert law.sf(hits - 1) > 1e-7


@pytest.mark.slow
@pytest.mark.parametrize("size", [9, 1500])
@pytest.mark.parametrize("how", ["rows", "multinomial"])
def test_rare_symbols(how, size, assert_cells):
    """Symbols of 3e-7 to 1e-8 between thick ones, alone and in the middle of 1500."""
    probs = np.pad(RARE, (0, size - len(RARE))) if size == 9 else np.concatenate([RARE, np.full(size - 9, 1e-3)])
    probs = probs.astype(np.float32)

    @jax.jit
    def count(i):
        key = jax.random.fold_in(jax.random.key(5), i)
        if how == "rows":
            return jnp.stack([jnp.sum(samplers.categorical_rows(key, probs, BATCH) == k) for k in range(9)])
        counts = jax.vmap(lambda key: samplers.multinomial(key, 2.0**12, probs))(jax.random.split(key, 256))
        return counts.sum(0)[:9].astype(jnp.int32)

    observed = sum(np.asarray(count(i), np.int64) for i in range(BATCHES))
    right = probs.astype(float) / probs.astype(float).sum()
    law = np.append(right[:9], right[9:].sum())
    observed = np.append(observed, WHOLE - observed.sum())
    assert observed[4] == 0
    seen = law > 0
    merged = law.copy()
    merged[[1, 3, 6, 7, 8]] = 0  # what a cumulative sum of 24 bits gives
    merged = np.maximum(merged / merged.sum(), 1e-12)
    assert_cells(observed[seen], law[seen], merged[seen])


def test_uniforms_are_fine_near_both_ends():
    """2**20 draws of 23 bits hold 1e5 that are equal to another and none below 1.2e-7 but 0."""
    u = np.asarray(samplers.uniform(jax.random.key(1), (2**20,)))
    below = u[u < 2**-8]
    assert len(np.unique(below)) > 0.999 * len(below)
    assert 0 < u.min() < 2**-16
    assert u.max() <= 1
    x = np.asarray(samplers.exponential(jax.random.key(2), (2**20,)), np.float64)
    for tail in (x[x < 2**-8], x[x > 8]):
        assert len(np.unique(tail)) > 0.99 * len(tail)
    assert x.min() > 0


def test_words_reach_the_end_of_the_law():
    """The largest and the smallest 64 bits: what a sampler can draw at all."""
    ends = jnp.asarray([0, 2**32 - 1], jnp.uint32)
    assert 0 < uniform_from(ends, ends, jnp.float32)[0] < 1e-19
    upper, v = half_from(ends, ends, jnp.float32)
    assert not upper[0]
    assert upper[1]
    assert v[0] < 1e-19
    np.testing.assert_array_equal(whole_below(ends, ends, jnp.uint32(7)), [0, 6])
    thin = jnp.asarray([1 << 31], jnp.uint32), jnp.asarray([0], jnp.uint32)  # the upper half at 2**-65
    assert propose_poisson(*thin, jnp.full(1, 0.1))[0] == np.sum(stats.poisson(0.1).sf(np.arange(40)) > 2.0**-66)
    assert propose_binomial(*thin, jnp.full(1, 10.0), jnp.full(1, 0.5))[0] == 10
    one = jnp.full(1, 1.0)
    assert propose_binomial(*thin, one, one * 1e-18)[0] == 1


def test_rare_symbols_own_their_share_of_the_words():
    """Integer running sums: each symbol's part of them is its probability, whatever stands before it."""
    high, low = (np.asarray(word, np.uint64) for word in _cumulative(jnp.asarray(RARE, jnp.float32)))
    sums = (high << np.uint64(32)) + low
    parts = np.diff(np.concatenate([np.zeros(1, np.uint64), sums])).astype(float)
    probs = RARE.astype(np.float32).astype(float)
    np.testing.assert_allclose(parts / float(sums[-1]), probs / probs.sum(), rtol=2e-7)


def test_a_rare_symbol_is_drawn_from_words_too():
    """1e-9 of the mass beside 1: conditional probabilities of the thick one would round to 1."""
    keys = jax.random.split(jax.random.key(3), 4096)
    many = jax.jit(lambda probs: jax.vmap(lambda key: samplers.multinomial(key, 2.0**20, probs))(keys))
    for probs in ([1.0, 0, 1e-9], [1e-9, 1.0, 0], [1.0, 1e-9, 1e-9]):
        counts = np.asarray(many(jnp.asarray(probs)))
        rare = int(counts.sum(0)[np.asarray(probs) < 1].sum())
        law = stats.poisson(4096 * 2**20 * sum(p for p in probs if p < 1))
        assert law.cdf(rare) > 1e-7
        assert law.sf(rare - 1) > 1e-7
