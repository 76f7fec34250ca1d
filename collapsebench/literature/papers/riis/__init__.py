"""Riis: Drift and selection in LLM text ecosystems, 2026."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.papers.riis.claims import CLAIMS
from collapsebench.literature.papers.riis.draw import draw
from collapsebench.literature.papers.riis.settings import COUNT, GENERATIONS, HALF, LAST, SHARES, TOKENS
from collapsebench.literature.study import Scale, Study
from collapsebench.metrics.distinct_n import DistinctN
from collapsebench.metrics.survivors import Survivors
from collapsebench.models.bernoulli import Bernoulli
from collapsebench.models.ngram import NGram
from collapsebench.regimes.mix import Mix
from collapsebench.regimes.replace import Replace
from collapsebench.regimes.turnover import Turnover
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.bernoulli import Bernoulli as BernoulliTarget
from collapsebench.targets.text import Text

EVERY = 2**30
"""More than any word occurs."""


@PAPERS.register("riis")
class Riis(Study):
    """Drift of a corpus of which a share is replaced: fixation, effective size, words left; and what selection keeps.

    The novels and essays of the paper are not part of this package; ours is Python's documentation, by its trigrams.
    """

    title = "Drift and selection in LLM text ecosystems"
    citation = "Riis (2026), arXiv 2604.08554"
    when_named = True
    claims = CLAIMS
    figures = MappingProxyType({"riis": draw})

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """A symbol of a small corpus until it is lost or alone; words of a text under three protocols."""
        corpus = Experiment(
            name="riis-corpus", target=BernoulliTarget(COUNT / TOKENS), model=Bernoulli(), regime=Turnover(),
            metrics=("variance", "mean_error"), n=TOKENS, generations=scale.pick(12, LAST, LAST), holdout=1,
            trajectories=scale.pick(50, 16_000, 100_000),
        )  # fmt: skip
        text = Text(tokenizer="words").pinned()
        n = scale.pick(40, text.blocks, text.blocks)
        words = Experiment(
            name="riis-words", target=text, model=NGram(order=3, smoothing="maximum_likelihood"), n=n, holdout=1,
            metrics=(Survivors(1, EVERY), DistinctN(3)), generations=scale.pick(3, GENERATIONS + 1, GENERATIONS + 1),
            trajectories=scale.pick(2, 3, 20),
        )  # fmt: skip
        regimes = {"replaced": Replace(), "kept": Turnover(HALF), "original": Mix(HALF)}
        return {
            "corpus": Sweep(corpus, {"regime.share": SHARES}),
            **{name: dataclasses.replace(words, name=f"riis-{name}", regime=own) for name, own in regimes.items()},
        }
