"""Shabgahi et al. (2025), ForTIFAI: a loss that leaves out what the model is sure of delays a language model's collapse."""

from __future__ import annotations

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.training import Training
from collapsebench.literature.measured import Measured, Results, above, mean_lines, measured_mean
from collapsebench.literature.study import Claim, Reason, Scale, Source, Study
from collapsebench.models.transformer import Transformer
from collapsebench.show.figures import Figure, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.text import Text

TRUNCATIONS = (1.0, 0.9, 0.7)
"""Probability above which a token counts nothing in the loss; 1: the cross-entropy."""
TEMPERATURES = (1.0, 0.7)


@PAPERS.register("shabgahi")
class Shabgahi(Study):
    """Truncated cross-entropy, which leaves out the tokens that a model is sure of, in a language model's loop."""

    title = "ForTIFAI: fending off recursive training induced failure for AI models"
    citation = "Shabgahi, Aghazadeh, Mirhoseini and Koushanfar (2025), arXiv 2509.08972"
    when_named = True

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """A transformer of one layer from scratch on 500 words of Python's documentation, replaced; all sizes are ours."""
        training = Training(
            steps=scale.pick(4, 120, 400), batch=32, rate=1e-2, schedule="cosine", warmup=10.0, clip=1.0, decay=0.01,
            decoupled=True,
        )  # fmt: skip
        loop = Experiment(
            name="shabgahi", target=Text(tokenizer="words", vocabulary=scale.pick(100, 500, 2000), block=16),
            model=Transformer(width=scale.pick(8, 32, 64), layers=1, training=training, decoding=Decoding()),
            metrics=("nll", "entropy_rate"), n=scale.pick(32, 512, 1280), generations=scale.pick(2, 10, 10), holdout=128,
            trajectories=scale.pick(2, 5, 5),
        )  # fmt: skip
        return {"loop": Sweep(loop, {"model.truncation": TRUNCATIONS, "model.decoding.temperature": TEMPERATURES})}


def _values(results: Results, column: str, truncation: float, temperature: float) -> np.ndarray:
    """[trajectory, generation] of one arm."""
    own = results["loop"][column].sel({"model.truncation": truncation, "model.decoding.temperature": temperature})
    return np.asarray(own.transpose("trajectory", "generation").values, float)


def _rise(results: Results, truncation: float, temperature: float) -> np.ndarray:
    loss = _values(results, "nll", truncation, temperature)
    return np.asarray(loss[:, -1] - loss[:, 0])


def draw(results: Results) -> Figure:
    """Figure of the loss on held-out real text by generation, one panel for each temperature."""
    panels = []
    for temperature in TEMPERATURES:
        lines = list[Series]()
        for truncation in TRUNCATIONS:
            loss = _values(results, "nll", truncation, temperature)
            lines += mean_lines(f"up to {truncation:g}", np.arange(loss.shape[1]), loss)
        panels.append(
            Panel(f"Draws at temperature {temperature:g}", "generation", "nats a token of real text", tuple(lines))
        )
    note = "tokens count in the loss up to this probability; mean over trajectories and its 95% interval"
    return Figure("Shabgahi et al. (2025): truncated cross-entropy", tuple(panels), note)


def _delays(temperature: float) -> object:
    def read(results: Results) -> Measured:
        saved = measured_mean(_rise(results, 1.0, temperature) - _rise(results, 0.9, temperature))
        return saved.judged(above(saved, 0))

    return read


_NEVER_SURE = Reason(
    "a model this small is never sure of a token: none has a probability above .7, so both losses are one", 0, 0
)
Shabgahi.figures = {"loss": draw}
Shabgahi.claims = tuple(
    Claim(
        name=f"delays-{name}", where="abstract", source=Source.TEXT,
        statement=f"truncated cross-entropy (threshold .9) delays collapse: the loss on real text rises less, {words}",
        chosen="a transformer of one layer from scratch on 500 words of Python's documentation, 512 blocks of 16 tokens; "
        "replace, and the threshold .9, are ours",
        basis="rise over the generations with the cross-entropy minus that with the truncated one, paired; 95% interval",
        read=_delays(temperature), reasons=reasons,
    )
    for name, words, temperature, reasons in (
        ("warm", "draws at temperature 1", 1.0, (_NEVER_SURE,)), ("cold", "draws at temperature .7", 0.7, ()),
    )
)  # fmt: skip
