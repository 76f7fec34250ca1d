"""Losses that last, and how long one must last to be none of chance."""

import numpy as np
import pytest

from collapsebench.analysis.profiles.events import CHANCE, chance_length, lost_for_good

NAN = np.nan


@pytest.mark.parametrize(("share", "least", "time", "seen"), [
    ([1, 0, 1, 0, 0], 1, 3, True),  # the loss at generation 1 came back
    ([1, 0, 1, 0, 0], 2, 3, True),
    ([1, 0, 1, 0, 0], 3, 2, False),  # too short: censored at the last generation from which one could have lasted
    ([0, 0, 0, 0, 0], 5, 0, True),
    ([1, 1, 1, 1, 1], 1, 4, False),
    ([1, 0, 0, NAN, NAN], 2, 1, True),  # training ended: judged by what was watched
    ([1, 0, NAN, NAN, NAN], 2, 0, False),
    ([NAN] * 5, 1, -1, False),
    ([0, 0, 0, 0, 0], np.inf, -1, False),
])  # fmt: skip
def test_a_loss_counts_if_it_lasts_to_the_end(share, least, time, seen):
    share = np.array([share], float)
    times, events = lost_for_good(share <= 0.5, ~np.isnan(share), least)
    assert (times[0], events[0]) == (time, seen)


def test_chance_alone_loses_in_one_of_twenty_at_most(random):
    """Loop-free trajectories that are lost with probability p at each generation, independently."""
    for p in (0.01, 0.3, 0.6, 0.9):
        lost = random.random((4000, 100)) < p
        share, length = chance_length(lost[:, :1], np.ones((4000, 1), bool))
        assert abs(share - p) < 5 * np.sqrt(p * (1 - p) / 4000)
        _, seen = lost_for_good(lost, np.ones_like(lost), length)
        assert seen.mean() <= CHANCE
        if length > 1:
            assert lost_for_good(lost, np.ones_like(lost), 1)[1].mean() > 4 * CHANCE


def test_few_fits_say_less_of_chance():
    """None of 4 fits may be one of two; none of 400 is one of a hundred; all of them is the class, not the loop."""
    lengths = [chance_length(np.zeros(count), np.ones(count))[1] for count in (1, 4, 400)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] == 1
    assert chance_length(np.ones(9), np.ones(9)) == (1, np.inf)
    assert np.isnan(chance_length(np.zeros(3), np.zeros(3))).all()
