"""Bertrand et al.: On the stability of iterative retraining of generative models on their own data, ICLR 2024."""

from __future__ import annotations

import dataclasses

import numpy as np

from collapsebench import theory
from collapsebench.analysis.intervals import mean_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.learning.training import Training
from collapsebench.literature.measured import (
    Measured,
    Results,
    above,
    below,
    clouds,
    completed_fits,
    mean_curve,
    mean_lines,
    measured_mean,
    together,
    within,
)
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.diffusion import Diffusion
from collapsebench.models.flow import Flow
from collapsebench.models.gaussian import Gaussian
from collapsebench.regimes.augment import Augment
from collapsebench.regimes.replace import Replace
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.gaussian_mixture import GaussianMixture
from collapsebench.targets.moons import Moons
from collapsebench.targets.normal import Normal

ROWS = 100
RATIOS = (0.25, 0.5, 1.0, 2.0, 4.0, 10.0)
"""Synthetic rows per real row; the published condition covers those below 1/2."""
FITS = (10, 30, 60)
"""Where the standard deviation is compared with its law: no more fits than rows, so that no rare run carries the mean."""

DATA = {"gaussians": GaussianMixture(components=8, dim=2, radius=2.0, sd=0.2), "moons": Moons()}
MODELS = ("flow", "diffusion")
STABLE = 0.1
"""Growth of sliced W2 in 20 generations below which a loop counts as stable; the data are about 1 wide."""
SMALL, EQUAL = 0.25, 1.0
"""Ratios in two dimensions: one inside of the condition, one outside."""
LOOPS = (("alone", Replace(), 1.0), (f"{SMALL:g}", Augment(), SMALL), (f"{EQUAL:g}", Augment(), EQUAL))


@PAPERS.register("bertrand")
class Bertrand(Study):
    """Augmented loops, all real rows kept beside lambda synthetic ones each: exact for a Gaussian; flow and diffusion.

    Networks go on from their last parameters, as in the released code. Sizes and steps of the networks are our choice.
    Quick runs the flow on both data sets and the diffusion model on the moons, and lambda = 1 once.
    """

    title = "On the stability of iterative retraining of generative models on their own data"
    citation = "Bertrand et al., ICLR 2024, arXiv 2310.00429"
    when_named = True

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """Gaussians on synthetic rows alone and beside all real rows, and the networks, by name."""
        alone = Experiment(
            name="bertrand-alone", target=Normal(), model=Gaussian(unbiased=True), regime=Replace(), n=ROWS,
            handover="summary", metrics=("log_variance",), generations=max(FITS), holdout=1,
            trajectories=scale.pick(200, 30_000, 100_000),
        )  # fmt: skip
        kept = dataclasses.replace(
            alone, name="bertrand-kept", model=Gaussian(), regime=Augment(), n_real=ROWS,
            metrics=("mean_error", "variance"), generations=scale.pick(20, 100, 200),
        )  # fmt: skip
        sizes = tuple(round(ratio * ROWS) for ratio in RATIOS)
        return {"alone": alone, "kept": Sweep(kept, {"n": sizes}), **_networks(scale)}


def _networks(scale: Scale) -> dict[str, Experiment]:
    """Every model on every data set: fully synthetic, and all real rows with two ratios of synthetic ones."""
    training = Training(steps=scale.pick(20, 500, 2000), batch=128, rate=1e-3)
    models = {"flow": Flow(layers=6, training=training), "diffusion": Diffusion(training=training)}
    pairs = [(model, data) for model in MODELS for data in DATA]
    n, generations = scale.pick(200, 1000, 10_000), scale.pick(2, 20, 40)
    runs = {}
    for model, data in scale.pick(pairs[:1], [*pairs[:2], pairs[3]], pairs):
        for label, regime, ratio in LOOPS:
            if scale is Scale.QUICK and label == f"{EQUAL:g}" and (model, data) != pairs[0]:
                continue
            runs[f"{model}-{data}-{label}"] = Experiment(
                name=f"bertrand-{model}-{data}", target=DATA[data], model=models[model], regime=regime, n=round(ratio * n),
                n_real=n, warm_start=True, metrics=("nll", "sliced_w2"), generations=generations, holdout=1000,
                trajectories=scale.pick(2, 5, 20), snapshots=(0, generations - 1),
            )  # fmt: skip
    return runs


def _pairs(results: Results) -> list[str]:
    """Model and data set of every network that was run."""
    return sorted({name.rsplit("-", 1)[0] for name in results if "-" in name})


def draw_gaussian(results: Results) -> Figure:
    """Figure of the spread on synthetic rows alone, and of mean and spread when all real rows are kept."""
    alone, kept = results["alone"], results["kept"]
    first, k = completed_fits(alone), completed_fits(kept)
    lost = (
        Series("sd", first, *mean_interval(np.exp(alone.log_variance.values / 2))),
        Series("c4(n)^k", first, theory.replace_sd_law(ROWS, first, unbiased=True), kind=Kind.LAW, group="sd"),
    )
    drift, spread = list[Series](), list[Series]()
    for n in kept["n"].values:
        name, (v, q) = f"lambda = {n / ROWS:g}", kept_law(n, k)
        drift += mean_lines(name, k, kept.mean_error.sel(n=n).values, v)
        spread += mean_lines(name, k, kept["variance"].sel(n=n).values, q)
    ratio = np.linspace(0, 4, 200)
    rates = (
        Series("exact: lambda / (1 + lambda)", ratio, theory.augment_rate_law(ratio), kind=Kind.LAW),
        Series("bound: lambda / (1 - lambda)", ratio[ratio < 0.5], theory.augment_rate_bound(ratio[ratio < 0.5]),
               kind=Kind.BOUND),
    )  # fmt: skip
    panels = (
        Panel("Synthetic rows alone", "fits", "mean standard deviation", lost),
        Panel("All real rows kept", "fits", "squared mean error", tuple(drift)),
        Panel("All real rows kept", "fits", "variance", tuple(spread)),
        Panel("What a fit leaves of a displaced mean", "lambda", "rate (unstable from 1 on)", rates, ylim=(0, 1.5)),
    )
    note = "n = 100 real rows. Bands: 95% intervals of the mean; dashes: exact laws; dots: the published bound"
    return Figure("Bertrand et al. (2024): a Gaussian retrained on its own draws", panels, note, columns=2)


def draw_networks(results: Results) -> Figure:
    """Figure of the distance to real rows by generation, and draws of the first and last models."""
    panels = []
    for pair in _pairs(results):
        for metric, label in (("nll", "NLL of real rows, nats"), ("sliced_w2", "sliced W2 to real rows")):
            series = [
                Series(_title(label), results[f"{pair}-{label}"].generation.values,
                       *mean_interval(results[f"{pair}-{label}"][metric].values))
                for label, *_ in LOOPS
                if f"{pair}-{label}" in results
            ]  # fmt: skip
            panels.append(Panel(pair, "generation", label, tuple(series)))
        for label in ("alone", f"{SMALL:g}"):
            panels.append(clouds(f"{pair}: {_title(label)}", results[f"{pair}-{label}"]))
    note = "bands: 95% intervals of the mean over trajectories; clouds: draws of one trajectory's models"
    return Figure("Bertrand et al. (2024): flow and diffusion model in the plane", tuple(panels), note, columns=4)


def _title(label: str) -> str:
    return "synthetic alone" if label == "alone" else f"real kept, lambda = {label}"


def kept_law(n: int, fits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Expected squared error of the mean, the real rows' own included, and expected ML variance."""
    v, q = theory.augment_law(ROWS, n, fits, real_variance=1 - 1 / ROWS)
    return v + 1 / ROWS, q


def _sd(results: Results, fits: int) -> Measured:
    values = np.exp(results["alone"].log_variance.values[:, fits - 1] / 2)
    return measured_mean(values).against(theory.replace_sd_law(ROWS, fits, unbiased=True))


def _kept(results: Results) -> Measured | None:
    """Mean error and variance after 100 fits at every lambda, beside their law."""
    result, values, laws = results["kept"], [], []
    if result.sizes["generation"] < 100:
        return None
    for n in result["n"].values:
        laws += [float(law) for law in kept_law(n, np.array(100))]
        values += [result[metric].sel(n=n).values[:, 99] for metric in ("mean_error", "variance")]
    return mean_curve(values, laws)


def _stable(results: Results) -> Measured | None:
    """Most that the mean variance moves over the second half of the fits; it holds below 1%."""
    values = results["kept"]["variance"].values  # [lambda, trajectory, generation]
    if values.shape[2] < 100:
        return None
    moves = [measured_mean(one[:, -1] - one[:, one.shape[1] // 2], len(values)) for one in values]
    most = max(moves, key=lambda move: abs(move.value))
    return most.judged(together(*(within(move, 0.01) for move in moves)))


def _gain(results: Results, name: str, metric: str) -> np.ndarray:
    values = results[name][metric].values
    return values[:, -1] - values[:, 0]


def _alone_is_worse(results: Results, pair: str) -> Measured | None:
    """Sliced W2 after the last generation, synthetic rows alone less real rows kept, pair by pair."""
    ours, other = (results[f"{pair}-{label}"].sliced_w2.values for label in ("alone", f"{SMALL:g}"))
    if ours.shape[1] < 20:
        return None
    found, gain = measured_mean(ours[:, -1] - other[:, -1]), measured_mean(_gain(results, f"{pair}-alone", "sliced_w2"))
    return found.judged(together(above(found, 0), above(gain, 0)))


def _kept_is_stable(results: Results, pair: str, ratio: float) -> Measured | None:
    """What sliced W2 gains from the first generation to the last; it holds where that is below STABLE."""
    name = f"{pair}-{ratio:g}"
    if results[name].sizes["generation"] < 20:
        return None
    found = measured_mean(_gain(results, name, "sliced_w2"))
    return found.judged(below(found, STABLE))


_CHOSEN = f"{ROWS} rows and the numbers of fits are ours"
_NETWORK = "rows, generations, steps and the measure, sliced W2 to 256 held-out rows, are ours"
Bertrand.figures = {"gaussian": draw_gaussian, "networks": draw_networks}
Bertrand.claims = (
    *(
        Claim(
            name=f"sd-{fits}", statement=f"synthetic rows alone: E sd = c4(n)^k, here at n = {ROWS}, k = {fits}",
            where="proposition on Gaussians", source=Source.DERIVED, law="replace_sd_law", chosen=_CHOSEN,
            basis="the law is the paper's and exact; its number is computed here",
            read=lambda results, fits=fits: _sd(results, fits),
        )
        for fits in FITS
    ),
    Claim(
        name="kept-law",
        statement="all real rows kept: mean and spread follow the exact recursion, stable at every lambda",
        where="derived: `theory.augment_law`", source=Source.DERIVED, law="augment_law", chosen=_CHOSEN,
        basis=f"ours: both after 100 fits, lambda from {RATIOS[0]} to {RATIOS[-1]:g}, of which the point that decides",
        read=_kept,
    ),
    Claim(
        name="condition", statement="the loop is stable where lambda (1 + L eps / alpha) < 1/2",
        where="main theorem", source=Source.TEXT, chosen=_CHOSEN,
        basis=f"ours: most that the mean variance moves from fit 50 to fit 100, lambda from {RATIOS[0]} to {RATIOS[-1]:g}, which "
            "must stay below 1% with its interval. The condition is sufficient, and not sharp: a Gaussian is stable at every "
            "lambda, because the mean map's eigenvalue is lambda / (1 + lambda) < 1, where the bound is lambda / (1 - lambda)",
        read=_stable,
    ),
    *(
        claim
        for pair in (f"{model}-{data}" for model in MODELS for data in DATA)
        for claim in (
            Claim(
                name=f"{pair}-alone",
                statement=f"{pair}: synthetic rows alone drift away from the truth, real rows kept do not",
                where="figures in two dimensions", source=Source.CODE,
                basis=f"ours: sliced W2 at the end less that with lambda = {SMALL:g}; its interval, and that of its own growth, "
                    "must lie above 0",
                chosen=_NETWORK, read=lambda results, pair=pair: _alone_is_worse(results, pair),
            ),
            *(
                Claim(
                    name=f"{pair}-{ratio:g}", statement=f"{pair}: stable with real rows kept, lambda = {ratio:g}",
                    where="figures in two dimensions", source=Source.CODE,
                    basis="ours: growth of sliced W2 from the first generation to the last, whose interval must lie below "
                        f"{STABLE:g}",
                    chosen=_NETWORK, read=lambda results, pair=pair, ratio=ratio: _kept_is_stable(results, pair, ratio),
                )
                for ratio in (SMALL, EQUAL)
            ),
        )
    ),
)  # fmt: skip
