"""Numbers that the claims of Prevention Is Not Cure are judged by, off results and exact chains."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from collapsebench import theory
from collapsebench.literature.measured import (
    Measured,
    Results,
    above,
    below,
    exact,
    measured_mean,
    measured_ratio,
    measured_share,
    ordered,
    together,
)
from collapsebench.literature.papers.prevention.settings import (
    AROUND,
    BOUNDARIES,
    HEAL,
    HORIZON,
    LOSSES,
    LOST,
    WORST,
    K,
)


def missing_symbols(results: Results, label: str, share: float | None = None) -> np.ndarray:
    """[trajectory, generation] symbols that the model has lost."""
    support = results[label]["support"]
    if share is not None:
        at = np.argmin(abs(support["regime.real_fraction"].values - share))
        support = support.isel({"regime.real_fraction": int(at)})
    values = support.transpose("trajectory", "generation").values.astype(float)
    return (K if label.startswith(("heal", "loss")) else 2) - values


def passage_times(results: Results, kind: str, name: str, n: int, share: float) -> np.ndarray | None:
    """[trajectory] generations until first healed, or fits until first lost; NaN where the horizon came first."""
    missing = missing_symbols(results, f"{kind}-{name}-{n}", share)
    if missing.shape[1] < LOSSES:
        return None
    hit = missing == 0 if kind == "heal" else missing > 0
    return np.where(hit.any(axis=1), hit.argmax(axis=1) + (kind == "loss"), np.nan)


def absences(results: Results, label: str, share: float | None = None) -> np.ndarray | None:
    """[trajectory] share of the second half of all generations in which the rarest symbol is not in the pool."""
    missing = missing_symbols(results, label, share)
    half = missing.shape[1] // 2
    return None if half < LOSSES else (missing[:, half:] > 0).mean(axis=1)


def _digits(pairs: tuple[tuple[float, str], ...]) -> Measured:
    """Largest difference in units of the last printed digit; it holds at half a unit at most."""
    units = []
    for value, text in pairs:
        mantissa, _, power = text.partition("e")
        unit = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
        units.append(abs(value - float(text)) / unit)
    worst = max(units)
    return exact(worst).judged(worst <= 0.5 + 1e-6)


def printed(results: Results) -> Measured:
    """Largest difference of seven exact numbers from print, in units of the last digit."""
    rates = theory.window_relaxation_law([1, 1, 64, 64], [0.02, 0.05, 0.02, 0.05])
    texts = ("0.0202027", "0.0512933", "0.000619606", "0.00156539")
    alone = [(theory.absence_law(n, 1.0, 1 / K), text) for n, text in ((25, "0.0354978"), (200, "2.52122e-12"))]
    return _digits((*zip(map(float, rates), texts, strict=True), *alone, (theory.absence_law(50, 0.0, 1 / K), "0.875")))


def jensen(results: Results) -> Measured:
    """Least ratio of a symbol's absence to that without memory, over chains of all truths."""
    least = min(
        theory.absence_law(n, share, p) / (1 - p) ** n
        for n in (25, 50) for share in (0.01, 0.1, 0.5, 1.0) for p in WORST.values()
    )  # fmt: skip
    return exact(least).judged(least >= 1 - 1e-9)


def fixed(results: Results) -> Measured | None:
    """Share of symbols that are gone without real data."""
    missing = missing_symbols(results, "loss-uniform-50", 0.0)
    return measured_mean(missing[:, -1] / K) if missing.shape[1] >= LOSSES else None


def healed(results: Results, name: str, n: int, share: float) -> Measured | None:
    """Share of loops that heal from a point."""
    times = passage_times(results, "heal", name, n, share)
    if times is None:
        return None
    found = measured_share(~np.isnan(times))
    return Measured(found.value, found.low, found.high, far=found.far)


def median_healed(results: Results, name: str, share: float) -> Measured | None:
    """Median over those that healed, with the interval of order statistics; scatter: that of a median times sqrt(n)."""
    times = passage_times(results, "heal", name, 50, share)
    times = None if times is None else np.sort(times[~np.isnan(times)])
    if times is None or len(times) < 10:
        return None
    middle, reach = len(times) / 2, 1.96 * np.sqrt(len(times)) / 2
    low, high = times[max(0, int(middle - reach))], times[min(len(times) - 1, int(middle + reach))]
    return Measured(float(np.median(times)), float(low), float(high),
                    scatter=float((high - low) / 3.92 * np.sqrt(len(times))))  # fmt: skip


def loss(results: Results, name: str, share: float) -> Measured | None:
    """Mean number of fits until some symbol is lost."""
    times = passage_times(results, "loss", name, 50, share)
    return None if times is None else measured_mean(times)


def loss_medians(results: Results) -> Measured | None:
    """Largest distance of a printed time from our median; it holds within half a fit."""
    found = []
    for name, share, printed in LOST:
        times = passage_times(results, "loss", name, 50, share)
        if times is None:
            return None
        found.append(abs(float(np.nanmedian(times)) - printed))
    return exact(max(found)).judged(max(found) <= 0.5)


def _crossing(
    found: list[Measured], shares: tuple[float, ...], level: float, scale: Callable[[float], float]
) -> Measured:
    """Share at which a rate crosses a level: a line through `scale` of the rates by the logarithm of the share."""
    x, y = np.log(shares), np.array([scale(m.value) for m in found])
    slope, start = np.polyfit(x, y, 1)
    at = (scale(level) - start) / slope
    errors = [abs(scale(m.high) - scale(m.low)) / 2 for m in found]
    half = float(np.mean(errors)) / abs(slope)  # the shares see the same random numbers: errors do not average out
    return Measured(float(np.exp(at)), float(np.exp(at - half)), float(np.exp(at + half)))


def boundary(results: Results, name: str, n: int) -> Measured | None:
    """Share at which the rarest symbol is absent from a window of 4 in 1% of generations."""
    shares = tuple(min(BOUNDARIES[name, n] * f, 1.0) for f in AROUND)
    absent = [absences(results, f"window-{name}-{n}", share) for share in shares]
    if any(one is None or one.mean() == 0 for one in absent):
        return None
    return _crossing([measured_mean(one) for one in absent], shares, 0.01, np.log)


def heal_boundary(results: Results, name: str) -> Measured | None:
    """Share at which half of the loops heal."""
    shares = HEAL[name, 50][-3:]
    found = [healed(results, name, 50, share) for share in shares]
    if any(one is None for one in found):
        return None
    return _crossing([one for one in found if one], shares, 0.5, lambda p: np.log(p / (1 - p)))


def hysteresis(results: Results, name: str, n: int, low: float, high: float) -> Measured | None:
    """Mean generations to heal over those to lose, at the higher share; above 1 at the lower share, below at the higher."""
    ratios = []
    for share in (low, high):
        times = [passage_times(results, kind, name, n, share) for kind in ("heal", "loss")]
        if times[0] is None or times[1] is None:
            return None
        healed, lost = (np.nan_to_num(t, nan=end) for t, end in zip(times, (HORIZON, LOSSES), strict=True))
        ratios.append(measured_ratio(healed, lost[: len(healed)]))
    return ratios[1].judged(together(above(ratios[0], 1), below(ratios[1], 1)))


def pool_needs(results: Results) -> Measured | None:
    """The pool's absence over the last half of all generations."""
    absent = absences(results, "pool")
    if absent is None:
        return None
    found = measured_mean(absent)
    return found.judged(below(found, 0.01))


def fragile(results: Results) -> Measured | None:
    """The share that a window of 4 needs, over that of a window of 1; fragile would be above 1."""
    four = boundary(results, "uniform", 50)
    if four is None:
        return None
    one = theory.absence_boundary_law(50, WORST["uniform"])
    ratio = Measured(four.value / one, four.low / one, four.high / one)
    return ratio.judged(ordered(exact(1.0), ratio))
