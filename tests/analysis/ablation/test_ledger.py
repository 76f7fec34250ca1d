"""The ledger's parts: their sum is the exact divergence, and each equals its definition."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import digamma

import collapsebench as cb
from collapsebench.analysis.ablation import ledger
from collapsebench.analysis.ablation.ledger import laws
from collapsebench.show.ledger import ledger_summary

BASE = cb.Experiment(
    name="ledger", n=20, generations=4, trajectories=2000, handover="summary", holdout=16, x64=True,
    target=cb.targets.Normal(mean=1.0, sd=2.0), model=cb.models.EarlyStopped(steps=2.0, rate=0.7),
)  # fmt: skip

EXACT = dataclasses.replace(BASE, model=cb.models.Gaussian(), n=100, generations=10, trajectories=5000)


@pytest.fixture(scope="module")
def book():
    return ledger(BASE)


def test_the_first_generation_learns_from_reality(book):
    np.testing.assert_allclose(book.injected[:, 0], book.drift[:, 0], rtol=0, atol=1e-9)
    assert (book.drift[:, 1:] != book.injected[:, 1:]).all()


def test_a_class_that_holds_the_truth_injects_no_expressivity_error(book):
    np.testing.assert_allclose(book.expressivity, 0, atol=1e-9)


def test_the_statistical_error_is_the_law_at_every_generation(book):
    """E KL(q || fit) of an exact Gaussian fit is free of q: the same number in each generation. Wrong law: n - 1."""

    def law(n):
        return 0.5 * (n / (n - 3) * (1 + 1 / n) - 1 + digamma((n - 1) / 2) + np.log(2 / n))

    values = book.statistical.values
    error = values.std(0, ddof=1) / np.sqrt(len(values))
    assert np.all(np.abs(values.mean(0) - law(20)) < 5 * error)


@pytest.mark.slow
def test_an_exact_learner_injects_no_approximation_error():
    exact = ledger(dataclasses.replace(BASE, model=cb.models.Gaussian(), trajectories=50))
    np.testing.assert_allclose(exact.approximation, 0, atol=1e-12)


@pytest.mark.slow
def test_pythagoras_for_an_exponential_family():
    """KL(q || p) = KL(q || best) + KL(best || p) for every p of the class: a mixture as q, one Gaussian as the class."""
    from collapsebench.maths.distributions.normal import Moments, Normal
    from collapsebench.parts.distribution import population

    with jax.enable_x64(True):
        target = cb.targets.GaussianMixture(components=3, dim=1, radius=2.0).distribution()
        best = Normal.fit(Moments.of(population(target, 1.0, Moments, "")))
        other = Normal(jnp.array([0.7]), jnp.asarray(0.4), jnp.eye(1))
        nodes = target.nodes()

        def kl(p):
            return float((nodes.w * (target.log_prob(nodes.x) - p.log_prob(nodes.x))).sum() / nodes.w.sum())

        assert abs(kl(other) - kl(best) - float(best.kl(other))) < 1e-9
        assert kl(best) > 0.01


@pytest.mark.slow
def test_expressivity_enters_once_where_nothing_else_errs():
    """A mixture learned by one Gaussian from infinite data: injected at generation 0, nothing after."""
    target = cb.targets.GaussianMixture(components=2, dim=1, radius=2.0)
    alone = dataclasses.replace(
        BASE, target=target, model=cb.models.Gaussian(), handover="population", trajectories=2, generations=3
    )
    book = ledger(alone)
    assert (book.expressivity[:, 0] > 0.05).all()
    for part in ("expressivity", "statistical", "approximation"):
        np.testing.assert_allclose(book[part][:, 1:], 0, atol=1e-9)
    np.testing.assert_allclose(book.statistical, 0, atol=1e-9)


@pytest.mark.parametrize(
    "changes",
    [
        {"regime": "accumulate"},
        {"target": cb.targets.Dataset("iris", dim=1), "handover": "samples", "metrics": ("nll",)},
    ],
)
def test_what_has_no_ledger_is_refused_in_one_line(changes):
    with pytest.raises(cb.RequestError) as error:
        ledger(dataclasses.replace(BASE, **changes))
    assert "\n" not in str(error.value)


def test_drift_is_what_was_injected_and_what_was_carried(book):
    total = (book.injected + book.carried).cumsum("generation")
    np.testing.assert_allclose(total, book.drift, rtol=0, atol=1e-9)


@pytest.mark.slow
def test_what_is_carried_has_its_exact_mean():
    """A normal at n = 100: 3% of the drift at fit 2, 23% at fit 10, 54% at fit 30. Wrong: 0, as to first order."""
    found = ledger(EXACT)
    carried = found.carried.values.cumsum(axis=1)
    error = carried.std(axis=0, ddof=1)[1:] / np.sqrt(len(carried))
    assert np.all(np.abs(carried.mean(axis=0) - found.carried_law.values.cumsum())[1:] < 5 * error)
    assert carried[:, -1].mean() > 10 * error[-1]
    drift = found.drift.values
    assert np.all(np.abs(drift.mean(0) - found.drift_law) < 5 * drift.std(0, ddof=1) / np.sqrt(len(drift)))
    long = laws(dataclasses.replace(EXACT, generations=30))
    shares = long["carried_law"][1].cumsum() / long["drift_law"][1]
    np.testing.assert_allclose(shares[[1, 9, 29]], [0.029, 0.229, 0.544], atol=5e-4)
    text = ledger_summary(found)
    assert f"{100 * shares[9]:.3g}" in text
    assert "of the mean drift" not in text


def test_exact_means_stand_only_where_they_are_known(book):
    assert "carried_law" not in book
    for changes in ({"n_real": 7}, {"handover": "population"}, {"model": cb.models.Gaussian(bias=0.9)}, {"n": 3}):
        assert not laws(dataclasses.replace(BASE, **({"model": cb.models.Gaussian()} | changes)))


@pytest.mark.slow
def test_a_drift_that_few_runs_carry_is_called_so():
    """n = 6 over 10 generations: the mean KL of 5000 runs is that of some fifty of them."""
    found = ledger(dataclasses.replace(EXACT, n=6))
    assert found.attrs["top_share"] > 0.3
    assert "of the mean drift" in ledger_summary(found)


def test_the_three_point_identity():
    """KL(p || r) = KL(p || q) + KL(q || r) + (mu_p - mu_q) (theta_q - theta_r) for normals on the line."""
    from collapsebench.maths.distributions.normal import Normal

    def natural(m, v):
        return np.array([m / v, -0.5 / v])

    def expected(m, v):
        return np.array([m, m * m + v])

    points = [(0.3, 1.5), (-0.2, 0.7), (0.9, 1.1)]
    with jax.enable_x64(True):
        p, q, r = (Normal(np.array([m]), np.asarray(0.5 * np.log(v)), np.eye(1)) for m, v in points)
        gap = float(p.kl(r) - p.kl(q) - q.kl(r))
    cross = (expected(*points[0]) - expected(*points[1])) @ (natural(*points[1]) - natural(*points[2]))
    assert abs(gap - cross) < 1e-9


@pytest.mark.slow
def test_excess_risk_of_a_regression_with_a_feature_missing():
    """The coefficient that the class cannot have is injected once; what n rows add is the law of the rest."""
    n, dim = 40, 3
    model = cb.models.LinearRegression(dim=dim, features=dim - 1, fresh=True)
    target = cb.targets.Linear(dim=dim)
    found = ledger(
        dataclasses.replace(BASE, target=target, model=model, n=n, metrics=("excess_risk",)), loss="excess_risk"
    )
    with jax.enable_x64(True):
        missing = float(target.distribution().coef[-1]) ** 2
    np.testing.assert_allclose(found.expressivity[:, 0], missing, rtol=1e-9)
    np.testing.assert_allclose(found.expressivity[:, 1:], 0, atol=1e-12)
    np.testing.assert_allclose(found.approximation, 0, atol=1e-12)
    for generation, noise in ((0, 1 + missing), (1, 1.0)):  # at generation 0 the missing feature is noise too
        values = found.statistical[:, generation].values
        law = noise * (dim - 1) / (n - dim)
        assert abs(values.mean() - law) < 5 * values.std(ddof=1) / np.sqrt(len(values))


@pytest.mark.slow
def test_without_a_closed_form_the_parts_still_sum():
    """A mixture by EM and a kernel density: by quadrature, and in four dimensions by draws."""
    for model, target in (
        (cb.models.GaussianMixture(components=2, steps=2), cb.targets.GaussianMixture(components=3, radius=3.0)),
        (cb.models.KernelDensity(), cb.targets.Normal()),
        (cb.models.GaussianMixture(components=2, dim=4, steps=2), cb.targets.GaussianMixture(components=3, dim=4)),
    ):
        found = ledger(dataclasses.replace(
            BASE, model=model, target=target, handover="samples", trajectories=8, n=60, holdout=2048, generations=2
        ))  # fmt: skip
        assert np.isfinite(found.to_array()).all()
        error = found.drift[:, 0].std(ddof=1) / np.sqrt(8) + 0.02
        assert abs(float(found.injected[:, 0].mean() - found.drift[:, 0].mean())) < 5 * float(error)
        assert (found.expressivity[:, 0] > -0.01).all()
