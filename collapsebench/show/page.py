"""Report of a reproduction, or of a folder of results, as one self-contained HTML file."""

from __future__ import annotations

import base64
import contextlib
import glob
import hashlib
import html
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from collapsebench.runs.results import load
from collapsebench.show.accessor import Accessor
from collapsebench.show.plot import plot
from collapsebench.show.verdicts import KINDS, Record, note, number, verdict_counts
from collapsebench.specs import files
from collapsebench.specs.errors import RequestError, printable

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100%; font-size: 13px } th, td { text-align: left; padding: .3rem .5rem }
tr { border-bottom: 1px solid #e4e4e4; vertical-align: top } img { max-width: 100% } h2 { margin-top: 2.5rem }
.reproduced, .law, .qualitative { color: #00694a } .differs { color: #b00020 } .disputed, .too, .undecided { color: #9a5b00 }
.not { color: #777 } pre { white-space: pre-wrap; font-size: 12px }
.why { color: #666 } td.n { white-space: nowrap; font-variant-numeric: tabular-nums }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } tr { border-color: #444 }
.reproduced, .law, .qualitative { color: #4fc3a1 } .differs { color: #ff7a85 } .disputed, .too, .undecided { color: #e8b04a }
.not, .why { color: #aaa } }
"""


PICTURES = (".png", ".gif")


class Titled(Protocol):
    """A study, or anything with a title and a citation."""

    title: str
    citation: str


def document(title: str, body: str) -> str:
    """A whole HTML page that may load nothing, send nothing and run no script, whatever its body says."""
    style = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    head = f'<meta charset=utf-8><meta http-equiv=Content-Security-Policy content="{policy}">'
    view = "<meta name=viewport content='width=device-width, initial-scale=1'>"
    name = f"<title>{html.escape(title)}</title>"
    return f"<!doctype html><html lang=en>{head}{view}{name}<style>{_STYLE}</style>{body}</html>\n"


def write_page(verdicts: Sequence[Record], paths: Sequence[Path], out: Path, studies: Mapping[str, Titled]) -> Path:
    """Write `report.html` below `out` and return its path: a table of verdicts and every figure of `paths`, by study.

    studies: by name, each with `title` and `citation`; a file's folder has the name of its study.
    """
    parts = ["<h1>collapsebench: what came out</h1>", *_by_study(verdicts, paths, out, studies)]
    return files.write_text(out / "report.html", document("collapsebench", "\n".join(parts)))


def write_folder(folder: Path, studies: Mapping[str, Titled]) -> Path:
    """Write `report.html` into a folder and return its path: its verdicts, and every result with its figures.

    Figures that no result has the name of are those of a study; a result without a figure is drawn. A file that is no
    result is a line that says so. Raises RequestError for a folder without results.
    """
    found = [path for path in sorted(folder.rglob("*.nc")) if ".checkpoint" not in str(path.relative_to(folder))]
    verdicts = [each for path in sorted(folder.rglob("verdicts.json")) for each in _read_verdicts(path)]
    if not found and not verdicts:
        raise RequestError(f"report {folder}: no results (.nc) and no verdicts.json in it")
    parts = [f"<h1>{html.escape(folder.resolve().name)}</h1>"]
    known = {*studies, *(v["paper"] for v in verdicts)}
    own = [
        path for path in sorted(folder.rglob("*")) if path.parent.name in known and path.suffix in (*PICTURES, ".nc")
    ]
    if verdicts:
        parts += _by_study(verdicts, own, folder, studies)
    drawn = {path.parent for path in own if path.suffix in PICTURES} if verdicts else set()
    for path in found:
        parts += _result(path, str(path.relative_to(folder)), drawn=path.parent in drawn)
    return files.write_text(
        folder / "report.html", document(f"collapsebench: {folder.resolve().name}", "\n".join(parts))
    )


def _read_verdicts(path: Path) -> list[Record]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        verdict_counts(found)
        return list(found)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise RequestError(f"report {path}: it holds no verdicts ({type(error).__name__})") from None


def _result(path: Path, name: str, drawn: bool) -> list[str]:
    """Title, text and figures of one result; of one that is `drawn`, with its study, no figures."""
    parts = [f"<h2>{html.escape(name)}</h2>"]
    try:
        result = load(path)
        parts.append(f"<pre>{html.escape(Accessor(result).summary())}</pre>")
        own = (
            []
            if drawn
            else [p for end in ("", "-*") for p in sorted(path.parent.glob(f"{glob.escape(path.stem)}{end}.png"))]
        )
        if drawn or own:
            return parts + [_picture(p) for p in own]
        with tempfile.TemporaryDirectory() as scratch:
            picture = Path(scratch) / f"{path.stem}.png"
            plot(result, path=picture)
            return [*parts, _picture(picture)]
    except RequestError as refused:
        return [*parts, f"<p class=why>{html.escape(str(refused))}</p>"]


def _by_study(verdicts: Sequence[Record], paths: Sequence[Path], out: Path, studies: Mapping[str, Titled]) -> list[str]:
    """Counts of verdicts, then of each study its claims by kind, its texts and its figures."""
    parts = [f"<p>{html.escape(verdict_counts(verdicts))}</p>"]
    for name in dict.fromkeys(path.parent.name for path in paths):
        title, citation = (studies[name].title or name, studies[name].citation) if name in studies else (name, "")
        parts.append(f"<h2>{html.escape(title)}</h2><p>{html.escape(citation)}</p>")
        own = [v for v in verdicts if v["paper"] == name]
        parts += [_table(kind, some) for kind in KINDS if (some := [v for v in own if v["kind"] == kind])]
        parts += [_text(p) for p in sorted((out / name).glob("*.txt"))]
        parts += [_picture(p) for p in paths if p.suffix in PICTURES and p.parent.name == name]
    return parts


_COLUMNS = {
    "number": {"published": "published", "ours": "ours", "half_width": "&plusmn;", "margin": "margin"},
    "law": {"reference": "law", "ours": "ours", "half_width": "&plusmn;", "margin": "margin"},
    "statement": {"ours": "ours", "half_width": "&plusmn;"},
}


def _table(kind: str, verdicts: Sequence[Record]) -> str:
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
    return f"<p><img alt='{html.escape(_alt(path))}' src='data:image/{path.suffix[1:]};base64,{data}'></p>"


def _alt(path: Path) -> str:
    """What a picture's file says of itself, else its name."""
    from PIL import Image

    with contextlib.suppress(Exception), Image.open(path) as picture:  # a stranger's file may be anything
        said = picture.info.get("Description") or picture.info.get("comment", b"")
        if text := said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said):
            return printable(text, 1000)
    return path.stem
