"""Exact laws of the regimes through the whole engine, at 5 standard errors."""

import dataclasses
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapsebench as cb
from collapsebench import theory

N, FITS = 10, np.arange(1, 11)
METRICS = ("variance", "mean_error", "log_variance", "w2_squared")


def gaussian(**changes):
    base = cb.Experiment(
        name="laws", metrics=METRICS, n=N, generations=10, trajectories=200_000, handover="summary", holdout=1
    )
    return cb.run(dataclasses.replace(base, **changes))


@pytest.fixture(scope="module", params=[False, True], ids=["ml", "unbiased"])
def replaced(request):
    return request.param, gaussian(model=cb.models.Gaussian(unbiased=request.param))


def test_replace(replaced, assert_law):
    unbiased, result = replaced
    for metric, law in (
        ("variance", theory.replace_variance_law),
        ("mean_error", theory.replace_mean_error_law),
        ("log_variance", theory.replace_log_variance_law),
        ("w2_squared", theory.replace_w2_squared_law),
    ):
        right, wrong = law(N, FITS, unbiased=unbiased), law(N, FITS, unbiased=not unbiased)
        far = law(N - 1, FITS, unbiased=unbiased)  # n against n - 1
        others = (wrong,) if np.allclose(far, right) else (wrong, far)
        assert_law(result[metric].values, right, *others)


def test_replace_log_variance_spread(replaced):
    _, result = replaced
    spread = result.log_variance.values.var(0, ddof=1)
    law = theory.replace_log_variance_spread_law(N, FITS)
    kurtosis = ((result.log_variance.values - result.log_variance.values.mean(0)) ** 4).mean(0) - spread**2
    assert np.all(np.abs(spread - law) < 5 * np.sqrt(kurtosis / 200_000))


@pytest.mark.slow
def test_samples_follow_the_same_laws(assert_law):
    result = gaussian(handover="samples")
    assert_law(result.variance.values, theory.replace_variance_law(N, FITS), theory.replace_variance_law(N - 1, FITS))
    wrong = theory.replace_log_variance_law(N, FITS, unbiased=True)
    assert_law(result.log_variance.values, theory.replace_log_variance_law(N, FITS), wrong)


@pytest.mark.slow
def test_replace_in_three_dimensions(assert_law):
    result = gaussian(target=cb.targets.Normal(dim=3), model=cb.models.Gaussian(dim=3), metrics=("variance",))
    right = theory.replace_variance_law(N, FITS, trace=3)
    assert_law(result.variance.values, right, theory.replace_variance_law(N, FITS, trace=3, unbiased=True))


def test_accumulate(assert_law):
    result = gaussian(regime="accumulate")
    law = theory.accumulate_variance_law(N, FITS)
    assert_law(
        result.variance.values, law, theory.replace_variance_law(N, FITS), theory.accumulate_variance_law(N - 1, FITS)
    )
    assert_law(result.mean_error.values, 1 - law, theory.replace_mean_error_law(N, FITS))


def test_augment(assert_law):
    real, synthetic = 20, 10
    result = gaussian(regime="augment", n_real=real)
    # The law is for a given real set of variance s0^2; over real sets its mean is 1 - 1/n, and so is the wrong law's.
    mean_error, variance = theory.augment_law(real, synthetic, FITS, real_variance=1 - 1 / real)
    assert_law(result.variance.values, variance, theory.replace_variance_law(synthetic, FITS))
    # the drift counts from the real set's mean, whose own error is 1 / n_real
    assert_law(result.mean_error.values, mean_error + 1 / real, theory.replace_mean_error_law(synthetic, FITS))


@pytest.mark.slow
def test_mix_by_maximum_likelihood(assert_law):
    """The law of both estimators: told from the other one's."""
    result = gaussian(regime=cb.regimes.Mix(real_fraction=0.3), trajectories=50_000)
    laws = [theory.fresh_law(3, 7, FITS, n_first=N, unbiased=unbiased) for unbiased in (False, True)]
    for metric, right, wrong in zip(("mean_error", "variance"), *laws, strict=True):
        assert_law(result[metric].values, right, wrong)


@pytest.fixture(scope="module")
def fresh():
    model = cb.models.Gaussian(dim=3, unbiased=True)
    common = {"target": cb.targets.Normal(dim=3), "regime": cb.regimes.Fresh(rows=N), "n": 30, "n_real": N}
    common |= {"generations": 20, "trajectories": 20_000}
    return {b: gaussian(model=dataclasses.replace(model, bias=b), **common) for b in (1.0, 0.8)}


@pytest.mark.parametrize("bias", [1.0, 0.8])
def test_fresh(fresh, bias, assert_law):
    fits = np.arange(1, 21)
    mean_error, variance = theory.fresh_law(N, 30, fits, bias=bias, n_first=N)
    wrong = theory.fresh_law(N, 30, fits, bias=1.8 - bias, n_first=N)
    assert_law(fresh[bias].variance.values / 3, variance, wrong[1])
    assert_law(fresh[bias].mean_error.values / 3, mean_error, wrong[0])


@pytest.mark.slow
def test_grow(assert_law):
    sizes = np.array([np.ceil(N * (1.0 + t)) for t in range(10)])
    result = gaussian(regime=cb.regimes.Grow(power=1.0))
    law = theory.schedule_variance_law(sizes)
    assert_law(
        result.variance.values, law, theory.replace_variance_law(N, FITS), theory.schedule_variance_law(sizes - 1)
    )
    rows = gaussian(regime=cb.regimes.Grow(power=1.0), handover="samples", trajectories=50_000)
    assert_law(rows.variance.values, law, theory.replace_variance_law(N, FITS))


@pytest.mark.slow
def test_pathway_of_an_unbiased_estimator(assert_law):
    n = 200
    common = {"model": cb.models.Gaussian(unbiased=True), "n": n, "metrics": ("mean_error",)}
    replace = gaussian(**common).mean_error.values * n
    assert_law(replace, theory.pathway_replace_law(FITS), theory.pathway_accumulate_law(FITS))
    pooled = gaussian(regime="accumulate", **common).mean_error.values * n
    assert_law(pooled, theory.pathway_accumulate_law(FITS), theory.pathway_subsample_law(FITS))


@pytest.mark.slow
def test_pathway_of_a_subsample(assert_law):
    n = 50
    model = cb.models.Gaussian(unbiased=True)
    result = gaussian(
        regime="accumulate_subsample", model=model, n=n, handover="samples", metrics=("mean_error",), trajectories=4000
    )
    right, wrong = theory.pathway_subsample_law(FITS), theory.pathway_accumulate_law(FITS)
    assert_law(result.mean_error.values * n, right, wrong, theory.pathway_replace_law(FITS))


@pytest.mark.parametrize("weight", [0.5, 0.618])
def test_weighted(weight, assert_law):
    n = 200
    regime = cb.regimes.Weighted(weight=weight, rows=n)
    result = gaussian(regime=regime, n=n, metrics=("mean_error",))
    right = theory.weighted_error_law(weight, 1.0, FITS)
    assert_law(result.mean_error.values * n, right, theory.pathway_replace_law(FITS))


def symbols(**changes):
    """Frequencies of five symbols refitted to a window with a share of real rows."""
    base = cb.Experiment(
        name="window", target=cb.targets.Categorical(classes=5, probs=P), model=cb.models.Categorical(classes=5),
        metrics=("mean_error",), n=20, generations=8, trajectories=20_000, handover="summary", holdout=1,
    )  # fmt: skip
    return cb.run(dataclasses.replace(base, **changes))


P = (0.4, 0.3, 0.15, 0.1, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("handover", ["summary", "samples"])
def test_window(handover, assert_law):
    result = symbols(regime=cb.regimes.Window(window=3, real_fraction=0.2), handover=handover)
    spread = {"variance": 1 - np.square(P).sum(), "curvature": -1.0}
    others = ((4, 16, 1), (4, 16, 2), (4, 16, 4), (3, 17, 3))  # mix, other windows, a real row too few
    wrong = [theory.window_error_law(*sizes, 8, **spread) for sizes in others]
    assert_law(result.mean_error.values, theory.window_error_law(4, 16, 3, 8, **spread), *wrong)


@pytest.mark.slow
def test_window_by_chance(assert_law):
    """A share of less than half a row: rounded it is none."""
    regime = cb.regimes.Window(window=1, real_fraction=0.02, by_chance=True)
    result = symbols(regime=regime, handover="samples", metrics=("support",), trajectories=10_000)
    shares = (0.02, 0.0, 0.03)
    laws = (
        [5 - sum(theory.fresh_share_count_law(20, real, p, k)[0] for p in P) for k in range(1, 9)] for real in shares
    )
    assert_law(result["support"].values, *laws)


@pytest.mark.slow
def test_mix_has_the_share_it_names(assert_law):
    """All real: every fit is a first fit. None real: the replace law."""
    everything = gaussian(regime=cb.regimes.Mix(real_fraction=1.0)).variance.values
    assert_law(everything, np.full(10, 1 - 1 / N), theory.replace_variance_law(N, FITS))
    nothing = gaussian(regime=cb.regimes.Mix(real_fraction=0.0)).variance.values
    assert_law(nothing, theory.replace_variance_law(N, FITS), np.full(10, 1 - 1 / N))


def test_population_is_a_fixed_point():
    for regime in ("replace", "accumulate", "augment", "fresh", "mix", "weighted", "memory", "window", "grow"):
        result = gaussian(regime=regime, handover="population", trajectories=1, x64=True)
        assert np.abs(result.variance.values - 1).max() < 1e-12, regime
        assert result.mean_error.values.max() < 1e-24, regime


@pytest.mark.parametrize("power", [0.5, 1.0, 1 / 3, 1.5, 2.2])
def test_grow_has_no_row_too_few_or_too_many(power):
    """Against powers in 28 digits; those in float32 are now and then a row off."""
    t, grow = np.arange(1, 400), cb.regimes.Grow(power=power)
    ratio = Fraction(power).limit_denominator(10)
    exponent = Decimal(ratio.numerator) / Decimal(ratio.denominator)
    exact = [(10 * Decimal(int(step) + 1) ** exponent).quantize(Decimal("1e-15")) for step in t]
    sizes = [int(size.to_integral_value(ROUND_CEILING)) for size in exact]
    np.testing.assert_array_equal(jax.vmap(lambda step: grow.synthetic_size(10, step))(jnp.asarray(t)), sizes)
    assert [grow.capacity(10, int(step) + 1) for step in t] == sizes
