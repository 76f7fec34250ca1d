"""False alarms of the monitor over 10,000 healthy sequences, and its lead times before half of the spread is lost.

python -m tests.oversight.calibration healthy results/monitor/healthy.json 10000 normal t3 pareto mixture zipf table wide
python -m tests.oversight.calibration healthy results/monitor/healthy_texts.json SEQUENCES texts
python -m tests.oversight.calibration healthy results/monitor/healthy_pareto.json 10000 pareto
python -m tests.oversight.calibration lead results/monitor/lead.json [LOOPS]
"""

import json
import sys
from pathlib import Path

import numpy as np
from scipy.stats import beta

from collapsebench.oversight.monitor import monitor
from tests.oversight import sequences

SEED = 20261125
N, M, GENERATIONS, TURN = 1000, 500, 5, 20
POOLED = ("normal", "zipf", "table", "texts")
CASES = [(kind, False) for kind in sequences.KINDS] + [(kind, True) for kind in POOLED]
LOOPS = (
    ("normal, sd x .95", 500, 20),
    ("zipf, rarest 3% cut", 1000, 20),
    ("zipf, resampled", 1000, 40),
    ("normal, refitted", 200, 120),
)


def limits(count, total):
    """Clopper-Pearson 95% interval of a rate."""
    low = beta.ppf(0.025, count, total - count + 1) if count else 0.0
    return [float(low), float(beta.ppf(0.975, count + 1, total - count)) if count < total else 1.0]


def false_alarms(path, total, *kinds):
    """Sequences with any alarm, by kind of data; all of alpha is spent over GENERATIONS.

    Tolerance 1, the hardest: every p-value of an exact test is at least as large at a smaller tolerance. The cases take
    turns, so that what is written at any time is balanced.
    """
    cases = [case for case in CASES if not kinds or case[0] in kinds]
    turns = max(total // len(cases) // TURN, 1)
    generators = [np.random.default_rng([SEED, CASES.index(case)]) for case in cases]
    made = {kind + ", pool" * pool: {"sequences": 0, "monitor": 0, "ks": 0} for kind, pool in cases}
    for turn in range(turns):
        for rng, (kind, pool) in zip(generators, cases, strict=True):
            count = made[kind + ", pool" * pool]
            for i in range(turn * TURN, (turn + 1) * TURN):
                real, own = sequences.draw(kind, N, rng), sequences.healthy(kind, M, GENERATIONS, pool, rng)
                count["sequences"] += 1
                count["monitor"] += monitor(real, own, tolerance=1.0, horizon=GENERATIONS, seed=i).alarm is not None
                count["ks"] += bool(sequences.naive(real, own[1:]).any())
            count["95% limits"] = limits(count["monitor"], count["sequences"])
        sums = {name: sum(count[name] for count in made.values()) for name in ("sequences", "monitor", "ks")}
        rates = {name: limits(sums[name], sums["sequences"]) for name in ("monitor", "ks")}
        record = {
            "seed": SEED,
            "alpha": 0.01,
            "tolerance": 1,
            "real rows": N,
            "rows": M,
            "generations": GENERATIONS + 1,
        }
        record |= {"cases": made, "all": sums, "95% limits": rates}
        _write(path, record)


def lead(path, loops):
    """Generation of the first losing alarm, of all statistics and of each family, beside that of half the spread."""
    made = {}
    for number, (kind, m, horizon) in enumerate(LOOPS):
        rng, rows = np.random.default_rng([SEED, 100 + number]), []
        for i in range(loops):
            real = sequences.draw("zipf" if kind.startswith("zipf") else "normal", N, rng)
            models = sequences.loop(kind, m, rng)
            own, spread = zip(*(next(models) for _ in range(horizon + 1)), strict=True)
            found = monitor(real, own, seed=i)
            half = np.array(spread) < 0.5 * spread[0]
            ks = sequences.naive(real, own[1:])
            row = {"half of the spread": int(np.argmax(half)) if half.any() else None}
            row["ks"] = int(np.argmax(ks)) + 1 if ks.any() else None
            losing = [a for g in found.generations for a in g.alarms if a.kind == "losing"]
            row["monitor"] = losing[0].generation if losing else None
            for family in dict.fromkeys(found.families):
                row[family] = next((a.generation for a in losing if a.family == family), None)
            for name in found.names:
                row[f"statistic: {name}"] = next((a.generation for a in losing if a.statistic == name), None)
            rows.append(row)
        half = np.array([np.inf if r["half of the spread"] is None else r["half of the spread"] for r in rows])
        made[kind] = {"rows": m, "horizon": horizon, "loops": loops} | {
            name: _summary(np.array([np.inf if r.get(name) is None else r[name] for r in rows]), half)
            for name in rows[0]
        }
        _write(path, {"seed": SEED, "real rows": N, "loops": made})


def _summary(times, half):
    """Median with the 95% interval by order statistics, and how many came before half of the spread was lost."""
    ordered, n = np.sort(times), len(times)
    reach = 1.96 * np.sqrt(n) / 2
    low, high = ordered[max(0, int(n / 2 - reach))], ordered[min(n - 1, int(np.ceil(n / 2 + reach)))]
    told = [None if np.isinf(t) else float(t) for t in (ordered[n // 2], low, high)]
    before = int((times < half).sum())
    return {"median": told[0], "95%": told[1:], "before half": before, "95% of the share": limits(before, n)}


def _write(path, record):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    what, where, *rest = sys.argv[1:]
    size = int(rest[0]) if rest else {"healthy": 10_000, "lead": 200}[what]
    {"healthy": false_alarms, "lead": lead}[what](where, size, *rest[1:])
