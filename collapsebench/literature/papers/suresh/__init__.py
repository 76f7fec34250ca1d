"""Suresh, Thangaraj and Khandavally: Rate of model collapse in recursive training, AISTATS 2025."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.papers.suresh.claims import CLAIMS
from collapsebench.literature.papers.suresh.draw import (
    draw_distinct,
    draw_mixture,
    draw_spread,
    draw_survival,
    draw_trajectories,
)
from collapsebench.literature.papers.suresh.settings import (
    BERNOULLI,
    GAUSSIAN,
    MIXTURE,
    POISSON,
    SINGLE,
    STEPS,
    SYMBOLS,
    ZIPF,
)
from collapsebench.literature.study import Scale, Study
from collapsebench.models.bernoulli import Bernoulli
from collapsebench.models.categorical import Categorical
from collapsebench.models.gaussian import Gaussian
from collapsebench.models.poisson import Poisson
from collapsebench.models.symmetric_mixture import SymmetricMixture
from collapsebench.regimes.replace import Replace
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.bernoulli import Bernoulli as BernoulliTarget
from collapsebench.targets.gaussian_mixture import GaussianMixture as MixtureTarget
from collapsebench.targets.normal import Normal as NormalTarget
from collapsebench.targets.poisson import Poisson as PoissonTarget
from collapsebench.targets.zipf import Zipf


@PAPERS.register("suresh")
class Suresh(Study):
    """Survival of symbols and loss of spread under refitting, with exact laws for most loops.

    Bernoulli, Poisson, Gaussian and mixture loops and Zipf-Mandelbrot symbols, at the published sizes even in the quick
    scale. The words of a text are in the study `ngrams`, by the law of the text's own counts.
    """

    title = "Rate of model collapse in recursive training"
    citation = "Suresh, Thangaraj and Khandavally, AISTATS 2025, arXiv 2412.17646"
    claims = CLAIMS
    figures = MappingProxyType(
        {
            "survival": draw_survival,
            "spread": draw_spread,
            "trajectories": draw_trajectories,
            "distinct": draw_distinct,
            "mixture": draw_mixture,
        }
    )

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """Loops of counts, of Gaussian spread, of Zipf symbols and of a symmetric mixture, by name."""
        return {**_counts(scale), **_spread(scale), **_words(scale), **_mixture(scale)}


def _loop(scale: Scale) -> Experiment:
    return Experiment(
        name="suresh-poisson", target=PoissonTarget(), model=Poisson(), regime=Replace(), handover="summary",
        metrics=("log_variance",), n=10, trajectories=scale.pick(50, 12_000, 20_000),
        generations=scale.pick(60, 500, 500), holdout=1,
    )  # fmt: skip


def _counts(scale: Scale) -> dict[str, Experiment | Sweep]:
    """Bernoulli and Poisson loops. Equal lengths and widths make the Bernoulli curves one compiled program."""
    rate = _loop(scale)
    symbol = dataclasses.replace(
        rate, name="suresh-trajectories-bernoulli", target=BernoulliTarget(SINGLE), model=Bernoulli(), n=100,
        metrics=("variance", "mean_error"), trajectories=scale.pick(25, 1000, 1000), generations=scale.pick(60, 600, 600),
    )  # fmt: skip
    return {
        **{
            name: dataclasses.replace(
                symbol, name=f"suresh-{name}", target=BernoulliTarget(curve.start), n=curve.n, generations=curve.k[-1],
                trajectories=scale.pick(50, 160_000, 160_000), width=scale.pick(25, 4000, 4000),
            )
            for name, curve in BERNOULLI.items()
        },
        "trajectories-bernoulli": symbol,
        "poisson": Sweep(rate, {"target.rate": tuple(curve.start for curve in POISSON.values())}),
    }  # fmt: skip


def _spread(scale: Scale) -> dict[str, Experiment | Sweep]:
    spread = dataclasses.replace(
        _loop(scale), name="suresh-gaussian", target=NormalTarget(), model=Gaussian(unbiased=True), n=GAUSSIAN.n,
        trajectories=scale.pick(50, 20_000, 20_000), generations=scale.pick(60, GAUSSIAN.k[-1], GAUSSIAN.k[-1]),
    )  # fmt: skip
    single = dataclasses.replace(
        spread, name="suresh-trajectories-gaussian", n=100, trajectories=scale.pick(25, 1000, 1000),
        generations=scale.pick(60, 2500, 2500),
    )  # fmt: skip
    return {"gaussian": spread, "trajectories-gaussian": single}


def _words(scale: Scale) -> dict[str, Experiment | Sweep]:
    """Zipf-Mandelbrot symbols, in rows, because few of them cost less here than compiling the sampler of counts."""
    words = dataclasses.replace(
        _loop(scale), target=Zipf(SYMBOLS), model=Categorical(SYMBOLS), handover="samples", metrics=("support",),
        n=SYMBOLS, trajectories=scale.pick(10, 200, 200), generations=scale.pick(3, 11, 11),
    )  # fmt: skip
    return {
        name: dataclasses.replace(words, name=f"suresh-{name}", target=Zipf(SYMBOLS, exponent, shift))
        for name, (exponent, shift) in ZIPF.items()
    }


def _mixture(scale: Scale) -> dict[str, Experiment | Sweep]:
    """Two symmetric components: start and estimator are not published; ours are m = s = 1 and EM from the last model."""
    mixture = Experiment(
        name="suresh-mixture", target=MixtureTarget(radius=1.0), model=SymmetricMixture(), regime=Replace(),
        metrics=("within_log_variance",), warm_start=True, n=MIXTURE.n, trajectories=scale.pick(20, 4000, 4000),
        generations=scale.pick(20, 80, 80), holdout=1,
    )  # fmt: skip
    return {"mixture": Sweep(mixture, {"model.steps": STEPS})}
