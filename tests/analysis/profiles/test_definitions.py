"""Definitions of collapse on artificial curves that satisfy one of them or narrowly miss it."""

import numpy as np
import pytest

from collapsebench.analysis.profiles import definitions as d

G, T = 20, 400


@pytest.fixture
def noise(random):
    return 0.05 * random.normal(size=(T, G))


def test_a_level_risk_is_no_collapse(noise):
    risk = 1 + noise
    assert not d.catastrophic(risk).holds
    assert not d.increase(risk).holds
    assert not d.divergence(risk).holds
    assert not d.collapsing(noise).holds


def test_a_rise_that_ends_is_an_increase_but_no_divergence(noise):
    risk = 1 + np.minimum(np.arange(G), 5) / 5 + noise
    assert d.increase(risk).holds
    assert d.increase(risk).evidence == pytest.approx(1, abs=0.02)
    assert not d.divergence(risk).holds
    assert not d.catastrophic(risk).holds


def test_a_steady_rise_is_a_divergence_with_its_slope(noise):
    flag = d.divergence(1 + 0.1 * np.arange(G) + noise)
    assert flag.holds
    assert flag.low <= 0.1 <= flag.high


def test_eleven_times_is_catastrophic_and_nine_is_not(noise):
    for factor, holds in ((9, False), (11, True)):
        risk = 1 + (factor - 1) * (np.arange(G) == 7) + noise
        assert d.catastrophic(risk).holds is holds


def test_a_falling_log_variance_collapses(noise):
    flag = d.collapsing(-0.02 * np.arange(G) + noise)
    assert flag.holds
    assert flag.low <= -0.02 <= flag.high
    assert d.collapsing(np.where(np.arange(G) > 10, -np.inf, noise)).evidence == -np.inf


def test_the_scaling_law_changes_where_the_exponent_does(random):
    def risks(last):
        return {
            float(n): np.exp(0.1 * random.normal(size=(200, 2))) * np.array([n**-1.0, n**last]) for n in (10, 100, 1000)
        }

    assert not d.scaling(risks(-1.0)).holds
    changed = d.scaling(risks(-0.5))
    assert changed.holds
    assert changed.low <= 0.5 <= changed.high
    assert d.scaling({10.0: np.ones((5, 2))}).holds is None


def test_modes_tail_and_hallucination(random):
    lost = np.column_stack([np.ones(T), np.where(random.random(T) < 0.5, 0.75, 1)])
    assert d.modes_lost(lost).holds
    assert not d.modes_lost(np.ones((T, 2))).holds
    assert d.tail_lost(np.ones(T, bool)).holds
    assert not d.tail_lost(np.arange(T) % 2 == 0).holds  # half of them: no majority
    real, wide = (mass + 0.001 * random.normal(size=(T, 3)) for mass in (0.01, 0.02))
    assert d.hallucination(wide, real, 0.01).holds
    assert not d.hallucination(real, real, 0.01).holds
    assert not d.hallucination(wide, wide, 0.01).holds  # so is a fit to real data


def test_noise_raises_no_flag(random):
    """Heavy tails without a trend, 300 times: at 2 standard errors instead of 5 some 20 of 600 flags would be raised."""
    risks = random.standard_t(2, size=(300, 100, 6)) ** 2
    raised = [flag.holds for risk in risks for flag in (d.divergence(risk), d.collapsing(risk), d.increase(risk))]
    assert not any(raised)
    loose = [flag.low > 0 or flag.high < 0 for risk in risks for flag in (d.divergence(risk), d.collapsing(risk))]
    assert sum(loose) > 10


def test_a_mean_that_few_trajectories_carry_hides_no_rise(random):
    """Each risk doubles in a generation, and one in a hundred is a thousand times the others: 5 standard errors of the
    mean are out of reach."""
    risk = np.where(np.arange(T) % 100 == 0, 1e4, 1)[:, None] * 2.0 ** np.arange(G) * np.exp(random.normal(size=(T, G)))
    rise = risk[:, -1] - risk[:, 0]
    assert rise.mean() < 5 * rise.std(ddof=1) / np.sqrt(T)
    for flag in (d.catastrophic(risk), d.increase(risk), d.divergence(risk)):
        assert flag.holds


def test_a_single_trajectory_proves_nothing():
    risk = 1 + np.arange(5.0)[None]
    assert d.increase(risk).holds is False
    assert d.divergence(risk).holds is False
