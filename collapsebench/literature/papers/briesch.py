"""Briesch, Sobania and Rothlauf: Large language models suffer from their own output, 2023, by n-grams."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

import numpy as np

from collapsebench.experiment.experiment import Experiment
from collapsebench.literature.measured import (
    Measured,
    Results,
    above,
    below,
    mean_lines,
    measured_mean,
    ordered,
    together,
)
from collapsebench.literature.study import Claim, Reason, Scale, Source, Study
from collapsebench.metrics.correctness import Correctness
from collapsebench.metrics.edit_diversity import EditDiversity
from collapsebench.models.ngram import NGram
from collapsebench.parts.regime import Regime
from collapsebench.regimes.accumulate import Accumulate
from collapsebench.regimes.accumulate_subsample import AccumulateSubsample
from collapsebench.regimes.mix import Mix
from collapsebench.regimes.replace import Replace
from collapsebench.show.figures import Figure, Panel
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.text import Text

CYCLES: dict[str, Regime] = {
    "full synthetic": Replace(), "balanced": AccumulateSubsample(), "expanding": Accumulate(), "fresh": Mix(0.5),
}  # fmt: skip
"""Regime of each cycle of data: the last model's alone; as many rows from all so far; all so far; half new real rows."""
GONE, LAST = 39, 50
"""Generation by which a full synthetic cycle has lost its diversity, and the last one."""


@PAPERS.register("briesch")
class Briesch(Study):
    """Diversity and correctness of equations of logic, by cycle of data; five-grams in the place of a GPT."""

    title = "Large language models suffer from their own output: an analysis of the self-consuming training loop"
    citation = "Briesch, Sobania and Rothlauf (2023), arXiv 2311.16822"
    when_named = True

    def experiments(self, scale: Scale) -> dict[str, Experiment]:
        """The boolean language under each cycle, at the paper's temperature of .8."""
        loop = Experiment(
            target=Text("boolean", tokenizer="characters"), n=scale.pick(40, 200, 200), holdout=1,
            model=NGram(order=5, smoothing="maximum_likelihood", temperature=0.8), trajectories=scale.pick(2, 4, 30),
            metrics=(Correctness(), EditDiversity(rows=scale.pick(8, 24, 64))), generations=scale.pick(3, LAST + 1, LAST + 1),
        )  # fmt: skip
        return {
            name: dataclasses.replace(loop, name=f"briesch-{name.replace(' ', '-')}", regime=regime)
            for name, regime in CYCLES.items()
        }


def diversity(results: Results, name: str) -> np.ndarray:
    """[trajectory, generation] Levenshtein diversity; 0 where fewer than two sentences lie within rows."""
    return np.asarray(results[name].edit_diversity.values, float)


def declines(results: Results, name: str, points: int = 1) -> Measured | None:
    """Share of the diversity of generation 0 that is lost at the last one."""
    found = diversity(results, name)
    return measured_mean(1 - found[:, LAST] / found[:, 0], points) if found.shape[1] > LAST else None


def draw(results: Results) -> Figure:
    """Figure of diversity and correctness by cycle."""
    varied, right = [], []
    for name in CYCLES:
        found = diversity(results, name)
        g = np.arange(found.shape[1])
        varied += mean_lines(name, g, found)
        right += mean_lines(name, g, results[name].correctness.values)
    panels = (
        Panel("Levenshtein diversity", "generation", "mean over pairs", tuple(varied), ylim=(0, None)),
        Panel("True equations", "generation", "share", tuple(right), ylim=(0, None)),
    )
    note = "five-grams of characters, T = .8, 200 blocks of 64 a generation; bands: 95% intervals over trajectories"
    return Figure("Briesch et al. (2023): the boolean language", panels, note, columns=2)


def _gone(results: Results) -> Measured | None:
    found = diversity(results, "full synthetic")
    if found.shape[1] <= GONE:
        return None
    left = measured_mean(found[:, GONE] / found[:, 0])
    return left.judged(below(left, 0.02))


def _right(results: Results) -> Measured | None:
    """Rise of the share of true equations from generation 0 to the sixth."""
    found = np.asarray(results["full synthetic"].correctness.values, float)
    if found.shape[1] <= LAST:
        return None
    rise = measured_mean(found[:, 6] - found[:, 0])
    return rise.judged(above(rise, 0))


def _slower(results: Results) -> Measured | None:
    """Loss of the expanding cycle; it and the balanced one must lose some of the diversity, and the full one more."""
    found = [declines(results, name, 3) for name in ("expanding", "balanced", "full synthetic")]
    if None in found:
        return None
    some = together(*(above(own, 0) for own in found[:2]), *(ordered(own, found[2]) for own in found[:2]))
    return found[0].judged(some)


def _fresh(results: Results) -> Measured | None:
    found = [declines(results, name, 2) for name in ("fresh", "expanding")]
    return None if None in found else found[0].judged(together(above(found[0], 0), ordered(*found)))


_CHOSEN = "five-grams of characters by maximum likelihood and our grammar, 200 blocks of 64 characters a generation"
Briesch.figures = MappingProxyType({"briesch": draw})
Briesch.claims = (
    Claim(
        name="diversity-lost", statement=f"full synthetic: all diversity is lost by generation {GONE}",
        where="figure on diversity", source=Source.SECOND, chosen=_CHOSEN,
        basis="ours: what is left of generation 0's, whose interval must lie below .02", read=_gone,
    ),
    Claim(
        name="correct-at-first", statement="full synthetic: the share of true equations rises, to 1 by generation 6",
        where="figure on correctness", source=Source.SECOND, chosen=_CHOSEN,
        basis="ours: the rise to generation 6, whose interval must lie above 0", read=_right,
        reasons=(Reason(
            "a GPT sees the whole equation; a five-gram cannot match parentheses, and what it says becomes ever less often true",
            -0.1, 0.0,
        ),),
    ),
    Claim(
        name="old-data-slow-the-loss", statement="with all data so far, expanding or balanced, a part of the diversity is lost "
            "within 50 generations (22% and 30% in the paper), and less than without",
        where="figure on diversity", source=Source.SECOND, chosen=f"{_CHOSEN}; balanced: as many rows from all so far",
        basis="ours: the losses at generation 50, whose intervals must lie above 0 and below the full cycle's", read=_slower,
    ),
    Claim(
        name="fresh-data-slow-the-loss", statement="fresh data slow the decline of diversity but do not stop it",
        where="abstract", source=Source.TEXT, chosen=f"{_CHOSEN}; half of the rows are new real ones",
        basis="ours: the loss at generation 50, whose interval must lie above 0 and below the expanding cycle's", read=_fresh,
    ),
)  # fmt: skip
