"""Report of a reproduction as one self-contained HTML file."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collapsebench.show.tables import verdict_counts

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100%; font-size: 13px } th, td { text-align: left; padding: .3rem .5rem }
tr { border-bottom: 1px solid #e4e4e4; vertical-align: top } img { max-width: 100% } h2 { margin-top: 2.5rem }
.reproduced, .qualitative { color: #00694a } .differs { color: #b00020 } .disputed { color: #9a5b00 } .not { color: #777 }
.why { color: #666 } td.n { white-space: nowrap; font-variant-numeric: tabular-nums }
"""


def write_page(
    verdicts: Sequence[Mapping[str, Any]], files: Sequence[Path], out: Path, studies: Mapping[str, Any]
) -> Path:
    """Write `report.html` below `out` and return its path: a table of verdicts and every figure of `files`, by study.

    studies: by name, each with `title` and `citation`; a file's folder has the name of its study.
    """
    names = dict.fromkeys(path.parent.name for path in files)
    parts = ["<h1>collapsebench: what came out</h1>", f"<p>{verdict_counts(verdicts)}</p>"]
    for name in names:
        study = studies[name]
        parts.append(f"<h2>{html.escape(study.title or name)}</h2><p>{html.escape(study.citation)}</p>")
        own = [v for v in verdicts if v["paper"] == name]
        if own:
            parts.append(_table(own))
        parts += [_picture(p) for p in files if p.suffix in (".png", ".gif") and p.parent.name == name]
    body = "\n".join(parts)
    page = f"<!doctype html><html lang=en><meta charset=utf-8><title>collapsebench</title><style>{_STYLE}</style>{body}</html>\n"
    path = out / "report.html"
    path.write_text(page)
    return path


def _table(verdicts: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for v in verdicts:
        low, high = v["interval"]
        interval = "" if low is None or high is None else f"[{low:.4g}, {high:.4g}]"
        cells = ["" if value is None else f"{value:.4g}" for value in (v["published"], v["ours"])]
        why = f"<div class=why>{html.escape(v['why'])}</div>" if v["why"] else ""
        word = v["verdict"]
        rows.append(
            f"<tr><td>{html.escape(v['statement'])}<div class=why>{html.escape(v['where'])} ({v['source']})</div>"
            f"<td class=n>{cells[0]}<td class=n>{cells[1]}<td class=n>{interval}<td class='{word}'>{word}{why}"
        )
    return "<table><tr><th>claim<th>published<th>ours<th>95% interval<th>verdict" + "".join(rows) + "</table>"


def _picture(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode()
    return f"<p><img alt='{html.escape(path.stem)}' src='data:image/{path.suffix[1:]};base64,{data}'></p>"
