"""League table of the documentation, from the committed standings.

python -m collapsebench.show.league docs/league.md results/league
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from collapsebench.show.markdown import table, update_block
from collapsebench.specs import files

FILE = "standings.json"


@dataclasses.dataclass(frozen=True)
class Standing:
    """One entrant in one family: times the loss of one fit to all real rows, its 95% interval, and ranks first to last.

    oracle: it knows the target's density. kept: weight of a generation's synthetic rows after the curator; None: no runs.
    """

    family: str
    base: str
    mitigation: str
    oracle: bool
    score: float
    low: float
    high: float
    first: int
    last: int
    kept: float | None = None

    @property
    def entrant(self) -> str:
        """Mitigation and base, with a star for one that knows the target's density."""
        return f"{self.mitigation}{'*' if self.oracle else ''} ({self.base})"


def cell(standing: Standing | None, interval: bool = True) -> str:
    """Score, its interval, and ranks in parentheses; a dash where the entrant does not play."""
    if standing is None:
        return "-"
    ranks = f"{standing.first}" + (f" to {standing.last}" if standing.last > standing.first else "")
    score, low, high = (
        f"{value:.0f}" if value >= 100 else f"{value:.3g}" for value in (standing.score, standing.low, standing.high)
    )
    return f"{score} [{low}, {high}] ({ranks})" if interval else f"{score} ({ranks})"


def families_of(standings: Sequence[Standing]) -> list[str]:
    """The families in order; the last one is that of all together, where there are several."""
    return list(dict.fromkeys(own.family for own in standings))


def entrants_of(standings: Sequence[Standing]) -> list[str]:
    """The entrants in order of their scores in the last family."""
    last = families_of(standings)[-1]
    return [own.entrant for own in sorted(standings, key=lambda own: own.score) if own.family == last]


def league_table(standings: Sequence[Standing]) -> str:
    """Markdown table of entrants by families, in the order of the last column, and what a curator leaves."""
    columns, at = families_of(standings), {(own.entrant, own.family): own for own in standings}
    rows = []
    for entrant in entrants_of(standings):
        kept = [own.kept for own in standings if own.entrant == entrant and own.kept is not None]
        rows.append((entrant, *(cell(at.get((entrant, column))) for column in columns), f"{sum(kept) / len(kept):.0f}"))
    return table(("mitigation (loop)", *columns, "weight left"), rows)


def saved(folder: Path) -> list[Standing]:
    """The committed standings of a folder."""
    return [Standing(**own) for own in json.loads((folder / FILE).read_text())]


def write(standings: Sequence[Standing], folder: Path) -> Path:
    """Write standings as JSON; returns the path."""
    path = folder / FILE
    files.write_text(path, json.dumps([dataclasses.asdict(own) for own in standings], indent=1) + "\n")
    return path


if __name__ == "__main__":
    update_block(Path(sys.argv[1]), "league", league_table(saved(Path(sys.argv[2]))))
