"""Table of the power of quantitative claims, before the rule of intervals and margins and after it.

    python -m tests.literature.power BEFORE AFTER     folders of saved verdicts, or a verdicts.json
    python -m tests.literature.power AFTER

Before: records whose verdict is "reproduced" where the number lay in the 95% interval widened by its tolerance.
"""

import json
import sys
from pathlib import Path

import numpy as np

from collapsebench.show.markdown import table
from collapsebench.show.verdicts import number, power_table, saved, verdict_counts


def before(record, factor=1.0):
    """Verdict of the old rule on a record of its time, our number multiplied by a factor."""
    ends = [np.nan if end is None else factor * end for end in (record["ours"], *record["interval"])]
    slack = record["tolerance"] or 0.0
    return "reproduced" if np.nanmin(ends) - slack <= record["published"] <= np.nanmax(ends) + slack else "differs"


def before_table(records):
    """Markdown tables of the old rule, the numbers of papers and those of laws apart."""
    parts = []
    for title, derived in (("numbers of papers", False), ("numbers of laws", True)):
        own = [r for r in records if r["published"] is not None and r["ours"] is not None]
        own = [r for r in own if (r["source"] == "derived" or r["claim"].startswith("sd-")) == derived]
        rows, told = [], 0
        for record in own:
            words = [before(record, factor) for factor in (1.0, 1.1, 0.9)]
            told += len(set(words)) > 1
            low, high = record["interval"]
            half = None if low is None else (high - low) / 2
            cells = (number(record["published"]), number(record["ours"]), number(half), *words)
            rows.append((f"{record['paper']}/{record['claim']}", *cells))
        head = (title, "stated", "ours", "half-width", "verdict", "x 1.1", "x .9")
        parts.append(f"{table(head, rows)}\n{told} of {len(own)} {title} flip.\n")
    return "\n".join(parts)


def _read(path):
    return saved(path) if path.is_dir() else json.loads(path.read_text())


def main(paths):
    """Print the tables."""
    *earlier, after = (_read(Path(path)) for path in paths)
    if earlier:
        print(f"## Before\n\n{before_table(earlier[0])}")
    print(f"## After\n\n{power_table(after)}\n{verdict_counts(after)}")


if __name__ == "__main__":
    main(sys.argv[1:])
