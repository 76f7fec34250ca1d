"""Curators against their laws, in composition, and what each of them costs in draws."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import chi2

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


@pytest.mark.slow
@pytest.mark.parametrize("fault", [{"drift": 0.5}, {"fails_at": 1}, {"drift": 0.3, "fails_at": 2}])
def test_faulty_judges_verifiers_and_detectors(assert_law, fault):
    """Each drifts, or fails, by its law; the law of one without a fault is the wrong one."""
    found = variances(C.Judge(rho=0.6, keep=0.2, **fault))
    right, wrong = (theory.judge_variance_law(0.2, 0.6, ROUNDS[1:], **kind) for kind in (fault, {}))
    assert_law(found[:, 1:] / found[:, :1], right, wrong)
    right, wrong = (theory.verified_variance_law(0.9, 0.1, 0.2, ROUNDS[1:], **kind) for kind in (fault, {}))
    assert_law(variances(C.Verifier(0.9, 0.1, 0.2, **fault))[:, 1:], right, wrong)
    biased = cb.models.Gaussian(bias=1.2)
    right, wrong = (theory.detector_variance_law(1.2, ROUNDS[1:], **kind) for kind in (fault, {}))
    assert_law(variances(C.Reweight(**fault), model=biased)[:, 1:], right, wrong)


@pytest.mark.slow
@pytest.mark.parametrize("steady", [False, True])
def test_a_biased_judge_selects_a_trait_too(assert_law, steady):
    """Both columns by the law, the second with rho and bias in each other's place; the covariance makes them differ."""
    two = {"target": cb.targets.Normal(dim=2), "model": cb.models.Gaussian(dim=2)}
    found = variances(C.Judge(rho=0.6, keep=0.2, bias=0.5, steady=steady), **two)
    laws = [
        sum(theory.judge_variance_law(0.2, a, ROUNDS[1:], bias=b, steady=steady) for a, b in ((0.6, bias), (bias, 0.6)))
        for bias in (0.5, 0.4)
    ]
    alone = sum(theory.judge_variance_law(0.2, r, ROUNDS[1:], steady=steady) for r in (0.6, 0.5))
    assert_law(2 * found[:, 1:] / found[:, :1], *laws, alone)


@pytest.mark.slow
def test_a_bias_moves_what_it_is_for(assert_law):
    """After one round a judge's mean is off by (rho^2 + bias^2) i^2, and a verifier's by its law."""
    two = {"target": cb.targets.Normal(dim=2), "model": cb.models.Gaussian(dim=2), "generations": 2}
    found = cb.run(cb.Experiment(**(LARGE | two | {"curator": C.Judge(rho=0.6, keep=0.2, bias=0.5)}))).mean_error
    law, wrong = (sum(theory.judge_mean_law(0.2, r) ** 2 for r in (0.6, bias)) for bias in (0.5, 0.0))
    assert_law(found.values[:, 1], law, wrong)
    found = cb.run(cb.Experiment(**(LARGE | {"curator": C.Verifier(0.9, 0.1, 0.2, bias=0.5)})))
    laws = [theory.verified_mean_law(0.9, 0.1, 0.2, ROUNDS[1:], bias=bias) for bias in (0.5, 0.4)]
    assert_law(abs(found.mean_error.values[:, 1:]) ** 0.5, *laws)
    laws = [theory.verified_variance_law(0.9, 0.1, 0.2, ROUNDS[1:], bias=bias) for bias in (0.5, 0.0)]
    assert_law(found.variance.values[:, 1:], *laws)


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
@pytest.mark.parametrize("dim", [1, 3])
def test_truncation_takes_the_spread_at_its_rate(assert_law, dim):
    """By radius and by the most likely share; theory 14 F, and its other dimensions."""
    fields = {"target": cb.targets.Normal(dim=dim), "model": cb.models.Gaussian(dim=dim), "generations": 3}
    for radius, other in ((1.5, 1.6),) if dim == 3 else ((1.5, 1.6), (2.0, 2.1)):
        laws = [theory.truncation_variance_law(r, ROUNDS[1:3], dim=dim) for r in (radius, other)]
        for curator in (C.Truncate(radius), C.TopP(float(chi2.cdf(dim * radius**2, dim)))):
            found = variances(curator, **fields)
            assert_law(found[:, 1:] / found[:, :1], *laws, everywhere=True)


def test_numbers_of_truncation():
    """Theory 14 F, and the share that is kept."""
    assert theory.truncation_variance_law([1, 2, 3], 1) == pytest.approx([0.291, 0.774, 0.973], abs=5e-4)
    assert theory.truncation_variance_law(2, 3) == pytest.approx(theory.truncation_variance_law(2, 1) ** 3)
    p = np.array([0.3, 0.2, 0.15, 0.12, 0.1, 0.07, 0.04, 0.02])
    left = theory.top_p_law(p[::-1], 0.91, [0, 1, 2, 3, 50])
    assert (left > 0).sum(-1).tolist() == [8, 6, 5, 5, 5]
    assert left[3] == pytest.approx(np.append(np.zeros(3), p[4::-1] / p[:5].sum()))


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
def test_self_correction_by_densities_and_by_real_rows(assert_law):
    """A sampler that narrows settles between itself and the target; symbols keep to the real rows as if those were added."""
    narrow = {"model": cb.models.Gaussian(bias=0.9)}
    laws = [theory.correction_variance_law(strength, ROUNDS[1:], bias=0.9) for strength in (1.0, 0.3)]
    assert_law(variances(C.SelfCorrect(1.0), **narrow)[:, 1:], *laws, everywhere=True)
    found = variances(C.SelfCorrect(1.0, cells=200), **narrow)[:, 1:].mean(axis=0)
    restored = (found - 0.9 ** ROUNDS[1:]) / (laws[0] - 0.9 ** ROUNDS[1:])  # all but what lies within the cells
    assert (restored > 0.8).all()
    assert (restored < 1.2).all()
    p, n, real = np.array([0.1, 0.2, 0.3, 0.4]), 200, 400
    loop = {"n": n, "n_real": real, "generations": 6, "trajectories": 4000, "holdout": 1, "metrics": "l2_squared"}
    symbols = {
        "target": cb.targets.Categorical(classes=4, probs=tuple(p.tolist())),
        "model": cb.models.Categorical(classes=4),
    }
    found = cb.run(cb.Experiment(**loop, **symbols, curator=C.SelfCorrect(0.5, cells=1))).l2_squared.values
    spread = 1 - (p**2).sum()
    laws = [
        spread / real + (1 - 1 / real) * theory.augment_l2_law(strength * n, n, np.arange(1, 7), p)
        for strength in (0.5, 1.0)
    ]
    assert_law(found, *laws)


@pytest.mark.slow
def test_what_self_correction_costs(random):
    """The draws that weights leave, n / (1 + t^2 chi^2), by the weights themselves."""
    x = np.sqrt(0.8) * random.standard_normal((200_000, 1)).astype(np.float32)
    model, target = cb.models.Gaussian(), cb.targets.Normal()
    own = dataclasses.replace(
        view(x), model=model, target=target, params=model.fit(jax.random.key(0), None, cb.Batch(x, jnp.ones(len(x))))
    )
    w = np.asarray(C.SelfCorrect(1.0).weights(jax.random.key(0), own, ())[0], float)
    effective = w.sum() ** 2 / (w**2).sum() / len(w)
    right, wrong = (theory.correction_effective_size_law(1, strength, 0.8) for strength in (1.0, 3.0))
    error = effective**2 * (w**2).std() / np.sqrt(len(w))
    assert abs(effective - right) < 5 * error < 10 * error < abs(effective - wrong)
    assert w.mean() == pytest.approx(1, abs=1e-4)


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
    with np.errstate(divide="ignore", invalid="ignore"):
        cut = [
            np.nan_to_num(-(q * np.log(q))).sum(-1) for q in (theory.top_p_law(p, m, ROUNDS[1:]) for m in (0.85, 0.65))
        ]
    assert_law(entropies(C.TopP(0.85)), *cut)


def view(x, w=None, generation=0):
    batch = cb.Batch(jnp.asarray(x), jnp.ones(len(x)) if w is None else jnp.asarray(w))
    return cb.View(None, None, None, None, batch, batch, None, generation)


@pytest.mark.slow
def test_what_each_curator_costs():
    """The rows that are left of n = 1000: a share by selection, one in K, what the verifier's rates keep, all by weights."""
    kept = {
        C.Judge(keep=0.2): 200, C.Surprise(0.5): 500, C.BestOf(4): 250, C.Sharpen(): 1000,
        C.TopP(0.7): 700, C.Judge(keep=0.2) | C.BestOf(2): None,
    }  # fmt: skip
    for curator, rows in kept.items():
        found = cb.run(
            cb.Experiment(n=1000, generations=1, trajectories=2, curator=curator, metrics="kept")
        ).kept.values
        if rows is None:
            assert (found < 200).all()
        else:
            np.testing.assert_allclose(found, rows, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("curator", "share", "wrong"),
    [
        (C.Verifier(0.9, 0.1, 0.2), 0.9 * 0.8 + 0.1 * 0.2, 0.9),
        (C.Truncate(2.0), chi2.cdf(4, 1), chi2.cdf(2.1**2, 1)),
        (C.Upsample(3.0, 0.2), 0.8 + 3 * 0.2, 1),
    ],
)
def test_what_is_kept_in_the_mean(assert_law, curator, share, wrong):
    found = cb.run(cb.Experiment(**(LARGE | {"curator": curator, "generations": 1, "metrics": "kept"})))
    assert_law(found.kept.values / LARGE["n"], share, wrong)


@pytest.mark.slow
def test_a_verifier_that_failed_keeps_its_middle(assert_law):
    failed = LARGE | {"curator": C.Verifier(0.9, 0.1, 0.2, fails_at=1), "generations": 2, "metrics": "kept"}
    assert_law(cb.run(cb.Experiment(**failed)).kept.values[:, 1] / LARGE["n"], 0.5, 0.74)


def test_duplicates_are_dropped():
    weigh = lambda curator, x, w=None: np.asarray(curator.weights(jax.random.key(0), view(x, w), ())[0])  # noqa: E731
    assert weigh(C.Deduplicate(), np.array([3, 1, 3, 3, 1, 2])).tolist() == [1, 1, 0, 0, 0, 1]
    x = np.array([[0.0], [0.5], [0.9], [2.0], [0.1]])
    assert weigh(C.Deduplicate(0.6), x).tolist() == [1, 0, 1, 1, 0]
    assert weigh(C.Deduplicate(0.6), x, [0.0, 1.0, 1.0, 1.0, 1.0]).tolist() == [0, 1, 0, 1, 0]


@pytest.mark.slow
def test_a_chain_is_associative_and_named_in_the_record(assert_law):
    a, b, c = C.Judge(keep=0.5, drift=0.1), C.TopP(0.5), C.SelfCorrect(2.0)
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
    for curator, why in ((C.Judge(bias=0.5), "the data have one alone"), (C.Judge(rho=0.9, bias=0.5), "one alone")):
        with pytest.raises(cb.RequestError, match=why):
            cb.Experiment(curator=curator)
    with pytest.raises(cb.RequestError, match="its square and that of rho may be 1 together"):
        cb.Experiment(curator=C.Judge(rho=0.9, bias=0.5), target=cb.targets.Normal(dim=2))
    with pytest.raises(cb.RequestError, match=r"curator\.cells = 200: there are 100 real rows"):
        cb.Experiment(curator=C.SelfCorrect(cells=200))
    rows_alone = cb.models.Callback(fit=np.copy, sample=np.resize, name="rows alone")
    for curator in (C.TopP(), C.Surprise(), C.Sharpen()):
        with pytest.raises(cb.RequestError, match="the model has no log_prob, by which it tells draws apart"):
            cb.Experiment(curator=curator, model=rows_alone)
    with pytest.raises(cb.RequestError, match="cells > 0 needs real rows alone"):
        cb.Experiment(curator=C.SelfCorrect(), target=cb.targets.Dataset("iris"), model="gaussian")
    with pytest.raises(cb.RequestError, match="symbol data have no first column to be aside in"):
        cb.Experiment(curator=C.Verifier(bias=0.5), target="zipf", model="categorical")
    assert dataclasses.replace(C.Judge(), keep=0.5).keep == 0.5
