"""Figure of the n-gram study."""

from __future__ import annotations

import numpy as np

from collapsebench.literature.measured import Results, mean_lines, share_line
from collapsebench.literature.studies.ngrams.read import (
    distinct,
    distinct_law,
    drop_law,
    dropped,
    first_loss_times,
    first_losses,
    losses_by_order,
    smooth_loss,
    survival,
    survival_law,
)
from collapsebench.literature.studies.ngrams.settings import COUNTS, SHARES, SURESH, TEMPERATURES
from collapsebench.show.figures import Figure, Kind, Panel, Series

NLL = "nats a token, held-out text"


def draw(results: Results) -> Figure:
    """Figure of survival by count, of all words beside Suresh's, of losses, of turnover, and of the first loss."""
    panels = (
        Panel("Words by their count", "generation", "share left", _by_count(results), ylim=(0, 1.03)),
        Panel("All words", "refits", "share left", _all_words(results), ylim=(0, 1.03)),
        Panel("N-grams (Witten-Bell)", "generation", NLL, _by_order(results)),
        Panel("Unigrams, blocks a generation", "generation", NLL, _by_size(results)),
        Panel("Unigrams, temperature", "generation", NLL, _by_temperature(results)),
        Panel(
            "Turnover: words that occur once", "share replaced", "lost in one step", _dropped(results), ylim=(0, None)
        ),
        Panel(
            "Boolean language, 640 tokens", "generation", "share of runs", _first(results), ylim=(0, 1.03), xlog=True
        ),
    )
    note = "bands: 95% intervals over trajectories; dashes: exact laws of the text's own counts (first loss: a limit)"
    return Figure("N-grams refitted to their own text", panels, note)


def _by_count(results: Results) -> tuple[Series, ...]:
    g, lines = results["unigram"].generation.values, []
    for i, count in enumerate(COUNTS):
        lines += mean_lines(f"{count} in the text", g, survival(results, i), survival_law(results, count, g))
    return tuple(lines)


def _all_words(results: Results) -> tuple[Series, ...]:
    share = distinct(results)
    k = np.arange(share.shape[1])
    published = Series("WikiText-2 (Suresh et al.)", np.arange(len(SURESH)), SURESH, kind=Kind.PUBLISHED)
    return (*mean_lines("Python's documentation", k, share, distinct_law(results, k)), published)


def _lines(labels: list[str], losses: list[np.ndarray]) -> tuple[Series, ...]:
    pairs = zip(labels, losses, strict=True)
    return tuple(line for label, own in pairs for line in mean_lines(label, np.arange(own.shape[1]), own))


def _by_order(results: Results) -> tuple[Series, ...]:
    found = losses_by_order(results)
    return _lines([f"order {order}" for order in found], list(found.values()))


def _by_size(results: Results) -> tuple[Series, ...]:
    sizes = results["smooth"].n.values
    return _lines([f"n = {n:g}" for n in sizes], [smooth_loss(results, i, 1.0) for i in range(len(sizes))])


def _by_temperature(results: Results) -> tuple[Series, ...]:
    return _lines([f"T = {t:g}" for t in TEMPERATURES], [smooth_loss(results, 1, t) for t in TEMPERATURES])


def _dropped(results: Results) -> tuple[Series, ...]:
    lost, share = np.stack([dropped(results, s) for s in SHARES], axis=1), np.linspace(0, 1, 50)
    law = Series("", share, drop_law(share), kind=Kind.LAW, group="lost in one step")
    return (*mean_lines("lost in one step", SHARES, lost), law)


def _first(results: Results) -> tuple[Series, ...]:
    t, times = (
        np.unique(np.geomspace(1, results["first-loss"].sizes["generation"], 40).astype(int)),
        first_losses(results),
    )
    whole = share_line("all nine tokens left", t, (times[:, None] > t) | (times[:, None] < 0))
    return whole, Series("", t, first_loss_times(results, t), kind=Kind.LAW, group="all nine tokens left")
