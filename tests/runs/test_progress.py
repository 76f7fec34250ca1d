"""Progress: steps for a callback, the line that a person sees, and how long the rest will take."""

import dataclasses
import io
import sys
import types

import pytest

import collapsebench as cb
from collapsebench.runs import progress
from collapsebench.runs.columns import FITTED, Columns
from collapsebench.runs.progress import Meter, Step, part

SMALL = cb.Experiment(metrics=("variance",), generations=2, trajectories=3, holdout=1)


def test_parts_add_up_to_the_whole():
    told = []
    for before, cost in ((0, 300), (300, 100)):
        tell = part(told.append, before, cost, 400)
        for done in range(4):
            tell(Step("one", done, 3, compiling=done == 0))
    assert [int(step.done) for step in told] == [0, 100, 200, 300, 300, 333, 366, 400]
    assert {step.total for step in told} == {400}
    assert [step.ends for step in told] == [300] * 4 + [400] * 4
    assert [step.compiling for step in told] == [True, False, False, False] * 2


def test_a_sweep_over_shapes_counts_larger_samples_for_more():
    told = []
    cb.sweep(SMALL, {"n": [10, 130]}, progress=told.append)
    shares = [step.done / step.total for step in told]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    assert told[0].ends / told[0].total == pytest.approx(1 / 6)


@pytest.fixture
def clock(monkeypatch):
    """The time, which a test sets: `clock(3)` lets 3 seconds pass."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def passed(seconds):
        now[0] += seconds

    return passed


def test_nothing_is_estimated_before_work_of_the_same_sort_was_measured(clock):
    """A first piece that was quick, of a run on the host, says nothing about the whole: once it was 132 years."""
    meter = Meter("lm")
    meter.tell(Step("lm", 0, 100, compiling=True))
    assert meter.text() == "lm: compiling, 0 s"
    clock(20)
    meter.tell(Step("lm", 1e-9, 100))
    assert meter.left() is None
    clock(10)
    meter.tell(Step("lm", 5, 100))
    assert meter.left() == pytest.approx(190)
    assert meter.text(10) == "lm: [..........] 5%, 30 s, about 190 s left"
    meter.tell(Step("lm", 99.9, 100))
    clock(60)
    assert meter.text() == "lm: 99%, 90 s"  # neither at its end, nor at its end in 0 s
    meter.tell(Step("lm", 100, 100))
    assert meter.text() == "lm: 100%, 90 s"


def test_the_estimate_is_for_the_whole_sweep_with_what_it_has_still_to_compile(clock):
    meter = Meter("sweep")
    for begin in (0, 10):
        meter.tell(Step("sweep", begin, 40, compiling=True, ends=begin + 10))
        clock(8 if begin else 12)  # the first finds nothing compiled
        meter.tell(Step("sweep", begin + 1, 40, ends=begin + 10))
        clock(2)
        meter.tell(Step("sweep", begin + 5, 40, ends=begin + 10))
        running = (40 - begin - 5) * 0.5
        assert meter.left() == pytest.approx(running + (3 * 12 if begin == 0 else 2 * 8))


class Stream(io.StringIO):
    def __init__(self, live):
        super().__init__()
        self.isatty = lambda: live


@pytest.fixture
def seen(monkeypatch):
    """What stands on a standard error of some kind after the experiment has run with some `progress`."""

    def run(live, **how):
        monkeypatch.setattr(sys, "stderr", Stream(live))
        cb.run(SMALL, **how)
        return sys.stderr.getvalue()

    monkeypatch.setattr(progress, "DELAY", 0.0)
    return run


@pytest.mark.parametrize(
    ("live", "how", "said"),
    [(True, {}, True), (True, {"progress": False}, False), (False, {}, False), (False, {"progress": True}, True)],
)
def test_a_run_is_seen_where_somebody_watches_unless_told_otherwise(seen, live, how, said):
    text = seen(live, **how)
    assert (text.lstrip("\r").startswith("experiment: ")) == said
    assert text.endswith(("\r" if live else "\n") if said else "")
    assert said or not text


def test_a_quick_run_says_nothing(monkeypatch, seen):
    monkeypatch.setattr(progress, "DELAY", 60.0)
    assert seen(True) == ""


def test_progress_is_a_truth_value_or_a_function():
    for call in (cb.run, lambda e, **how: cb.sweep(e, {"n": [10]}, **how), cb.ablate, cb.plan):
        with pytest.raises(cb.RequestError, match="progress = 3: it must be True, False, or a function of a Step"):
            call(SMALL if call is not cb.plan else cb.Experiment(generations=3), progress=3)


def test_the_last_step_of_a_fit_is_not_the_end_of_its_generation():
    """What is drawn and measured after it may take longest; once the line stood at 100% meanwhile."""
    told = []
    model = types.SimpleNamespace(fit_steps=lambda: 10)
    lanes = type("Lanes", (list,), {"program": types.SimpleNamespace(watches=False, model=model), "stops": ()})([0])
    columns = Columns(dataclasses.replace(SMALL, generations=1), lanes, told.append)
    for step in (5, 10):
        at = types.SimpleNamespace(fit={"step": step})
        empty = types.SimpleNamespace(generations=slice(0, 0), lanes=slice(0, 1), pieces=[], carry=(), cursor=at)
        columns.add(empty, None)
    assert [each.done for each in told] == [0, 0.5 * FITTED, FITTED]
    assert told[-1].done < told[-1].total
