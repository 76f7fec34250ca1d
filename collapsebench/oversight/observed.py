"""Plan from a pipeline's own generations: what each keeps of the last one's variance, and the share of real rows it needs.

A generation is taken for what the pipeline makes of its real rows, which is what it made in generation 0, and of its
synthetic ones, of whose variance it keeps a share c. With k(0) = 1 and a share r of real rows k(t + 1) = r + (1 - r) c k(t):
`theory.fresh_law` of a normal for many rows, and every pipeline that scales the variance of what it is trained on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from collapsebench.analysis.intervals import Z
from collapsebench.datasets.reading import Source
from collapsebench.oversight.limits import Limit, SpreadKept, name_of
from collapsebench.runs.results import SCHEMA, SCHEMA_VERSION, commit, new_dataset, versions
from collapsebench.specs import record
from collapsebench.specs.errors import RequestError, counted

if TYPE_CHECKING:
    import xarray as xr

LEAST = 50
"""Rows of a generation at least."""
POINTS = 41


def left_mixing(keep: float, real_share: np.ndarray | float, generations: int) -> np.ndarray:
    """Share of generation 0's variance that is left when every training set has a share of real rows: k(generations)."""
    k = np.ones_like(np.asarray(real_share, np.float64))
    for _ in range(generations):
        k = np.asarray(real_share + (1 - real_share) * keep * k)
    return k


def left_accumulating(keep: float, generations: int) -> float:
    """Share of generation 0's variance that is left when a training set is the real rows and all generations so far."""
    parts = [
        1.0
    ]  # what is made of each part of the training set, all of one size, of which the real rows are the first
    for _ in range(generations):
        parts.append(keep * float(np.mean(parts)))
    return float(np.mean(parts))


def needed(keep: float, level: float, generations: int) -> float:
    """Least share of real rows with which at least `level` is left."""
    if left_mixing(keep, 0.0, generations) >= level:
        return 0.0
    return float(brentq(lambda share: left_mixing(keep, share, generations) - level, 0, 1))


def kept(log_variances: np.ndarray, errors: np.ndarray) -> tuple[float, float, float]:
    """Share of the variance that a generation keeps of the last one's, with its 95% interval.

    log_variances, errors: of each generation and its standard error. The steps have the noise of each generation's rows, as
    if the next were trained on them, and that of both ends, as if it were trained on as many others; where there are three
    steps or more their own scatter counts if it is larger.
    """
    steps = np.diff(log_variances)
    error = np.sqrt((errors**2).sum() + errors[-1] ** 2) / len(steps)
    if len(steps) > 2:
        error = max(error, steps.std(ddof=1) / np.sqrt(len(steps)))
    low, middle, high = np.exp(steps.mean() + error * np.array([-Z, 0, Z]))
    return float(middle), float(low), float(high)


def plan_of(real: object, limit: Limit, observed: Sequence[object], generations: int) -> xr.Dataset:
    """The Dataset of `plan` of generations that a pipeline made. Raises RequestError, one line."""
    if not isinstance(limit, SpreadKept):
        raise RequestError(f"limit = {name_of(limit)}: observed generations tell of variance alone; use variance=0.5")
    if isinstance(observed, str | os.PathLike) or len(observed) < 2:
        raise RequestError("observed: name the rows of generation 0 and of at least one more")
    variance, error = measured(real, observed)
    keeps = kept(np.log(variance), error)
    share = [needed(keep, limit.level, generations) for keep in (keeps[0], keeps[2], keeps[1])]
    all_kept = [left_accumulating(keep, generations) for keep in keeps]
    value = np.linspace(0, 1, POINTS)
    left = [left_mixing(keep, value, generations) for keep in keeps]
    data: dict[str, object] = {"variance": ("observed", variance / variance[0]), "error": ("observed", error)}
    for i, end in enumerate(("", "_low", "_high")):
        data |= {f"keep{end}": keeps[i], f"answer{end}": share[i], f"accumulated{end}": all_kept[i]}
        data[f"left{end}"] = ("point", left[i])
    sentence = _sentence(keeps, share, all_kept, limit.text(generations), len(observed) - 1)
    rows = _sources(real, observed)
    named = ("observed", [own.name for own in rows[1:]])
    coords = {"value": ("point", value), "observed": np.arange(len(observed)), "rows": named}
    attrs = {
        "schema": SCHEMA, "schema_version": SCHEMA_VERSION, "kind": "observed plan", "name": f"plan of {rows[0].name}",
        "digest": record.digest([[own.digest() for own in rows], name_of(limit), generations]), "limit": name_of(limit),
        "level": float(limit.level), "dial": "real_share", "generations": generations, "sentence": sentence,
        "versions": json.dumps(versions()), "commit": commit(),
    }  # fmt: skip
    made = new_dataset(data, coords, attrs)
    for name, text in _LONG_NAMES.items():
        made[name].attrs["long_name"] = text
    return made


_LONG_NAMES = {
    "variance": "variance of a generation over that of generation 0", "error": "standard error of its logarithm",
    "rows": "name of a generation's rows", "keep": "share of the last generation's variance that the next one keeps",
    "answer": "least share of real rows that keeps the limit", "value": "share of real rows in every training set",
    "left": "share of generation 0's variance that is left at the last generation",
    "accumulated": "share that is left where all data are kept beside the real rows",
}  # fmt: skip


def _sources(real: object, observed: Sequence[object]) -> list[Source]:
    """The real rows, and those of every generation, with the columns of the real ones."""
    rows = Source(real, None if isinstance(real, str | os.PathLike) else "the real rows")
    names = (str(g) if isinstance(g, str | os.PathLike) else f"generation {k}" for k, g in enumerate(observed))
    return [rows, *(Source(g, name, rows.schema, rows.name) for g, name in zip(observed, names, strict=True))]


def measured(real: object, observed: Sequence[object]) -> tuple[np.ndarray, np.ndarray]:
    """Variance of each generation, the mean over columns in units of the real rows', and the standard error of its log."""
    rows, *generations = _sources(real, observed)
    scale = np.sqrt(_squares(rows).mean(axis=0))
    varies = scale > 0
    if not varies.any():
        raise RequestError(f"{rows.name}: no column of numbers varies; there is no variance that could be lost")
    found = []
    for given in generations:
        name, squares = given.name, _squares(given)
        own = (squares[:, varies] / scale[varies] ** 2).mean(axis=1)
        if len(own) < LEAST:
            raise RequestError(f"{name}: row {len(own)} is its last; a generation must have at least {LEAST} rows")
        if not own.any():
            raise RequestError(f"{name}: no column of numbers varies any more; plan from the generations before")
        found.append((own.mean() * len(own) / (len(own) - 1), own.std() / own.mean() / np.sqrt(len(own))))
    variance, error = np.array(found).T
    return variance, error


def _squares(rows: Source) -> np.ndarray:
    """Squared distances of all numbers from their columns' means [rows, columns]."""
    mean = sum(chunk.numbers.sum(axis=0) for chunk in rows.chunks()) / rows.size
    return np.concatenate([np.square(chunk.numbers - mean) for chunk in rows.chunks()])


def _sentence(
    keeps: tuple[float, float, float], share: Sequence[float], all_kept: Sequence[float], text: str, steps: int
) -> str:
    told = [
        f"{middle:.3g}% [{low:.3g}%, {high:.3g}%]" for middle, low, high in 100 * np.array([keeps, share, all_kept])
    ]
    answer = f"Keep at least {told[1]} real rows in every generation: then {text}"
    if share[2] == 0:
        answer = f"No real rows are needed: {text}"
    return (
        f"A generation keeps {told[0]} of the last one's variance, by {counted(steps, 'step')}. {answer}. With all "
        f"data kept beside the real rows {told[2]} would be left. Assumed: these generations were trained on the one before "
        "alone, real rows give what they gave in generation 0, and synthetic ones keep that share again"
    )
