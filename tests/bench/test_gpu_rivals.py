"""Rivals for an accelerator do the work that they are timed for: NumPy in CuPy's place, PyTorch where it is installed."""

import numpy as np
import pytest

from benchmarks import gpu_rivals
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

    assert abs(gpu_rivals.kernel(Space(), random, 40, 40_000, 1, 64) - exact) < 1e-3


def test_pytorch_loops_have_the_laws():
    pytest.importorskip("torch")
    law = float(theory.replace_variance_law(20, 5))
    assert gpu_rivals.torch_gaussian(20_000, 20, 5, False)() == pytest.approx(law, rel=0.02)
    means, covariances = np.array([[-2.0, 0.0], [2.0, 0.0]]), np.stack([np.eye(2)] * 2)
    assert gpu_rivals.torch_mixture(means, covariances, 200, 500, 3, 5, False)() == pytest.approx(6, rel=0.02)
    rows = np.random.default_rng(0).integers(0, 2, (64, 1)).repeat(784, 1).astype(np.float32)
    first, last = (gpu_rivals.torch_vaes(rows, 2, steps, 16, False)() for steps in (1, 30))
    assert last < 0.8 * first
