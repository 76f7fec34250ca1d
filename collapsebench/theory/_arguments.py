"""Checked float64 arguments of laws, and the iteration of a recursion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.floating]
Values: TypeAlias = float | Floats  # what a law returns: a number for numbers, an array for arrays


def at_least(name: str, values: npt.ArrayLike, least: npt.ArrayLike, what: str) -> Floats:
    """`values` as float64, all >= `least`; else a ValueError such as `n = 1: an unbiased variance needs n >= 2`."""
    array, least = np.asarray(values, float), np.asarray(least, float)
    _refuse(name, array, ~(array >= least), f"{what} needs {name} >= {least.max(initial=-np.inf):g}")
    return array


def above(name: str, values: npt.ArrayLike, bound: float, what: str) -> Floats:
    """`values` as float64, all > `bound`; else a ValueError such as `noise = 0: a label noise needs noise > 0`."""
    array = np.asarray(values, float)
    _refuse(name, array, ~(array > bound), f"{what} needs {name} > {bound:g}")
    return array


def below(name: str, values: npt.ArrayLike, bound: float, what: str) -> Floats:
    """`values` as float64, all < `bound`; else a ValueError such as `ratio = 1: least squares needs ratio < 1`."""
    array = np.asarray(values, float)
    _refuse(name, array, ~(array < bound), f"{what} needs {name} < {bound:g}")
    return array


def within(name: str, values: npt.ArrayLike, low: float, high: float, what: str) -> Floats:
    """`values` as float64, all in [low, high]; else a ValueError such as `share = 2: a mix needs 0 <= share <= 1`."""
    array = np.asarray(values, float)
    _refuse(name, array, ~((array >= low) & (array <= high)), f"{what} needs {low:g} <= {name} <= {high:g}")
    return array


def probabilities(name: str, values: npt.ArrayLike) -> Floats:
    """Distributions over the last axis; else a ValueError such as `sum(p) = 0.9: a distribution needs a sum of 1`."""
    array = within(name, values, 0, 1, "a distribution")
    total = array.sum(-1)
    _refuse(f"sum({name})", total, abs(total - 1) > 1e-6, "a distribution needs a sum of 1")
    return array


def completed(fits: npt.ArrayLike, least: int = 0) -> Floats:
    """Number of completed fits as float64: 1 is the fit to real data, 0 the real distribution itself, if allowed."""
    array = at_least("fits", fits, least, "a loop")
    _refuse("fits", array, array != np.floor(array), "a loop needs a whole number")
    return array


def iterate(step: Callable[..., tuple[Values, ...]], state: tuple[npt.ArrayLike, ...], times: Floats) -> Any:
    """State after `times` applications of `step`; where `times` is an array, each element has its own number."""
    stopped = tuple(np.asarray(value, float) for value in state)
    for done in range(int(times.max(initial=0))):
        stopped = tuple(np.where(done < times, new, old) for new, old in zip(step(*stopped), stopped, strict=True))
    return tuple((value + 0.0 * times)[()] for value in stopped)


def _refuse(name: str, array: Floats, wrong: npt.NDArray[np.bool_], why: str) -> None:
    if np.any(wrong):
        value = np.broadcast_to(array, np.shape(wrong))[wrong].flat[0]
        raise ValueError(f"{name} = {value:g}: {why}")
