"""Alemohammad et al.: Self-consuming generative models go MAD, ICLR 2024."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

from collapsebench.experiment.experiment import Experiment
from collapsebench.experiment.sweep import Sweep
from collapsebench.learning.training import Training
from collapsebench.literature.papers.alemohammad.claims import CLAIMS
from collapsebench.literature.papers.alemohammad.draw import (
    draw_flow,
    draw_gaussian,
    draw_images,
    draw_modes,
    draw_sizes,
)
from collapsebench.literature.papers.alemohammad.settings import (
    BIASES,
    DIM,
    FIRST,
    FLOW_BIASES,
    FRESH,
    GRID,
    IMAGE_BIASES,
    LAW_FITS,
    MEMORY_REAL,
    MEMORY_SYNTHETIC,
    MODELS,
    REAL_SIZES,
    ROSENBROCK,
    SHARE_SIZES,
    SHARES,
    SIZE_BIASES,
    SYNTHETIC,
    SYNTHETIC_SIZES,
    guidance,
)
from collapsebench.literature.study import Scale, Study
from collapsebench.metrics.frechet import Frechet
from collapsebench.metrics.precision import Precision
from collapsebench.metrics.recall import Recall
from collapsebench.models.diffusion import Diffusion
from collapsebench.models.flow import Flow
from collapsebench.models.gaussian import Gaussian
from collapsebench.models.gaussian_mixture import GaussianMixture
from collapsebench.regimes.augment import Augment
from collapsebench.regimes.fresh import Fresh
from collapsebench.regimes.mix import Mix
from collapsebench.regimes.replace import Replace
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.images import Images
from collapsebench.targets.normal import Normal


@PAPERS.register("alemohammad")
class Alemohammad(Study):
    """Synthetic, augmented and fresh-data loops with sampling bias: Gaussian, mixture, flow, diffusion.

    The images are shrunk. Published: 60,000 of 28 x 28, 500 levels, a classifier's features. Paper scale here: 4000 of
    them, a small U-Net, 2000 steps a fit, 20 Heun levels, features of our own small classifier: meant for an accelerator
    or a night of two cores, and not run yet. Quick: the 8 x 8 digits and residual layers.
    """

    title = "Self-consuming generative models go MAD"
    citation = "Alemohammad et al., ICLR 2024, arXiv 2307.01850"
    when_named = True
    claims = CLAIMS
    figures = MappingProxyType(
        {"gaussian": draw_gaussian, "sizes": draw_sizes, "modes": draw_modes, "flow": draw_flow, "images": draw_images}
    )

    def experiments(self, scale: Scale) -> dict[str, Experiment | Sweep]:
        """Gaussian loops, mixtures of 25 modes, flows by bias, and diffusion on images, by name."""
        return {**_gaussian(scale), **_modes(scale), **_flow(scale), "images": _images(scale)}


def _gaussian(scale: Scale) -> dict[str, Sweep]:
    wide = Experiment(
        name="alemohammad-gaussian", target=Normal(dim=DIM), model=Gaussian(dim=DIM, unbiased=True),
        regime=Fresh(rows=FRESH), handover="summary", metrics=("w2_squared", "mean_error", "variance"),
        n=SYNTHETIC, n_real=FIRST[0], generations=scale.pick(3, 50, 50), trajectories=scale.pick(2, 64, 200), holdout=1,
    )  # fmt: skip
    line = dataclasses.replace(
        wide, target=Normal(), model=Gaussian(unbiased=True), metrics=("w2_squared", "mean_error"),
        generations=scale.pick(5, 300, 1000), trajectories=scale.pick(20, 3000, 5000),
    )  # fmt: skip
    sizes = {
        f"sizes-{rows}": Sweep(
            dataclasses.replace(line, name=f"alemohammad-sizes-{rows}", regime=Fresh(rows=rows), n_real=rows),
            {"n": SYNTHETIC_SIZES, "model.bias": SIZE_BIASES},
        )
        for rows in REAL_SIZES
    }
    memory = dataclasses.replace(line, name="alemohammad-memory", n=MEMORY_SYNTHETIC, n_real=MEMORY_REAL)
    share = dataclasses.replace(line, name="alemohammad-share", regime=Mix(), n_real=None)
    law = dataclasses.replace(
        wide, name="alemohammad-law", metrics=("mean_error", "variance"), generations=scale.pick(3, LAW_FITS, LAW_FITS),
        trajectories=scale.pick(2, 400, 2000),
    )  # fmt: skip
    return {
        "gaussian": Sweep(wide, {"n_real": FIRST, "model.bias": BIASES}),
        "law": Sweep(law, {"n_real": FIRST, "model.bias": BIASES}),
        **sizes,
        "memory": Sweep(memory, {"regime": tuple(Fresh(rows=MEMORY_REAL, models=k) for k in MODELS)}),
        "share": Sweep(share, {"n": SHARE_SIZES, "regime.real_fraction": SHARES}),
    }


def _modes(scale: Scale) -> dict[str, Experiment]:
    n, last = scale.pick(200, 1000, 1000), scale.pick(3, 51, 2001)
    loop = Experiment(
        target=GRID, model=GaussianMixture(components=25, dim=2), n=n, generations=last, holdout=512,
        metrics=("variance", "within_log_variance", Recall()), trajectories=scale.pick(2, 8, 10),
        snapshots=scale.pick((0, 2), (0, 20, 50), (1, 200, 2000)),
    )  # fmt: skip
    regimes = {"replace": Replace(), "augment": Augment(), "fresh": Fresh(rows=n)}
    return {
        f"modes-{name}": dataclasses.replace(loop, name=f"alemohammad-modes-{name}", regime=regime)
        for name, regime in regimes.items()
    }


def _flow(scale: Scale) -> dict[str, Experiment]:
    training = Training(steps=scale.pick(20, 1000, 5000), batch=128, rate=3e-3, schedule="cosine")
    generations = scale.pick(2, 16, 16)
    loop = Experiment(
        target=ROSENBROCK, model=Flow(training=training), regime=Replace(), n=scale.pick(200, 2000, 10_000),
        metrics=("nll", "log_variance", "sliced_w2"), generations=generations, trajectories=scale.pick(2, 6, 10),
        holdout=1024, snapshots=(0, generations // 2, generations - 1) if generations > 2 else (0, 1),
    )  # fmt: skip
    return {
        f"flow-{b:g}": dataclasses.replace(
            loop, name=f"alemohammad-flow-{b:g}", model=dataclasses.replace(loop.model, bias=b)
        )
        for b in FLOW_BIASES
    }


def _images(scale: Scale) -> Sweep:
    small = Diffusion(
        dim=64, hidden=(128, 128), words=(10,), guidance=0.0,
        training=Training(steps=scale.pick(10, 1000, 2000), rate=2e-3, schedule="cosine"),
    )  # fmt: skip
    large = Diffusion(
        dim=784, channels=(16, 32), words=(10,), guidance=0.0, objective="ddpm", levels=20,
        training=Training(steps=2000, batch=64, rate=1e-3, schedule="cosine"),
    )  # fmt: skip
    metrics = tuple(metric(features="classifier") for metric in (Precision, Recall, Frechet))
    loop = Experiment(
        name="alemohammad-images", target=Images(scale.pick("digits", "digits", "mnist"), labelled=True),
        model=scale.pick(small, small, large), regime=Replace(), metrics=metrics, n=scale.pick(100, 1400, 4000),
        holdout=scale.pick(64, 350, 1000), generations=scale.pick(2, 5, 5), trajectories=scale.pick(2, 6, 6),
    )  # fmt: skip
    biases = IMAGE_BIASES if scale is not Scale.SMOKE else IMAGE_BIASES[::3]
    return Sweep(loop, {"model.guidance": tuple(guidance(b) for b in biases)})
