"""What the n-gram study reads off its results, and the laws beside it."""

from __future__ import annotations

import numpy as np

from collapsebench import theory
from collapsebench.literature.measured import Results
from collapsebench.literature.studies.ngrams.settings import FEW
from collapsebench.runs.results import experiment_of


def survival(results: Results, i: int) -> np.ndarray:
    """[trajectory, generation] share of the words of COUNTS[i] occurrences that are left."""
    return np.asarray(results["unigram"][f"survivors_{i + 1}" if i else "survivors"].values, float)


def survival_law(results: Results, count: int, k: np.ndarray | int) -> np.ndarray:
    """Share of the words of so many occurrences that are left after k refits: an exact chain."""
    experiment = experiment_of(results["unigram"])
    n = int(experiment.n) * experiment.target.block
    return np.asarray(theory.survival_law(n, k, count / n))


def distinct_law(results: Results, k: np.ndarray) -> np.ndarray:
    """Share of the text's words that are left after k refits, by the text's own counts."""
    counts = np.asarray(experiment_of(results["unigram"]).target.prepare().token_counts, float)
    own, copies = np.unique(counts[counts > 0], return_counts=True)
    left = theory.survival_law(counts.sum(), k[:, None], own / counts.sum())
    return np.asarray((left * copies).sum(axis=1) / copies.sum())


def first_losses(results: Results) -> np.ndarray:
    """Generation of every trajectory in which a token is missing for the first time; -1 where none ever was."""
    support = results["first-loss"].support.values
    lost = support < 9
    return np.where(lost.any(axis=1), lost.argmax(axis=1), -1)


def first_loss_times(results: Results, t: np.ndarray) -> np.ndarray:
    """Probability that all nine tokens are there at generation t: of fit t + 1, for generation 0 is drawn too."""
    counts = np.asarray(experiment_of(results["first-loss"]).target.prepare().token_counts, float)
    n = FEW * experiment_of(results["first-loss"]).target.block
    return np.asarray(theory.first_loss_law(n, t + 1, counts / counts.sum()))


def smooth_loss(results: Results, size: int, temperature: float) -> np.ndarray:
    """[trajectory, generation] nats a token of smoothed unigrams, by the place of the size and the temperature."""
    swept = results["smooth"].nll.sel({"model.temperature": temperature}).isel(n=size)
    return np.asarray(swept.transpose("trajectory", "generation").values, float)


def distinct(results: Results) -> np.ndarray:
    """[trajectory, k] share of distinct words after k refits: what is drawn at generation g has been refitted g + 1 times."""
    share = np.asarray(results["unigram"].distinct.values, float)
    return np.concatenate([np.ones((len(share), 1)), share], axis=1)


def losses_by_order(results: Results) -> dict[int, np.ndarray]:
    """[trajectory, generation] nats a token of every order that was run; order 1 at the size of the text."""
    orders = {int(name[-1]): results[name].nll.values.astype(float) for name in results if name.startswith("order-")}
    return {1: smooth_loss(results, 1, 1.0), **orders}


def drop_law(share: np.ndarray) -> np.ndarray:
    """Probability that a word that occurs once is lost in a step of turnover: replaced, and drawn by none."""
    return np.asarray(share * np.exp(-share))


def dropped(results: Results, share: float) -> np.ndarray:
    """[trajectory] share of the words that occur once and are lost in one step of turnover."""
    return 1 - results["turnover"].survivors.sel({"regime.share": share}).isel(generation=1).values.astype(float)
