"""Effects, interactions and Shapley values against factorials computed by hand."""

import itertools

import numpy as np

from collapsebench.analysis.ablation import ERRORS, TERMS, alone, effects, interactions, shapley, shares


def brute_force(arms):
    """Mean increment over the 6 orders in which the errors may be switched on."""
    values = np.zeros((3, *arms.shape[3:]))
    for order in itertools.permutations(range(3)):
        levels = [0, 0, 0]
        for error in order:
            before = arms[tuple(levels)]
            levels[error] = 1
            values[error] += (arms[tuple(levels)] - before) / 6
    return values


def test_shapley_is_the_mean_over_all_orders(random):
    arms = random.normal(size=(2, 2, 2, 7))
    np.testing.assert_allclose(shapley(arms), brute_force(arms), atol=1e-14)
    np.testing.assert_allclose(shapley(arms).sum(0), arms[1, 1, 1] - arms[0, 0, 0], atol=1e-14)


def test_effects_invert_to_the_arms(random):
    """Each arm is the grand mean plus half of every effect with its sign."""
    arms = random.normal(size=(2, 2, 2, 3))
    found = effects(arms)
    for levels in itertools.product((0, 1), repeat=3):
        value = arms.mean((0, 1, 2))
        for term, effect in zip(TERMS, found, strict=True):
            value = value + effect / 2 * np.prod([2 * levels[ERRORS.index(error)] - 1 for error in term])
        np.testing.assert_allclose(value, arms[levels], atol=1e-13)


def test_an_additive_divergence_has_no_interactions_and_its_parts_as_shares():
    arms = np.zeros((2, 2, 2))
    for axis, size in enumerate((1.0, 2.0, 5.0)):
        arms += size * np.arange(2).reshape([2 if i == axis else 1 for i in range(3)])
    np.testing.assert_allclose(effects(arms), [1, 2, 5, 0, 0, 0, 0], atol=1e-14)
    np.testing.assert_allclose(shares(shapley(arms)), [0.125, 0.25, 0.625])
    assert np.isnan(shares(np.zeros(3))).all()


def test_a_pure_interaction_is_shared_equally():
    arms = np.zeros((2, 2, 2))
    arms[1, 1] = 1  # statistical with expressivity, whatever the third
    np.testing.assert_allclose(shapley(arms), [0.5, 0.5, 0], atol=1e-15)


def test_a_shapley_value_is_made_of_what_stands_beside_it(random):
    """Alone, half of each interaction of two that the error is in, a third of the threefold one."""
    arms = random.normal(size=(2, 2, 2, 5))
    pairs = dict(zip(TERMS[3:], interactions(arms), strict=True))
    for error, value, by_itself in zip(ERRORS, shapley(arms), alone(arms), strict=True):
        parts = by_itself + sum(part / len(term) for term, part in pairs.items() if error in term)
        np.testing.assert_allclose(value, parts, atol=1e-14)
    np.testing.assert_allclose(
        pairs["statistical", "approximation"], arms[1, 0, 1] - arms[1, 0, 0] - arms[0, 0, 1] + arms[0, 0, 0]
    )
