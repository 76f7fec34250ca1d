"""Measurements for the claims of Alemohammad et al. (2024); None where the scale is too small to tell."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.literature.measured import Measured, Results, measured_deviation, measured_mean
from collapsebench.literature.papers.alemohammad import laws
from collapsebench.literature.papers.alemohammad.settings import (
    BIASES,
    DIM,
    FIRST,
    FRESH,
    MEMORY_REAL,
    MEMORY_SYNTHETIC,
    MODELS,
    REAL_SIZES,
    SHARES,
    SIZE_BIASES,
    SYNTHETIC,
)

SETTLED, LAST = 40, 10
"""Fits from which the 100-dimensional loop stands at its limit, and how many of the last are averaged."""
LAWFUL = 0.1
"""How far, as a share of it, a simulation may lie from a law to first order in 1 / n."""


def distance(results: Results, first: int, bias: float) -> np.ndarray:
    """Squared W2 in 100 dimensions, [trajectory, generation]."""
    return results["gaussian"].w2_squared.sel({"n_real": first, "model.bias": bias}).values


def settled(results: Results, first: int, bias: float) -> np.ndarray | None:
    """Mean squared W2 of the last LAST fits, [trajectory]; None below SETTLED fits."""
    values = distance(results, first, bias)
    return values[:, -LAST:].mean(axis=1) if values.shape[1] >= SETTLED else None


def limit(results: Results, bias: float) -> Measured | None:
    """Mean squared W2 of the last fits from the last of FIRST, at one bias."""
    values = settled(results, FIRST[-1], bias)
    return None if values is None else measured_mean(values)


def forgets_the_start(results: Results) -> Measured | None:
    """Relative gap in settled squared W2 between the two first samples, largest over biases; holds below 2%."""
    gaps = []
    for b in BIASES:
        small, large = (settled(results, first, b) for first in FIRST)
        if small is None or large is None:
            return None
        gaps.append(measured_mean((small - large) / large))
    most = max(gaps, key=lambda gap: abs(gap.value))
    return most.judged(abs(most.value) < 0.02)


def follows_the_law(results: Results) -> Measured | None:
    """Largest deviation of mean error and variance from `theory.fresh_law` at the last fit, in standard errors."""
    result = results["gaussian"].isel(generation=-1)
    if result.sizes["trajectory"] < 10:
        return None
    gaps = []
    for b in BIASES:
        for first in FIRST:
            at = result.sel({"n_real": first, "model.bias": b})
            v, s = theory.fresh_law(FRESH, SYNTHETIC, int(at.generation) + 1, bias=b, n_first=first)
            gaps += [at.mean_error.values / DIM - v, at["variance"].values / DIM - s]
    return measured_deviation(gaps)


def sizes_follow_the_law(results: Results) -> Measured | None:
    """Worst ratio of the mean squared W2 of the last 100 fits to its limit; holds within LAWFUL of 1."""
    ratios = []
    for rows in REAL_SIZES:
        result = results[f"sizes-{rows}"]
        if result.sizes["generation"] < 200:
            return None
        last = result.w2_squared.isel(generation=slice(-100, None)).mean(("trajectory", "generation"))
        for b in SIZE_BIASES:
            ratios += [
                float(last.sel({"n": n, "model.bias": b})) / laws.limit_distance(rows, n, b) for n in last["n"].values
            ]
    worst = max(ratios, key=lambda ratio: abs(np.log(ratio)))
    return Measured(worst, holds=bool(abs(worst - 1) < LAWFUL))


def admissible(results: Results) -> Measured:
    """Ratio of admissible synthetic rows at ten times the real rows, largest over biases; and in the limit."""
    gains = [laws.admissible(1000, b) / laws.admissible(100, b) for b in SIZE_BIASES if b < 1]
    late = [laws.admissible(1e6, b) / laws.admissible(1e5, b) for b in SIZE_BIASES if b < 1]
    return Measured(max(gains), min(gains), max(gains), holds=bool(max(late) < 1.05 and max(gains) < np.sqrt(10)))


def shrinks_with_bias(results: Results) -> Measured:
    """Ratio of admissible synthetic rows at bias 0.7 to those at 0.85, largest over sizes; holds below 1."""
    ratios = [laws.admissible(rows, 0.7) / laws.admissible(rows, 0.85) for rows in (100, 250, 1000)]
    return Measured(max(ratios), min(ratios), max(ratios), holds=bool(max(ratios) < 1))


def memory_error(results: Results) -> Measured | None:
    """Mean error at the last of MODELS over that at the first; holds below 1 if all sizes follow the law."""
    values = results["memory"].mean_error.isel(generation=-1).values
    if values.shape[1] < 100 or results["memory"].sizes["generation"] < 200:
        return None
    law = [laws.memory_mean_error(MEMORY_REAL, MEMORY_SYNTHETIC, k) for k in MODELS]
    found = measured_deviation([row - expected for row, expected in zip(values, law, strict=True)])
    gain = measured_mean(values[-1] / values[0].mean())
    return gain.judged(found.holds and gain.high < 1)


def less_real_is_farther(results: Results) -> Measured | None:
    """Squared W2 at the last of SHARES over that at the first; holds if it rises from each share to the next."""
    values = results["share"].w2_squared.isel(generation=-1).values  # [n, share, trajectory]
    if values.shape[2] < 100 or results["share"].sizes["generation"] < 200:
        return None
    order = [
        measured_mean(np.log(values[:, i + 1].mean(0)) - np.log(values[:, i].mean(0))) for i in range(len(SHARES) - 1)
    ]
    ratio = values[:, -1].mean() / values[:, 0].mean()
    return Measured(float(ratio), holds=bool(min(step.low for step in order) > 0))


def modal_variance(results: Results, loop: str) -> np.ndarray | None:
    """Gain of the log modal variance from the first generation to the last, [trajectory]."""
    values = results[f"modes-{loop}"].within_log_variance.values
    return values[:, -1] - values[:, 0] if values.shape[1] >= 50 else None


def modes_collapse(results: Results) -> Measured | None:
    """Gain of the log modal variance under replace; holds below -1 if recall falls too."""
    lost = modal_variance(results, "replace")
    if lost is None:
        return None
    recall = results["modes-replace"].recall.values
    found, falls = measured_mean(lost), measured_mean(recall[:, -1] - recall[:, 0])
    return found.judged(found.high < -1 and falls.high < 0)


def real_data_hold(results: Results) -> Measured | None:
    """Least gain of the log modal variance with real data; holds above that of replace and above -1."""
    gaps = []
    for loop in ("augment", "fresh"):
        ours, alone = modal_variance(results, loop), modal_variance(results, "replace")
        if ours is None or alone is None:
            return None
        gaps.append(measured_mean(ours))
    least = min(gaps, key=lambda gap: gap.low)
    return least.judged(least.low > measured_mean(alone).high and least.low > -1)


def flow_drifts(results: Results) -> Measured | None:
    """Rise of the unbiased flow's held-out loss from the first generation to the last; holds above 0."""
    values = results["flow-1"].nll.values
    if values.shape[1] < 16:
        return None
    found = measured_mean(values[:, -1] - values[:, 0])
    return found.judged(found.low > 0)


def flow_shrinks(results: Results) -> Measured | None:
    """Gain of the flow's log variance at bias 0.75; holds below 0 and below the unbiased flow's at the end."""
    biased, plain = (results[f"flow-{b:g}"].log_variance.values for b in (0.75, 1.0))
    if biased.shape[1] < 16:
        return None
    found, gap = measured_mean(biased[:, -1] - biased[:, 0]), measured_mean(biased[:, -1] - plain[:, -1])
    return found.judged(found.high < 0 and gap.high < 0)


def images_gain(results: Results, metric: str, row: int) -> Measured | None:
    """Mean gain of a metric from the first generation to the last, at the guidance with index `row`."""
    values = results["images"][metric].values
    if values.shape[2] < 5:
        return None
    return Measured(float((values[row, :, -1] - values[row, :, 0]).mean()))


def images_drift(results: Results) -> Measured | None:
    """Rise of the images' Frechet distance at the first guidance; holds above 0."""
    found = images_gain(results, "frechet", 0)
    return found and found.judged(found.value > 0)


def images_lose_recall(results: Results) -> Measured | None:
    """Gain of the images' recall, largest over guidances; holds if it falls at every one."""
    found = [images_gain(results, "recall", row) for row in range(results["images"].sizes["model.guidance"])]
    if any(one is None for one in found):
        return None
    most = max(one.value for one in found)
    return Measured(most, holds=bool(most < 0))


def images_bias_costs_recall(results: Results) -> Measured | None:
    """Recall at the last guidance less that at the first, last generation; holds below 0."""
    values = results["images"].recall.values
    if values.shape[2] < 5:
        return None
    gap = float(values[-1, :, -1].mean() - values[0, :, -1].mean())
    return Measured(gap, holds=gap < 0)
