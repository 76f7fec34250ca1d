"""Recovery: what comes back when a loop changes its regime at a generation, when, and what is gone for ever."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from collapsebench.analysis.intervals import mean_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import check_experiment, part_label
from collapsebench.oversight.answer import measured, ratio_of_means
from collapsebench.oversight.laws import law_of
from collapsebench.oversight.limits import Limit, limit_of, name_of
from collapsebench.parts.regime import Regime
from collapsebench.runs.progress import Progress
from collapsebench.runs.results import kept_records, new_dataset
from collapsebench.runs.runner import run_points
from collapsebench.specs import record
from collapsebench.specs.errors import RequestError, counted, shown
from collapsebench.specs.registry import REGIMES

if TYPE_CHECKING:
    import xarray as xr


def recover(
    experiment: Experiment, after: Regime | str, at: Sequence[int], limit: Limit | str = "variance",
    *, progress: Progress | None = None,
) -> xr.Dataset:  # fmt: skip
    """Change the regime of a loop at each of some generations, and tell what returns, when, and what is gone for ever.

    after: the regime from generation `at` on: Mix or Fresh adds real data, Saved goes back to an earlier set, Mix(1.0)
    stops the loop. limit: as of `plan`, without "best". All values of `at` are one compiled program, beside a loop that
    never changes and one that has `after` from the start; trajectory i has the same random numbers in all of them.

    Returns a Dataset by `at`: `left` [at, generation], what the limit bounds, with `left_error`, its standard error, and
    `exact_left` where a law gives it; `healed`, generations from `at` until the limit is kept again (0: it was not broken;
    NaN: not until the last); `hysteresis`, that over the generations which the unchanged loop took to break it: above 1,
    healing takes longer than the harm; `gone` (with `_low`, `_high`), how much less is left at the last generation than
    at generation 0 (of a risk: more), and `late`, how much less than with `after` from the start, which is what the past
    costs: with a share of new real rows a generation it fades as (1 - share)^generations (`theory.return_law`), without
    any it stays for ever. `lost`: when the unchanged loop broke the limit, NaN if it did not. `never` and `always`
    [generation]: what is left in these two. attrs: `sentence`. Raises RequestError, one line, and Stopped on Ctrl-C.
    """
    changed, kept = _request(experiment, after, at, limit)
    last = changed.generations - 1
    result = run_points(changed, {"regime.at": np.array([*at, last + 1, 1], float)}, len(at) + 2, progress=progress)
    values = measured(changed, result)
    above, below = kept.parts(changed, values[..., :1], values)
    below = np.broadcast_to(below, above.shape)
    left, error = ratio_of_means(above, below)
    broken = left > kept.level if kept.upper else left < kept.level
    lost = _first(broken[-2])
    healed = np.array([_first(~line[k:]) for line, k in zip(broken, at, strict=False)])
    # The denominator is of generation 0, before any change: it is the same in all loops, trajectory by trajectory.
    above = above * (-1 if kept.upper else 1) / below[:, :, -1].mean(axis=1)[:, None, None]
    missing = {"gone": above[:-2, :, 0] - above[:-2, :, -1], "late": above[-1:, :, -1] - above[:-2, :, -1]}
    law, exact = _exact(changed, kept, at)
    over = ("at", "generation")
    data: dict[str, Any] = {
        "left": (over, left[:-2]), "left_error": (over, error[:-2]), "exact_left": (over, exact),
        "healed": ("at", healed), "hysteresis": ("at", healed / lost), "lost": ((), lost),
        "never": ("generation", left[-2]), "always": ("generation", left[-1]),
    }  # fmt: skip
    for name, less in missing.items():
        found = mean_interval(less, axis=1)
        data |= {name + end: ("at", value) for end, value in zip(("", "_low", "_high"), found, strict=True)}
    coords = {"at": np.asarray(at, int), "generation": result.generation.values}
    made = new_dataset(data | kept_records(result), coords, result.attrs)
    for name, text in _LONG_NAMES.items():
        made[name].attrs["long_name"] = text
    about = {
        "kind": "recovery", "limit": name_of(kept), "level": float(kept.level), "law": law, "upper": int(kept.upper),
        "after": part_label(changed.regime.after), "experiment": json.dumps(experiment.to_json({})),
        "digest": record.digest([changed.to_json({}), name_of(kept), [int(k) for k in at]]),
    }  # fmt: skip
    made = made.assign_attrs(about)
    return made.assign_attrs(sentence=_sentence(made, kept.text(last)))


def _request(
    experiment: Experiment, after: Regime | str, at: Sequence[int], limit: Limit | str
) -> tuple[Experiment, Limit]:
    """The experiment that changes at a generation, and the limit. Raises RequestError."""
    check_experiment("recover", experiment)
    kept = limit_of(limit)
    if kept.optimum:
        raise RequestError("limit = best: recovery needs a level; use tail, variance, risk or categories")
    last = experiment.generations - 1
    whole = not isinstance(at, str) and np.ndim(at) == 1 and len(at) and np.asarray(at).dtype.kind in "iu"
    if not whole or not all(1 <= k <= last for k in at):
        raise RequestError(f"at = {shown(at)}: whole numbers from 1 to {last}, the last generation")
    then = REGIMES.get("then")(experiment.regime, REGIMES.build(after) if isinstance(after, str) else after)
    plain = dataclasses.replace(experiment, regime=then, metrics=(kept.metric(experiment),), snapshots=(), record=None)
    return plain, kept


def _exact(changed: Experiment, kept: Limit, at: Sequence[int]) -> tuple[str, np.ndarray]:
    """Name of the exact law, and what is left by it [at, generation]; NaN where there is none."""
    exact = np.full((len(at), changed.generations), np.nan)
    law = law_of(changed, kept)
    if law is None:
        return "", exact
    for i, k in enumerate(at):
        own = dataclasses.replace(changed, regime=dataclasses.replace(changed.regime, at=float(k)))
        exact[i] = [law[1](dataclasses.replace(own, generations=g + 1)) for g in range(changed.generations)]
    return law[0], exact


def _first(holds: np.ndarray) -> float:
    return float(holds.argmax()) if holds.any() else math.nan


def _sentence(made: xr.Dataset, text: str) -> str:
    """What the unchanged loop loses, and for each `at` when it heals, what is gone, and how much of that the past costs."""
    lost, last = float(made.lost), int(made.generation[-1])
    if math.isnan(lost):
        told = [f"Unchanged, the loop keeps the limit ({text})"]
    else:
        told = [f"Unchanged, the loop breaks the limit in generation {lost:.0f} (limit: {text})"]
    for k in made["at"].values:
        own = made.sel(at=k)
        healed = float(own.healed)
        if math.isnan(healed):
            time = f"the limit is not kept again until generation {last}"
        elif healed:
            time = f"the limit is kept again after {counted(healed, 'generation', '.0f')}"
        else:
            time = "the limit is kept at once" if k > lost else "the limit is not broken"
        gone, late = (
            _interval(*(float(own[name + end]) for end in ("", "_low", "_high"))) for name in ("gone", "late")
        )
        told.append(
            f"With {made.attrs['after']} from generation {k} on {time}; of what generation 0 had {gone} is gone in generation "
            f"{last}, {late} because the change came late"
        )
    return ". ".join(told)


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.3g} [{low:.3g}, {high:.3g}]"


_LONG_NAMES = {
    "left": "what the limit bounds", "left_error": "standard error of left", "exact_left": "what is left, by an exact law",
    "healed": "generations from the change until the limit is kept again; NaN: not until the last",
    "hysteresis": "generations to heal over generations to break", "lost": "when the unchanged loop broke the limit",
    "gone": "how much less is left at the last generation than at generation 0",
    "late": "how much less is left at the last generation than with the new regime from the start",
    "never": "what is left without the change", "always": "what is left with the new regime from the start",
}  # fmt: skip
