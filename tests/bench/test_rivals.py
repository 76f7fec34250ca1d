"""Rivals do the work that they are timed for; of those for an accelerator NumPy in CuPy's place, PyTorch if installed."""

from functools import partial

import numpy as np
import pytest
from scipy.special import logsumexp

import collapsebench as cb
from benchmarks import gpu_rivals, rivals
from collapsebench import theory


@pytest.mark.parametrize("work", [gpu_rivals.gaussian, gpu_rivals.summary])
def test_the_variance_has_its_law(work, random, monkeypatch):
    monkeypatch.setattr(gpu_rivals, "BLOCK", 1 << 15)  # more than one block
    runs = [work(np, random, 1000, 20, 5) for _ in range(20)]
    law = float(theory.replace_variance_law(20, 5))
    assert abs(np.mean(runs) - law) < 5 * np.std(runs, ddof=1) / np.sqrt(20)


def test_a_density_is_that_of_the_smoothed_normal(random):
    """One generation: the density's mean is a normal's of variance 1 + .3^2, but for the log of a noisy mean."""
    at = np.linspace(-2, 2, 64)
    exact = (-(at**2) / 2 / 1.09 - 0.5 * np.log(2 * np.pi * 1.09)).mean()

    class Space:
        def __getattr__(self, name):
            return getattr(np, name)

        def linspace(self, low, high, points, dtype):
            return at.astype(dtype)

    assert abs(gpu_rivals.kernel(Space(), random, 10, 40_000, 1, 64) - exact) < 2e-3


def test_pytorch_loops_have_the_laws():
    pytest.importorskip("torch")
    law = float(theory.replace_variance_law(20, 5))
    assert gpu_rivals.torch_gaussian(20_000, 20, 5, False)() == pytest.approx(law, rel=0.02)
    means, covariances = np.array([[-2.0, 0.0], [2.0, 0.0]]), np.stack([np.eye(2)] * 2)
    assert gpu_rivals.torch_mixture(means, covariances, 200, 500, 3, 5, False)() == pytest.approx(6, rel=0.02)
    rows = np.random.default_rng(0).integers(0, 2, (64, 1)).repeat(784, 1).astype(np.float32)
    first, last = (gpu_rivals.torch_vaes(rows, 2, steps, 16, False)() for steps in (1, 30))
    assert last < 0.8 * first


KINDS = ["numpy", *(["mkl"] if rivals.has_mkl() else [])]


@pytest.mark.parametrize("kind", KINDS)
def test_loops_of_counts_keep_their_mean_and_spread(kind):
    """After g fits of totals: p (1 - p) (1 - (1 - 1/n)^g), a Poisson's rate g / n, a scale's log, and the trace."""
    own, n, g = partial(rivals.generator, kind), 50, 4
    share = rivals.bernoulli(own(0), 20_000, n, 0.3, g)
    counts = rivals.poisson(own(1), 20_000, n, 3.0, g)
    scale = rivals.exponential(own(2), 20_000, n, g)
    for found, mean, variance in (
        (share, 0.3, 0.21 * (1 - (1 - 1 / n) ** g)), (counts, 3.0, 3.0 * g / n), (scale, 1.0, (1 + 1 / n) ** g - 1),
    ):  # fmt: skip
        assert found.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / 20_000))
        assert found.var() == pytest.approx(variance, rel=0.06)
    trace = rivals.gaussian_covariance(own(3), 400, n, 3, g)
    law = 3 * float(theory.replace_variance_law(n, g))
    assert trace.mean() == pytest.approx(law, abs=float(5 * trace.std() / 20))
    variance = rivals.on_threads(lambda r, t: rivals.gaussian(r, t, n, g), 2000, 2, kind)
    assert variance.mean() == pytest.approx(law / 3, abs=float(5 * variance.std() / np.sqrt(2000)))


def test_a_density_by_fft_is_coarser_than_ours():
    """KDEpy's, which counts rows on its grid, is off by 3e-4 of itself between the rows and by all of itself beyond."""
    fft = pytest.importorskip("KDEpy").FFTKDE
    rows = np.random.default_rng(7).normal(size=1000).astype(np.float32)
    at = np.linspace(float(rows.min()) - 2, float(rows.max()) + 2, 512)

    def exact(at):
        return logsumexp(-(((at[:, None] - rows.astype(float)) / 0.3) ** 2) / 2, axis=1) - np.log(
            300 * np.sqrt(2 * np.pi)
        )

    theirs = np.abs(np.log(fft(kernel="gaussian", bw=0.3).fit(rows.astype(float)).evaluate(at)) - exact(at))
    model, rounded = cb.models.KernelDensity(bandwidth=0.3), at.astype(np.float32)
    ours = np.abs(cb.log_prob(model, cb.fit(model, rows), rounded) - exact(rounded.astype(float)))
    between = (at > rows.min()) & (at < rows.max())
    assert 1e-4 < theirs[between].max() < 1e-3
    assert theirs[~between].max() > 1
    assert ours.max() < 1e-5
