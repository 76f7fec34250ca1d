"""The rule of verdicts: what is reproduced, what differs, what too few trajectories leave open, and what a reason explains."""

import numpy as np
import pytest

from collapsebench.literature.measured import (
    Measured,
    above,
    below,
    exact,
    mean_curve,
    measured_log10,
    measured_mean,
    measured_ratio,
    measured_sd,
    measured_share,
    measured_variance,
    ordered,
    together,
    within,
)
from collapsebench.literature.reproduce import Reproduction
from collapsebench.literature.study import Claim, Reason, Source, studies
from collapsebench.literature.verdict import Verdict, judge_law, published_margin

CLAIMS = {f"{name}/{claim.name}": claim for name, study in studies().items() for claim in study.claims}


def _claim(found, **fields):
    given = {"name": "a", "statement": "b", "where": "c", "source": Source.TEXT, "basis": "d", **fields}
    return Claim(read=lambda results: found, **given)


def _measured(value, half):
    return Measured(value, value - half, value + half, far=2.5 * half)


@pytest.mark.parametrize(
    ("value", "half", "word"),
    [
        (1.02, 0.02, "reproduced"),  # .02 + .02 <= .05
        (1.02, 0.04, "too few trajectories"),  # the published number lies within the interval, which proves nothing
        (1.04, 0.02, "undecided"),
        (1.10, 0.02, "differs"),
        (0.90, 0.02, "differs"),
        (1.10, 0.06, "too few trajectories"),
        (1.0, np.nan, "too few trajectories"),  # a single trajectory has no interval
    ],
)
def test_published_number(value, half, word):
    record = _claim(_measured(value, half), published=1.0, tolerance=0.05).verdict("p", {})
    assert record["verdict"] == word
    assert record["margin"] == pytest.approx(0.05)
    assert record["half_width"] == (None if np.isnan(half) else pytest.approx(half))
    assert record["reference"] is None


def test_margin_is_tolerance_and_published_error_and_3_percent_at_least():
    assert published_margin(10.0, 0.3, 0.2) == pytest.approx(np.hypot(0.3, 0.392))
    assert published_margin(10.0, 0.1, 0.0) == pytest.approx(0.3)
    assert published_margin(-1.0, 0.0, 0.0, log10=True) == pytest.approx(np.log10(1.03))
    one_run = _claim(measured_log10([1.0, 10.0, 100.0]), published=1.0, published_runs=1)
    assert one_run.verdict("p", {})["published_error"] == pytest.approx(1.0)  # as much as ours differ


@pytest.mark.parametrize(
    ("value", "half", "word"),
    [
        (1.01, 0.02, "law holds"),
        (1.01, 0.04, "too few trajectories"),  # wider than 3%: 1.04 would have held as well
        (1.015, 0.01, "undecided"),
        (1.03, 0.01, "differs"),  # far beyond chance, if within 3%
        (1.10, 0.05, "differs"),
    ],
)
def test_law(value, half, word):
    record = _claim(_measured(value, half).against(1.0), law="x", source=Source.DERIVED).verdict("p", {})
    assert record["verdict"] == word
    assert record["published"] is None
    assert record["reference"] == 1.0


def test_law_of_a_curve_is_judged_at_its_worst_point():
    value, half = np.array([1.0, 2.0, 3.0]), np.array([0.01, 0.02, 0.03])
    found = Measured(value, value - half, value + half, far=2.5 * half)
    assert judge_law(found.against(np.array([1.0, 2.01, 3.01])), 0.0).word is Verdict.LAW_HOLDS
    wrong = judge_law(found.against(np.array([1.0, 2.2, 3.0])), 0.0)
    assert wrong.word is Verdict.DIFFERS
    assert (wrong.ours, wrong.target) == (2.0, 2.2)
    assert judge_law(found.against(np.array([1.0, 2.0, 0.5])), 0.0).word is Verdict.DIFFERS
    few = judge_law(found.against(np.array([1.0, 2.0, 3.0]), effect=np.array([1.0, 0.1, 3.0])), 0.0)
    assert (few.word, few.ours) == (Verdict.TOO_FEW, 2.0)


def test_a_law_holds_in_95_of_100_and_a_wrong_one_never(random):
    words = {right: [] for right in (True, False)}
    for _ in range(400):
        runs = 1 + 0.05 * random.normal(size=(5, 60))
        for right, some in words.items():
            law = np.ones(5) if right else np.array([1, 1, 1.1, 1, 1])
            some.append(judge_law(mean_curve(list(runs), law), 0.0).word)
    held = np.mean([word is Verdict.LAW_HOLDS for word in words[True]])
    assert abs(held - 0.95) < 5 * np.sqrt(0.95 * 0.05 / 400)
    assert Verdict.DIFFERS not in words[True]
    assert set(words[False]) == {Verdict.DIFFERS}


@pytest.mark.parametrize(
    ("measure", "truth"),
    [
        (lambda x: measured_mean(x), 1.0),
        (lambda x: measured_sd(x), 1.0),
        (lambda x: measured_variance(x), 1.0),
        (lambda x: measured_ratio(x, x**2), 0.5),
        (lambda x: measured_share(x > 1), np.exp(-1)),
    ],
    ids=["mean", "sd", "variance", "ratio", "share"],
)
def test_intervals_of_a_skewed_law_cover(measure, truth, random):
    """Exponential rows, whose sd has twice the standard error that normal rows would give it."""
    found = [measure(random.exponential(size=2000)) for _ in range(400)]
    covered = np.mean([one.low <= truth <= one.high for one in found])
    assert 0.91 < covered < 0.98
    assert np.mean([abs(one.value - truth) > one.far for one in found]) == 0


def test_what_has_no_sampling_error_must_be_right_to_the_tolerance():
    assert judge_law(exact(1.0).against(1.0 + 1e-10), 1e-9).word is Verdict.LAW_HOLDS
    assert judge_law(exact(1.0).against(1.0 + 1e-8), 1e-9).word is Verdict.DIFFERS


def test_an_order_holds_when_the_interval_is_on_its_side():
    touching = _measured(1.0, 0.2)
    assert (below(touching, 1.3), below(touching, 1.1), below(touching, 0.7)) == (True, None, False)
    assert (above(touching, 0.7), above(touching, 1.1), above(touching, 1.3)) == (True, None, False)
    assert (within(touching, 0.3, 1.0), within(touching, 0.1, 1.0), within(touching, 0.3, 2.0)) == (True, None, False)
    assert [ordered(_measured(0.0, h), _measured(1.0, h)) for h in (0.4, 0.6)] == [True, None]
    assert ordered(_measured(1.0, 0.4), _measured(0.0, 0.4)) is False
    assert [together(True, True), together(True, None), together(None, False)] == [True, None, False]
    for limit, word in ((1.3, "qualitative"), (1.1, "undecided"), (0.7, "differs")):
        assert _claim(touching.judged(below(touching, limit))).verdict("p", {})["verdict"] == word


def test_a_reason_explains_its_range_and_nothing_else():
    reasons = (Reason("half", 0.4, 0.6), Reason("doubt", 1.4, 1.6, disputed=True))
    records = {
        value: _claim(_measured(value, 0.001), published=1.0, reasons=reasons).verdict("p", {})
        for value in (0.5, 0.7, 1.0, 1.5)
    }
    assert {value: record["verdict"] for value, record in records.items()} == {
        0.5: "differs", 0.7: "differs", 1.0: "reproduced", 1.5: "disputed",
    }  # fmt: skip
    assert records[0.5]["why"] == "half"
    assert records[0.5]["explains"] == [0.4, 0.6]
    assert not records[1.0]["why"]
    assert Reproduction(list(records.values()), [], []).unexplained == [records[0.7]]


def test_a_claim_says_whose_number_it_has():
    with pytest.raises(ValueError, match="reference, not published"):
        _claim(None, published=1.0, law="x")
    with pytest.raises(ValueError, match="reference, not published"):
        _claim(None, published=1.0, source=Source.DERIVED)
    with pytest.raises(ValueError, match="needs a text and a range"):
        Reason("", 0.0, 1.0)


def test_factors_move_a_logarithm_by_their_own():
    found = measured_log10([90.0, 100.0, 110.0])
    assert 10 ** found.times(1.1).value == pytest.approx(1.1 * 10**found.value)
    assert measured_mean([1.0, 2.0, 3.0]).times(0.9).half == pytest.approx(0.9 * measured_mean([1.0, 2.0, 3.0]).half)


def test_claims_are_whole():
    """No reason explains the published number itself, so that none can explain everything."""
    for name, claim in CLAIMS.items():
        assert claim.basis, name
        assert claim.where, name
        for reason in claim.reasons:
            assert np.isfinite([reason.low, reason.high]).all(), name
            assert claim.published is None or not reason.low <= claim.published <= reason.high, name
