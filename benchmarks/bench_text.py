"""Loops of word counts of a large vocabulary, against NumPy's multinomial."""

from __future__ import annotations

import numpy as np

import collapsebench as cb
from collapsebench.bench.programs import is_near


def zipf_text(folder, words):
    """Path of 100 documents in which every one of so many words occurs, by Zipf's law: about 20 tokens a word."""
    random, p = np.random.default_rng(0), 1 / (np.arange(words) + 3.7)
    each = np.array_split(np.arange(words), 100)
    for i, own in enumerate(each):
        drawn = random.choice(words, 20 * words // 100, p=p / p.sum())
        (folder / f"{i:03}.txt").write_text(" ".join(f"w{j}" for j in (*drawn, *own)))
    return str(folder)


def multinomials(counts, runs, generations):
    """Distinct words left [runs] by NumPy, one run after another."""
    random, n = np.random.default_rng(1), int(counts.sum())
    for _ in range(runs):
        own = counts
        for _ in range(generations - 1):
            own = random.multinomial(n, own / n)
    return (own > 0).sum()


def bench_unigrams_of_many_words(jax_benchmark, tmp_path):
    """Distinct words left of 20,000, by the branching law; at the paper tier 1000 trajectories of 10 generations."""
    trajectories, generations, words = jax_benchmark.pick((4, 3, 500), (50, 10, 20_000), (1000, 10, 20_000))
    target = cb.targets.Text(zipf_text(tmp_path, words), tokenizer="words").pinned()
    model = cb.models.NGram(order=1, smoothing="maximum_likelihood")
    experiment = cb.Experiment(
        name="speed", target=target, model=model, handover="summary", n=target.blocks, metrics=("support",), holdout=1,
        trajectories=trajectories, generations=generations,
    )  # fmt: skip
    counts = np.asarray(target.prepare().token_counts, float)
    left = float((1 - np.exp(-counts * cb.theory.branching_rate_law(generations - 1))).sum())
    few = max(1, trajectories // 100)
    rivals = {"numpy, a loop per trajectory": (few * generations, lambda: multinomials(counts, few, generations))}
    jax_benchmark.experiment(
        experiment, law=lambda result: is_near(result.support.values[:, -1].astype(float), left), rivals=rivals
    )
