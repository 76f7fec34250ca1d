"""Measurements for the claims of Alemohammad et al. (2024); None where the scale is too small to tell."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.literature.measured import (
    Measured,
    Results,
    above,
    below,
    mean_curve,
    measured_mean,
    measured_ratio,
    ordered,
    together,
    within,
)
from collapsebench.literature.papers.alemohammad import laws
from collapsebench.literature.papers.alemohammad.settings import (
    BIASES,
    DIM,
    FIRST,
    FRESH,
    LAW_FITS,
    LIMIT,
    MEMORY_REAL,
    MEMORY_SYNTHETIC,
    MODELS,
    REAL_SIZES,
    SHARES,
    SIZE_BIASES,
    START,
    SYNTHETIC,
)

SETTLED, LAST = 40, 10
"""Fits from which the 100-dimensional loop stands at its limit, and how many of the last are averaged."""
LAWFUL = 0.02
"""How far, as a share of it, a simulation may lie from a law to first order in 1 / n: the least n is 200."""


def distance(results: Results, first: int, bias: float) -> np.ndarray:
    """Squared W2 in 100 dimensions, [trajectory, generation]."""
    return results["gaussian"].w2_squared.sel({"n_real": first, "model.bias": bias}).values


def settled(results: Results, first: int, bias: float) -> np.ndarray | None:
    """Mean squared W2 of the last LAST fits, [trajectory]; None below SETTLED fits."""
    values = distance(results, first, bias)
    return values[:, -LAST:].mean(axis=1) if values.shape[1] >= SETTLED else None


def start(results: Results, first: int) -> Measured:
    """Squared W2 of the first fit, beside that of an independent simulation."""
    return measured_mean(distance(results, first, 1.0)[:, 0]).against(START[first][0])


def limit(results: Results, bias: float) -> Measured | None:
    """Mean squared W2 of the last fits from the last of FIRST, at one bias, beside that of an independent simulation."""
    values = settled(results, FIRST[-1], bias)
    return None if values is None else measured_mean(values).against(LIMIT[bias][0])


def forgets_the_start(results: Results) -> Measured | None:
    """Relative gap in settled squared W2 between the two first samples, largest over biases; holds below 2%."""
    gaps = []
    for b in BIASES:
        small, large = (settled(results, first, b) for first in FIRST)
        if small is None or large is None:
            return None
        gaps.append(measured_mean((small - large) / large))
    most = max(gaps, key=lambda gap: abs(gap.value))
    return most.judged(together(*(within(gap, 0.02) for gap in gaps)))


def follows_the_law(results: Results) -> Measured | None:
    """Mean error and variance per dimension after LAW_FITS fits, beside `theory.fresh_law`."""
    result = results["law"].isel(generation=-1)
    if int(result.generation) + 1 < LAW_FITS:
        return None
    values, laws = [], []
    for b in BIASES:
        for first in FIRST:
            at = result.sel({"n_real": first, "model.bias": b})
            values += [at.mean_error.values / DIM, at["variance"].values / DIM]
            laws += [float(x) for x in theory.fresh_law(FRESH, SYNTHETIC, LAW_FITS, bias=b, n_first=first)]
    return mean_curve(values, laws)


def sizes_follow_the_law(results: Results) -> Measured | None:
    """Ratio of the mean squared W2 of the last 100 fits to its limit by the law, at every size and bias."""
    values = []
    for rows in REAL_SIZES:
        result = results[f"sizes-{rows}"]
        if result.sizes["generation"] < 200:
            return None
        last = result.w2_squared.isel(generation=slice(-100, None)).mean("generation")
        for b in SIZE_BIASES:
            for n in last["n"].values:
                values.append(last.sel({"n": n, "model.bias": b}).values / laws.limit_distance(rows, n, b))
    return mean_curve(values, np.ones(len(values)))


def admissible(results: Results) -> Measured:
    """Ratio of admissible synthetic rows at ten times the real rows, largest over biases; and in the limit."""
    gains = [laws.admissible(1000, b) / laws.admissible(100, b) for b in SIZE_BIASES if b < 1]
    late = [laws.admissible(1e6, b) / laws.admissible(1e5, b) for b in SIZE_BIASES if b < 1]
    return Measured(max(gains), min(gains), max(gains), holds=bool(max(late) < 1.05 and max(gains) < np.sqrt(10)))


def shrinks_with_bias(results: Results) -> Measured:
    """Ratio of admissible synthetic rows at bias 0.7 to those at 0.85, largest over sizes; holds below 1."""
    ratios = [laws.admissible(rows, 0.7) / laws.admissible(rows, 0.85) for rows in (100, 250, 1000)]
    return Measured(max(ratios), min(ratios), max(ratios), holds=bool(max(ratios) < 1))


def _memory(results: Results) -> np.ndarray | None:
    """Mean squared error of the mean over the last 100 fits, [models, trajectory]."""
    values = results["memory"].mean_error.transpose("regime", "trajectory", "generation").values
    return values[..., -100:].mean(axis=-1) if values.shape[2] >= 200 else None


def memory_law(results: Results) -> Measured | None:
    """Error of the mean at every one of MODELS, beside the autoregressive law."""
    values = _memory(results)
    if values is None:
        return None
    return mean_curve(list(values), [laws.memory_mean_error(MEMORY_REAL, MEMORY_SYNTHETIC, k) for k in MODELS])


def memory_helps(results: Results) -> Measured | None:
    """Error of the mean at the last of MODELS over that at the first; holds below 1."""
    values = _memory(results)
    if values is None:
        return None
    gain = measured_ratio(values[-1], values[0])
    return gain.judged(below(gain, 1))


def less_real_is_farther(results: Results) -> Measured | None:
    """Squared W2 at the last of SHARES over that at the first, least over n; holds if every step at every n is a rise."""
    values = results["share"].w2_squared.isel(generation=-1).values  # [n, share, trajectory]
    if values.shape[2] < 100 or results["share"].sizes["generation"] < 200:
        return None
    points = values.shape[0] * (len(SHARES) - 1)
    steps = [measured_ratio(own[i + 1], own[i], points) for own in values for i in range(len(SHARES) - 1)]
    whole = min((measured_ratio(own[-1], own[0]) for own in values), key=lambda found: found.low)
    return whole.judged(together(*(above(step, 1) for step in steps)))


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
    return found.judged(together(below(found, -1), below(falls, 0)))


def real_data_hold(results: Results) -> Measured | None:
    """Least gain of the log modal variance with real data; holds above that of replace and above -1."""
    alone, gaps = modal_variance(results, "replace"), []
    for loop in ("augment", "fresh"):
        ours = modal_variance(results, loop)
        if ours is None or alone is None:
            return None
        gaps.append(measured_mean(ours))
    least = min(gaps, key=lambda gap: gap.low)
    return least.judged(together(above(least, -1), *(ordered(measured_mean(alone), gap) for gap in gaps)))


def flow_drifts(results: Results) -> Measured | None:
    """Rise of the unbiased flow's held-out loss from the first generation to the last; holds above 0."""
    values = results["flow-1"].nll.values
    if values.shape[1] < 16:
        return None
    found = measured_mean(values[:, -1] - values[:, 0])
    return found.judged(above(found, 0))


def flow_shrinks(results: Results) -> Measured | None:
    """Gain of the flow's log variance at bias 0.75; holds below 0 and below the unbiased flow's at the end."""
    biased, plain = (results[f"flow-{b:g}"].log_variance.values for b in (0.75, 1.0))
    if biased.shape[1] < 16:
        return None
    found, gap = measured_mean(biased[:, -1] - biased[:, 0]), measured_mean(biased[:, -1] - plain[:, -1])
    return found.judged(together(below(found, 0), below(gap, 0)))


def images_gain(results: Results, metric: str, row: int) -> Measured | None:
    """Mean gain of a metric from the first generation to the last, at the guidance with index `row`."""
    values = results["images"][metric].values
    return measured_mean(values[row, :, -1] - values[row, :, 0]) if values.shape[2] >= 5 else None


def images_drift(results: Results) -> Measured | None:
    """Rise of the images' Frechet distance at the first guidance; holds above 0."""
    found = images_gain(results, "frechet", 0)
    return found and found.judged(above(found, 0))


def images_lose_recall(results: Results) -> Measured | None:
    """Gain of the images' recall, largest over guidances; holds if it falls at every one."""
    found = [images_gain(results, "recall", row) for row in range(results["images"].sizes["model.guidance"])]
    gains = [one for one in found if one is not None]
    if len(gains) < len(found):
        return None
    return max(gains, key=lambda gain: gain.high).judged(together(*(below(gain, 0) for gain in gains)))


def images_bias_costs_recall(results: Results) -> Measured | None:
    """Recall at the last guidance less that at the first, last generation; holds below 0."""
    values = results["images"].recall.values
    if values.shape[2] < 5:
        return None
    gap = measured_mean(values[-1, :, -1] - values[0, :, -1])
    return gap.judged(below(gap, 0))
