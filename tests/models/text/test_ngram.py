"""N-gram models against counts in plain Python: densities, draws, populations, prompts, and both forms of a model."""

import itertools
from collections import Counter
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2

import collapsebench as cb
from collapsebench.maths.distributions.chain import Chain
from collapsebench.models import ngram

CLASSES, BLOCK = 5, 7
RULES = ("maximum_likelihood", "additive", "witten_bell")


def text(random, rows=40, classes=CLASSES):
    """Blocks with contexts that never occur and tokens that never follow."""
    p = np.array([0.5, 0.25, 0.2, 0.05, 0.0])[:classes]
    return random.choice(classes, (rows, BLOCK), p=p / p.sum()).astype(np.int32)


def model(order, dense, monkeypatch, **fields):
    monkeypatch.setattr(ngram, "DENSE", 10**6 if dense else 0)
    return cb.models.NGram(order=order, classes=CLASSES, block=BLOCK, **fields)


def counted(rows, w, order):
    """Weights of grams, of contexts that are followed, and the different tokens that follow, from the rows."""
    grams, contexts, kinds = Counter(), Counter(), {}
    for row, weight in zip(rows.tolist(), w, strict=True):
        for i, m in itertools.product(range(len(row)), range(order)):
            if i >= m and weight > 0:
                context = tuple(row[i - m : i])
                grams[(*context, row[i])] += weight
                contexts[context] += weight
                kinds.setdefault(context, set()).add(row[i])
    return grams, contexts, kinds


def probability(counts, context, token, rule, strength):
    """Probability of a token after a context, by recursion over shorter contexts."""
    grams, contexts, kinds = counts
    total, count = contexts[context], grams[(*context, token)]
    shorter = partial(probability, counts, context[1:], token, rule, strength) if context else lambda: 1 / CLASSES
    if rule == "additive":
        return (count + strength) / (total + strength * CLASSES)
    if not total:
        return shorter()
    if rule == "witten_bell":
        different = len(kinds[context])
        return (count + different * shorter()) / (total + different)
    return count / total


@pytest.mark.parametrize("dense", [True, False])
def test_the_density_is_that_of_counts_in_python(random, monkeypatch, dense):
    """To 1e-10, all orders and rules, with weights and with rows that weigh nothing."""
    rows, held = text(random), text(random, rows=20)
    w = np.where(np.arange(40) < 30, random.uniform(0.5, 2, 40), 0)
    with jax.enable_x64(True):
        for order, rule in itertools.product((1, 3), RULES):
            own = model(order, dense, monkeypatch, smoothing=rule, strength=0.3)
            if order == 1 and not dense:
                continue  # a table always
            key = jax.random.key(0)
            params = jax.jit(own.fit)(key, own.init(key), cb.Batch(jnp.asarray(rows), jnp.asarray(w)))
            found = np.asarray(jax.jit(own.log_prob)(params, held))
            counts = counted(rows, w, order)
            law = [
                sum(
                    np.log(p)
                    if (p := probability(counts, tuple(row[max(0, i - order + 1) : i]), row[i], rule, 0.3))
                    else -np.inf
                    for i in range(BLOCK)
                )
                for row in held.tolist()
            ]
            np.testing.assert_allclose(found, law, rtol=1e-10, err_msg=f"{order} {rule}")


def table(rows, order, rule, temperature=1.0):
    """Conditional probabilities [contexts of order - 1 tokens, token], at a temperature."""
    counts = counted(rows, np.ones(len(rows)), order)
    contexts = itertools.product(range(CLASSES), repeat=order - 1)
    p = np.array([[probability(counts, c, x, rule, 1.0) for x in range(CLASSES)] for c in contexts])
    p = np.where(p > 0, p, 0) ** (1 / temperature)
    return p / p.sum(axis=1, keepdims=True)


def misfit(drawn, law, order):
    """-log10 of the p-value of transitions from full contexts, each context a multinomial (Billingsley, 1961)."""
    index = np.zeros((len(drawn), BLOCK - order + 1), int)
    for i in range(order):
        index = index * CLASSES + drawn[:, i : i + BLOCK - order + 1]
    seen = np.bincount(index.ravel(), minlength=CLASSES**order).reshape(-1, CLASSES)
    wanted = seen.sum(axis=1, keepdims=True) * law
    assert seen[law == 0].sum() == 0, "a token that cannot be"
    known = wanted > 5
    statistic = ((seen - wanted)[known] ** 2 / wanted[known]).sum()
    freedom = known.sum() - known.any(axis=1).sum()
    return -chi2.logsf(statistic, freedom) / np.log(10)


def draws(own, rows, n, tokens=None):
    def one(key):
        params = own.fit(key, own.init(key), cb.Batch(jnp.asarray(rows), jnp.ones(len(rows))))
        return own.sample(key, params, n) if tokens is None else own.continue_from(key, params, tokens)

    return np.asarray(jax.jit(one)(jax.random.key(7)))


CASES = [("maximum_likelihood", 1.0), ("maximum_likelihood", 0.7), ("witten_bell", 1.0), ("additive", 1.0)]


@pytest.mark.slow
@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize(("rule", "temperature"), CASES)
def test_ten_million_drawn_tokens_have_the_law(random, monkeypatch, dense, rule, temperature):
    """A temperature of .98 is told from 1, and that of the rule from one .98 times as high."""
    check_draws(random, monkeypatch, dense, rule, temperature, 10_000_000, 0.98)


@pytest.mark.slow
@pytest.mark.parametrize("dense", [True, False])
def test_drawn_tokens_have_the_law(random, monkeypatch, dense):
    check_draws(random, monkeypatch, dense, "maximum_likelihood", 0.7, 1_000_000, 0.94)


def check_draws(random, monkeypatch, dense, rule, temperature, tokens, wrong):
    rows = text(random)
    own = model(3, dense, monkeypatch, smoothing=rule, temperature=temperature)
    drawn = draws(own, rows, tokens // BLOCK)
    assert misfit(drawn, table(rows, 3, rule, temperature), 3) < 6
    assert misfit(drawn, table(rows, 3, rule, wrong * temperature), 3) > 20


@pytest.mark.parametrize("dense", [True, False])
def test_prompts_are_continued(random, monkeypatch, dense):
    """The first token follows the prompt's last one by the law of the pair."""
    rows = text(random)
    own = model(2, dense, monkeypatch, smoothing="maximum_likelihood", prompted=True)
    prompts = np.repeat(np.arange(4, dtype=np.int32), 50_000)[:, None]
    drawn = draws(own, rows, len(prompts), jnp.asarray(prompts))
    seen = np.stack([np.bincount(drawn[prompts[:, 0] == c, 0], minlength=CLASSES) for c in range(4)])
    law = 50_000 * table(rows, 2, "maximum_likelihood")[:4]
    known = law > 0
    assert seen[~known].sum() == 0
    assert (abs(seen - law)[known] < 5 * np.sqrt(law[known])).all()


def blocks_of(classes, length):
    return np.array(list(itertools.product(range(classes), repeat=length)), np.int32)


def test_population_entropy_and_divergence_are_those_of_all_blocks(random):
    """Of a chain over all 3^4 blocks, one by one."""
    tables = [random.dirichlet(np.ones(3), (3,) * m) for m in range(3)]
    p = Chain(tuple(jnp.asarray(t) for t in tables), 4)
    q = Chain((jnp.asarray(random.dirichlet(np.ones(3))), jnp.asarray(random.dirichlet(np.ones(3), 3))), 4)
    x = blocks_of(3, 4)
    found = jax.jit(lambda p, q: (p.log_prob(x), q.log_prob(x), p.entropy(), p.kl(q), q.kl(p), p.gram_means()))(p, q)
    log_p, log_q, entropy, forward, backward, grams = jax.tree.map(lambda a: np.asarray(a, float), found)
    np.testing.assert_allclose(np.exp(log_p).sum(), 1, rtol=1e-5)
    np.testing.assert_allclose(entropy, -(np.exp(log_p) * log_p).sum(), rtol=1e-5)
    np.testing.assert_allclose(forward, (np.exp(log_p) * (log_p - log_q)).sum(), rtol=1e-4)
    np.testing.assert_allclose(backward, (np.exp(log_q) * (log_q - log_p)).sum(), rtol=1e-4)
    for m, means in enumerate(grams):
        law = np.zeros((3,) * (m + 1))
        for row, weight in zip(x, np.exp(log_p), strict=True):
            for i in range(4 - m):
                law[tuple(row[i : i + m + 1])] += weight
        np.testing.assert_allclose(means, law, rtol=1e-4)
