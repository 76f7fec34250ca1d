"""Curators against their laws, in composition, and what each of them costs in draws."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench import theory

C = cb.curators
LARGE = {"n": 20_000, "generations": 4, "trajectories": 24, "holdout": 20_000, "metrics": ("variance", "mean_error")}
ROUNDS = np.arange(4)


def variances(curator, **changes):
    return cb.run(cb.Experiment(**(LARGE | {"curator": curator} | changes))).variance.values


@pytest.mark.parametrize("steady", [False, True])
def test_a_judge_takes_the_spread_at_its_rate(assert_law, steady):
    found = variances(C.Judge(rho=0.6, keep=0.2, steady=steady))
    rates = [theory.judge_variance_law(0.2, rho, ROUNDS, steady=steady) for rho in (0.6, 0.7)]
    assert_law(found[:, 1:] / found[:, :1], rates[0][1:], rates[1][1:], everywhere=True)


def test_numbers_of_the_judge():
    """Theory 14 E: s = .2, rho = .6."""
    assert theory.judge_mean_law(0.2, 0.6) == pytest.approx(0.8399, abs=5e-5)
    assert theory.judge_variance_law(0.2, 0.6, 1) == pytest.approx(0.7187, abs=5e-5)
    assert theory.judge_variance_law(0.2, 0.6, [10, 40], steady=True) == pytest.approx([0.193, 0.055], abs=5e-4)
    assert theory.judge_variance_law(0.2, 0.6, [10, 40]) == pytest.approx([0.037, 1.8e-6], rel=0.02)


def test_a_judge_that_fails_selects_nothing(assert_law):
    found = variances(C.Judge(rho=0.6, keep=0.2, fails_at=1))
    law = theory.judge_variance_law(0.2, 0.6, 1)
    assert_law(found[:, 1:] / found[:, :1], np.full(3, law), theory.judge_variance_law(0.2, 0.6, ROUNDS[1:]))


@pytest.mark.slow
def test_a_judge_that_drifts_loses_its_correlation(assert_law):
    found = variances(C.Judge(rho=0.6, keep=0.2, drift=0.5))
    law = np.cumprod([theory.judge_variance_law(0.2, 0.6 * 0.5**g, 1) for g in range(3)])
    assert_law(found[:, 1:] / found[:, :1], law, theory.judge_variance_law(0.2, 0.6, ROUNDS[1:]))


@pytest.mark.parametrize(
    ("curator", "law", "wrong"),
    [
        (C.Verifier(0.9, 0.1, 0.2), (0.9, 0.1, 0.2), (0.9, 0.2, 0.2)),
        (C.Upsample(3.0, 0.2), (1, 3, 0.2), (1, 2, 0.2)),
    ],
)
def test_verified_and_upsampled_normals(assert_law, curator, law, wrong):
    found = variances(curator)[:, 1:]
    # the bound is a quantile of 20 000 holdout rows
    assert_law(found, *(theory.verified_variance_law(*arguments, ROUNDS[1:]) for arguments in (law, wrong)))


@pytest.mark.slow
def test_surprise_widens_and_sharpening_narrows(assert_law):
    found = variances(C.Surprise(0.5))
    law = [theory.surprise_variance_law(keep) ** ROUNDS[1:] for keep in (0.5, 0.6)]
    assert_law(found[:, 1:] / found[:, :1], *law, everywhere=True)
    found = variances(C.Sharpen(0.8))
    assert_law(found[:, 1:] / found[:, :1], 0.8 ** ROUNDS[1:], 0.85 ** ROUNDS[1:], everywhere=True)


def test_reweighting_undoes_a_bias_of_the_sampler(assert_law):
    model = cb.models.Gaussian(bias=1.2)
    assert_law(variances(C.Reweight(), model=model)[:, 1:], np.ones(3), np.full(3, 1.2))


@pytest.mark.slow
def test_symbols_by_their_laws(assert_law):
    p, rewards = np.array([0.1, 0.2, 0.3, 0.4]), (1.0, 0.5, 0.0, -0.5)
    target = cb.targets.Categorical(classes=4, probs=tuple(p.tolist()))
    symbols = LARGE | {"target": target, "model": cb.models.Categorical(classes=4), "metrics": ("entropy",)}
    entropy = lambda q: -(q * np.log(q)).sum(-1)  # noqa: E731

    def entropies(curator):
        return cb.run(cb.Experiment(**symbols, curator=curator)).entropy.values[:, 1:]

    tilted = [entropy(theory.tilted_law(p, rewards, beta, ROUNDS[1:])) for beta in (0.5, 0.6)]
    assert_law(entropies(C.Tilt(0.5, rewards)), *tilted)
    for candidates in (2, 3):
        laws = []
        for k in (candidates, candidates + 1):
            q, law = p, []
            for _ in range(3):
                q = theory.curation_law(q, rewards, k)
                law.append(entropy(q))
            laws.append(np.array(law))
        assert_law(entropies(C.BestOf(candidates, 1.0, rewards)), *laws)
    sharp = [entropy(theory.temperature_law(p, ROUNDS[1:], temperature=t)) for t in (0.8, 0.9)]
    assert_law(entropies(C.Sharpen(0.8)), *sharp)


def view(x, w=None, generation=0):
    batch = cb.Batch(jnp.asarray(x), jnp.ones(len(x)) if w is None else jnp.asarray(w))
    return cb.View(None, None, None, None, batch, batch, None, generation)


@pytest.mark.slow
def test_what_each_curator_costs():
    """The rows that are left of n = 1000: a share by selection, one in K, what the verifier's rates keep, all by weights."""
    kept = {
        C.Judge(keep=0.2): 200, C.Surprise(0.5): 500, C.BestOf(4): 250, C.Sharpen(): 1000,
        C.Judge(keep=0.2) | C.BestOf(2): None,
    }  # fmt: skip
    for curator, rows in kept.items():
        found = cb.run(
            cb.Experiment(n=1000, generations=1, trajectories=2, curator=curator, metrics="kept")
        ).kept.values
        if rows is None:
            assert (found < 200).all()
        else:
            np.testing.assert_allclose(found, rows, rtol=1e-4)


def test_duplicates_are_dropped():
    weigh = lambda curator, x, w=None: np.asarray(curator.weights(jax.random.key(0), view(x, w), ())[0])  # noqa: E731
    assert weigh(C.Deduplicate(), np.array([3, 1, 3, 3, 1, 2])).tolist() == [1, 1, 0, 0, 0, 1]
    x = np.array([[0.0], [0.5], [0.9], [2.0], [0.1]])
    assert weigh(C.Deduplicate(0.6), x).tolist() == [1, 0, 1, 1, 0]
    assert weigh(C.Deduplicate(0.6), x, [0.0, 1.0, 1.0, 1.0, 1.0]).tolist() == [0, 1, 0, 1, 0]


@pytest.mark.slow
def test_a_chain_is_associative_and_named_in_the_record(assert_law):
    a, b, c = C.Judge(keep=0.5), C.Surprise(0.5), C.Truncate(2.0)
    assert (a | b) | c == a | (b | c) == C.Chain((a, b, c))
    experiment = cb.Experiment(curator=a | b | c)
    assert cb.Experiment.from_json(json.loads(json.dumps(experiment.to_json()))).curator == experiment.curator
    judged = variances(C.Judge(rho=0.6, keep=0.2) | C.Sharpen(0.8))
    law = theory.judge_variance_law(0.2, 0.6, 1) * 0.8
    assert judged[:, 1].mean() / judged[:, 0].mean() == pytest.approx(
        law, rel=0.1
    )  # of a cut normal the power is another
    both = variances(C.Sharpen(0.8) | C.Sharpen(0.9), generations=2)
    factor = 1 / (1 / 0.8 + 1 / 0.9 - 1)
    assert_law(both[:, 1] / both[:, 0], factor, 0.8)


def test_what_is_refused():
    for curator, target in ((C.Tilt(), "categorical"), (C.BestOf(), "categorical"), (C.Judge(), "categorical")):
        with pytest.raises(cb.RequestError):
            cb.Experiment(curator=curator, target=target, model="categorical")
    with pytest.raises(cb.RequestError, match="no curator but a int"):
        cb.Experiment(curator=C.Chain((3,)))
    with pytest.raises(cb.RequestError, match="several curators"):
        cb.Experiment(curator=C.Chain(3))
    with pytest.raises(TypeError):
        C.Judge() | 3
    assert dataclasses.replace(C.Judge(), keep=0.5).keep == 0.5
