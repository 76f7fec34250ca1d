"""Kazdan et al.: Collapse or thrive? Perils and promises of synthetic data in a self-generating world, ICML 2025."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import Any

from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.literature.papers.kazdan.claims import CLAIMS
from collapsebench.literature.papers.kazdan.draw import draw_discrete, draw_gaussian, draw_kde, draw_regression
from collapsebench.literature.papers.kazdan.settings import (
    BANDWIDTHS,
    COLLAPSE,
    DATA,
    DIM,
    KDE_LAWFUL,
    LAWFUL,
    SIZES,
)
from collapsebench.literature.study import Scale, Study
from collapsebench.models.categorical import Categorical
from collapsebench.models.gaussian import Gaussian
from collapsebench.models.kernel_density import KernelDensity
from collapsebench.models.linear_regression import LinearRegression
from collapsebench.regimes.accumulate import Accumulate
from collapsebench.regimes.accumulate_subsample import AccumulateSubsample
from collapsebench.regimes.replace import Replace
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.categorical import Categorical as CategoricalTarget
from collapsebench.targets.linear import Linear
from collapsebench.targets.normal import Normal


@PAPERS.register("kazdan")
class Kazdan(Study):
    """Replace, accumulate, and accumulate then subsample, for four models whose loops have exact laws.

    Published: 100 generations, 100 seeds. Quick keeps d = 1 of the Gaussian, without subsamples, d = 10 of the
    regression, with the subsample of fewest rows, and of the kernel densities one data set for 30 generations. Means that
    are compared with numbers are over more trajectories than the figures need. The
    excess risk of least squares is s^2 times that at s = 1 in every run, so s^2 = .1 and 10 would show nothing new.
    """

    title = "Collapse or thrive? Perils and promises of synthetic data in a self-generating world"
    citation = "Kazdan et al., ICML 2025, arXiv 2410.16713"
    claims = CLAIMS
    figures = MappingProxyType(
        {"gaussian": draw_gaussian, "regression": draw_regression, "kde": draw_kde, "discrete": draw_discrete}
    )

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """Loops of Gaussians, regressions, kernel densities and ten symbols, by name."""
        return {**_gaussian(scale), **_regression(scale), **_kde(scale), **_discrete(scale)}


def _both(loop: Experiment, **more: Any) -> Sweep:
    return Sweep(loop, {"regime": (Replace(), Accumulate()), **more})


def _subsampled(loop: Experiment, scale: Scale, sizes: Any) -> Sweep:
    """The same loop on subsamples of the pool, which need the rows themselves."""
    own = dataclasses.replace(
        loop, name=f"{loop.name}-subsample", regime=AccumulateSubsample(), handover="samples",
        trajectories=scale.pick(4, 500, 500),
    )  # fmt: skip
    return Sweep(own, {"n": sizes})


def _gaussian(scale: Scale) -> dict[str, Sweep]:
    def loop(dim: int) -> Experiment:
        return Experiment(
            name=f"kazdan-gaussian-{dim}", target=Normal(dim=dim), model=Gaussian(dim=dim), handover="summary",
            metrics=("mean_error", "log_variance"), generations=scale.pick(10, 100, 100),
            trajectories=scale.pick(20, 400, 1000), holdout=1,
        )  # fmt: skip

    dims = scale.pick((1,), (1,), (1, 3, 10, 31, 100))
    line = dataclasses.replace(
        loop(1), name="kazdan-gaussian-law", generations=scale.pick(5, LAWFUL, LAWFUL),
        trajectories=scale.pick(20, 40_000, 100_000),
    )  # fmt: skip
    return {
        **{f"gaussian-{dim}": _both(loop(dim), n=SIZES) for dim in dims},
        "gaussian-law": _both(line, n=SIZES),
        **({"gaussian-subsample": _subsampled(loop(1), scale, SIZES)} if scale is Scale.PAPER else {}),
    }


def _regression(scale: Scale) -> dict[str, Sweep]:
    def loop(dim: int) -> Experiment:
        return Experiment(
            name=f"kazdan-regression-{dim}", target=Linear(dim=dim), model=LinearRegression(dim=dim),
            handover="summary", metrics=("excess_risk",), generations=scale.pick(5, 100, 100),
            trajectories=scale.pick(20, 2000, 5000), holdout=1,
        )  # fmt: skip

    dims = scale.pick((DIM,), (DIM,), (1, 3, 10, 32, 100))
    return {
        **{f"regression-{dim}": _both(loop(dim), n=tuple(n for n in SIZES if n >= dim + 2)) for dim in dims},
        "regression-subsample": _subsampled(loop(DIM), scale, scale.pick((32,), (32,), (32, 100, 316, 1000))),
    }


def _kde(scale: Scale) -> dict[str, Sweep]:
    loop = Experiment(
        model=KernelDensity(dim=2), target=DATA["moons"], metrics=("nll", "variance"), n=scale.pick(20, 100, 100),
        generations=scale.pick(5, 30, 100), trajectories=scale.pick(4, 16, 100), holdout=scale.pick(50, 500, 500),
    )  # fmt: skip
    regimes = (Replace(), Accumulate(), *scale.pick((), (), (AccumulateSubsample(),)))
    bandwidths = BANDWIDTHS if scale is not Scale.SMOKE else BANDWIDTHS[1:2]
    chosen = {name: target for name, target in DATA.items() if name in scale.pick(("moons",), ("moons",), tuple(DATA))}
    swept = {"regime": regimes, "model.bandwidth": bandwidths}
    law = dataclasses.replace(
        loop, metrics=("variance",), holdout=1, generations=scale.pick(3, KDE_LAWFUL, KDE_LAWFUL),
        trajectories=scale.pick(4, 2500, 10_000),
    )  # fmt: skip
    return {
        **{
            f"kde-{name}": Sweep(dataclasses.replace(loop, name=f"kazdan-kde-{name}", target=target), swept)
            for name, target in chosen.items()
        },
        **{
            f"kde-law-{name}": Sweep(
                dataclasses.replace(law, name=f"kazdan-kde-law-{name}", target=target), swept | {"regime": regimes[:2]}
            )
            for name, target in chosen.items()
        },
    }


def _discrete(scale: Scale) -> dict[str, Sweep]:
    loop = Experiment(
        name="kazdan-discrete", target=CategoricalTarget(10), model=Categorical(10), regime=Replace(),
        handover="summary", metrics=("support", "variance"), trajectories=100, holdout=1,
        generations=scale.pick(100, 6000, 8000),
    )  # fmt: skip
    large = dataclasses.replace(loop, name="kazdan-discrete-large", generations=80000)
    times = dataclasses.replace(
        loop, name="kazdan-times", metrics=("support",), generations=scale.pick(100, 800, 800),
        trajectories=scale.pick(20, 16_000, 40_000),
    )  # fmt: skip
    longer = dataclasses.replace(
        times, name="kazdan-times-1000", generations=scale.pick(100, 6000, 8000), trajectories=scale.pick(4, 2000, 4000)
    )
    sizes = tuple(n for n in COLLAPSE if n <= 1000)
    return {
        "discrete": Sweep(loop, {"n": scale.pick(sizes[:1], sizes, sizes)}),
        "times": Sweep(times, {"n": scale.pick(sizes[:1], sizes[:-1], sizes[:-1])}),
        **({} if scale is Scale.SMOKE else {"times-1000": Sweep(longer, {"n": sizes[-1:]})}),
        **({"discrete-large": Sweep(large, {"n": (10**4,)})} if scale is Scale.PAPER else {}),
    }
