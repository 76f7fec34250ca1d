"""Rule of verdicts: what an interval says of a published number, of a law and of a statement."""

from __future__ import annotations

import dataclasses
import enum

import numpy as np

from collapsebench.literature.measured import Measured


class Verdict(enum.StrEnum):
    """Word for what came of a claim."""

    REPRODUCED = "reproduced"
    """a published number: our interval lies within the margin around it"""
    LAW_HOLDS = "law holds"
    """a reference, derived from a law by us: it lies in our interval, which is no wider than 3% of it"""
    QUALITATIVE = "qualitative"
    """a statement without a number: the interval is on its side"""
    DIFFERS = "differs"
    DISPUTED = "disputed"
    """it differs, and the claim itself is in doubt for a stated reason"""
    TOO_FEW = "too few trajectories"
    """the interval is too wide for the margin"""
    UNDECIDED = "undecided"
    NOT_RUN = "not run"


class Kind(enum.StrEnum):
    """Kind of a claim: a number that a paper states, a number that a law gives us, a statement without a number."""

    NUMBER = "number"
    LAW = "law"
    STATEMENT = "statement"


LEAST = 0.03
"""Least margin around a published number, and most half-width beside a law, as a share of the number."""
CONFIRMED = {Verdict.REPRODUCED, Verdict.LAW_HOLDS, Verdict.QUALITATIVE}


@dataclasses.dataclass(frozen=True)
class Judged:
    """Verdict with the numbers that it rests on, for a curve those of its deciding point."""

    word: Verdict
    ours: float
    low: float
    high: float
    half: float
    target: float
    margin: float


def published_margin(published: float, tolerance: float, error: float, log10: bool = False) -> float:
    """Margin around a published number: its tolerance and 1.96 of its standard errors in quadrature, 3% at least."""
    least = np.log10(1 + LEAST) if log10 else LEAST * abs(published)
    return float(max(np.hypot(tolerance, 1.96 * error), least))


def judge_number(found: Measured, published: float, margin: float) -> Judged:
    """Reproduced if |gap| + h <= margin, differs if |gap| - h > margin; else too few if h > margin / 2, or undecided.

    gap: ours less the published number; h: the half-width of our interval.
    """
    gap, half = abs(float(found.value) - published), float(found.half)
    if gap + half <= margin:
        word = Verdict.REPRODUCED
    elif gap - half > margin:
        word = Verdict.DIFFERS
    else:
        word = Verdict.UNDECIDED if half <= margin / 2 else Verdict.TOO_FEW
    return _judged(word, found, 0, published, margin)


def judge_law(found: Measured, tolerance: float) -> Judged:
    """Law holds if |gap| <= h and h <= 3% of the law, or of the effect where `found` states one, at every point.

    It differs where |gap| - h exceeds these 3%, or where the gap is beyond what five standard errors are to a normal
    law. Else too few trajectories if some h is above 3%, or undecided. gap: ours less the law's number, less the
    tolerance, which is how far off the law itself may be.
    """
    value, law = np.atleast_1d(found.value), np.atleast_1d(found.law)
    half, far = np.broadcast_to(found.half, value.shape), np.broadcast_to(found.far, value.shape)
    margin = LEAST * np.broadcast_to(np.abs(law if found.effect is None else found.effect), value.shape)
    gap = np.maximum(abs(value - law) - tolerance, 0.0)
    wrong = (gap - half > margin) | (gap > far)
    wide = ~(half <= margin)
    with np.errstate(all="ignore"):
        deviation, width = np.nan_to_num(gap / half), np.nan_to_num(half / margin, nan=np.inf)
    if wrong.any():
        word, at = Verdict.DIFFERS, np.where(wrong, gap, -1).argmax()
    elif wide.any():
        word, at = Verdict.TOO_FEW, width.argmax()
    else:
        word, at = (Verdict.LAW_HOLDS if (gap <= half).all() else Verdict.UNDECIDED), deviation.argmax()
    return _judged(word, found, int(at), float(law[at]), float(margin[at]))


def judge_statement(found: Measured) -> Verdict:
    """Qualitative if the statement holds, differs if it does not, undecided where the interval allows both."""
    return {True: Verdict.QUALITATIVE, False: Verdict.DIFFERS, None: Verdict.UNDECIDED}[found.holds]


def _judged(word: Verdict, found: Measured, at: int, target: float, margin: float) -> Judged:
    shape = np.shape(np.atleast_1d(found.value))
    ours, low, high, half = (
        float(np.broadcast_to(x, shape)[at]) for x in (found.value, found.low, found.high, found.half)
    )
    return Judged(word, ours, low, high, half, target, margin)
