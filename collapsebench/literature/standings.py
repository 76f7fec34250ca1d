"""Standings of a league that was run, and what `results/` and the documentation keep of it.

python -m collapsebench.literature.standings build/league results/league docs/league.md
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from collapsebench.literature.studies.league import League, standings
from collapsebench.literature.study import Scale
from collapsebench.runs.results import load
from collapsebench.show.league import league_table, write
from collapsebench.show.markdown import update_block


def keep(out: Path, folder: Path, page: Path) -> None:
    """Write the standings, the figure and the verdicts of `reproduce league --out OUT` to a folder, and the page's table."""
    names = League().experiments(Scale.QUICK)
    found = {name: load(path) for name in names if (path := out / "league" / f"{name}.nc").exists()}
    folder.mkdir(parents=True, exist_ok=True)
    table = standings(found)
    write(table, folder)
    for path in (out / "league" / "league.png", out / "verdicts.json"):
        shutil.copy(path, folder / path.name)
    update_block(page, "league", league_table(table))


if __name__ == "__main__":
    keep(*map(Path, sys.argv[1:4]))
