"""Rival decoder in PyTorch, as a practitioner writes it: training and cached sampling, eager or compiled."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

if torch.cuda.is_available():
    torch.set_default_device("cuda")  # where a machine has one, the rival runs on it too


class Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.head = heads, width // heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def feed(self, x: Any) -> Any:
        return x + self.down(F.gelu(self.up(self.between(x)), approximate="tanh"))

    def forward(self, x: Any) -> Any:
        batch, n, width = x.shape
        q, k, v = self.qkv(self.before(x)).view(batch, n, 3, self.heads, self.head).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(batch, n, width)
        return self.feed(x + self.out(y))

    def step(self, x: Any, keys: Any, values: Any, t: int) -> Any:
        """One token, whose key and value are written at t; plain slices of the cache."""
        qkv = self.qkv(self.before(x)).view(len(x), 3, self.heads, self.head)
        q, keys[:, :, t], values[:, :, t] = qkv.unbind(1)
        y = F.scaled_dot_product_attention(q[:, :, None], keys[:, :, : t + 1], values[:, :, : t + 1])
        return self.feed(x + self.out(y.reshape(x.shape)))

    def fixed(self, x: Any, keys: Any, values: Any, at: Any, mask: Any) -> Any:
        """The same for the compiler: a length that seldom changes, and attention written out, which it fuses."""
        n = mask.shape[0]
        q, k, v = self.qkv(self.before(x)).view(len(x), 3, self.heads, self.head).unbind(1)
        keys.index_copy_(2, at, k[:, :, None])
        values.index_copy_(2, at, v[:, :, None])
        a = torch.softmax((q[:, :, None] * keys[:, :, :n]).sum(-1) / math.sqrt(self.head) + mask, -1)
        return self.feed(x + self.out((a[..., None] * values[:, :, :n]).sum(2).reshape(x.shape)))


class Decoder(nn.Module):
    """Pre-norm decoder with learned positions and a tied head."""

    def __init__(self, vocabulary: int, context: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.context, self.heads, self.head = context, heads, width // heads
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.layers, self.norm = nn.ModuleList(Layer(width, heads) for _ in range(layers)), nn.LayerNorm(width)
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)

    def loss(self, tokens: Any, after: Any) -> Any:
        x = self.tokens(tokens) + self.positions.weight[: tokens.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return F.cross_entropy(F.linear(self.norm(x), self.tokens.weight).flatten(0, 1), after.flatten())

    def logits(self, token: Any, t: Any, act: Callable[[Any, Any, int], Any]) -> Any:
        """Logits after one more token; act(layer, x, i) runs a layer."""
        x = self.tokens(token) + self.positions.weight[t]
        for i, layer in enumerate(self.layers):
            x = act(layer, x, i)
        return F.linear(self.norm(x), self.tokens.weight)


def _pick(logits: Any) -> Any:
    """Tokens by the inverse distribution function, faster here than `multinomial` or Gumbel noise."""
    sums = torch.softmax(logits, -1).cumsum(-1)
    return (
        (sums <= torch.rand(len(logits), 1, device=logits.device) * sums[:, -1:])
        .sum(-1)
        .clamp_(max=logits.shape[-1] - 1)
    )


def training(sizes: tuple[int, ...], batch: int, threads: int, compiled: bool) -> Callable[[], Any]:
    """A call that takes one step of Adam on a batch of whole contexts."""
    torch.set_num_threads(threads)
    model = Decoder(*sizes)
    loss = torch.compile(model.loss) if compiled else model.loss
    optimiser = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.01, fused=True)
    tokens, after = torch.randint(0, sizes[0], (2, batch, sizes[1])).unbind(0)

    def call() -> Any:
        torch.set_num_threads(threads)
        optimiser.zero_grad(set_to_none=True)
        value = loss(tokens, after)
        value.backward()
        optimiser.step()
        return value.item()

    call()
    return call


def sampling(sizes: tuple[int, ...], batch: int, threads: int, compiled: bool) -> Callable[[], Any]:
    """A call that draws a batch of whole contexts over a cache of keys and values."""
    torch.set_num_threads(threads)
    model = Decoder(*sizes).eval()
    n, chunk = model.context, 32
    cache = [torch.zeros(2, batch, model.heads, n, model.head) for _ in model.layers]

    def fixed(token: Any, at: Any, mask: Any) -> Any:
        return _pick(model.logits(token, at, lambda layer, x, i: layer.fixed(x, *cache[i], at, mask)))

    fast = torch.compile(fixed, fullgraph=True, dynamic=False) if compiled else None
    ends = [min(n, (t // chunk + 1) * chunk) for t in range(n)]
    masks = [torch.where(torch.arange(end) <= t, 0.0, -math.inf) for t, end in enumerate(ends)]
    places = [torch.tensor([t]) for t in range(n)]

    def call() -> Any:
        torch.set_num_threads(threads)
        token, made = torch.zeros(batch, dtype=torch.long), []
        with torch.no_grad() if compiled else torch.inference_mode():
            for t in range(n):
                if fast is not None:
                    token = fast(token, places[t], masks[t])
                else:
                    token = _pick(model.logits(token, t, lambda layer, x, i, t=t: layer.step(x, *cache[i], t)))
                made.append(token)
        return torch.stack(made).cpu()

    call()
    return call
