"""Vu, Reeves and Wenger: generative models that train recursively on each other's outputs, arXiv 2505.21677."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import (
    Measured,
    Results,
    completed_fits,
    mean_lines,
    measured_mean,
    measured_ratio,
)
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.ecosystem import Ecosystem
from collapsebench.models.gaussian import Gaussian
from collapsebench.regimes.augment import Augment
from collapsebench.show.figures import Figure, Panel
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.normal import Normal

MODELS, PRIVATE, PUBLIC, DRAWN, OWN = 4, 100, 100, 400, 0.5
"""Models; real rows of each and of all; synthetic rows of each; share of the own ones among the real part."""
SHARES = (0.0, 0.25, 0.5, 0.75)
"""Of synthetic rows in a training set."""
LAST = 10


@PAPERS.register("vu")
class Vu(Study):
    """Means of four models that keep real rows of their own and public ones, and share their synthetic rows."""

    title = "What happens when generative AI models train recursively on each others' outputs?"
    citation = "Vu, Reeves and Wenger, ICLR 2026, arXiv 2505.21677"

    def experiments(self, scale: Scale) -> dict[str, Sweep]:
        """A sweep over the share of synthetic rows."""
        loop = Experiment(
            name="vu", target=Normal(), model=Ecosystem(Gaussian(unbiased=True), MODELS, PRIVATE, PUBLIC, own=OWN),
            regime=Augment(), metrics=("disagreement", "mean_error"), n=MODELS * DRAWN, n_real=MODELS * PRIVATE + PUBLIC,
            holdout=1, generations=scale.pick(3, LAST, LAST), trajectories=scale.pick(20, 10_000, 20_000),
        )  # fmt: skip
        return {"shared": Sweep(loop, {"model.shared": SHARES})}


def _law(share: float, fits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    between, common = theory.ecosystem_law(MODELS, fits, share, OWN, private=PRIVATE, public=PUBLIC, drawn=DRAWN)
    return np.asarray(between), np.asarray(common)


def _values(results: Results, share: float, metric: str) -> np.ndarray:
    return results["shared"][metric].sel({"model.shared": share}).values.astype(float)


def draw_ecosystem(results: Results) -> Figure:
    """Figure of the variance between the models and of their common error, over the fits."""
    k, panels = completed_fits(results["shared"]), []
    named = (("disagreement", "Between the models", "variance"), ("mean_error", "In common", "squared error"))
    for i, (metric, title, label) in enumerate(named):
        lines = []
        for share in SHARES:
            lines += mean_lines(f"synthetic share {share:g}", k, _values(results, share, metric), _law(share, k)[i])
        panels.append(Panel(title, "fits", label, tuple(lines)))
    note = f"{MODELS} models, {PRIVATE} real rows each and {PUBLIC} of all; bands: 95% intervals; dashes: exact laws"
    return Figure("Vu et al. (2026): models that train on each other", tuple(panels), note, columns=2)


Vu.figures = {"ecosystem": draw_ecosystem}


# Claims


def _at_last(results: Results, share: float, metric: str) -> Measured | None:
    values = _values(results, share, metric)
    law = _law(share, np.array(LAST))[metric == "mean_error"]
    return measured_mean(values[:, LAST - 1]).against(float(law)) if values.shape[1] >= LAST else None


def _homogenised(results: Results, share: float) -> Measured | None:
    values = _values(results, share, "disagreement")
    if values.shape[1] < LAST:
        return None
    return measured_ratio(values[:, LAST - 1], values[:, 0]).against((1 - share) ** 2)


_CHOSEN = "the mean of a normal, and all sizes but the four models are ours: the paper's numbers are of language models"
Vu.claims = tuple(
    claim
    for share in SHARES[1:]
    for claim in (
        Claim(
            name=f"homogenised-{share:g}", statement=f"a synthetic share of {share:g} makes models more alike: the variance "
            f"between them is {(1 - share) ** 2:.3g} of what it was", where="linear model, our reading", source=Source.DERIVED,
            law="ecosystem_law", chosen=_CHOSEN, basis="exact: (1 - share)^2", read=lambda r, share=share: _homogenised(r, share),
        ),
        Claim(
            name=f"common-error-{share:g}", statement=f"the error that all models share at a synthetic share of {share:g}",
            where="linear model, our reading", source=Source.DERIVED, law="ecosystem_law", chosen=_CHOSEN,
            basis="an exact law; the synthetic rows' variance is taken for the truth's, for which 1% is allowed",
            tolerance=0.01 * float(_law(share, np.array(LAST))[1]),
            read=lambda r, share=share: _at_last(r, share, "mean_error"),
        ),
    )
)  # fmt: skip
