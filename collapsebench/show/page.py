"""Report of a reproduction as one self-contained HTML file."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collapsebench.show.verdicts import KINDS, note, number, verdict_counts
from collapsebench.specs import files

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100%; font-size: 13px } th, td { text-align: left; padding: .3rem .5rem }
tr { border-bottom: 1px solid #e4e4e4; vertical-align: top } img { max-width: 100% } h2 { margin-top: 2.5rem }
.reproduced, .law, .qualitative { color: #00694a } .differs { color: #b00020 } .disputed, .too, .undecided { color: #9a5b00 }
.not { color: #777 } pre { white-space: pre-wrap; font-size: 12px }
.why { color: #666 } td.n { white-space: nowrap; font-variant-numeric: tabular-nums }
"""


def write_page(
    verdicts: Sequence[Mapping[str, Any]], paths: Sequence[Path], out: Path, studies: Mapping[str, Any]
) -> Path:
    """Write `report.html` below `out` and return its path: a table of verdicts and every figure of `paths`, by study.

    studies: by name, each with `title` and `citation`; a file's folder has the name of its study.
    """
    names = dict.fromkeys(path.parent.name for path in paths)
    parts = ["<h1>collapsebench: what came out</h1>", f"<p>{html.escape(verdict_counts(verdicts))}</p>"]
    for name in names:
        study = studies[name]
        parts.append(f"<h2>{html.escape(study.title or name)}</h2><p>{html.escape(study.citation)}</p>")
        own = [v for v in verdicts if v["paper"] == name]
        parts += [_table(kind, some) for kind in KINDS if (some := [v for v in own if v["kind"] == kind])]
        parts += [_text(p) for p in sorted((out / name).glob("*.txt"))]
        parts += [_picture(p) for p in paths if p.suffix in (".png", ".gif") and p.parent.name == name]
    body = "\n".join(parts)
    page = f"<!doctype html><html lang=en><meta charset=utf-8><title>collapsebench</title><style>{_STYLE}</style>{body}</html>\n"
    return files.write_text(out / "report.html", page)


_COLUMNS = {
    "number": {"published": "published", "ours": "ours", "half_width": "&plusmn;", "margin": "margin"},
    "law": {"reference": "law", "ours": "ours", "half_width": "&plusmn;", "margin": "margin"},
    "statement": {"ours": "ours", "half_width": "&plusmn;"},
}


def _table(kind: str, verdicts: Sequence[Mapping[str, Any]]) -> str:
    """Table of a study's claims of one kind."""
    columns = _COLUMNS[kind]
    rows = []
    for v in verdicts:
        cells = "".join(f"<td class=n>{number(v[column], '')}" for column in columns)
        law = f", {v['law']}" if v["law"] else ""
        told = [
            f"{v['where']} ({v['source']}{law})",
            v["basis"],
            v["chosen"] and f"Not stated by the paper: {v['chosen']}",
        ]
        below = "".join(f"<div class=why>{html.escape(text)}</div>" for text in told if text)
        why = f"<div class=why>{html.escape(said)}</div>" if (said := note(v)) else ""
        word = html.escape(v["verdict"])
        rows.append(f"<tr><td>{html.escape(v['statement'])}{below}{cells}<td class='{word}'>{word}{why}")
    head = "".join(f"<th>{name}" for name in columns.values())
    return f"<h3>{KINDS[kind]}</h3><table><tr><th>claim{head}<th>verdict{''.join(rows)}</table>"


def _text(path: Path) -> str:
    return f"<h3>{html.escape(path.stem)}</h3><pre>{html.escape(path.read_text())}</pre>"


def _picture(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return f"<p><img alt='{html.escape(path.stem)}' src='data:image/{path.suffix[1:]};base64,{data}'></p>"
