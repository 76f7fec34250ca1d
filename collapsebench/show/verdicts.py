"""Verdicts as text: a table for a terminal, counts by kind of claim, and the power of every number.

python -m collapsebench.show.verdicts README.md results/quick    the counts of the README, from saved verdicts
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collapsebench.show.markdown import table as markdown_table
from collapsebench.show.markdown import update_block
from collapsebench.show.tables import table
from collapsebench.specs.errors import counted

Record = Mapping[str, Any]
KINDS = {"number": "numbers of papers", "law": "numbers of laws", "statement": "statements"}
FACTORS = ("at_1.1", "at_0.9")
CONFIRMED = ("reproduced", "law holds", "qualitative")


def number(value: object, absent: str = "-") -> str:
    """Text of a number of a record, four digits."""
    return absent if value is None else f"{value:.4g}"


def verdict_table(verdicts: Sequence[Record]) -> str:
    """Table of claims with their numbers and verdicts; below it the reason for each one that was not confirmed, and counts."""
    columns = ("published", "reference", "ours", "half_width", "margin")
    rows = [(v["paper"], v["claim"], *(number(v[column]) for column in columns), v["verdict"]) for v in verdicts]
    text = table(("paper", "claim", "published", "reference", "ours", "+-", "margin", "verdict"), rows)
    notes = [
        f"{v['paper']}/{v['claim']}: {v['verdict']}{': ' if (said := note(v)) else ''}{said}"
        for v in verdicts
        if v["verdict"] not in CONFIRMED
    ]
    return "\n".join(
        [text, "", *notes, *([""] if notes else []), f"{counted(len(verdicts), 'claim')}. {verdict_counts(verdicts)}"]
    )


def note(verdict: Record) -> str:
    """The reason of a record, and the range of ours that it explains; of a difference without one, that it has none."""
    if verdict["explains"]:
        return f"{verdict['why']} [explains {' to '.join(number(end) for end in verdict['explains'])}]"
    return verdict["why"] or ("no known reason" if verdict["verdict"] == "differs" else "")


def verdict_counts(verdicts: Sequence[Record]) -> str:
    """Number of claims with each verdict, by kind of claim, and how many numbers have power, as text."""
    parts = []
    for kind, name in KINDS.items():
        words = [v["verdict"] for v in verdicts if v["kind"] == kind]
        if words:
            parts.append(f"{name}: {', '.join(f'{words.count(word)} {word}' for word in dict.fromkeys(words))}")
    told, judged = power(verdicts)
    if judged:
        parts.append(f"multiplied by 1.1 or by .9, {told} of {counted(judged, 'number')} would have another verdict")
    return "; ".join(parts)


def flips(verdict: Record) -> bool:
    """Whether the verdict is another one when our number is multiplied by 1.1 or by .9."""
    return any(verdict[factor] != _plain(verdict) for factor in FACTORS)


def power(verdicts: Sequence[Record], kind: str | None = None) -> tuple[int, int]:
    """Number of quantitative claims whose verdict flips, and of all that were judged."""
    judged = [v for v in verdicts if v[FACTORS[0]] is not None and kind in (None, v["kind"])]
    return sum(flips(v) for v in judged), len(judged)


def _plain(verdict: Record) -> str:
    """The verdict whatever may explain it, as those at 1.1 and .9 are."""
    return "differs" if verdict["verdict"] == "disputed" else verdict["verdict"]


def power_table(verdicts: Sequence[Record]) -> str:
    """Markdown table of the judged numbers: verdict, half-width, margin, verdicts at 1.1 and .9, and why none flips."""
    parts = []
    for kind in ("number", "law"):
        judged = [v for v in verdicts if v["kind"] == kind and v[FACTORS[0]] is not None]
        rows = [
            (
                f"{v['paper']}/{v['claim']}",
                number(v["published"] if kind == "number" else v["reference"]),
                *(number(v[column]) for column in ("ours", "half_width", "margin")),
                v["verdict"],
                *(v[factor] for factor in FACTORS),
                "" if flips(v) else v["blunt"] or "no reason stated",
            )
            for v in judged
        ]
        head = (KINDS[kind], "stated" if kind == "number" else "law", "ours", "half-width", "margin", "verdict")
        told, count = power(verdicts, kind)
        parts.append(
            f"{markdown_table((*head, 'x 1.1', 'x .9', 'why none flips'), rows)}\n{told} of {count} {KINDS[kind]} flip.\n"
        )
    return "\n".join(parts)


def counts_table(verdicts: Sequence[Record]) -> str:
    """Markdown table of how many claims of each kind have which verdict."""
    words = list(dict.fromkeys((*CONFIRMED, *(v["verdict"] for v in verdicts))))
    rows = []
    for kind, name in KINDS.items():
        own = [v["verdict"] for v in verdicts if v["kind"] == kind]
        told, judged = power(verdicts, kind)
        rows.append((name, *(str(own.count(word) or "") for word in words), f"{told} of {judged}" if judged else ""))
    return markdown_table(("", *words, "flip at x 1.1 or x .9"), rows)


def saved(folder: Path) -> list[dict[str, Any]]:
    """Records of every `verdicts.json` in a folder and below."""
    return [record for path in sorted(folder.rglob("verdicts.json")) for record in json.loads(path.read_text())]


if __name__ == "__main__":
    update_block(Path(sys.argv[1]), "verdicts", counts_table(saved(Path(sys.argv[2]))))
