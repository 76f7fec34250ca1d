"""Prevention Is Not Cure: the share of fresh data that a self-consuming loop needs to stay stable, and to recover."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import Results, mean_lines, measured_share
from collapsebench.literature.papers.prevention.claims import CLAIMS
from collapsebench.literature.papers.prevention.read import missing_symbols
from collapsebench.literature.papers.prevention.settings import (
    AROUND,
    BOUNDARIES,
    HEAL,
    HORIZON,
    LOSSES,
    POOL,
    POOLED,
    TRUTHS,
    WORST,
)
from collapsebench.literature.study import Scale, Study
from collapsebench.models.categorical import Categorical
from collapsebench.regimes.window import Window
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.categorical import Categorical as CategoricalTarget


@PAPERS.register("prevention")
class Prevention(Study):
    """Symbols redrawn from the truth with a fresh share and else from the last generations' frequencies: lost, and healed."""

    title = "Prevention Is Not Cure: what fresh-data rate a self-consuming loop needs to stay stable, and to recover"
    citation = "public manuscript without named authors, October 2026"
    when_named = True

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """First passages from the truth and from a point, and the rarest symbol's absence near printed boundaries."""
        share = "regime.real_fraction"
        runs, more = scale.pick(4, 1600, 4000), scale.pick(4, 3200, 8000)
        plan: dict[str, Experiment | Sweep] = {}
        for (name, n), shares in HEAL.items():
            heal = _loop(f"heal-{name}-{n}", TRUTHS[name], 1, n, 1, scale.pick(9, HORIZON + 1, HORIZON + 1), runs)
            loss = _loop(f"loss-{name}-{n}", TRUTHS[name], 1, n, n, scale.pick(9, LOSSES, LOSSES), more)
            plan[f"heal-{name}-{n}"] = Sweep(heal, {share: shares})
            plan[f"loss-{name}-{n}"] = Sweep(loss, {share: (0.0, *shares[:5])})
        for (name, n), printed in BOUNDARIES.items():
            rare = (WORST[name], 1 - WORST[name])
            loop = _loop(f"window-{name}-{n}", rare, 4, n, n, scale.pick(9, 2000, 4000), scale.pick(4, 400, 2000))
            plan[f"window-{name}-{n}"] = Sweep(loop, {share: tuple(min(printed * f, 1.0) for f in AROUND)})
        rare = (WORST["uniform"], 1 - WORST["uniform"])
        plan["pool"] = _loop("pool", rare, POOL, 50, 50, scale.pick(9, 9001, 9001), scale.pick(2, 200, 600), POOLED)
        return plan


def _loop(
    name: str,
    probs: tuple[float, ...],
    window: int,
    n: int,
    n_real: int,
    generations: int,
    runs: int,
    share: float = 0.0,
) -> Experiment:
    """A loop that starts at the truth's draws, or with one real row at a point."""
    return Experiment(
        name=f"prevention-{name}", target=CategoricalTarget(len(probs), probs), model=Categorical(len(probs)),
        regime=Window(window, share, by_chance=True), metrics=("support",), n=n, n_real=n_real, holdout=1,
        generations=generations, trajectories=runs,
    )  # fmt: skip


def draw_passages(results: Results) -> Figure:
    """Figure of absence and its boundary by the share, of healing, and of the pool of 64 generations."""
    shares = np.geomspace(1e-3, 1, 40)
    absence = [
        Series(f"{name}, n = {n}", shares, [theory.absence_law(n, float(s), WORST[name]) for s in shares], kind=Kind.LAW)
        for name in TRUTHS for n in (50, 200)
    ]  # fmt: skip
    healed = []
    for (name, n), tried in HEAL.items():
        order = sorted(tried)
        hits = [(missing_symbols(results, f"heal-{name}-{n}", s) == 0).any(axis=1) for s in order]
        found = [measured_share(h) for h in hits]
        healed.append(
            Series(f"{name}, n = {n}", order, *([getattr(m, a) for m in found] for a in ("value", "low", "high")))
        )
    missing = missing_symbols(results, "pool")
    generation = results["pool"].generation.values
    blocks = np.array_split(np.arange(len(generation)), min(20, len(generation)))
    gone = np.array([missing[:, b].mean(axis=1) for b in blocks]).T
    middle = [float(generation[b].mean()) for b in blocks]
    panels = (
        Panel("The rarest symbol, window 1", "share of real draws", "absent, share of generations", tuple(absence),
              xlog=True, ylim=(0, 1)),
        Panel("From a point", "share of real draws", f"healed by {HORIZON}", tuple(healed), xlog=True),
        Panel(f"Pool of {POOL}, share {POOLED:g}", "generation", "absent from the pool",
              tuple(mean_lines("uniform, n = 50", middle, gone, np.full(len(middle), 0.01)))),
    )  # fmt: skip
    note = "bands: 95% intervals over trajectories; dashes: exact chains, on the right the limit of 1% that is printed for it"
    return Figure("Prevention Is Not Cure (2026)", panels, note)


Prevention.figures = {"passages": draw_passages}
Prevention.claims = CLAIMS
