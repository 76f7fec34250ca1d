"""Figure of Riis (2026)."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.literature.measured import Results, mean_lines, share_line
from collapsebench.literature.papers.riis.claims import BOUND, P, frequency, trigrams_left, words_left
from collapsebench.literature.papers.riis.recursion import gaps
from collapsebench.literature.papers.riis.settings import GAP, GENERATIONS, RETENTION, SHARES, TOKENS
from collapsebench.show.figures import Figure, Kind, Panel, Series

LABELS = {"replaced": "all replaced", "kept": "half kept of the last", "original": "half real text"}


def draw(results: Results) -> Figure:
    """Figure of a symbol's fate by the share replaced, of words and trigrams left, and of what selection keeps."""
    panels = (
        Panel("A symbol alone in the end", "generation", "share of runs", _fate(results), ylim=(0, 0.5)),
        Panel("Spread", "generation", "p (1 - p)", _spread(results), ylim=(0, None)),
        Panel("Words and trigrams left", "generation", "share of the text's", _left(results), ylim=(0, 1.03)),
        Panel("Selection", "generation", "bits from its own trigrams", _bits(), ylim=(None, 8)),
    )
    note = "bands: 95% intervals; dashes: exact laws; dots: the bound; diamonds: published, of the words on other texts"
    return Figure("Riis (2026): drift and selection", panels, note, columns=2)


def _fate(results: Results) -> tuple[Series, ...]:
    lines = []
    for share in SHARES:
        p = frequency(results, share)
        at = np.unique(np.linspace(0, p.shape[1] - 1, 60).astype(int))
        lines.append(share_line(f"{share:g} replaced", at, p[:, at] > 1 - 1e-3))
    last = results["corpus"].sizes["generation"] - 1
    return (*lines, Series("k / M", [0, last], [P, P], kind=Kind.LAW))


def _spread(results: Results) -> tuple[Series, ...]:
    g = np.arange(min(40, results["corpus"].sizes["generation"]))
    lines = []
    for share in SHARES:
        found = results["corpus"].sel({"regime.share": share})["variance"].values[:, g]
        left = 1 - theory.turnover_squared_norm_law(TOKENS, share, g, [P, 1 - P])
        lines += mean_lines(f"{share:g} replaced", g, found, left / 2 * (1 - 1 / TOKENS))
    return tuple(lines)


def _left(results: Results) -> tuple[Series, ...]:
    lines = []
    for name, label in LABELS.items():
        share = words_left(results, name)
        lines += mean_lines(label, np.arange(share.shape[1]), share)
    grams = trigrams_left(results)[:, : GENERATIONS + 1]
    lines += mean_lines("trigrams, all replaced", np.arange(grams.shape[1]), grams)
    for i, label in ((0, LABELS["replaced"]), (1, LABELS["original"])):
        printed = [pair[i] for pair in RETENTION.values()]
        lines.append(Series("", [GENERATIONS] * 3, printed, kind=Kind.PUBLISHED, group=label))
    return tuple(lines)


def _bits() -> tuple[Series, ...]:
    found = gaps()
    t = np.arange(len(found["normative"]))
    return (
        Series("selected", t, found["normative"]), Series("as it is", t, found["descriptive"]),
        Series("published", [t[-1]], [GAP], kind=Kind.PUBLISHED, group="selected"),
        Series("L log2 s", [0, t[-1]], [BOUND, BOUND], kind=Kind.BOUND),
    )  # fmt: skip
