"""He et al.: golden-ratio weighting of real and synthetic data, arXiv 2502.18049."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import (
    Measured,
    Results,
    below,
    exact,
    mean_lines,
    measured_mean,
    measured_ratio,
    within,
)
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.gaussian import Gaussian
from collapsebench.regimes.weighted import Weighted
from collapsebench.show.figures import Figure, Panel
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.normal import Normal

GOLDEN = (np.sqrt(5) - 1) / 2
ROWS, DIM, AVERAGED = 100, 2, 50
WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.58, float(GOLDEN), 0.66, 0.7, 0.78)
RATIOS = (0.02, 0.1, 0.2)
"""Real rows over synthetic ones."""


@PAPERS.register("he")
class He(Study):
    """Mean of a plane's normal from new real and synthetic rows in every generation, real rows with a weight."""

    title = "Golden ratio weighting prevents model collapse"
    citation = "He et al. (2025), arXiv 2502.18049"

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """A sweep over the weight at equal sizes, and for each ratio of sizes equal weights of rows and the best weight."""
        loop = Experiment(
            name="he-weight", target=Normal(DIM), model=Gaussian(DIM, unbiased=True), metrics=("mean_error",), n=ROWS,
            regime=Weighted(0.5, ROWS), handover="summary", generations=scale.pick(20, 200, 200), holdout=1,
            trajectories=scale.pick(20, 2000, 4000),
        )  # fmt: skip
        plan: dict[str, Experiment | Sweep] = {"weight": Sweep(loop, {"regime.weight": WEIGHTS})}
        for ratio in RATIOS:
            own = Experiment(
                name=f"he-ratio-{ratio:g}", target=loop.target, model=loop.model, metrics=loop.metrics, n=round(ROWS / ratio),
                regime=loop.regime, handover="summary", generations=loop.generations, holdout=1, n_real=ROWS,
                trajectories=loop.trajectories,
            )  # fmt: skip
            plan[f"ratio-{ratio:g}"] = Sweep(own, {"regime.weight": _both(ratio)})
        return plan


def _both(ratio: float) -> tuple[float, float]:
    """The weight of real rows if all rows weigh the same, and the best one."""
    return ratio / (1 + ratio), float(theory.weighted_optimum_law(ratio))


def _error(results: Results, label: str, weight: float) -> np.ndarray | None:
    """[trajectory] mean squared error over the last generations, which no longer depends on the first."""
    result = results[label]
    if result.sizes["generation"] < 2 * AVERAGED:
        return None
    values = result["mean_error"].sel({"regime.weight": weight}, method="nearest").values
    return values[:, -AVERAGED:].astype(float).mean(axis=1)


def _law(weight: float, ratio: float = 1.0) -> float:
    return float(DIM / ROWS * theory.weighted_error_law(weight, ratio))


def draw_weights(results: Results) -> Figure:
    """Figure of the error by the weight, and of the plain and the best weight for each ratio of sizes."""
    last = results["weight"]["mean_error"].isel(generation=slice(-AVERAGED, None)).mean("generation")
    lines = mean_lines("simulated", WEIGHTS, last.transpose("trajectory", "regime.weight").values,
                       [_law(w) for w in WEIGHTS])  # fmt: skip
    ratios = []
    for i, name in enumerate(("rows weigh the same", "best weight")):
        ends = [results[f"ratio-{r:g}"]["mean_error"].isel({"generation": slice(-AVERAGED, None), "regime.weight": i})
                for r in RATIOS]  # fmt: skip
        values = np.stack([end.mean("generation").values for end in ends], axis=1)
        ratios += mean_lines(name, RATIOS, values, [_law(_both(r)[i], r) for r in RATIOS])
    panels = (
        Panel(
            f"{ROWS} real, {ROWS} synthetic rows", "weight of the real rows", "squared error of the mean", tuple(lines)
        ),
        Panel(
            "By ratio of sizes", "real rows over synthetic rows", "squared error of the mean", tuple(ratios), ylog=True
        ),
    )
    note = f"the last {AVERAGED} of the generations; bands: 95% intervals over trajectories; dashes: exact laws"
    return Figure("He et al. (2025): golden-ratio weighting", panels, note, columns=2)


He.figures = {"weights": draw_weights}


# Claims


def _error_at(results: Results, weight: float) -> Measured | None:
    error = _error(results, "weight", weight)
    return None if error is None else measured_mean(error).against(_law(weight))


def _best(results: Results) -> Measured | None:
    """Weight of the least error, by a parabola through the five about the least law; the interval is over trajectories."""
    near = [w for w in WEIGHTS if 0.45 < w < 0.75]
    errors = [_error(results, "weight", w) for w in near]
    if any(error is None for error in errors):
        return None
    # The sum of all trajectories' parabolas has its top where the mean one has; the delta method gives its error.
    square, slope, _ = np.polyfit(np.array(near) - GOLDEN, np.stack([e for e in errors if e is not None]), 2)
    found = measured_ratio(-slope, 2 * square)
    return Measured(GOLDEN + found.value, GOLDEN + found.low, GOLDEN + found.high)


def _is_golden(results: Results) -> Measured | None:
    best = _best(results)
    return best and best.judged(within(best, 0.05, GOLDEN))


def _better(results: Results, ratio: float) -> Measured | None:
    plain, best = (_error(results, f"ratio-{ratio:g}", weight) for weight in _both(ratio))
    if plain is None or best is None:
        return None
    found = measured_ratio(best, plain)
    return found.judged(below(found, 1))


def _exactly_golden(results: Results) -> Measured:
    own = float(theory.weighted_optimum_law(1.0))
    return exact(own).judged(abs(own - GOLDEN) < 1e-12)


_SETTING = "mean estimation; sizes and weights as in the paper"
_CHOSEN = "a normal in the plane with n = 100; the weights between which we interpolate"
He.claims = (
    *(
        Claim(
            name=f"error-at-{weight:.3g}", statement=f"squared error of the mean, weight {weight:.3g}: {_law(weight):.5f}",
            where=_SETTING, source=Source.DERIVED, law="weighted_error_law", chosen=_CHOSEN, tolerance=0.006 * _law(weight),
            basis="the law takes the synthetic rows' variance for the truth's; refits are of 200 weighted rows, so .6% are "
            "allowed for",
            read=lambda results, weight=weight: _error_at(results, weight),
        )
        for weight in (0.5, float(GOLDEN))
    ),
    Claim(
        name="golden-ratio", statement="the best weight of real rows is the golden ratio's .618, for as many synthetic as real",
        where="theorem", source=Source.TEXT, basis="exact: the least of the law, to 12 digits", read=_exactly_golden,
    ),
    Claim(
        name="least-error", statement="simulated errors are least at the golden ratio", where=_SETTING, source=Source.TEXT,
        chosen=_CHOSEN, basis="ours: the least of a parabola through five weights, whose interval must lie within .05 of .618",
        read=_is_golden,
    ),
    *(
        Claim(
            name=f"weighting-helps-{ratio:g}", statement=f"at {ratio:g} real rows to a synthetic one the best weight beats "
            "rows that weigh the same", where=_SETTING, source=Source.TEXT, chosen=_CHOSEN,
            basis="ours: error over error, whose interval must lie below 1",
            read=lambda results, ratio=ratio: _better(results, ratio),
        )
        for ratio in RATIOS
    ),
)  # fmt: skip
