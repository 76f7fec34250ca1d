"""Shumailov et al. (2024): a language model fine-tuned on text that continues the text it was fine-tuned on before."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from collapsebench.datasets.source import where
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.training import Training
from collapsebench.literature.measured import Measured, Results, mean_lines, measured_mean
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.pretrained import Pretrained
from collapsebench.models.transformer import Transformer
from collapsebench.regimes.mix import Mix
from collapsebench.show.figures import Figure, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.text import Text

KEPT = (0.0, 0.1)
"""Share of real blocks in every training set."""
OPT, BATCH = "opt-125m", 128
FAR = 5.0
"""Standard errors that a difference must have."""


@PAPERS.register("shumailov_lm")
class ShumailovLM(Study):
    """Language model trained on its continuations of its training set, by beam search: it forgets, with 10% real data less."""

    title = "Shumailov et al. (2024): language model on its own continuations"
    citation = (
        "Shumailov, Shumaylov, Zhao, Papernot, Anderson and Gal (2024), AI models collapse when trained on recursively "
        "generated data, Nature 631:755, doi:10.1038/s41586-024-07566-y"
    )

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """A transformer of one layer on 500 words of Python's documentation, 5 epochs a generation, 0% or 10% real data.

        Each block of the last set is continued by a 5-beam search, as published, or by a draw. All sizes are ours.
        """
        training = Training(
            steps=scale.pick(4, 80, 200), batch=32, rate=1e-2, schedule="cosine", warmup=10.0, clip=1.0, decay=0.01,
            decoupled=True,
        )  # fmt: skip
        model = Transformer(width=scale.pick(8, 32, 64), layers=1, training=training, prompted=True)
        loop = Experiment(
            name="shumailov-lm", target=Text(tokenizer="words", vocabulary=scale.pick(100, 500, 2000), block=16),
            model=dataclasses.replace(model, decoding=Decoding(beams=scale.pick(2, 5, 5))), regime=Mix(),
            metrics=("perplexity",), n=scale.pick(32, 512, 1280), generations=scale.pick(2, 4, 10), holdout=128,
            trajectories=scale.pick(2, 5, 5),
        )  # fmt: skip
        kept: dict[str, tuple[float, ...]] = {"regime.real_fraction": KEPT}
        made: dict[str, Experiment | Sweep] = {"beams": Sweep(loop, kept)}
        folder = where().folder / OPT
        if scale is Scale.PAPER and folder.is_dir():
            made |= opt(folder, Text("wikitext2", tokenizer=str(folder / "tokenizer.json"), block=64).pinned())
        return made


def opt(folder: Path, text: Text) -> dict[str, Experiment]:
    """The paper's loops: OPT-125m as it is, fine-tuned without real data for 5 epochs, and with 10% of it for 10."""
    model = Pretrained(str(folder), prompted=True, decoding=Decoding(beams=5))

    def loop(epochs: int, kept: float) -> Experiment:
        steps = -(-epochs * text.blocks // BATCH)
        training = Training(steps=steps, batch=BATCH, rate=2e-5, decay=0.01, decoupled=True, pieces=BATCH // 8)
        return Experiment(
            name="shumailov-opt", target=text, model=dataclasses.replace(model, training=training), regime=Mix(kept),
            metrics=("perplexity",), n=text.blocks, generations=10 if epochs else 1, trajectories=5 if epochs else 1,
            holdout=min(1024, text.held_out_rows()), host=True,
        )  # fmt: skip

    return {"opt-zero-shot": loop(0, 0.0), "opt-no-real-data": loop(5, 0.0), "opt-a-tenth": loop(10, 0.1)}


def _perplexity(results: Results, kept: float) -> np.ndarray:
    """[trajectory, generation] perplexity of held-out real text."""
    own = results["beams"].perplexity.sel({"regime.real_fraction": kept})
    return np.asarray(own.transpose("trajectory", "generation").values, float)


def draw(results: Results) -> Figure:
    """Figure of the perplexity of held-out real text by generation, without and with real data."""
    loss = {kept: np.log(_perplexity(results, kept)) for kept in KEPT}
    g, lines = np.arange(loss[0.0].shape[1]), list[Series]()
    for kept, values in loss.items():
        lines += mean_lines(f"{kept:.0%} real data", g, values)
    saved = tuple(mean_lines("0% minus 10%", g, loss[0.0] - loss[0.1]))
    label = "nats a token of real text"
    panels = (
        Panel("Every block continued by a beam search", "generation", label, tuple(lines), ylim=(0, None)),
        Panel("What 10% real data save", "generation", label, saved, ylim=(0, None)),
    )
    note = "log of the perplexity of held-out real text; mean over trajectories and its 95% interval"
    return Figure("Shumailov et al. (2024): a language model on its own continuations", panels, note)


def _beyond(values: np.ndarray) -> Measured | None:
    """The mean of one number per trajectory, which must lie FAR standard errors above 0; None of fewer than five."""
    if len(values) < 5:
        return None
    found = measured_mean(values)
    return found.judged(found.value > FAR * found.scatter / np.sqrt(len(values)))


def _rise(results: Results, kept: float) -> np.ndarray:
    """[trajectory] log of the perplexity after the last generation over that of the model of real text."""
    values = np.log(_perplexity(results, kept))
    return np.asarray(values[:, -1] - values[:, 0])


def _opt(results: Results, label: str) -> np.ndarray:
    """[trajectory, generation] perplexity of held-out real text under OPT-125m."""
    if label not in results:
        raise KeyError(f"OPT-125m, a folder {OPT} of config.json, tokenizer.json and weights among the data,")
    return np.asarray(results[label].perplexity.values, float)


def _zero_shot(results: Results) -> Measured:
    return measured_mean(_opt(results, "opt-zero-shot")[:, 0])


def _fine_tuned(results: Results) -> Measured:
    return measured_mean(_opt(results, "opt-no-real-data")[:, 0])


def _loses(results: Results) -> Measured:
    values = _opt(results, "opt-no-real-data")
    return measured_mean(values[:, -1] - values[:, 0])


def _stays(results: Results) -> Measured:
    return measured_mean(_opt(results, "opt-a-tenth")[:, -1])


_WHERE = "figure of the language model"
_SMALL = (
    "a transformer of one layer from scratch on 500 words of Python's documentation, 512 blocks of 16 tokens, 80 steps of 32 "
    "(5 epochs), half a block continued at a time, real blocks drawn anew, no repetition penalty: all ours"
)
_OURS = (
    "held-out documents for the test set, a block's first token follows the end of a text, no repetition penalty, real blocks "
    "drawn anew, weight decay .01"
)
_FIVE = f"one number a trajectory, at least 5 trajectories; its mean must be {FAR:g} standard errors above 0"
ShumailovLM.figures = {"perplexity": draw}
ShumailovLM.claims = (
    Claim(
        name="no-real-data-degrades", statement="no real data kept: the perplexity of real text rises over generations",
        where=_WHERE, source=Source.TEXT, chosen=_SMALL, basis=f"log of the last perplexity over the first; {_FIVE}",
        read=lambda results: _beyond(_rise(results, 0.0)),
    ),
    Claim(
        name="a-tenth-degrades-less", statement="10% of the real data kept: the perplexity rises less than without",
        where=_WHERE, source=Source.TEXT, chosen=_SMALL,
        basis=f"log of the last perplexity without real data over that with it, paired by trajectory; {_FIVE}",
        read=lambda results: _beyond(_rise(results, 0.0) - _rise(results, 0.1)),
    ),
    *(
        Claim(
            name=name, statement=statement, where=_WHERE, source=source, published=published, tolerance=tolerance,
            basis=basis, read=read, chosen=_OURS,
        )
        for name, statement, source, published, tolerance, basis, read in (
            ("zero-shot", "OPT-125m before any fine-tuning: perplexity 115 of wikitext-2", Source.TEXT, 115.0, 0.5,
             "half a unit of the last digit", _zero_shot),
            ("fine-tuned", "OPT-125m fine-tuned on wikitext-2: perplexity 34", Source.TEXT, 34.0, 0.5,
             "half a unit of the last digit", _fine_tuned),
            ("no-real-data-loses", "no real data kept, 5 epochs: 20 to 28 points of perplexity are lost", Source.TEXT, 24.0,
             4.0, "the middle of the stated range, and half of it", _loses),
            ("a-tenth-stays", "10% of the real data kept, 10 epochs: the perplexity stays between 32 and 42", Source.PLOT, 37.0,
             5.0, "the middle of the figure's axis, and half of it", _stays),
        )
    ),
)  # fmt: skip
