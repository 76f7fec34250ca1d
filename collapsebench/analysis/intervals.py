"""Intervals over trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np


def mean_interval(values: Any, axis: int = 0) -> tuple[Any, Any, Any]:
    """Mean over trajectories and its 95% interval (1.96 standard errors); NaN trajectories are left out."""
    values = np.asarray(values)
    count = np.isfinite(values).sum(axis)
    mean = np.nanmean(values, axis)
    half = 1.96 * np.nanstd(values, axis, ddof=1) / np.sqrt(np.maximum(count, 1))
    return mean, mean - half, mean + half
