"""Matrix products of a network's forward pass for one row: (pixels, inner, columns) per layer, the input's first."""

from __future__ import annotations

import itertools
import math

Shape = tuple[int, int, int]
Widths = tuple[int, ...]


def _dense(*widths: int) -> list[Shape]:
    return [(1, inner, columns) for inner, columns in itertools.pairwise(widths)]


def autoencoder_products(dim: int, latent: int, hidden: Widths, channels: Widths) -> list[Shape]:
    """Products of encoder and decoder; a convolution of kernel k is k^2 in -> out per pixel of the smaller image."""
    side, size = math.isqrt(dim), dim
    down: list[Shape] = []
    up: list[Shape] = []
    for before, after in itertools.pairwise((1, *channels)):
        side //= 2
        down.append((side * side, 16 * before, after))
        up.append((side * side, after, 16 * before))
        size = after * side * side
    body = _dense(size, *hidden)
    last = hidden[-1] if hidden else size
    ends = 2 * _dense(last, latent) + _dense(latent, *hidden[::-1])
    first = hidden[0] if hidden else latent
    return [*down, *body, *ends, *_dense(first, size), *up[::-1]]


def denoiser_products(dim: int, hidden: Widths, channels: Widths) -> list[Shape]:
    """Products of residual layers, or of a U-Net without its embedding of time and caption (some per cent of it)."""
    if not channels:
        first = hidden[0]
        found = _dense(32, first, first)
        for before, width in itertools.pairwise((first, *hidden)):
            found += _dense(before, width, width) + _dense(first, width)
            found += _dense(before, width) if before != width else []
        return [*_dense(dim, first), *found, *_dense(hidden[-1], dim)]
    side = math.isqrt(dim)

    def block(before: int, after: int, side: int) -> list[Shape]:
        across = [(side * side, before, after)] if before != after else []
        return [(side * side, 9 * before, after), (side * side, 9 * after, after), *across]

    found, before = [(side * side, 9, channels[0])], channels[0]
    for width in channels:
        found += block(before, width, side)
        side //= 2
        found.append((side * side, 16 * width, width))
        before = width
    found += block(before, before, side)
    for width in channels[::-1]:
        found.append((side * side, before, 16 * width))
        side *= 2
        found += block(2 * width, width, side)
        before = width
    return [*found, (side * side, 9 * before, 1)]
