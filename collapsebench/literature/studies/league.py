"""League of mitigations on equal budgets of real rows, synthetic rows and fits, over families."""

from __future__ import annotations

import dataclasses

import numpy as np

from collapsebench import theory
from collapsebench.analysis.intervals import resampled_counts, studentised_interval
from collapsebench.analysis.ranks import rank_sets
from collapsebench.experiment.experiment import Experiment
from collapsebench.literature.measured import Measured, Results, above, below, measured_mean
from collapsebench.literature.study import Claim, Request, Scale, Source, Study
from collapsebench.oversight.laws import sizes
from collapsebench.parts.mitigation import Budget, Mitigation
from collapsebench.runs.results import experiment_of
from collapsebench.show.figures import Figure, Heat, Panel
from collapsebench.show.league import Standing, cell, entrants_of, families_of
from collapsebench.specs.errors import RequestError
from collapsebench.specs.registry import MITIGATIONS, MODELS, STUDIES, TARGETS

BUDGET = Budget()
TINY = 1e-12
"""Least loss: a smaller one is rounding."""
ALL = "all"
"""The column of the mean over the families in which every entrant plays."""


@STUDIES.register("league")
class League(Study):
    """League of mitigations on equal budgets of real rows, synthetic rows and fits, over families; ranks admit ties."""

    title = "League of mitigations on equal budgets"
    citation = "The project's own; mitigations as cited in their files"
    when_named = True

    def experiments(self, scale: Scale) -> dict[str, Request]:
        """One loop for each family and entrant, FAMILY-BASE-MITIGATION, and many of one; at smoke scale of the normal alone."""
        trajectories = scale.pick(8, 100, 1000)
        found: dict[str, Request] = {}
        for family, base in families(trajectories).items():
            if scale is not Scale.SMOKE or family == "normal":
                found |= {f"{family}-{name}": arm for name, arm in arms(base, BUDGET).items()}
        if scale is not Scale.SMOKE:  # a law's number takes more trajectories than an order does: a margin of 3% with
            one = found["regression-replace-none"]  # an interval of a fifteenth of it, 20 seconds on two cores
            found["risk"] = dataclasses.replace(one, handover="summary", trajectories=400_000, record=2)
        return found


def families(trajectories: int) -> dict[str, Experiment]:
    """An experiment for each family; the mixture's and the kernel's target is the same, and the classes hold the truth."""
    mixture = TARGETS.get("gaussian_mixture")(components=3, dim=1)
    parts = {
        "normal": ("normal", "gaussian", "hellinger"),
        "zipf": (TARGETS.get("zipf")(classes=50), MODELS.get("categorical")(classes=50), "hellinger"),
        "mixture": (mixture, MODELS.get("gaussian_mixture")(components=3, dim=1), "hellinger"),
        "kernel": (mixture, MODELS.get("kde")(), "hellinger"),
        "regression": (TARGETS.get("linear")(dim=5), MODELS.get("linear_regression")(dim=5, fresh=True), "excess_risk"),
    }
    return {
        family: Experiment(
            name=f"league-{family}", target=target, model=model, metrics=(loss, "kept"), trajectories=trajectories,
            holdout=256,
        )
        for family, (target, model, loss) in parts.items()
    }  # fmt: skip


def arms(base: Experiment, budget: Budget) -> dict[str, Experiment]:
    """The loops of a family by BASE-MITIGATION, of every registered mitigation that the experiment allows."""
    found = {}
    for name, entry in MITIGATIONS.items():
        for loop in entry().bases:
            made = arm(base, entry(), loop, budget)
            if made is not None:
                found[f"{loop}-{name}"] = made
    return dict(sorted(found.items(), key=lambda pair: pair[0] != "replace-none"))


def arm(base: Experiment, mitigation: Mitigation, loop: str, budget: Budget) -> Experiment | None:
    """The experiment with a mitigation, its real rows those of the budget; None where its curator refuses the data.

    Raises RequestError where it draws another number of rows than the budget has.
    """
    own = dataclasses.replace(
        base, regime=mitigation.regime(loop, budget), n=mitigation.n(loop, budget), n_real=budget.real,
        generations=budget.fits,
    )  # fmt: skip
    real, synthetic = (rows[1:].sum() for rows in sizes(own))
    if synthetic != (wanted := budget.n * (budget.fits - 1)):
        raise RequestError(f"mitigation = {type(mitigation).__name__}: {synthetic:g} synthetic rows; it has {wanted}")
    if real >= budget.real:
        raise RequestError(f"mitigation = {type(mitigation).__name__}: {real:g} fresh real rows; it has {budget.real}")
    own = dataclasses.replace(own, n_real=round(budget.real - real))
    try:
        return dataclasses.replace(own, curator=mitigation.curator(own.target))
    except RequestError:
        return None


def losses(results: Results) -> dict[str, dict[str, np.ndarray]]:
    """Log of the loss over that of one fit to all real rows, by family and entrant, [trajectory].

    A trajectory whose fit failed counts as the largest loss of its family.
    """
    raw: dict[str, dict[str, np.ndarray]] = {}
    for label, result in results.items():
        family, _, entrant = label.partition("-")
        if not entrant:
            continue
        raw.setdefault(family, {})[entrant] = np.asarray(result[experiment_of(result).columns[0]].values, float)
    found: dict[str, dict[str, np.ndarray]] = {}
    for family, own in raw.items():
        worst = max(np.nanmax(values[np.isfinite(values)]) for values in own.values())
        logs = {
            entrant: np.log(np.maximum(np.nan_to_num(values, nan=worst, posinf=worst), TINY))
            for entrant, values in own.items()
        }
        once = logs["replace-none"][:, 0]
        found[family] = {entrant: values[:, -1] - once for entrant, values in logs.items()}
    return found


def standings(results: Results) -> list[Standing]:
    """Score, its bootstrap-t interval and ranks of every entrant in every family and over the families that all play."""
    found, kept = losses(results), _kept(results)
    entrants = list(dict.fromkeys(name for own in found.values() for name in own))
    common = [own for own in found.values() if len(own) == len(entrants)]
    if len(found) > 1 and common:
        found[ALL] = {name: np.mean([own[name] for own in common], axis=0) for name in entrants}
    table = []
    for family, own in found.items():
        ranks = np.transpose(rank_sets(np.array(list(own.values()))))
        for (name, values), (first, last) in zip(own.items(), ranks, strict=True):
            low, high = studentised_interval(values, resampled_counts(len(values), 2000))
            score = np.exp([values.mean(), low, high]).tolist()
            base, _, mitigation = name.partition("-")
            table.append(
                Standing(
                    family, base, mitigation, bool(MITIGATIONS.get(mitigation).oracle),  # type: ignore[attr-defined]
                    *score, int(first), int(last), kept.get(f"{family}-{name}"),
                )
            )  # fmt: skip
    return table


def _kept(results: Results) -> dict[str, float]:
    """Weight of the synthetic rows after the curator, of a generation, by label."""
    return {label: float(result.kept.mean()) for label, result in results.items()}


def draw(results: Results) -> Figure:
    """Heat map of the scores, entrants by families, with the ranks written into it."""
    table = standings(results)
    columns, rows = families_of(table), entrants_of(table)
    at = {(own.entrant, own.family): own for own in table}
    values = [
        [np.log10(at[row, column].score) if (row, column) in at else np.nan for column in columns] for row in rows
    ]
    cells = [[cell(at.get((row, column)), interval=False) for column in columns] for row in rows]
    heat = Heat("log10 of times the loss of one fit to all real rows", columns, rows, np.array(values), cells)
    note = (
        f"every entrant: {BUDGET.real} real rows, {BUDGET.n * (BUDGET.fits - 1)} synthetic rows, {BUDGET.fits} fits; in "
        "parentheses the ranks that simultaneous 95% intervals allow; *: it knows the target's density"
    )
    return Figure("League of mitigations", (Panel("", "", "", heat=heat),), note)


def _gap(results: Results, entrant: str, other: str) -> Measured:
    """Mean over families of the log of one entrant's loss over another's."""
    gaps = [own[entrant] - own[other] for own in losses(results).values()]
    return measured_mean(np.mean(gaps, axis=0))


def _accumulate(results: Results) -> Measured:
    found = _gap(results, "replace-accumulate", "replace-none")
    return found.judged(below(found, 0))


def _bit_by_bit(results: Results) -> Measured:
    found = _gap(results, "fresh-none", "replace-none")
    return found.judged(below(found, 0))


def _pool(results: Results) -> Measured:
    found = _gap(results, "fresh-none", "replace-accumulate")
    return found.judged(above(found, 0))


def _risk(results: Results) -> Measured:
    result = results["risk"]
    own = experiment_of(result)
    law = np.asarray(theory.least_squares_risk_law(np.add(*sizes(own)), own.model.dim)).sum()
    return measured_mean(result.excess_risk.values[:, -1]).against(float(law))


League.figures = {"league": draw}
_OURS = "the project's own question"
_BASIS = "mean over families and trajectories of the log of the ratio of losses; ours: its 95% interval"
League.claims = (
    Claim(
        name="accumulate-beats-replace", statement="real rows alike: accumulating loses less than replacing",
        where=_OURS, source=Source.DERIVED, basis=_BASIS, read=_accumulate,
    ),
    Claim(
        name="bit-by-bit-beats-at-first",
        statement="real rows alike: some new ones in every fit lose less than all of them in the first, which is replaced",
        where=_OURS, source=Source.DERIVED, basis=_BASIS, read=_bit_by_bit,
    ),
    Claim(
        name="a-pool-beats-new-rows",
        statement="real rows alike: all in the first fit and accumulated lose less than some in every fit of a replaced loop",
        where=_OURS, source=Source.DERIVED, basis=_BASIS, read=_pool,
    ),
    Claim(
        name="replaced-risk", statement="risk of least squares after replacing, first fit of all real rows",
        where=_OURS, source=Source.DERIVED, law="least_squares_risk_law", basis="an exact law", read=_risk,
    ),
)  # fmt: skip
