"""Rival implementations of the networks in PyTorch, as a practitioner writes them, trained one after another."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

if torch.cuda.is_available():
    torch.set_default_device("cuda")  # where a machine has one, the rival runs on it too
    torch.backends.cudnn.allow_tf32 = False  # as exact as ours: its matrix products are by default


class LayersVAE(nn.Module):
    """784-400-20 and back."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.mean, self.log_variance = nn.Linear(784, 400), nn.Linear(400, 20), nn.Linear(400, 20)
        self.outside, self.out = nn.Linear(20, 400), nn.Linear(400, 784)

    def encode(self, x: Any) -> Any:
        h = F.relu(self.inside(x))
        return self.mean(h), self.log_variance(h)

    def decode(self, z: Any) -> Any:
        return self.out(F.relu(self.outside(z)))

    def loss(self, x: Any) -> Any:
        mean, log_variance = self.encode(x)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        error = F.binary_cross_entropy_with_logits(self.decode(z), x, reduction="sum")
        return (error + 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum()) / len(x)


class ConvolutionalVAE(LayersVAE):
    """The 647,081 parameters of Shumailov et al. (2024)."""

    def __init__(self) -> None:
        nn.Module.__init__(self)
        self.first, self.second = nn.Conv2d(1, 64, 4, 2, 1), nn.Conv2d(64, 128, 4, 2, 1)
        self.mean, self.log_variance, self.back = nn.Linear(6272, 20), nn.Linear(6272, 20), nn.Linear(20, 6272)
        self.third, self.fourth = nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.ConvTranspose2d(64, 1, 4, 2, 1)

    def encode(self, x: Any) -> Any:
        h = F.relu(self.second(F.relu(self.first(x.view(-1, 1, 28, 28))))).flatten(1)
        return self.mean(h), self.log_variance(h)

    def decode(self, z: Any) -> Any:
        h = F.relu(self.back(z)).view(-1, 128, 7, 7)
        return self.fourth(F.relu(self.third(h))).flatten(1)


class Block(nn.Module):
    def __init__(self, before: int, after: int, told: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(math.gcd(before, 8), before), nn.GroupNorm(math.gcd(after, 8), after)])
        self.convolutions = nn.ModuleList([nn.Conv2d(before, after, 3, 1, 1), nn.Conv2d(after, after, 3, 1, 1)])
        self.told = nn.Linear(told, 2 * after)
        self.across = nn.Identity() if before == after else nn.Conv2d(before, after, 1)

    def forward(self, x: Any, told: Any) -> Any:
        scale, shift = self.told(told)[:, :, None, None].chunk(2, 1)
        h = self.convolutions[0](F.silu(self.norms[0](x)))
        h = self.convolutions[1](F.silu(self.norms[1](h) * (1 + scale) + shift))
        return h + self.across(x)


class UNet(nn.Module):
    """The flow-matching U-Net of `Diffusion(dim=784, channels=(16, 32))`."""

    def __init__(self, channels: tuple[int, ...] = (16, 32)) -> None:
        super().__init__()
        told, before = 4 * channels[0], channels[0]
        self.time = nn.Sequential(nn.Linear(32, told), nn.SiLU(), nn.Linear(told, told), nn.SiLU())
        self.first = nn.Conv2d(1, channels[0], 3, 1, 1)
        self.down, self.smaller, self.up, self.larger = (nn.ModuleList() for _ in range(4))
        for c in channels:
            self.down.append(Block(before, c, told))
            self.smaller.append(nn.Conv2d(c, c, 4, 2, 1))
            before = c
        self.middle = Block(before, before, told)
        for c in channels[::-1]:
            self.larger.append(nn.ConvTranspose2d(before, c, 4, 2, 1))
            self.up.append(Block(2 * c, c, told))
            before = c
        self.norm, self.last = nn.GroupNorm(math.gcd(before, 8), before), nn.Conv2d(before, 1, 3, 1, 1)
        self.rates = 2 * math.pi * torch.exp(torch.linspace(-math.log(4.0), math.log(250.0), 16))

    def forward(self, x: Any, t: Any) -> Any:
        angle = t[:, None] * self.rates
        told, h, passed = self.time(torch.cat([angle.sin(), angle.cos()], 1)), self.first(x), []
        for block, halve in zip(self.down, self.smaller, strict=True):
            h = block(h, told)
            passed.append(h)
            h = halve(h)
        h = self.middle(h, told)
        for block, double in zip(self.up, self.larger, strict=True):
            h = block(torch.cat([double(h), passed.pop()], 1), told)
        return self.last(F.silu(self.norm(h)))

    def loss(self, x: Any) -> Any:
        x = x.view(-1, 1, 28, 28)
        t, noise = torch.rand(len(x)), torch.randn_like(x)
        at = t[:, None, None, None]
        return ((self((1 - at) * x + at * noise, t) - (noise - x)) ** 2).mean()


def training(
    network: type[Any], rows: Any, steps: int, batch: int, threads: int, compiled: bool = False
) -> Callable[[], Any]:
    """A call that takes `steps` steps of Adam on minibatches of rows [n, 784], on so many threads."""
    torch.set_num_threads(threads)
    data, model = torch.tensor(rows), network()
    optimiser = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    loss_of = torch.compile(model.loss) if compiled else model.loss

    def call() -> float:
        torch.set_num_threads(threads)
        for _ in range(steps):
            x = data[torch.randint(0, len(data), (batch,))]
            optimiser.zero_grad()
            loss = loss_of(x)
            loss.backward()
            optimiser.step()
        return loss.item()

    if compiled:
        call()  # compiles
    return call
