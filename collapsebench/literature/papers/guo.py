"""Guo, Shang, Vazirgiannis and Clavel: The curious decline of linguistic diversity, 2024, by n-grams."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.literature.measured import Measured, Results, mean_lines, measured_mean, ordered, together
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.metrics.distinct_n import DistinctN
from collapsebench.models.ngram import NGram
from collapsebench.show.figures import Figure, Panel
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.text import Text

BUDGET = 20_000
"""Grams that are looked at, for the share of distinct ones falls with their number."""
LENGTHS = (1, 2, 3)
ITERATIONS = 6


@PAPERS.register("guo")
class Guo(Study):
    """Lexical diversity, the mean of distinct-1, -2 and -3, by generation; trigrams of a text for a language model."""

    title = "The curious decline of linguistic diversity: training language models on synthetic text"
    citation = "Guo, Shang, Vazirgiannis and Clavel, NAACL Findings 2024, arXiv 2311.09807"

    def experiments(self, scale: Scale) -> dict[str, Experiment]:
        """Trigrams of words, refitted to as many as they say."""
        text = Text(tokenizer="words").pinned()
        return {
            "words": Experiment(
                name="guo-words", target=text, model=NGram(order=3, smoothing="maximum_likelihood"), holdout=1,
                n=scale.pick(400, text.blocks, text.blocks), metrics=tuple(DistinctN(n, BUDGET) for n in LENGTHS),
                generations=scale.pick(2, ITERATIONS + 1, ITERATIONS + 1), trajectories=scale.pick(2, 4, 20),
            )
        }  # fmt: skip


def distinct(results: Results) -> np.ndarray:
    """[length, trajectory, generation] distinct grams of 1, 2 and 3 tokens, as a share of all."""
    names = ["distinct_n", *(f"distinct_n_{i}" for i in range(2, len(LENGTHS) + 1))]
    return np.stack([np.asarray(results["words"][name].values, float) for name in names])


def draw(results: Results) -> Figure:
    """Figure of distinct grams by their length, and of their mean."""
    found = distinct(results)
    g = np.arange(found.shape[2])
    lines = mean_lines("lexical diversity", g, found.mean(axis=0))
    for length, own in zip(LENGTHS, found, strict=True):
        lines += mean_lines(f"distinct-{length}", g, own)
    panel = Panel("Python's documentation", "generation", f"distinct of {BUDGET} grams", tuple(lines), ylim=(0, 1))
    return Figure("Guo et al. (2024): lexical diversity", (panel,), "bands: 95% intervals over trajectories")


def _falls(results: Results) -> Measured | None:
    """Lexical diversity at the last iteration; that of every iteration must lie below the one two before it."""
    found = distinct(results).mean(axis=0)
    if found.shape[1] <= ITERATIONS:
        return None
    means = [measured_mean(column, ITERATIONS + 1) for column in found.T]
    return means[-1].judged(together(*(ordered(late, early) for early, late in zip(means, means[2:], strict=False))))


def _each(results: Results) -> Measured | None:
    """Least fall of the three shares, from the first generation to the last."""
    found = distinct(results)
    if found.shape[2] <= ITERATIONS:
        return None
    pairs = [[measured_mean(own[:, g], 2 * len(LENGTHS)) for g in (-1, 0)] for own in found]
    falls = [measured_mean(own[:, 0] - own[:, -1], len(LENGTHS)) for own in found]
    least = min(falls, key=lambda fall: float(fall.value))
    return least.judged(together(*(ordered(*pair) for pair in pairs)))


_CHOSEN = f"trigrams of pydoc_data's topics in words; the first {BUDGET} grams"
Guo.figures = MappingProxyType({"guo": draw})
Guo.claims = (
    Claim(
        name="lexical-diversity-falls", statement=f"lexical diversity falls with every iteration, of {ITERATIONS}",
        where="tables of lexical diversity", source=Source.TEXT, chosen=_CHOSEN,
        basis="ours: means two iterations apart, whose intervals must not touch", read=_falls,
    ),
    Claim(
        name="each-distinct-falls", statement="each of distinct-1, distinct-2 and distinct-3 falls",
        where="definition of lexical diversity", source=Source.TEXT, chosen=_CHOSEN,
        basis="ours: the least of the three falls; the intervals of first and last must not touch", read=_each,
    ),
)  # fmt: skip
