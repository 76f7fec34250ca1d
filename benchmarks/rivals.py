"""Rival implementations of the loops in NumPy, SciPy and scikit-learn, as a practitioner writes them today.

Each rival is a function of a NumPy Generator that runs the whole loop and returns the last generation's statistic, so
that it can be checked before its time counts. `on_threads` splits the trajectories over threads (NumPy's generators
release the lock), because a rival is given the thread count that it likes best.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

CACHE = 1 << 16
"""Draws in one block: NumPy too is fastest when its working set stays in cache."""


class MKL:
    """The calls of a NumPy Generator that the loops here make, by the vector generators of Intel's library."""

    def __init__(self, seed: int) -> None:
        import mkl_random

        self._own = mkl_random.MKLRandomState(seed, brng="SFMT19937")
        self.standard_gamma, self.poisson, self.binomial = (
            self._own.standard_gamma,
            self._own.poisson,
            self._own.binomial,
        )
        self.multinomial = self._own.multinomial

    def standard_normal(self, size=None, dtype=None, out=None):  # type: ignore[no-untyped-def]
        """Normals in float64, in which it makes them, in an array of their own."""
        return self._own.normal(0.0, 1.0, out.shape if size is None else size, method="ICDF")


def generator(kind: str, seed: int) -> Any:
    """A generator of numbers: "numpy", the fastest of its own, or "mkl" (PyPI's mkl_random)."""
    return MKL(seed) if kind == "mkl" else np.random.Generator(np.random.SFC64(seed))


def has_mkl() -> bool:
    """Whether mkl_random is installed."""
    return importlib.util.find_spec("mkl_random") is not None


def on_threads(
    work: Callable[[Any, int], np.ndarray], trajectories: int, threads: int, kind: str = "numpy"
) -> np.ndarray:
    """`work(generator, trajectories)` in equal parts on `threads` threads."""
    generators = [generator(kind, seed) for seed in range(threads)]
    share = trajectories // threads
    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(lambda g: work(g, share), generators)))


def gaussian_by_trajectory(rng: np.random.Generator, trajectories: int, n: int, generations: int) -> np.ndarray:
    """What every published script is: a loop over trajectories around a loop over generations."""
    last = np.empty(trajectories)
    for i in range(trajectories):
        mean, sd = 0.0, 1.0
        x = rng.normal(mean, sd, n)
        for _ in range(generations):
            mean, sd = x.mean(), x.std()
            x = rng.normal(mean, sd, n)
        last[i] = sd**2
    return last


def subsample_by_trajectory(trajectories: int, n: int, generations: int) -> np.ndarray:
    """The same with a training set of n different rows of all so far."""
    rng = np.random.Generator(np.random.SFC64(0))
    last = np.empty(trajectories)
    for i in range(trajectories):
        pool = np.empty(n * generations)
        pool[:n] = x = rng.normal(size=n)
        for t in range(1, generations):
            pool[t * n : (t + 1) * n] = rng.normal(x.mean(), x.std(ddof=1), n)
            x = pool[rng.choice((t + 1) * n, n, replace=False, shuffle=False)]
        last[i] = x.mean() ** 2
    return last


def gaussian(rng: np.random.Generator, trajectories: int, n: int, generations: int) -> np.ndarray:
    """Vectorised over trajectories, in float32, in blocks that fit the cache, one pass for both moments."""
    parts = []
    width = max(1, CACHE // n)
    for low in range(0, trajectories, width):
        rows = min(width, trajectories - low)
        mean, sd = np.zeros(rows, np.float32), np.ones(rows, np.float32)
        z = np.empty((rows, n), np.float32)
        for _ in range(generations):
            z = rng.standard_normal(out=z, dtype=np.float32)
            centre = z.mean(axis=1)
            square = np.einsum("ij,ij->i", z, z) / n
            mean += sd * centre
            sd *= np.sqrt(square - centre * centre)
        parts.append(sd**2)
    return np.concatenate(parts)


def gaussian_summary(rng: np.random.Generator, trajectories: int, n: int, generations: int) -> np.ndarray:
    """The sample-free recursion: one normal and one chi-square per trajectory and generation."""
    parts = []
    for low in range(0, trajectories, 8192):
        rows = min(8192, trajectories - low)
        mean, variance = np.zeros(rows), np.ones(rows)
        for _ in range(generations):
            mean += np.sqrt(variance / n) * rng.standard_normal(rows)
            variance *= 2 * rng.standard_gamma((n - 1) / 2, rows) / n
        parts.append(variance)
    return np.concatenate(parts)


def mixture(seed: int, trajectories: int, n: int, generations: int, components: int, dim: int) -> np.ndarray:
    """scikit-learn's GaussianMixture with its defaults, refitted to its own draws."""
    from sklearn.mixture import GaussianMixture

    last = np.empty(trajectories)
    for i in range(trajectories):
        random = np.random.RandomState(seed + i)
        x = random.normal(size=(n, dim)) + 4 * random.randint(0, 2, (n, dim))
        for _ in range(generations):
            model = GaussianMixture(components, random_state=random).fit(x)
            x = model.sample(n)[0]
        last[i] = np.trace(np.cov(x.T))
    return last


def mixture_of_gmmx(
    means: np.ndarray, covariances: np.ndarray, trajectories: int, n: int, generations: int, steps: int
) -> Callable[[], float]:
    """gmmx's, which is JAX too, vectorised over trajectories: `steps` EM steps from the truth in every generation.

    means [k, d], covariances [k, d, d]: the truth, with equal weights. The call gives the last mean trace.
    """
    import jax
    import jax.numpy as jnp
    from gmmx import EMFitter, GaussianMixtureModelJax

    fitter = EMFitter(max_iter=steps, tol=-1.0)  # no gain is below it
    parts = (means, covariances, np.full(len(means), 1 / len(means)))
    start = GaussianMixtureModelJax.from_squeezed(*(np.asarray(part, np.float32) for part in parts))

    def trajectory(key: Any) -> Any:
        def generation(model: Any, key: Any) -> Any:
            x = model.sample(key, n)
            return fitter.fit(x, start).gmm, jnp.trace(jnp.cov(x.T))

        return jax.lax.scan(generation, start, jax.random.split(key, generations))[1][-1]

    run, keys = jax.jit(jax.vmap(trajectory)), jax.random.split(jax.random.key(0), trajectories)
    return lambda: float(run(keys).mean())


def kernel(rng: np.random.Generator, trajectories: int, n: int, generations: int, points: int = 0) -> np.ndarray:
    """SciPy's gaussian_kde with a fixed bandwidth, refitted to its own draws; the density at `points` points."""
    from scipy.stats import gaussian_kde

    last = np.empty(trajectories)
    at = np.linspace(-4, 4, points) if points else None
    for i in range(trajectories):
        x = rng.normal(size=n)
        for _ in range(generations):
            estimate = gaussian_kde(x, bw_method=0.3 / x.std(ddof=1))
            if at is not None:
                last[i] = np.log(estimate(at)).mean()
            x = estimate.resample(n, seed=rng)[0]
        if at is None:
            last[i] = x.var()
    return last


def kernel_accumulate(rng: np.random.Generator, n: int, generations: int, points: int) -> float:
    """One trajectory of SciPy's gaussian_kde on everything so far."""
    from scipy.stats import gaussian_kde

    pool = rng.normal(size=n)
    at = np.linspace(-4, 4, points)
    value = 0.0
    for _ in range(generations):
        estimate = gaussian_kde(pool, bw_method=0.3 / pool.std(ddof=1))
        value = float(np.log(estimate(at)).mean())
        pool = np.concatenate([pool, estimate.resample(n, seed=rng)[0]])
    return value


def regression(rng: np.random.Generator, trajectories: int, n: int, dim: int, generations: int) -> np.ndarray:
    """Least squares on a fresh design in every generation, vectorised over trajectories in blocks."""
    parts = []
    width = max(1, CACHE // (n * dim))
    for low in range(0, trajectories, width):
        rows = min(width, trajectories - low)
        coef = np.zeros((rows, dim), np.float32)
        for _ in range(generations):
            x = rng.standard_normal((rows, n, dim), dtype=np.float32)
            y = np.matmul(x, coef[:, :, None])[..., 0] + rng.standard_normal((rows, n), dtype=np.float32)
            transposed = x.transpose(0, 2, 1)
            coef = np.linalg.solve(np.matmul(transposed, x), np.matmul(transposed, y[..., None]))[..., 0]
        parts.append((coef**2).sum(axis=1))
    return np.concatenate(parts)


def categorical(rng: np.random.Generator, trajectories: int, n: int, classes: int, generations: int) -> np.ndarray:
    """NumPy's multinomial over all symbols."""
    last = np.empty(trajectories)
    for i in range(trajectories):
        p = np.full(classes, 1 / classes)
        for _ in range(generations):
            p = rng.multinomial(n, p) / n
        last[i] = (p > 0).sum()
    return last


def categorical_alive(
    rng: np.random.Generator, trajectories: int, n: int, classes: int, generations: int
) -> np.ndarray:
    """NumPy's multinomial over the symbols that are still alive."""
    last = np.empty(trajectories)
    for i in range(trajectories):
        p = np.full(classes, 1 / classes)
        for _ in range(generations):
            counts = rng.multinomial(n, p)
            p = counts[counts > 0] / n
        last[i] = p.size
    return last


def categorical_together(
    rng: np.random.Generator, trajectories: int, n: int, classes: int, generations: int
) -> np.ndarray:
    """Every trajectory's multinomial in one call; by MKL, whose takes one law for all, a binomial for each symbol."""
    p = np.full((trajectories, classes), 1 / classes)
    for _ in range(generations):
        if isinstance(rng, MKL):
            left, share, counts = np.full(trajectories, n), 1 - np.cumsum(p, 1) + p, np.zeros(p.shape)
            for symbol in range(classes - 1):
                part = np.divide(p[:, symbol], share[:, symbol], where=left > 0, out=np.zeros(trajectories))
                counts[:, symbol] = rng.binomial(left, np.clip(part, 0, 1))
                left = left - counts[:, symbol].astype(int)
            counts[:, -1] = left
        else:
            counts = rng.multinomial(n, p)
        p = counts / n
    return (p > 0).sum(1).astype(float)


def bernoulli(rng: np.random.Generator, trajectories: int, n: int, p: float, generations: int) -> np.ndarray:
    """One binomial per trajectory and generation."""
    share = np.full(trajectories, p)
    for _ in range(generations):
        share = rng.binomial(n, share) / n
    return share


def poisson(rng: np.random.Generator, trajectories: int, n: int, rate: float, generations: int) -> np.ndarray:
    """One Poisson total per trajectory and generation."""
    mean = np.full(trajectories, rate)
    for _ in range(generations):
        mean = rng.poisson(n * mean) / n
    return mean


def exponential(rng: np.random.Generator, trajectories: int, n: int, generations: int) -> np.ndarray:
    """One gamma total per trajectory and generation."""
    scale = np.ones(trajectories)
    for _ in range(generations):
        scale *= rng.standard_gamma(float(n), trajectories) / n
    return scale


def gaussian_covariance(rng: np.random.Generator, trajectories: int, n: int, dim: int, generations: int) -> np.ndarray:
    """Mean and covariance in `dim` dimensions, vectorised over trajectories in blocks; the last trace."""
    parts = []
    width = max(1, CACHE // (n * dim))
    for low in range(0, trajectories, width):
        rows = min(width, trajectories - low)
        mean, factor = (
            np.zeros((rows, dim), np.float32),
            np.broadcast_to(np.eye(dim, dtype=np.float32), (rows, dim, dim)),
        )
        for _ in range(generations):
            z = rng.standard_normal((rows, n, dim), dtype=np.float32)
            x = mean[:, None] + z @ factor.transpose(0, 2, 1)
            mean = x.mean(axis=1)
            gap = x - mean[:, None]
            covariance = gap.transpose(0, 2, 1) @ gap / n
            factor = np.linalg.cholesky(covariance)
        parts.append(np.trace(covariance, axis1=1, axis2=2))
    return np.concatenate(parts)


def kernel_by_fft(rng: np.random.Generator, n: int, generations: int, points: int) -> float:
    """KDEpy's FFTKDE, its density at `points` grid points, refitted to its own draws."""
    from KDEpy import FFTKDE

    x, value = rng.normal(size=n), 0.0
    for _ in range(generations):
        at = np.linspace(x.min() - 2, x.max() + 2, points)
        value = float(np.log(np.maximum(FFTKDE(kernel="gaussian", bw=0.3).fit(x).evaluate(at), 1e-300)).mean())
        x = rng.choice(x, n) + 0.3 * rng.standard_normal(n)
    return value
