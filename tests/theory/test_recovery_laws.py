"""Recovery against simulation: phases of a count, time to heal, and what comes back."""

import numpy as np
import pytest

from collapsebench import theory as laws

RUNS = 20_000


def test_phases_are_the_mixed_law_where_nothing_changes():
    one = laws.mixed_count_law(3, 7, 6, 0.2)
    np.testing.assert_allclose(laws.phases_count_law([(3, 7, 2), (3, 7, 3)], 0.2, n_first=10), one, atol=1e-14)
    assert laws.phases_count_law([(0, 10, 4)], 0.2, n_first=10)[0] == pytest.approx(1 - laws.survival_law(10, 5, 0.2))


def test_the_time_to_heal_against_simulation():
    """From absence to 3 of 20 rows, 5 of them new and real; wrong: without what the loop itself adds."""
    rng, count, p = np.random.default_rng(0), np.zeros(RUNS, int), 0.1
    times = np.zeros(RUNS)
    for fit in range(1, 400):
        count = rng.binomial(5, p, RUNS) + rng.binomial(15, count / 20)
        times = np.where((times == 0) & (count >= 3), fit, times)
    assert (times > 0).all()
    law = laws.healing_time_law(5, 15, p, least=3)
    error = times.std() / np.sqrt(RUNS)
    assert abs(times.mean() - law) < 5 * error
    alone = 1 / (1 - sum(laws.phases_count_law([(5, 0, 1)], p, n_first=1)[:3]))
    assert abs(times.mean() - alone) > 10 * error
    assert laws.healing_time_law(5, 15, p) == pytest.approx(1 / (1 - 0.9**5))
    assert laws.healing_time_law(0, 20, p) == np.inf


def test_what_is_lost_comes_back_by_real_rows_alone():
    counts = laws.phases_count_law([(0, 20, 8), (4, 16, 6)], 0.1, n_first=20)
    mean = counts @ np.arange(21) / 20
    assert mean == pytest.approx(laws.return_law(0.2, 6, 0.1, 0.1))
    absent = laws.phases_count_law([(0, 20, 8)], 0.1, n_first=20)[0]
    assert laws.phases_count_law([(0, 20, 8), (0, 20, 6)], 0.1, n_first=20)[0] > absent
    assert laws.return_law(0.0, 1000, 0.0, 0.1) == 0
    np.testing.assert_allclose(laws.return_law(0.2, [0, 1, 2], 0.0, 0.1), [0, 0.02, 0.036])
