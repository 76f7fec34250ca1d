"""Convolutions of images, channels last, that halve, double or keep the side, with derivatives of their own.

A convolution has three parts that are transposes of each other: the image by the kernel, its gradient by the image and
its gradient by the kernel. Each is written out twice. `vmap` over kernels would make XLA's convolutions grouped, which is
slow: under it they are copies of shifted images and one matrix product. A network on its own has XLA's convolutions in
the forms that are fast on a CPU inside a loop; the gradients that JAX derives have others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from collapsebench.maths.compiling import whole

Image = Float[Array, "_batch _side _side _channels"]
Kernel = Float[Array, "_rows _columns _channels _features"]
"""Their axes have no size that one function's arguments and results share: only their number is checked."""


def _by_itself(alone: Callable[..., Any], side_by_side: Callable[..., Any]) -> Callable[..., Any]:
    """Function `alone`, replaced under `vmap` by the equal function `side_by_side`."""
    chosen = jax.custom_batching.custom_vmap(alone)

    @chosen.def_vmap
    def many(axis_size: int, batched: Any, *args: Any) -> Any:
        return jax.vmap(side_by_side, [0 if axis else None for axis in batched], axis_size=axis_size)(*args), True

    return chosen


def _framed(x: Image) -> Image:
    return jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


def _patches(x: Image, size: int) -> Image:
    """Every window of `size` x `size` pixels, its pixels as channels."""
    side = x.shape[1] - size + 1
    return jnp.concatenate([x[:, i : i + side, j : j + side] for i in range(size) for j in range(size)], axis=-1)


def _product(patches: Image, y: Image) -> Float[Array, "inside outside"]:
    """Sum over all places of patch times y: the gradient of a product with patches by its matrix."""
    return jnp.matmul(patches.reshape(-1, patches.shape[-1]).T, y.reshape(-1, y.shape[-1]))


def _at_once(side: int, channels: int, features: int) -> int:
    """Pixels of a row that a convolution makes at once, their features side by side.

    Two where a pixel has few: XLA's products on a CPU are slow where they are narrow, and a kernel of two pixels is only
    one column wider, or `stride` columns.
    """
    return 2 if max(channels, features) <= 16 and side % 2 == 0 and jax.default_backend() == "cpu" else 1


def _convolved(x: Image, kernel: Kernel, stride: int) -> Image:
    rows, _, channels, features = kernel.shape
    side = x.shape[2] // stride
    pixels = _at_once(side, channels, features)
    places = [(stride * i, stride * (pixels - 1 - i)) for i in range(pixels)]
    wide = jnp.stack([jnp.pad(kernel, ((0, 0), place, (0, 0), (0, 0))) for place in places], axis=3)
    wide = wide.reshape(rows, -1, channels, pixels * features)
    y = jax.lax.conv_general_dilated(
        x, wide, (stride, stride * pixels), ((1, 1), (1, 1)), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return y.reshape(x.shape[0], -1, side, features)


def _correlated(x: Image, y: Image, stride: int) -> Kernel:
    """The gradient of `_convolved` by the kernel: images and channels change places, and y is the kernel.

    The wider of the two is the kernel where they may change places: XLA's products are as wide as that.
    """
    if stride == 1 and x.shape[3] > y.shape[3]:
        return _correlated(y, x, 1)[::-1, ::-1].swapaxes(2, 3)
    batch, rows, side, features = y.shape
    pixels = _at_once(side, x.shape[3], features)
    x, y = whole((x, y))
    y = y.reshape(batch, rows, side // pixels, pixels * features)
    found = jax.lax.conv_general_dilated(
        x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3), (1, 1), ((1, 1), (1, 1)),
        rhs_dilation=(stride, stride * pixels), dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )  # fmt: skip
    channels, size = found.shape[:2]
    found = found.reshape(channels, size, -1, pixels, features).transpose(1, 2, 3, 0, 4)
    return sum(found[:, stride * i : stride * i + size, i] for i in range(1, pixels)) + found[:, :size, 0]


# --- kernel 3, stride 1 -----------------------------------------------------------------------------------------------

_keep = _by_itself(
    lambda x, kernel: _convolved(x, kernel, 1),
    lambda x, kernel: _patches(_framed(x), 3) @ kernel.reshape(-1, kernel.shape[3]),
)
_keep_slope = _by_itself(
    lambda x, y: _correlated(x, y, 1),
    lambda x, y: _product(_patches(_framed(x), 3), y).reshape(3, 3, x.shape[3], y.shape[3]),
)
keep = jax.custom_vjp(_keep)
"""Convolution with kernel 3, padding 1."""
keep.defvjp(
    lambda x, kernel: (_keep(x, kernel), (x, kernel)),
    lambda saved, y: (_keep(y, saved[1][::-1, ::-1].swapaxes(2, 3)), _keep_slope(saved[0], y)),
)


# --- kernel 4, stride 2, and its transpose ----------------------------------------------------------------------------


def _blocks(kernel: Kernel) -> Float[Array, "blocks features"]:
    """A kernel of 4 x 4 as 2 x 2 blocks of 2 x 2 pixels, as a matrix."""
    *_, channels, features = kernel.shape
    return kernel.reshape(2, 2, 2, 2, channels, features).transpose(0, 2, 1, 3, 4, 5).reshape(-1, features)


def _unblocked(blocks: Float[Array, "blocks features"]) -> Kernel:
    features = blocks.shape[1]
    return blocks.reshape(2, 2, 2, 2, -1, features).transpose(0, 2, 1, 3, 4, 5).reshape(4, 4, -1, features)


def _block_patches(x: Image) -> Image:
    """Blocks of 2 x 2 pixels as channels, and of those all windows of 2 x 2."""
    blocks, channels = x.shape[1] // 2 + 1, x.shape[3]
    x = _framed(x).reshape(-1, blocks, 2, blocks, 2, channels).swapaxes(2, 3)
    return _patches(x.reshape(-1, blocks, blocks, 4 * channels), 2)


def _double(x: Image, kernel: Kernel) -> Image:
    """Transposed convolution: every pixel adds 2 x 2 blocks of 2 x 2 pixels."""
    batch, side, _, _ = x.shape
    channels = kernel.shape[2]
    corners = ((0, 0), (0, 1), (1, 0), (1, 1))
    parts = zip(corners, jnp.split(x @ _blocks(kernel).T, 4, axis=-1), strict=True)
    painted = [jnp.pad(block, ((0, 0), (i, 1 - i), (j, 1 - j), (0, 0))) for (i, j), block in parts]
    x = sum(painted[1:], painted[0]).reshape(batch, side + 1, side + 1, 2, 2, channels).swapaxes(2, 3)
    return whole(x.reshape(batch, 2 * side + 2, 2 * side + 2, channels)[:, 1:-1, 1:-1])


_halve = _by_itself(lambda x, kernel: _convolved(x, kernel, 2), lambda x, kernel: _block_patches(x) @ _blocks(kernel))
_halve_slope = _by_itself(lambda x, y: _correlated(x, y, 2), lambda x, y: _unblocked(_product(_block_patches(x), y)))
halve = jax.custom_vjp(_halve)
"""Convolution with kernel 4, stride 2, padding 1, of an image and a kernel [4, 4, channels, features]."""
double = jax.custom_vjp(_double)
"""`halve`'s transpose by the image: of [batch, side, side, features] and the same kernel, channels at twice the side."""
halve.defvjp(
    lambda x, kernel: (_halve(x, kernel), (x, kernel)),
    lambda saved, y: (_double(y, saved[1]), _halve_slope(saved[0], y)),
)
double.defvjp(
    lambda x, kernel: (_double(x, kernel), (x, kernel)),
    lambda saved, y: (_halve(y, saved[1]), _halve_slope(y, saved[0])),
)
