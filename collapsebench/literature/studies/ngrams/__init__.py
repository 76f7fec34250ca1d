"""N-grams on a real text: which words are lost, and when; by tokens a generation, order, temperature and turnover."""

from __future__ import annotations

import dataclasses
from functools import cache

from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.studies.ngrams.claims import CLAIMS
from collapsebench.literature.studies.ngrams.draw import draw
from collapsebench.literature.studies.ngrams.settings import COUNTS, FEW, ORDERS, SHARES, SIZES, TEMPERATURES
from collapsebench.literature.study import Request, Scale, Study
from collapsebench.metrics.distinct import Distinct
from collapsebench.metrics.survivors import Survivors
from collapsebench.models.ngram import NGram
from collapsebench.regimes.turnover import Turnover
from collapsebench.specs.registry import STUDIES
from collapsebench.targets.text import Text

LIKELY = "maximum_likelihood"


@cache
def _words() -> Text:
    return Text(tokenizer="words").pinned()


@STUDIES.register("ngrams")
class Ngrams(Study):
    """Words lost from the Python documentation: exact laws of unigrams, and n-grams by order, temperature and turnover."""

    title = "N-grams on their own text: the rare words go first"
    citation = "The project's own; Suresh et al. (2025), Riis (2026), Benati et al. (2025)"
    claims = CLAIMS
    figures = {"ngrams": draw}  # noqa: RUF012

    def experiments(self, scale: Scale) -> dict[str, Request]:
        """Unigrams by counts; smoothed ones by size and temperature; higher orders; turnover; the boolean language."""
        words = _words()
        unigram = Experiment(
            name="ngrams-unigram", target=words, model=NGram(order=1, smoothing=LIKELY), handover="summary", n=words.blocks,
            metrics=(*(Survivors(c, c) for c in COUNTS), Distinct("real")), trajectories=scale.pick(4, 400, 1000),
            generations=scale.pick(4, 13, 13), holdout=1,
        )  # fmt: skip
        smooth = dataclasses.replace(
            unigram, name="ngrams-smooth", model=NGram(order=1), metrics=("nll",), holdout=128,
            trajectories=scale.pick(3, 30, 200), generations=scale.pick(3, 9, 9),
        )  # fmt: skip
        orders = {
            f"order-{order}": dataclasses.replace(
                smooth, name=f"ngrams-order-{order}", model=NGram(order=order), handover="samples",
                n=scale.pick(60, words.blocks, words.blocks), trajectories=scale.pick(2, 5, 20),
                snapshots=tuple(range(scale.pick(3, 9, 9))) if order == max(ORDERS) else (),
            )
            for order in scale.pick(ORDERS[:1], ORDERS, ORDERS)
        }  # fmt: skip
        turnover = dataclasses.replace(
            unigram, name="ngrams-turnover", handover="samples", regime=Turnover(), metrics=(Survivors(1, 1),), generations=2,
            trajectories=scale.pick(2, 40, 200),
        )  # fmt: skip
        first = Experiment(
            name="ngrams-first-loss", target=Text("boolean", tokenizer="characters"), model=NGram(order=1, smoothing=LIKELY),
            n=FEW, handover="summary", metrics=("support",), holdout=1, trajectories=scale.pick(10, 10_000, 20_000),
            generations=scale.pick(20, 600, 600),
        )  # fmt: skip
        sizes = tuple(round(size * words.blocks) for size in SIZES)
        return {
            "unigram": unigram,
            "smooth": Sweep(smooth, {"n": sizes, "model.temperature": TEMPERATURES}),
            **orders,
            "turnover": Sweep(turnover, {"regime.share": SHARES}),
            "first-loss": first,
        }
