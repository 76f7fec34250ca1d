"""Shumailov et al. (2024): a variational autoencoder on handwritten digits, retrained on its own draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from collapsebench.analysis.intervals import mean_interval
from collapsebench.experiment.experiment import Experiment
from collapsebench.learning.training import Training
from collapsebench.literature.measured import Measured, Results, above, below, measured_mean, together, within
from collapsebench.literature.study import Claim, Scale, Source, Study
from collapsebench.models.vae import VAE
from collapsebench.runs.results import experiment_of
from collapsebench.show.figures import Animation, Figure, Images, Kind, Panel, Series
from collapsebench.specs.registry import PAPERS
from collapsebench.targets.images import Images as RealImages

PUBLISHED = (0.6878, 0.6034, 0.5336, 0.4828, 0.4434)
"""Standard deviation of the original encoder's means on generated images, generations 0 to 4, mean of 5 runs."""
ERROR = 0.018 / np.sqrt(5)
"""Standard error of those means: runs have a standard deviation of .006 to .018, of which the largest is taken."""
ARMS = {("population", "means"): "stream of means", ("samples", "means"): "fixed set of means",
        ("population", "samples"): "stream of binary images", ("samples", "samples"): "fixed set of binary images"}  # fmt: skip
SHOWN = (0, 1, 2, 4)
SIDE = 28


@PAPERS.register("shumailov_vae")
class ShumailovVAE(Study):
    """VAE on handwritten digits retrained on its own draws: its codes' spread shrinks, even on fresh minibatches."""

    title = "Shumailov et al. (2024): variational autoencoder on MNIST"
    citation = (
        "Shumailov, Shumaylov, Zhao, Papernot, Anderson and Gal (2024), AI models collapse when trained on recursively "
        "generated data, Nature 631:755, doi:10.1038/s41586-024-07566-y"
    )
    when_named = True

    def experiments(self, scale: Scale) -> dict[str, Experiment]:
        """The paper's arm, a stream of decoder means, at paper scale with its 647,081 parameters; and three others.

        At quick a network of one layer of 400 units and 600 steps of 128 images, of the 5000 real ones that are there
        without a network; at paper scale 30 epochs of 60000.
        """
        small = Training(steps=scale.pick(3, 600, 0), batch=scale.pick(8, 128, 1), decay=1e-5)
        made = {}
        for handover, draws in ARMS if scale is not Scale.SMOKE else list(ARMS)[:1]:
            model = VAE.nature(draws=draws) if scale is Scale.PAPER else VAE(
                dim=SIDE * SIDE, latent=scale.pick(4, 20, 20), hidden=scale.pick((8,), (400,), ()), likelihood="bernoulli",
                draws=draws, training=small,
            )  # fmt: skip
            made[f"{handover}-{draws}"] = Experiment(
                name="shumailov-vae", target=RealImages("mnist"), model=model, metrics=("latent_spread", "variance"),
                n=scale.pick(64, 4000, 4000), generations=5 if scale is Scale.QUICK else scale.pick(2, 5, 20),
                trajectories=scale.pick(2, 6, 6), handover=handover, holdout=64,
                snapshots=scale.pick((0, 1), SHOWN, (0, 1, 4, 9, 19)),
            )  # fmt: skip
        return made


def _ratios(results: Results, label: str = "population-means") -> np.ndarray:
    """Spread over the one before, [trajectory, generations - 1]."""
    spread = np.asarray(results[label].latent_spread.values, float)
    return spread[:, 1:] / spread[:, :-1]


def draw_spread(results: Results) -> Figure:
    """Figure of the spread of the codes by generation, every arm beside the published one, and its ratios."""
    spread, ratios = [], []
    for (handover, draws), name in ARMS.items():
        if (label := f"{handover}-{draws}") in results:
            values = results[label].latent_spread
            spread.append(Series(name, values.generation.values, *mean_interval(values.values)))
            ratios.append(Series(name, values.generation.values[1:], *mean_interval(_ratios(results, label))))
    generations = np.arange(len(PUBLISHED))
    spread.append(Series("published", generations, PUBLISHED, kind=Kind.PUBLISHED))
    published = np.array(PUBLISHED[1:]) / PUBLISHED[:-1]
    ratios.append(Series("published", generations[1:], published, kind=Kind.PUBLISHED))
    panels = (
        Panel("spread of the codes", "generation", "sd of generation 0's code means", tuple(spread)),
        Panel("how much of it is left", "generation", "spread / spread before", tuple(ratios)),
    )
    note = "mean over trajectories and its 95% interval; published: the paper's arm, full network, 60000 images"
    return Figure("Shumailov et al. (2024): a VAE that learns from itself", panels, note, columns=2)


def _grid(results: Results, label: str, generation: int | None = None) -> Panel:
    drawn = results[label].sample_x.isel(trajectory_kept=0)
    kept = drawn.snapshot.values
    chosen = [generation] if generation is not None else list(kept)
    rows = [drawn.sel(snapshot=g).values[: 16 if generation is None else 64] for g in chosen]
    side = int(np.sqrt(rows[0].shape[1]))
    columns = 16 if generation is None else 8
    values = np.concatenate(rows).reshape(-1, columns, side, side)
    names = tuple(f"generation {g}" for g in kept) if generation is None else ()
    handover, draws = label.split("-")
    title = ARMS[handover, draws] + (f", generation {generation}" if generation is not None else "")
    return Panel(title, "", "", images=Images(values, names))


def draw_images(results: Results) -> Figure:
    """Figure of the images that one trajectory of each arm draws, by generation."""
    panels = tuple(_grid(results, label) for label in results)
    return Figure("What is drawn, generation by generation", panels, "one trajectory of each arm", columns=1)


def draw_film(results: Results) -> Animation:
    """Animation of 64 images of the paper's arm, generation after generation."""
    label = next(iter(results))
    kept = results[label].snapshot.values
    frames = tuple(Figure("A VAE that learns from itself", (_grid(results, label, int(g)),)) for g in kept)
    return Animation(frames, seconds=1.0)


def draw_codes(results: Results) -> Figure:
    """Figure of the density of the codes that generation 0's encoder gives to each generation's images."""
    panels = []
    for label in results:
        codes, lines = results[label].sample_code, []
        edges = np.linspace(-3.5, 3.5, 71)
        for g in codes.snapshot.values:
            values = codes.sel(snapshot=g).values.reshape(codes.sizes["trajectory_kept"], -1)
            heights = np.stack([np.histogram(run, edges, density=True)[0] for run in values])
            lines.append(Series(f"generation {g}", 0.5 * (edges[1:] + edges[:-1]), *mean_interval(heights)))
        handover, draws = label.split("-")
        panels.append(Panel(ARMS[handover, draws], "code (a coordinate's mean)", "density", tuple(lines)))
    note = "mean over trajectories and its 95% interval"
    return Figure("Where the codes are, by generation", tuple(panels), note, columns=2)


def _full(results: Results) -> bool:
    """Whether the results are those of the paper's network."""
    return experiment_of(results["population-means"]).model.channels == (64, 128)


def _spread(generation: int) -> Any:
    def read(results: Results) -> Measured | None:
        return (
            measured_mean(results["population-means"].latent_spread.values[:, generation]) if _full(results) else None
        )

    return read


def _ratio(generation: int) -> Any:
    def read(results: Results) -> Measured | None:
        return measured_mean(_ratios(results)[:, generation - 1]) if _full(results) else None

    return read


def _shrinks(label: str) -> Any:
    def read(results: Results) -> Measured | None:
        if results[label].sizes["generation"] < 5:
            return None
        ratios = _ratios(results, label)[:, :4]
        every = (below(measured_mean(ratio, 4), 1) for ratio in ratios.T)
        return measured_mean(np.exp(np.log(ratios).mean(axis=1))).judged(together(*every))

    return read


def _log_ratio(results: Results, label: str) -> np.ndarray:
    """Mean log ratio a generation, [trajectory]."""
    return np.asarray(np.log(_ratios(results, label)[:, :4]).mean(axis=1))


def _binary_keeps_more(results: Results) -> Measured | None:
    if results["population-means"].sizes["generation"] < 5:
        return None
    found = measured_mean(_log_ratio(results, "population-samples") - _log_ratio(results, "population-means"))
    return found.judged(above(found, 0))


def _set_costs_little(results: Results) -> Measured | None:
    if results["population-means"].sizes["generation"] < 5:
        return None
    found = measured_mean(_log_ratio(results, "samples-means") - _log_ratio(results, "population-means"))
    return found.judged(within(found, 0.05))


_CHOSEN = "at quick a network of one layer of 400 units, 600 steps and 4000 images, all ours"
ShumailovVAE.figures = {"spread": draw_spread, "images": draw_images, "codes": draw_codes, "film": draw_film}
ShumailovVAE.claims = (
    *(
        Claim(
            name=f"spread-{g}", statement=f"the codes' spread is {spread} in generation {g}",
            where="latent-space figure", source=Source.CODE, published=spread, published_error=float(ERROR), tolerance=5e-5,
            basis="half a unit of the last digit; 5 runs with sd .006 to .018, the largest taken; with the paper's network only",
            read=_spread(g),
        )
        for g, spread in enumerate(PUBLISHED)
    ),
    *(
        Claim(
            name=f"ratio-{g}",
            statement=f"the codes' spread in generation {g} is {PUBLISHED[g] / PUBLISHED[g - 1]:.3f} of that before",
            where="latent-space figure", source=Source.CODE, published=PUBLISHED[g] / PUBLISHED[g - 1],
            published_error=float(np.hypot(*ERROR / np.array(PUBLISHED[g - 1 : g + 1])) * PUBLISHED[g] / PUBLISHED[g - 1]),
            basis="a ratio of two means of 5 runs with sd .006 to .018, the largest taken; with the paper's network only",
            read=_ratio(g),
        )
        for g in range(1, 5)
    ),
    Claim(
        name="spread-shrinks",
        statement="a stream of means: the codes' spread shrinks in every generation, by about a tenth",
        where="latent-space figure", source=Source.CODE,
        basis="each of the four ratios is below 1, with its interval; the number is their geometric mean (published .896)",
        chosen=_CHOSEN,
        read=_shrinks("population-means"),
    ),
    Claim(
        name="no-sampling-error-needed",
        statement="it does so without sampling error: a fixed set shrinks no faster than a stream",
        where="the project's own question", source=Source.DERIVED,
        basis="log ratio a generation, fixed set minus stream, paired by trajectory: within .05 of 0, with its interval",
        chosen=_CHOSEN, read=_set_costs_little,
    ),
    Claim(
        name="means-lose-the-noise",
        statement="decoder means leave out the likelihood's noise, and the loop with binary images keeps more",
        where="the project's own question", source=Source.DERIVED,
        basis="log ratio a generation, binary images minus means, paired by trajectory: its 95% interval is above 0",
        chosen=_CHOSEN, read=_binary_keeps_more,
    ),
)  # fmt: skip
