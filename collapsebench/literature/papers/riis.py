"""Riis: Drift and selection in LLM text ecosystems, arXiv 2604.08554: a share of the tokens replaced in every step."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import (
    Measured,
    Results,
    exact,
    mean_lines,
    measured_mean,
    measured_share,
    within,
)
from collapsebench.literature.study import Claim, Reason, Scale, Source, Study
from collapsebench.models.categorical import Categorical
from collapsebench.regimes.turnover import Turnover
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.categorical import Categorical as CategoricalTarget

TOKENS, RARE, STEPS = 200, 0.3, 5
SHARES = (0.2, 0.5, 1.0)
FEW, LATE = 10, 200
"""Tokens and steps where a loop has ended."""


@PAPERS.register("riis")
class Riis(Study):
    """Frequencies of a text of which a share of the tokens is replaced by the model's in every step."""

    title = "Drift and selection in LLM text ecosystems"
    citation = "Riis (2026), arXiv 2604.08554"

    def experiments(self, scale: Scale) -> dict[str, Sweep]:
        """Sweeps over the share replaced: of a text for a few steps, and of few tokens until one symbol is left."""
        probs = (RARE, 1 - RARE)
        drift = Experiment(
            name="riis-drift", target=CategoricalTarget(2, probs), model=Categorical(2), regime=Turnover(0.5),
            metrics=("variance",), n=TOKENS, holdout=1, generations=STEPS + 1, trajectories=scale.pick(50, 40_000, 100_000),
        )  # fmt: skip
        ends = Experiment(
            name="riis-ends", target=drift.target, model=drift.model, regime=drift.regime, n=FEW, holdout=1,
            metrics=("mean_error", "support"), generations=scale.pick(9, LATE, LATE), trajectories=scale.pick(50, 20_000, 50_000),
        )  # fmt: skip
        return {name: Sweep(loop, {"regime.share": SHARES}) for name, loop in (("drift", drift), ("ends", ends))}


def _spread(results: Results, share: float) -> np.ndarray:
    """[trajectory, generation] 2 p (1 - p)."""
    return results["drift"]["variance"].sel({"regime.share": share}).values.astype(float)


def _kept_law(share: float, steps: np.ndarray) -> np.ndarray:
    """E 2 p (1 - p) after the first fit and `steps` more: 1 - E |p|^2, linear in that of the first fit."""
    first = 2 * RARE * (1 - RARE) * (1 - 1 / TOKENS)
    left = (1 - theory.turnover_squared_norm_law(TOKENS, share, steps, (0.5, 0.5))) / 0.5
    return np.asarray(first * left)


def draw_drift(results: Results) -> Figure:
    """Figure of what drift leaves of the spread, and of where the loops end."""
    steps = np.arange(STEPS + 1)
    lines = []
    for share in SHARES:
        lines += mean_lines(f"{share:.0%} replaced", steps, _spread(results, share), _kept_law(share, steps))
    ends = [_rare_won(results, share) for share in SHARES]
    found = [measured_share(e) for e in ends if len(e)]
    won = Series("measured", SHARES[: len(found)], *([getattr(m, a) for m in found] for a in ("value", "low", "high")))
    panels = (
        Panel(f"{TOKENS} tokens", "steps", "E 2 p (1 - p)", tuple(lines)),
        Panel(f"{FEW} tokens, in the end", "share replaced", "runs where the rarer symbol is left",
              (won, Series("its probability", SHARES, (RARE,) * len(SHARES), kind=Kind.LAW)), ylim=(0, 1)),
    )  # fmt: skip
    note = "bands: 95% intervals over trajectories; dashes: exact laws"
    return Figure("Riis (2026): drift of a text", panels, note, columns=2)


Riis.figures = {"drift": draw_drift}


# Claims


def _rare_won(results: Results, share: float) -> np.ndarray:
    """Of the runs that have ended, whether the rarer symbol is left: there |p - p_0|^2 is 2 (1 - RARE)^2 or 2 RARE^2."""
    last = results["ends"].isel(generation=-1).sel({"regime.share": share})
    ended = last["support"].values == 1
    return np.asarray(last["mean_error"].values[ended] > 2 * RARE * (1 - RARE))


def _fixed(results: Results, share: float) -> Measured | None:
    won = _rare_won(results, share)
    if results["ends"].sizes["generation"] < LATE or len(won) < 1000:
        return None
    return measured_share(won).against(RARE)


def _left(results: Results, share: float) -> Measured:
    return measured_mean(_spread(results, share)[:, STEPS]).against(float(_kept_law(share, np.array(STEPS))))


def _variance_of_a_step(results: Results, share: float) -> Measured:
    """What one step takes of the spread, times M: the variance over p (1 - p) / M; it holds within 5% of share^2."""
    values = _spread(results, share)
    lost = measured_mean(values[:, 0] - values[:, 1])
    unit = TOKENS / float(values[:, 0].mean())
    found = Measured(lost.value * unit, lost.low * unit, lost.high * unit)
    return found.judged(within(found, 0.05 * share**2, share**2))


def _size(results: Results) -> Measured:
    """Effective size at share 1 over the number of tokens, which the paper gives as a half."""
    variance = float(theory.turnover_variance_law(TOKENS, 1.0, RARE))
    own = RARE * (1 - RARE) / variance / TOKENS
    return exact(own).judged(abs(own - 0.5) < 0.01)


_CHOSEN = f"two symbols, {RARE:g} and {1 - RARE:g}, and all sizes are ours"
Riis.claims = (
    *(
        Claim(
            name=f"fixation-{share:g}", statement="the last symbol is a given one with its probability, whatever share is "
            f"replaced ({share:.0%})", where="theorem",
            source=Source.DERIVED, law="absorption_law", chosen=_CHOSEN, basis="an exact law",
            read=lambda results, share=share: _fixed(results, share),
        )
        for share in SHARES
    ),
    *(
        Claim(
            name=f"drift-{share:g}", statement=f"what {STEPS} steps leave of the spread, {share:.0%} of the tokens replaced",
            where="our setting", source=Source.DERIVED, law="turnover_squared_norm_law", chosen=_CHOSEN, basis="an exact law",
            read=lambda results, share=share: _left(results, share),
        )
        for share in SHARES
    ),
    *(
        Claim(
            name=f"one-step-variance-{share:g}", statement=f"a step that replaces {share:.0%} has variance a^2 mu (1 - mu) / M",
            where="quoted in the text", source=Source.SECOND, chosen=_CHOSEN,
            basis="ours: the variance of one step over mu (1 - mu) / M, whose interval must lie within 5% of a^2",
            read=lambda results, share=share: _variance_of_a_step(results, share),
            reasons=(Reason(
                "where tokens are replaced it is a (2 - a), which is also what the paper's own effective size says; a^2 is that "
                "of the soft mixture (1 - a) mu + a mu_hat", share**2, 1.1 * share * (2 - share), disputed=True,
            ),),
        )
        for share in SHARES[:2]
    ),
    Claim(
        name="effective-size", statement="the effective size is M / (2 a (2 - a)): a half of M where all is replaced",
        where="text", source=Source.SECOND, chosen=_CHOSEN,
        basis="exact: mu (1 - mu) over the variance of a step and over M, which must be a half",
        read=_size,
        reasons=(Reason(
            "M draws have the variance of M draws; the half is the convention of diploid populations, M of which are 2 M draws",
            0.99, 1.01, disputed=True,
        ),),
    ),
)  # fmt: skip
