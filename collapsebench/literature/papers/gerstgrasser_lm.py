"""Gerstgrasser et al. (2024), transformers: the loss on real text under replace and accumulate, at two temperatures."""

from __future__ import annotations

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.training import Training
from collapsebench.literature.measured import Measured, Results, above, below, mean_lines, measured_mean
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.transformer import Transformer
from collapsebench.regimes.accumulate import Accumulate
from collapsebench.regimes.replace import Replace
from collapsebench.show.figures import Figure, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.text import Text

TEMPERATURES = (1.0, 0.3)
KEPT = 0.1
"""Share of what `replace` loses that `accumulate` may lose for its loss to count as kept."""


@PAPERS.register("gerstgrasser_lm")
class GerstgrasserLM(Study):
    """Transformers on their own text: the loss rises under replace, faster at low temperature, and not under accumulate."""

    title = "Is model collapse inevitable? Transformers under replace and accumulate"
    citation = "Gerstgrasser et al., COLM 2024, arXiv 2404.01413"
    when_named = True

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """A transformer of one layer from scratch on 500 words of Python's documentation; all sizes are ours."""
        training = Training(
            steps=scale.pick(4, 120, 400), batch=32, rate=1e-2, schedule="cosine", warmup=10.0, clip=1.0, decay=0.01,
            decoupled=True,
        )  # fmt: skip
        loop = Experiment(
            name="gerstgrasser-lm", target=Text(tokenizer="words", vocabulary=scale.pick(100, 500, 2000), block=16),
            model=Transformer(width=scale.pick(8, 32, 64), layers=1, training=training, decoding=Decoding()),
            metrics=("nll",), n=scale.pick(32, 512, 1280), generations=scale.pick(2, 10, 10), holdout=128,
            trajectories=scale.pick(2, 5, 5),
        )  # fmt: skip
        grid = {"regime": (Replace(), Accumulate()), "model.decoding.temperature": TEMPERATURES}
        return {"transformer": Sweep(loop, grid)}


def _loss(results: Results, regime: str, temperature: float) -> np.ndarray:
    """[trajectory, generation] nats a token of held-out real text."""
    own = results["transformer"].nll.sel({"regime": regime, "model.decoding.temperature": temperature})
    return np.asarray(own.transpose("trajectory", "generation").values, float)


def _rise(results: Results, regime: str, temperature: float) -> np.ndarray:
    """[trajectory] loss of the last model minus that of the first."""
    loss = _loss(results, regime, temperature)
    return np.asarray(loss[:, -1] - loss[:, 0])


def draw(results: Results) -> Figure:
    """Figure of the loss on held-out real text by iteration, one panel for each temperature."""
    panels = []
    for temperature in TEMPERATURES:
        lines = list[Series]()
        for regime in ("replace", "accumulate"):
            loss = _loss(results, regime, temperature)
            lines += mean_lines(regime, np.arange(1, loss.shape[1] + 1), loss)
        panels.append(
            Panel(f"Draws at temperature {temperature:g}", "iteration", "nats a token of real text", tuple(lines))
        )
    note = "mean over trajectories and its 95% interval"
    return Figure("Gerstgrasser et al. (2024): transformers", tuple(panels), note)


def _replaced(results: Results) -> Measured:
    rise = measured_mean(_rise(results, "replace", 1.0))
    return rise.judged(above(rise, 0))


def _kept(temperature: float) -> object:
    def read(results: Results) -> Measured:
        lost = measured_mean(_rise(results, "accumulate", temperature) - KEPT * _rise(results, "replace", temperature))
        return lost.judged(below(lost, 0))

    return read


def _colder(results: Results) -> Measured:
    gap = measured_mean(_rise(results, "replace", 0.3) - _rise(results, "replace", 1.0))
    return gap.judged(above(gap, 0))


_SMALL = (
    "a transformer of one layer from scratch on 500 words of Python's documentation, 512 blocks of 16 tokens, 120 steps of 32 in "
    "every iteration however large the set; the paper: 9M to 126M weights on TinyStories, one epoch"
)
_PAIRED = "mean over trajectories of differences of one trajectory, its 95% interval"
GerstgrasserLM.figures = {"loss": draw}
GerstgrasserLM.claims = (
    Claim(
        name="replace-rises", statement="replace, temperature 1: the loss rises (9M weights: 1.82 to 2.91 at iteration 10)",
        where="table 1", source=Source.TEXT, chosen=_SMALL, basis=f"last minus first; {_PAIRED}", read=_replaced,
    ),
    Claim(
        name="accumulate-keeps", statement="accumulate, temperature 1: the loss does not rise (1.82 to 1.74 at iteration 4)",
        where="table 1", source=Source.TEXT, chosen=_SMALL, read=_kept(1.0),
        basis=f"last minus first, less a tenth of what replace loses; {_PAIRED}",
    ),
    Claim(
        name="colder-is-worse", statement="replace at temperature .3 loses more than at 1 (9M weights: 9.85 at iteration 10)",
        where="table 1", source=Source.TEXT, chosen=_SMALL, basis=f"difference of the rises; {_PAIRED}", read=_colder,
    ),
    Claim(
        name="accumulate-keeps-when-cold", statement="accumulate at temperature .3: the loss does not rise (1.75 at iteration 4)",
        where="table 1", source=Source.TEXT, chosen=_SMALL, read=_kept(0.3),
        basis=f"last minus first, less a tenth of what replace loses; {_PAIRED}",
    ),
)  # fmt: skip
