"""The search for a crossing, on margins that are known, without any model."""

import numpy as np
import pytest

from collapsebench.oversight.search import Measured, Search

SIZE = 200


def found(search, margin, random, spread=1.0):
    """Stages of a search on a margin with noise that all points of a stage share, and noise of their own."""
    seen = []
    while (values := search.ask(seen)) is not None:
        shared, own = random.normal(size=SIZE), random.normal(size=(len(values), SIZE))
        seen.append(Measured(values, margin(values)[:, None] + spread * (shared + 0.3 * own)))
    return seen


def test_intervals_contain_the_crossing(random):
    """Of 60 plans 95% have a standard error of 2.8%: 50 are 4 below, and an interval half as wide would contain 40."""
    contain = 0
    for i in range(60):
        root, sign = random.uniform(0.1, 0.9), (1, -1)[i % 2]
        search = Search(0.0, 1.0)
        seen = found(search, lambda x, root=root, sign=sign: sign * (np.exp(x) - np.exp(root)), random)
        assert search.rising(seen) == (sign == 1)
        crossing = search.crossing(seen)
        contain += crossing.low <= root <= crossing.high
    assert contain >= 50


@pytest.mark.slow
def test_intervals_contain_the_optimum(random):
    contain, search = 0, Search(0.0, 1.0, optimum=True)
    for _ in range(40):
        best = random.uniform(0.2, 0.8)
        crossing = search.crossing(found(search, lambda x, best=best: -3 * (x - best) ** 2, random))
        contain += crossing.low <= best <= crossing.high
    assert contain >= 32


def test_points_are_on_the_steps_of_the_dial_and_all_different(random):
    search = Search(0.0, 1.0, step=1 / 50)
    for measured in found(search, lambda x: 20 * (x - 0.31), random):
        assert len(np.unique(measured.values)) == search.points
        assert np.allclose(measured.values * 50, np.round(measured.values * 50))
    assert len(Search(0.0, 1.0, step=1 / 3).ask([])) == 4  # fewer steps than points


@pytest.mark.parametrize(("level", "verdict"), [(2, "always"), (-2, "never")])
def test_a_limit_that_is_kept_everywhere_or_nowhere_takes_one_stage(random, level, verdict):
    search = Search(0.0, 1.0)
    seen = found(search, lambda x: level + 0.1 * x, random)
    assert search.verdict(seen) == verdict
    assert len(seen) == 1


def test_a_window_that_missed_is_left(random):
    """All of a window keeps the limit: the next one reaches beyond it."""
    search = Search(0.0, 1.0)
    seen = found(search, lambda x: 5 * (x - 0.3), random)
    wrong = [type(seen[0])(s.values, s.margins) for s in seen[:1]]
    wrong += [
        type(seen[0])(np.linspace(0.7, 0.9, 8), 5 * (np.linspace(0.7, 0.9, 8) - 0.3)[:, None] + 0 * seen[0].margins)
    ]
    wrong[-1].margins[:, ::2] += 0.01
    values = search.ask(wrong)
    assert values[0] < 0.6
