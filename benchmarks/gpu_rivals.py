"""Rival loops for an accelerator, vectorised over trajectories: CuPy (NumPy's own calls), and PyTorch, eager or compiled.

A rival returns a number on the host, so that its time ends when the device has done the work.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

BLOCK = 1 << 28
"""Numbers that one block of trajectories may hold at a time."""


def _blocks(trajectories: int, each: int) -> list[int]:
    width = max(1, min(trajectories, BLOCK // each))
    return [min(width, trajectories - low) for low in range(0, trajectories, width)]


def gaussian(xp: Any, rng: Any, trajectories: int, n: int, generations: int) -> float:
    """Mean variance after refits of a normal to n of its own draws; xp: NumPy or CuPy, rng: its Generator."""
    total = 0.0
    for rows in _blocks(trajectories, n):
        mean, sd = xp.zeros(rows, xp.float32), xp.ones(rows, xp.float32)
        for _ in range(generations):
            x = mean[:, None] + sd[:, None] * rng.standard_normal((rows, n), dtype=xp.float32)
            mean, sd = x.mean(axis=1), x.std(axis=1)
        total += float((sd**2).sum())
    return total / trajectories


def summary(xp: Any, rng: Any, trajectories: int, n: int, generations: int) -> float:
    """The same from one normal and one chi-square a generation."""
    mean, variance = xp.zeros(trajectories), xp.ones(trajectories)
    for _ in range(generations):
        mean += xp.sqrt(variance / n) * rng.standard_normal(trajectories)
        variance *= 2 * rng.standard_gamma((n - 1) / 2, trajectories) / n
    return float(variance.mean())


def kernel(xp: Any, rng: Any, trajectories: int, n: int, generations: int, points: int, width: float = 0.3) -> float:
    """Mean log density at `points` points of a kernel density that is refitted to its own n draws."""
    at, total = xp.linspace(-4, 4, points, dtype=xp.float32), 0.0
    for rows in _blocks(trajectories, n * points):
        x = rng.standard_normal((rows, n), dtype=xp.float32)
        for _ in range(generations):
            terms = xp.exp(-0.5 * ((at[None, :, None] - x[:, None, :]) / width) ** 2)
            value = xp.log(terms.mean(axis=2) / (width * math.sqrt(2 * math.pi))).mean(axis=1)
            chosen = rng.integers(0, n, (rows, n))
            x = xp.take_along_axis(x, chosen, axis=1) + width * rng.standard_normal((rows, n), dtype=xp.float32)
        total += float(value.sum())
    return total / trajectories


def place() -> str:
    """PyTorch's device: named in every call, since a compiled function does not see the default one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def torch_loop(step: Callable[..., Any], first: Callable[[int], Any], trajectories: int, each: int, generations: int,
               compiled: bool) -> Callable[[], float]:  # fmt: skip
    """A call that takes `generations` steps of `first(rows)` for all trajectories; a step returns (state, statistic)."""
    import torch

    advance = torch.compile(step, dynamic=False) if compiled else step

    def call() -> float:
        total = 0.0
        with torch.inference_mode():
            for rows in _blocks(trajectories, each):
                state = first(rows)
                for _ in range(generations):
                    state, value = advance(state)
                total += float(value.sum())
        return total / trajectories

    return call


def torch_gaussian(trajectories: int, n: int, generations: int, compiled: bool) -> Callable[[], float]:
    """`gaussian` in PyTorch."""
    import torch

    own = place()

    def step(state: Any) -> Any:
        mean, sd = state
        z = torch.randn(len(mean), n, device=mean.device)
        centre = z.mean(1)
        sd_new = sd * (z.square().mean(1) - centre.square()).sqrt()
        return (mean + sd * centre, sd_new), sd_new.square()

    return torch_loop(
        step,
        lambda rows: (torch.zeros(rows, device=own), torch.ones(rows, device=own)),
        trajectories,
        n,
        generations,
        compiled,
    )


def torch_kernel(
    trajectories: int, n: int, generations: int, points: int, compiled: bool, width: float = 0.3
) -> Callable[[], float]:
    """`kernel` in PyTorch."""
    import torch

    own = place()
    at = torch.linspace(-4, 4, points, device=own)

    def step(x: Any) -> Any:
        terms = torch.exp(-0.5 * ((at[None, :, None] - x[:, None, :]) / width).square())
        value = torch.log(terms.mean(2) / (width * math.sqrt(2 * math.pi))).mean(1)
        chosen = torch.randint(0, n, x.shape, device=x.device)
        return torch.gather(x, 1, chosen) + width * torch.randn(x.shape, device=x.device), value

    return torch_loop(
        step, lambda rows: torch.randn(rows, n, device=own), trajectories, n * points, generations, compiled
    )


def torch_mixture(
    means: np.ndarray, covariances: np.ndarray, trajectories: int, n: int, generations: int, steps: int, compiled: bool
) -> Callable[[], float]:
    """Trace of the covariance of a mixture that takes `steps` EM steps from the truth in every generation.

    means [k, d], covariances [k, d, d]: the truth, with equal weights.
    """
    import torch

    own = place()
    start = tuple(torch.tensor(np.asarray(a, np.float32), device=own) for a in (means, covariances))
    k, d = means.shape
    ridge = 1e-6 * torch.eye(d, device=own)

    def drawn(weights: Any, mean: Any, covariance: Any) -> Any:
        rows = len(weights)
        which = torch.searchsorted(weights.cumsum(1), torch.rand(rows, n, device=weights.device)).clamp(max=k - 1)
        factor = torch.linalg.cholesky_ex(covariance)[0]
        centre = torch.gather(mean, 1, which[..., None].expand(-1, -1, d))
        scale = torch.gather(factor.flatten(2), 1, which[..., None].expand(-1, -1, d * d)).view(rows, n, d, d)
        return centre + (scale * torch.randn(rows, n, 1, d, device=mean.device)).sum(3)

    def improved(x: Any, weights: Any, mean: Any, covariance: Any) -> Any:
        factor = torch.linalg.cholesky_ex(covariance)[0]
        white = torch.linalg.solve_triangular(factor, (x[:, None] - mean[:, :, None]).mT, upper=False)
        log_det = factor.diagonal(dim1=2, dim2=3).log().sum(2)
        member = (weights.log()[..., None] - log_det[..., None] - 0.5 * white.square().sum(2)).softmax(1)
        total = member.sum(2)
        mean = member @ x / total[..., None]
        gap = x[:, None] - mean[:, :, None]
        return total / n, mean, (member[..., None] * gap).mT @ gap / total[..., None, None] + ridge

    better = torch.compile(improved, dynamic=False) if compiled else improved

    def step(state: Any) -> Any:
        x = drawn(*state)
        state = first(len(x))
        for _ in range(steps):
            state = better(x, *state)
        return state, x.var(1).sum(1)

    def first(rows: int) -> Any:
        return torch.full((rows, k), 1 / k, device=own), *(a.expand(rows, *a.shape).contiguous() for a in start)

    return torch_loop(step, first, trajectories, n * k * d, generations, compiled=False)


def torch_vaes(rows: np.ndarray, networks: int, steps: int, batch: int, compiled: bool) -> Callable[[], float]:
    """`networks` VAEs 784-400-20 trained side by side, as one batched product for each layer."""
    import torch
    import torch.nn.functional as F

    own = place()
    data = torch.tensor(rows, device=own)

    def layer(inside: int, outside: int) -> list[Any]:
        bound = 1 / math.sqrt(inside)
        made = [torch.empty(networks, size, outside, device=own) for size in (inside, 1)]
        return [a.uniform_(-bound, bound).requires_grad_() for a in made]

    weights = [layer(784, 400), layer(400, 40), layer(20, 400), layer(400, 784)]

    def loss(x: Any) -> Any:
        def through(h: Any, i: int) -> Any:
            return torch.baddbmm(weights[i][1], h, weights[i][0])

        mean, log_variance = through(F.relu(through(x, 0)), 1).chunk(2, 2)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        error = F.binary_cross_entropy_with_logits(through(F.relu(through(z, 2)), 3), x, reduction="sum")
        return (error + 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()) / batch

    optimiser = torch.optim.Adam([a for pair in weights for a in pair], 1e-3, fused=True)
    value_of = torch.compile(loss) if compiled else loss

    def call() -> float:
        for _ in range(steps):
            optimiser.zero_grad()
            value = value_of(data[torch.randint(0, len(data), (networks, batch), device=own)])
            value.backward()
            optimiser.step()
        return value.item() / networks

    return call
