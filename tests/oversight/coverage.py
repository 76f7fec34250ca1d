"""Coverage of the planner's intervals: `python -m tests.oversight.coverage FILE.csv` plans six laws with 100 seeds each.

The settings and the seeds 0 to 99 were fixed before the first of them was run, with one exception: the tail's chance was .9,
which no share of real rows keeps (three of 100 rows or more of a symbol of 5% have probability .88), so that there was no value.
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np

import collapsebench as cb
from collapsebench.oversight.limits import TailKept

SEEDS = 100
FIVE = cb.targets.Categorical(5, (0.05, 0.2, 0.25, 0.25, 0.25))
CASES = {
    "normal, real share, risk": (
        {"target": "normal", "model": cb.models.Gaussian(unbiased=True), "n": 100, "generations": 21}, "risk=0.5", "real_share",
    ),
    "normal, growth, variance": (
        {"target": "normal", "model": cb.models.Gaussian(), "n": 50, "generations": 11}, "variance=0.9", "growth",
    ),
    "symbols, real share, tail": (
        {"target": FIVE, "model": cb.models.Categorical(5), "n": 100, "generations": 21},
        TailKept(chance=0.8), "real_share",
    ),
    "two symbols, real share, categories": (
        {"target": cb.targets.Categorical(2, (0.95, 0.05)), "model": cb.models.Categorical(2), "n": 100, "generations": 21},
        "categories=0.95", "real_share",
    ),
    "symbols, fresh rows, risk": (
        {"target": FIVE, "model": cb.models.Categorical(5), "n": 100, "generations": 21},
        "risk=0.5", "fresh_rows",
    ),
    "least squares, growth, risk": (
        {
            "target": "linear", "model": cb.models.LinearRegression(fresh=True), "n": 50, "generations": 11,
            "metrics": "excess_risk",
        },
        "risk=1.0", "growth",
    ),
}  # fmt: skip
"""By law: fields of the experiment, the limit and the dial."""


def planned(name, seed, trajectories=400):
    """The plan of a law with a seed."""
    fields, limit, dial = CASES[name]
    experiment = cb.Experiment(name="coverage", handover="summary", trajectories=trajectories, seed=seed, **fields)
    return cb.plan(experiment, limit, dial)


def holds(found):
    """Whether the interval has the exact value in it; a plan without an answer has none."""
    low, exact, high = (float(found[name]) for name in ("answer_low", "exact", "answer_high"))
    return bool(low - 1e-6 <= exact <= high + 1e-6)


def row(name):
    """What all plans of a law come to, as a row of the table."""
    begun, plans = time.perf_counter(), [planned(name, seed) for seed in range(SEEDS)]
    widths = [float(found["answer_high"] - found["answer_low"]) for found in plans]
    made = {
        "law": name, "source": plans[0].attrs["law"], "exact": f"{float(plans[0]['exact']):.4g}", "seeds": SEEDS,
        "contain": sum(map(holds, plans)), "median width": f"{np.nanmedian(widths):.3g}",
    }  # fmt: skip
    print(f"{made}, {time.perf_counter() - begun:.0f} s", flush=True)
    return made


def write(rows, path):
    """Write the table, one row for each law."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{sum(each['contain'] for each in rows)} of {len(rows) * SEEDS}")


if __name__ == "__main__":
    write([row(name) for name in CASES], Path(sys.argv[1]))
