"""Frequencies refitted to their own draws: norm, survival and fixation by their laws."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench.maths.distributions.categorical import Categorical, Counter, Counts
from collapsebench.theory import (
    absorption_law,
    augment_l2_law,
    distinct_symbols_law,
    fixation_time_law,
    replace_squared_norm_law,
    survival_law,
    temperature_law,
)

P = np.array([0.5, 0.25, 0.15, 0.1, 0, 0, 0, 0, 0, 0])
SYMBOL = 2
CHANCE = 5.7e-7  # two-sided tail of a normal at 5 standard errors


@cb.spec
class Probability(cb.Metric):
    """The model's probability of one symbol."""

    symbol: int = cb.static(SYMBOL)

    def __call__(self, key, view):
        return view.params.probs[self.symbol]


@cb.spec
class DistanceToReal(cb.Metric):
    """Squared distance of the model to the frequencies of the real set."""

    def __call__(self, key, view):
        return ((view.params.probs - view.real.counts / view.real.weight) ** 2).sum()


REPLACE = cb.Experiment(
    name="categorical",
    target=cb.targets.Categorical(10, P),
    model=cb.models.Categorical(10),
    metrics=("variance", "support", Probability()),
    n=6,
    generations=120,
    trajectories=8000,
    handover="summary",
    width=500,
)


def columns(result):
    return [np.asarray(result[name], float) for name in list(result.data_vars)[:3]]


@pytest.fixture(scope="module")
def replace():
    return columns(cb.run(REPLACE))


def test_squared_norm(replace, assert_law):
    variance, fits = replace[0], np.arange(1, 11)
    law, p = replace_squared_norm_law, P[None]
    assert_law(1 - variance[:, :10], law(6, fits, p), law(5, fits, p), law(6, fits - 1, p))


def test_survival_and_distinct_symbols(replace, assert_law):
    _, support, probability = replace
    fits = np.arange(1, 11)
    alive = survival_law(6, fits, P[SYMBOL])
    assert_law(probability[:, :10] > 0, alive, survival_law(5, fits, P[SYMBOL]), survival_law(6, fits - 1, P[SYMBOL]))
    distinct = distinct_symbols_law(6, fits, P[None])
    assert_law(support[:, :10], distinct, distinct_symbols_law(6, fits - 1, P[None]))


def test_absorption_and_fixation_time(replace, assert_law):
    _, support, probability = replace
    assert np.all(support[:, -1] == 1)
    assert_law(probability[:, -1:], absorption_law(P)[SYMBOL], 0.1)
    law = fixation_time_law(6, P)
    assert_law((support > 1).sum(1) + 1, law, law - 1, law + 1)


def test_the_dead_stay_dead(replace):
    assert np.all(np.diff(replace[1]) <= 0)
    assert replace[1].max() <= 4


def test_fixation_from_uniform(assert_law):
    """Ten rows; the same program, since n and the target are leaves."""
    uniform = np.full(10, 0.1)
    result = cb.run(dataclasses.replace(REPLACE, target=cb.targets.Categorical(10, uniform), n=10))
    support = np.asarray(result["support"])
    assert np.mean(support[:, -1] == 1) > 0.999
    law = fixation_time_law(10, uniform)
    assert 17.4 <= law <= 17.5
    assert_law((support > 1).sum(1) + 1, law, fixation_time_law(9, uniform), 2 * 10)


@pytest.mark.slow
def test_fixation_from_uniform_takes_ten_times_longer_for_ten_times_the_rows(assert_law):
    """A hundred rows."""
    uniform = cb.targets.Categorical(10, np.full(10, 0.1))
    result = cb.run(dataclasses.replace(REPLACE, target=uniform, n=100, generations=2000, trajectories=2000))
    support = np.asarray(result["support"])
    assert np.all(support[:, -1] == 1)
    assert_law((support > 1).sum(1) + 1, 187.4, fixation_time_law(80, np.full(10, 0.1)), 250)


def test_one_row_is_one_symbol():
    variance, support, _ = columns(cb.run(dataclasses.replace(REPLACE, n=1)))
    assert np.all(variance == 0)
    assert np.all(support == 1)


@pytest.mark.slow
def test_samples_agree_with_summary(replace, agreement, assert_law):
    """In law, at the third fit; a summary of 5 rows in the place of 6 would be told apart."""
    rows = columns(cb.run(dataclasses.replace(REPLACE, handover="samples", generations=3)))
    assert_law(1 - rows[0], replace_squared_norm_law(6, [1, 2, 3], P[None]))
    assert all(agreement(a[:, 2], b[:, 2]) > CHANCE for a, b in zip(rows, replace, strict=True))
    fewer = columns(cb.run(dataclasses.replace(REPLACE, n=5)))
    assert agreement(rows[0][:, 2], fewer[0][:, 2]) < 1e-23


@pytest.mark.slow
def test_samples_agree_with_summary_over_many_trajectories(agreement):
    many = dataclasses.replace(REPLACE, n=20, generations=5, trajectories=100_000)
    rows, counts = (columns(cb.run(dataclasses.replace(many, handover=h))) for h in ("samples", "summary"))
    assert all(agreement(a[:, g], b[:, g]) > CHANCE for a, b in zip(rows, counts, strict=True) for g in (0, 2, 4))


def test_augment(assert_law):
    """The real set is drawn too, so the law is averaged over it: E |p_real|^2 is the law of one fit."""
    n_real, n, fits = 8, 5, np.arange(1, 8)
    metrics = (DistanceToReal(),)
    result = cb.run(
        dataclasses.replace(REPLACE, regime=cb.regimes.Augment(), n=n, n_real=n_real, generations=7, metrics=metrics)
    )
    p = _with_norm(replace_squared_norm_law(n_real, 1, P))[None]
    sample = np.asarray(result["distance_to_real"])
    wrong = augment_l2_law(n, n_real, fits, p), augment_l2_law(n_real + 1, n, fits, p)
    assert_law(sample, augment_l2_law(n_real, n, fits, p), *wrong)


def _with_norm(norm, symbols=10):
    """Some distribution with this squared norm: the law depends on nothing else."""
    rest = 1 / symbols
    peak = rest + np.sqrt((norm - rest) * (1 - rest))
    return np.r_[peak, np.full(symbols - 1, (1 - peak) / (symbols - 1))]


def test_temperature_in_population():
    experiment = cb.Experiment(
        name="temperature",
        target=cb.targets.Zipf(10),
        model=cb.models.Categorical(10, temperature=0.8),
        metrics=("variance", Probability()),
        handover="population",
        generations=8,
        trajectories=2,
        x64=True,
    )
    result = cb.run(experiment)
    start = 1 / (np.arange(1, 11) + 2.7)
    law = temperature_law(np.tile(start / start.sum(), (8, 1)), np.arange(8), temperature=0.8)
    variance, probability = (np.asarray(values, float) for values in list(result.data_vars.values())[:2])
    np.testing.assert_allclose(variance, np.tile(1 - (law**2).sum(-1), (2, 1)), rtol=1e-12)
    np.testing.assert_allclose(probability, np.tile(law[:, SYMBOL], (2, 1)), rtol=1e-12)


@pytest.mark.parametrize(("share", "peaked"), [(0.19, True), (0.22, True), (0.26, False)])
def test_temperature_with_external_data_has_hysteresis(share, peaked):
    """K = 5, T = 0.8: uniform is stable from a share of 0.20 on, yet a peaked start survives to 0.22."""
    with jax.enable_x64(True):
        counter, model, uniform = Counter(5), cb.models.Categorical(5, temperature=0.8), Categorical.uniform(5)

        def step(_, now):
            pool = counter.expect(uniform, share).concat(counter.expect(model.generator(now), 1 - share))
            return model.fit(jax.random.key(0), now, pool)

        start = Categorical(jnp.array([0.9, 0.025, 0.025, 0.025, 0.025]))
        end = np.asarray(jax.jit(lambda p: jax.lax.fori_loop(0, 3000, step, p))(start).probs)
        law = temperature_law(np.asarray(start.probs), 3000, temperature=0.8, external=share)
    np.testing.assert_allclose(end, law, atol=1e-9)
    assert (end.max() > 0.3) == peaked


def test_temperature_of_one_changes_nothing_and_the_dead_stay_dead():
    with jax.enable_x64(True):
        p = Categorical(jnp.asarray(P))
        assert np.array_equal(p.sharpen(1.0).probs, p.probs)
        sharp = np.asarray(jax.vmap(lambda t: p.sharpen(t).probs)(jnp.array([0.01, 0.5, 2.0, 100.0])))
    assert np.all(sharp[:, P == 0] == 0)
    np.testing.assert_allclose(sharp[1:3, :4], [P[:4] ** 2 / (P**2).sum(), P[:4] ** 0.5 / (P**0.5).sum()], rtol=1e-12)
    np.testing.assert_allclose(sharp.sum(1), 1, rtol=1e-12)


def test_counts_honour_weights_and_add():
    batch = cb.Batch(jnp.array([0, 3, 3, 1], jnp.int32), jnp.array([1.0, 0.5, 2.0, 0.0]))
    counts = Counter(4).of(batch)
    np.testing.assert_array_equal(counts.counts, [1, 0, 0, 2.5])
    both = counts.scale(2).concat(counts)
    assert float(both.weight) == 10.5
    fitted = cb.models.Categorical(4).fit(jax.random.key(0), Categorical.uniform(4), both)
    np.testing.assert_allclose(fitted.probs, [1 / 3.5, 0, 0, 2.5 / 3.5], rtol=1e-6)


def test_an_empty_set_leaves_the_start():
    nothing = Counts(jnp.zeros(4))
    fitted = cb.models.Categorical(4).fit(jax.random.key(0), Categorical.uniform(4), nothing)
    np.testing.assert_allclose(fitted.probs, 0.25)


def test_draws_of_a_size_that_is_not_whole_weigh_that_size():
    n, p = jnp.array([0, 0.3, 2.5, 100 / 3]), Categorical(jnp.asarray(P, jnp.float32))
    counts = jax.jit(jax.vmap(lambda n: Counter(10).draw(jax.random.key(1), p, n)))(n).counts
    np.testing.assert_allclose(counts.sum(1), n, rtol=1e-6)
    assert (counts[2] > 0).sum() <= 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"target": cb.targets.Categorical(10, (0.5, 0.5))}, "target.probs"),
        ({"target": cb.targets.Zipf(10, shift=-1)}, "target.shift"),
        ({"model": cb.models.Categorical(10, temperature=0)}, "model.temperature"),
        ({"model": cb.models.Categorical(9)}, "classes"),
    ],
)
def test_wrong_requests(change, field):
    with pytest.raises(cb.RequestError, match=field):
        dataclasses.replace(REPLACE, **change)
