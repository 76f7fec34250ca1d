"""Borji: A note on Shumailov et al. (2024), arXiv 2410.12954: kernel density estimates refitted to their own draws."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from collapsebench import theory
from collapsebench.analysis.intervals import mean_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.measured import (
    Measured,
    Results,
    above,
    below,
    completed_fits,
    mean_curve,
    mean_lines,
    measured_mean,
    measured_ratio,
    rows,
    together,
)
from collapsebench.literature.study import Claim, Reason, Scale, Source, Study
from collapsebench.models.kernel_density import KernelDensity
from collapsebench.parts.target import Target
from collapsebench.regimes.replace import Replace
from collapsebench.show.figures import Figure, Kind, Panel, Series
from collapsebench.specs.pytree import Key, spec
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.gaussian_mixture import GaussianMixture

BANDWIDTHS = (0.3, 1.0)
"""Fixed kernels: that of 1 widens the data by its own variance in about four fits."""

EARLY = 20
"""Fits after which the variance is compared with its law: far fewer than rows, so that no rare run carries the mean."""


@spec
class UniformMixture(Target):
    """Two equal uniform distributions on the line, of width 2 `half`, around -place and +place."""

    place: float = 2.0
    half: float = 1.0

    def sample(self, key: Key, n: int) -> Float[Array, "n 1"]:
        """n draws [n, 1]: a side with equal chance, then uniform on it."""
        side_key, place_key = jax.random.split(key)
        side = jnp.where(jax.random.bernoulli(side_key, 0.5, (n, 1)), 1.0, -1.0)
        return side * self.place + self.half * jax.random.uniform(place_key, (n, 1), minval=-1.0)

    def log_prob(self, x: Float[Array, "n 1"]) -> Float[Array, " n"]:
        """Log density [n] in nats: -log(4 half) on both intervals, else -inf."""
        inside = jnp.abs(jnp.abs(x[:, 0]) - self.place) <= self.half
        return jnp.where(inside, -jnp.log(4 * self.half), -jnp.inf)


DATA = {"gaussians": GaussianMixture(components=2, sd=0.5), "uniforms": UniformMixture()}
VARIANCE = {"gaussians": 4 + 0.25, "uniforms": 4 + 1 / 3}


@PAPERS.register("borji")
class Borji(Study):
    """Kernel density estimates of 1-D mixtures drift away from the truth; sizes unknown, so ours are our choice.

    Scott's rule, SciPy's default, is run at paper scale only.
    """

    title = "A note on Shumailov et al. (2024): AI models collapse when trained on recursively generated data"
    citation = "Borji (2024), arXiv 2410.12954"

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """Sweeps over the bandwidth for each mixture; at paper scale also Scott's rule."""
        loop = Experiment(
            model=KernelDensity(), regime=Replace(), metrics=("kl", "w2_squared", "variance"),
            n=scale.pick(50, 1000, 1000), holdout=scale.pick(64, 256, 1024), generations=scale.pick(8, 200, 500),
            trajectories=scale.pick(4, 16, 100),
        )  # fmt: skip
        fixed = {name: dataclasses.replace(loop, name=f"borji-{name}", target=DATA[name]) for name in DATA}
        rule = dataclasses.replace(
            fixed["gaussians"], name="borji-rule", model=KernelDensity(bandwidth="scott"), generations=100
        )
        sweeps = {name: Sweep(experiment, {"model.bandwidth": BANDWIDTHS}) for name, experiment in fixed.items()}
        early = {
            f"{name}-spread": Sweep(
                dataclasses.replace(
                    loop, name=f"borji-{name}-spread", target=target, metrics=("variance",), holdout=1,
                    generations=scale.pick(8, EARLY, EARLY), trajectories=scale.pick(4, 400, 2000),
                ),
                {"model.bandwidth": BANDWIDTHS},
            )
            for name, target in DATA.items()
        }  # fmt: skip
        return {**sweeps, **early, **({"rule": rule} if scale is Scale.PAPER else {})}


def _runs(results: Results) -> list[tuple[str, str, Any, Any]]:
    """(data, label, result, law of the variance) of every run."""
    runs = []
    for name, real in VARIANCE.items():
        for h in results[name]["model.bandwidth"].values:
            result = results[name].sel({"model.bandwidth": h})
            law = real * theory.kde_variance_law(rows(result), completed_fits(result), h / np.sqrt(real))
            runs.append((name, f"h = {h:g}", result, law))
    if "rule" not in results:
        return runs
    rule = results["rule"]
    law = VARIANCE["gaussians"] * theory.kde_rule_variance_law(rows(rule), completed_fits(rule), "scott")
    return [*runs, ("gaussians", "Scott's rule", rule, law)]


def _w2(result: Any) -> np.ndarray:
    return np.sqrt(result.w2_squared.values)


def draw_drift(results: Results) -> Figure:
    """Figure of divergence, distance and spread over the fits."""
    panels = []
    for name, real in VARIANCE.items():
        kl, w2, variance = [], [], []
        for _, label, result, law in (run for run in _runs(results) if run[0] == name):
            k = completed_fits(result)
            kl.append(Series(label, k, *mean_interval(result.kl.values)))
            w2 += [
                Series(label, k, *mean_interval(_w2(result))),
                Series("", k, np.abs(np.sqrt(law) - np.sqrt(real)), kind=Kind.BOUND, group=label),
            ]
            variance += mean_lines(label, k, result["variance"].values, law)
        panels += [
            Panel(f"{name}: divergence", "fits", "KL(real || model), nats", tuple(kl)),
            Panel(f"{name}: distance", "fits", "Wasserstein-2", tuple(w2)),
            Panel(f"{name}: spread", "fits", "variance", tuple(variance), ylog=True),
        ]
    note = (
        "sizes are our choice. Bands: 95% intervals of the mean over trajectories; dashes: exact laws; "
        "dots: the difference of the standard deviations, which W2 is at least"
    )
    return Figure("Borji (2024): kernel density estimates of mixtures", tuple(panels), note)


def _halves(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[trajectory] gain over the first and over the second half of the fits."""
    middle = values.shape[1] // 2
    return values[:, middle - 1] - values[:, 0], values[:, -1] - values[:, middle - 1]


def _fixed_kl(results: Results, name: str) -> np.ndarray:
    return results[name].kl.sel({"model.bandwidth": BANDWIDTHS[-1]}).values


def _share_of_rise(values: np.ndarray) -> Measured | None:
    """The rise over the second half of the fits over that of the first; it holds where that is under half."""
    if values.shape[1] < 50:
        return None
    first, second = _halves(values)
    share = measured_ratio(second, first)
    return share.judged(together(above(measured_mean(first), 0), below(share, 1 / 2)))


def _w2_grows(results: Results) -> Measured | None:
    gains = []
    for _, _, result, _ in _runs(results):
        if result.sizes["generation"] < 50:
            return None
        gains.append(measured_mean(_halves(_w2(result))[1]))
    least = min(gains, key=lambda gain: gain.low)
    return least.judged(together(*(above(gain, 0) for gain in gains)))


def _spread(results: Results) -> Measured | None:
    """The variance after EARLY fits of every mixture and bandwidth, beside its law."""
    values, laws = [], []
    for name, real in VARIANCE.items():
        result = results[f"{name}-spread"]
        if result.sizes["generation"] < EARLY:
            return None
        for h in BANDWIDTHS:
            values.append(result["variance"].sel({"model.bandwidth": h}).values[:, -1])
            laws.append(real * theory.kde_variance_law(rows(result), EARLY, h / np.sqrt(real)))
    return mean_curve(values, laws)


_WHERE = "figures on kernel density estimates"
_CHOSEN = f"rows per generation, fits and bandwidths ({BANDWIDTHS[0]:g} and {BANDWIDTHS[1]:g}) are unknown, and ours"
_LEVELS = "KL(real || model) rises, then levels"
_READING = "ours: the rise over the second half of the fits over that of the first; its interval must stay below 1/2"
Borji.figures = {"drift": draw_drift}
Borji.claims = (
    *(
        Claim(
            name=f"kl-levels-{name}", statement=f"{_LEVELS}: two {name}, a fixed kernel",
            where=_WHERE, source=Source.SECOND,
            basis=f"{_READING}. It slows down rather than stops: the law's variance grows by almost h^2 per fit, and KL like "
                "half its log",
            chosen=_CHOSEN, read=lambda results, name=name: _share_of_rise(_fixed_kl(results, name)),
        )
        for name in DATA
    ),
    Claim(
        name="kl-levels-rule", statement=f"{_LEVELS}: two gaussians, Scott's rule",
        where=_WHERE, source=Source.SECOND,
        basis=_READING, chosen=_CHOSEN, read=lambda results: _share_of_rise(results["rule"].kl.values),
        reasons=(Reason(
            "with Scott's rule the variance grows by a constant factor f > 1 per fit, so KL grows by log(f) / 2 per fit for "
            "ever, as much in the second half as in the first, and W2 exponentially; it levels for a fixed kernel only, "
            "whose variance grows by at most h^2 per fit", 0.5, 1.5, disputed=True,
        ),),
    ),
    Claim(
        name="wasserstein-grows", statement="the Wasserstein distance keeps growing",
        where=_WHERE, source=Source.SECOND,
        basis="ours: what W2 gains over the second half of the fits, least over data and bandwidths; each interval must lie "
            "above 0",
        chosen=_CHOSEN, read=_w2_grows,
    ),
    Claim(
        name="spread", statement=f"the variance follows its law: towards n h^2 for a fixed kernel, here after {EARLY} fits",
        where=_WHERE, source=Source.DERIVED, law="kde_variance_law", chosen=_CHOSEN,
        basis="ours: both mixtures and both bandwidths, of which the point that decides; where fits are as many as rows, rare "
            "runs carry the mean",
        read=_spread,
    ),
)  # fmt: skip
