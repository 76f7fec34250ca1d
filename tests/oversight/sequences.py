"""Healthy and collapsing sequences of known law, and naive practice: a Kolmogorov-Smirnov test at 5% a generation."""

import numpy as np

ZIPF = 1 / np.arange(1, 1001) / np.sum(1 / np.arange(1, 1001))
KINDS = ("normal", "t3", "pareto", "mixture", "zipf", "table", "wide", "texts")
WORDS = np.array([f"w{i}" for i in range(len(ZIPF))], object)


def draw(kind, n, rng):
    """n independent rows of a kind of data."""
    if kind == "normal":
        return rng.standard_normal((n, 5))
    if kind == "t3":
        return rng.standard_t(3, (n, 5))
    if kind == "pareto":
        return rng.pareto(1.5, (n, 2))
    if kind == "mixture":
        return rng.choice([-4.0, 0, 3], (n, 1), p=[0.05, 0.6, 0.35]) + rng.standard_normal((n, 2)) * [1, 0.3]
    if kind == "zipf":
        return rng.choice(1000, (n, 1), p=ZIPF).astype(float)
    if kind == "texts":  # of 4 to 16 words by Zipf's law
        drawn = np.split(rng.choice(WORDS, 16 * n, p=ZIPF), n)
        sizes = rng.integers(4, 17, n)
        return np.array([" ".join(words[:size]) for words, size in zip(drawn, sizes, strict=True)], object)
    if kind == "wide":
        return rng.standard_normal((n, 8)) @ np.linspace(-1, 1, 8 * 48).reshape(8, 48) + rng.standard_normal((n, 48))
    z = rng.standard_normal((n, 3))
    z[:, 2] = np.exp(z[:, 2] + z[:, 1])
    return np.column_stack(
        [z, rng.choice(50, n, p=ZIPF[:50] / ZIPF[:50].sum()), rng.choice(5, n, p=[0.4, 0.3, 0.2, 0.07, 0.03])]
    )


def healthy(kind, m, generations, pool, rng):
    """Generations 0 to `generations` of m rows: independent, or samples of one growing pool of real rows."""
    if not pool:
        return [draw(kind, m, rng) for _ in range(generations + 1)]
    rows = draw(kind, 2 * m + generations * m // 2, rng)
    return [rows[rng.permutation(2 * m + k * m // 2)[:m]] for k in range(generations + 1)]


def naive(real, generations):
    """Generations, from 1, at which some column of the first five differs from the real one by KS at 5%; of texts, length."""
    if real.dtype == object:
        real, *generations = (np.array([[len(text)] for text in texts], float) for texts in (real, *generations))
    found, sorted_real = [], np.sort(real[:, :5], axis=0).T
    for g in generations:
        n, m, most = len(real), len(g), 0.0
        for j, r in enumerate(sorted_real):
            own = np.sort(g[:, j])
            both = np.concatenate([own, r])
            gap = np.searchsorted(own, both, "right") / m - np.searchsorted(r, both, "right") / n
            most = max(most, np.abs(gap).max())
        found.append(most > 1.358 * np.sqrt((n + m) / (n * m)))
    return np.array(found)


def loop(kind, n, rng):
    """(rows, true spread) of the models of a collapsing loop, one after another."""
    train = draw("zipf" if kind.startswith("zipf") else "normal", n, rng)
    while True:
        if kind.startswith("zipf"):
            p = np.bincount(train[:, 0].astype(int), minlength=1000) / len(train)
            if kind == "zipf, rarest 3% cut":
                order = np.argsort(p)
                p[order[np.cumsum(p[order]) <= 0.03]] = 0
                p /= p.sum()
            train, spread = rng.choice(1000, (n, 1), p=p).astype(float), np.exp(-(p[p > 0] * np.log(p[p > 0])).sum())
        else:
            factor = 0.95 if kind == "normal, sd x .95" else 1.0
            half = np.linalg.cholesky(np.cov(train.T, bias=True)) * factor
            train = train.mean(0) + rng.standard_normal((n, train.shape[1])) @ half.T
            spread = np.diag(half).prod() ** (1 / train.shape[1])
        yield train, spread
