"""Ferbach et al.: Self-consuming generative models with curated data, NeurIPS 2024, arXiv 2407.09499."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.curators.best_of import BestOf
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import (
    Measured,
    Results,
    above,
    below,
    exact,
    mean_curve,
    mean_lines,
    measured_mean,
    together,
)
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.categorical import Categorical
from collapsebench.regimes.mix import Mix
from collapsebench.show.figures import Figure, Panel
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.categorical import Categorical as CategoricalTarget

PROBS = np.array([0.4, 0.3, 0.2, 0.1])
REWARDS = (0.0, 0.5, 1.0, 2.0)
CANDIDATES, ROWS, EARLY = 3, 3000, 3
SHARES = (0.0, 0.5)
"""Of real rows in every generation."""


@PAPERS.register("ferbach")
class Ferbach(Study):
    """Symbols with a reward, of which the best of every few by Bradley-Terry is trained on, with and without real rows."""

    title = "Self-consuming generative models with curated data provably optimize human preferences"
    citation = "Ferbach et al., NeurIPS 2024, arXiv 2407.09499"

    def experiments(self, scale: Scale) -> dict[str, Sweep]:
        """A sweep over the real share; curated rows are a third, so that real ones weigh more than their share."""
        loop = Experiment(
            name="ferbach", target=CategoricalTarget(len(PROBS), tuple(map(float, PROBS))), model=Categorical(len(PROBS)),
            regime=Mix(0.0), curator=BestOf(CANDIDATES, rewards=REWARDS), metrics=("mean_error", "entropy"), n=ROWS,
            holdout=1, generations=scale.pick(5, 40, 100), trajectories=scale.pick(4, 400, 1000),
        )  # fmt: skip
        return {"curated": Sweep(loop, {"regime.real_fraction": SHARES})}


def _values(results: Results, share: float, metric: str) -> np.ndarray:
    return results["curated"][metric].sel({"regime.real_fraction": share}).values.astype(float)


def _path(rounds: int) -> np.ndarray:
    """[round, symbol] distributions of an infinite sample."""
    found = [PROBS]
    for _ in range(rounds):
        following = np.asarray(theory.curation_law(found[-1], REWARDS, CANDIDATES))
        found.append(following / following.sum())  # in the end rounding carries it past 1
    return np.array(found)


def _distance(rounds: int) -> np.ndarray:
    return ((_path(rounds) - PROBS) ** 2).sum(axis=1)


def draw_ascent(results: Results) -> Figure:
    """Figure of the distance from the truth and of the entropy, by rounds of curation."""
    rounds = results["curated"].generation.values
    distance, entropy = [], []
    for share in SHARES:
        law = _distance(len(rounds) - 1) if share == 0 else None
        label = f"real share {share:g}"
        distance += mean_lines(label, rounds, _values(results, share, "mean_error"), law)
        entropy += mean_lines(label, rounds, _values(results, share, "entropy"))
    panels = (
        Panel("Towards the best symbol", "rounds of curation", "|p - p_0|^2", tuple(distance)),
        Panel("Diversity", "rounds of curation", "entropy, nats", tuple(entropy)),
    )
    note = "bands: 95% intervals over trajectories; dashes: the exact map of an infinite sample"
    return Figure("Ferbach et al. (2024): curated data", panels, note, columns=2)


Ferbach.figures = {"ascent": draw_ascent}


# Claims


def _map(results: Results) -> Measured:
    values = _values(results, 0.0, "mean_error")
    kept = ROWS / CANDIDATES
    laws = _distance(EARLY)[1:] + (1 - (_path(EARLY)[1:] ** 2).sum(axis=1)) / kept  # and the last round's own noise
    return mean_curve([values[:, k] for k in range(1, EARLY + 1)], list(laws))


def _rises(results: Results) -> Measured:
    """Least excess of the mean exponential reward over the bound, over 40 rounds."""
    path = _path(40)
    reward = path @ np.exp(REWARDS)
    slack = reward[1:] - [float(theory.curation_reward_bound(p, REWARDS, CANDIDATES)) for p in path[:-1]]
    return exact(float(slack.min())).judged(slack.min() > -1e-12 and (np.diff(reward) > -1e-12).all())


def _entropy(results: Results, share: float, collapses: bool) -> Measured | None:
    values = _values(results, share, "entropy")
    if values.shape[1] < 40:
        return None
    last = measured_mean(values[:, 39])
    return last.judged(below(last, 0.05) if collapses else together(above(last, 0.5)))


_CHOSEN = f"four symbols, their rewards, {CANDIDATES} candidates and {ROWS} rows are ours"
Ferbach.claims = (
    Claim(
        name="curation-map", statement=f"one round of best-of-{CANDIDATES} is the map p'(x) = p(x) K E[softmax]", where="lemma",
        source=Source.DERIVED, law="curation_law", chosen=_CHOSEN, tolerance=0.002,
        basis=f"exact for many rows: |p - p_0|^2 after 1 to {EARLY} rounds with one round's noise; .002 are allowed for "
        "the noise of those before",
        read=_map,
    ),
    Claim(
        name="reward-rises", statement="the mean exponential reward rises every round, by at least its variance's share",
        where="theorem", source=Source.SECOND, chosen=_CHOSEN, basis="exact: the least excess over the bound in 40 rounds",
        read=_rises,
    ),
    Claim(
        name="collapses-on-the-best", statement="without real data the loop ends on what has the highest reward",
        where="theorem", source=Source.SECOND, chosen=_CHOSEN,
        basis="ours: entropy after 39 rounds, whose interval must lie below .05", read=lambda r: _entropy(r, 0.0, True),
    ),
    Claim(
        name="real-data-keep-diversity", statement="real data in every round keep it from collapsing", where="theorem",
        source=Source.SECOND, chosen=_CHOSEN, basis="ours: entropy after 39 rounds at half real rows, above .5 nats",
        read=lambda r: _entropy(r, 0.5, False),
    ),
)  # fmt: skip
