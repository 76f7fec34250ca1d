"""Laws of temperature with external data, and of curation by reward, against simulations."""

import numpy as np
import pytest

import collapsebench.theory as laws

PEAKED = np.array([0.96, 0.01, 0.01, 0.01, 0.01])
NEAR_UNIFORM = np.full(5, 0.2) + 1e-6 * np.array([4, -1, -1, -1, -1])


@pytest.mark.parametrize(("temperature", "external"), [(0.8, 0.15), (0.8, 0.3), (1.5, 0.0), (1.0, 0.1)])
def test_stability_is_what_a_round_leaves_of_a_small_departure(temperature, external):
    after = laws.temperature_law(NEAR_UNIFORM, 1, temperature=temperature, external=external)
    left = (after - 0.2) / (NEAR_UNIFORM - 0.2)
    np.testing.assert_allclose(left, laws.temperature_stability_law(temperature, external), rtol=1e-4)


def test_hysteresis_at_five_symbols():
    fold = laws.temperature_fold_law(5, 0.8)
    assert 0.22 <= fold <= 0.25
    external = np.array([0.19, 0.21, 0.22, fold - 0.001, fold + 0.001, 0.25])
    setting = {"temperature": 0.8, "external": external}
    from_peak = laws.temperature_law(PEAKED, 2000, **setting)
    np.testing.assert_array_equal(from_peak[:, 0] > 0.3, [True, True, True, True, False, False])
    from_uniform = laws.temperature_law(NEAR_UNIFORM, 2000, **setting)
    np.testing.assert_array_equal(from_uniform[:, 0] > 0.3, [True, False, False, False, False, False])
    np.testing.assert_array_equal(laws.temperature_stability_law(0.8, external) < 1, external > 0.2)


def test_temperature_by_hand():
    hand = 0.9 * PEAKED**2 / (PEAKED**2).sum() + 0.1 / 5
    np.testing.assert_allclose(laws.temperature_law(PEAKED, 1, temperature=0.5, external=0.1), hand, rtol=1e-14)
    np.testing.assert_allclose(laws.temperature_law(PEAKED, 300, temperature=0.01), [1, 0, 0, 0, 0], atol=1e-15)


@pytest.mark.parametrize("candidates", [2, 4])
def test_curation(random, assert_law, candidates):
    p, reward = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.0, 1.0, -1.0, 2.0])
    drawn = random.choice(4, p=p, size=(100_000, candidates))
    scores = reward[drawn] + random.gumbel(size=drawn.shape)  # the largest is a Bradley-Terry draw
    winner = drawn[np.arange(100_000), scores.argmax(1)]
    best = drawn[np.arange(100_000), reward[drawn].argmax(1)]
    best_of = np.bincount(best, minlength=4) / 100_000
    law = laws.curation_law(p, reward, candidates)
    assert_law(winner[:, None] == np.arange(4), law, best_of, p, everywhere=True)
    np.testing.assert_allclose(law.sum(), 1, rtol=1e-14)
    np.testing.assert_allclose(laws.curation_law(p, reward + 1000, candidates), law, rtol=1e-12)


def test_curation_raises_the_reward_by_at_least_the_bound(random):
    for _ in range(50):
        p, reward, candidates = random.dirichlet(np.ones(5)), 2 * random.normal(size=5), random.integers(1, 5)
        raised = (laws.curation_law(p, reward, candidates) * np.exp(reward)).sum()
        assert raised >= laws.curation_reward_bound(p, reward, candidates) * (1 - 1e-12)


def test_one_candidate_wins():
    p = np.array([0.2, 0.8])
    np.testing.assert_allclose(laws.curation_law(p, [5.0, -5.0], 1), p, rtol=1e-15)
    with pytest.raises(ValueError, match=r"candidates = 30: enumeration needs 2\^\(candidates - 1\) <= 10000000"):
        laws.curation_law(p, [0.0, 0.0], 30)
