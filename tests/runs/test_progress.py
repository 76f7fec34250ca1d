"""Steps of a progress callback for work in parts."""

import collapsebench as cb
from collapsebench.runs.progress import Step, part


def test_parts_add_up_to_the_whole():
    told = []
    for before, cost in ((0, 300), (300, 100)):
        tell = part(told.append, before, cost, 400)
        for done in range(4):
            tell(Step("one", done, 3, compiling=done == 0))
    assert [step.done for step in told] == [0, 100, 200, 300, 300, 333, 366, 400]
    assert {step.total for step in told} == {400}
    assert [step.compiling for step in told] == [True, False, False, False] * 2


def test_nobody_listens():
    assert part(None, 0, 1, 1) is None


def test_a_sweep_over_shapes_counts_its_trajectory_generations():
    told = []
    base = cb.Experiment(metrics=("variance",), generations=2, trajectories=3, holdout=1)
    cb.sweep(base, {"n": [10, 20]}, progress=told.append)
    assert [step.done for step in told] == sorted(step.done for step in told)
    assert told[-1].done == told[-1].total == 2 * 3 * 2
