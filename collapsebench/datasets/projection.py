"""Principal components: linear map of rows to few dimensions and back, the same on every machine up to rounding."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

BLOCK = 4096


@dataclasses.dataclass(frozen=True, eq=False)
class Pca:
    """Principal-component map to few dimensions and back, in float64.

    mean: [features]. components: [components, features], orthonormal rows by falling variance, the largest loading
    of each positive. scale: [components], what a coordinate is divided by (1, or its standard deviation if whitened).
    explained: [components], the share of the total variance that each carries.
    """

    mean: np.ndarray
    components: np.ndarray
    scale: np.ndarray
    explained: np.ndarray

    def transform(self, x: Any) -> np.ndarray:
        """Coordinates [..., components] of rows [..., features]; float32 in, float32 out."""
        x = _rows(x, self.mean.size, "features")
        return ((x - self.mean) @ self.components.T / self.scale).astype(_precision(x), copy=False)

    def inverse(self, z: Any) -> np.ndarray:
        """Rows [..., features] nearest to coordinates [..., components]; float32 in, float32 out."""
        z = _rows(z, self.scale.size, "components")
        return ((z * self.scale) @ self.components + self.mean).astype(_precision(z), copy=False)


def pca(x: Any, components: int, *, whiten: bool = False) -> Pca:
    """Leading principal components of x [rows, features], by singular values of the centred rows.

    whiten divides each coordinate by its standard deviation (unbiased, divisor rows - 1).
    Raises ValueError for components outside 1 to min(rows, features), for fewer than two rows, for values that are
    not finite, and for whitening a direction that has no spread.
    Source: scikit-learn's PCA has the same signs and, in float64, the same numbers.
    """
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[0] < 2:
        raise ValueError(f"x has shape {x.shape}: must be [rows, features] with at least two rows")
    if not 1 <= components <= min(x.shape):
        raise ValueError(f"components = {components}: must be 1 to {min(x.shape)}, the smaller of {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("x holds values that are not finite")
    mean = x.mean(axis=0, dtype=np.float64)
    triangle: Any = np.empty((0, x.shape[1]))
    for start in range(0, x.shape[0], BLOCK):  # R of a QR, block by block: no float64 copy of 70000 images
        triangle = np.linalg.qr(np.vstack([triangle, x[start : start + BLOCK] - mean]), mode="r")
    _, singular, directions = np.linalg.svd(triangle, full_matrices=False)
    spread = singular / np.sqrt(x.shape[0] - 1)
    rank = int((singular > singular[0] * max(x.shape) * np.finfo(np.float64).eps).sum()) if singular[0] > 0 else 0
    if rank == 0:
        raise ValueError("x has no spread: every row is the same")
    if whiten and components > rank:
        raise ValueError(f"components = {components}: at most {rank}, the directions with any spread to whiten by")
    directions = directions[:components]
    largest = np.abs(directions).argmax(axis=1, keepdims=True)
    directions = directions * np.sign(np.take_along_axis(directions, largest, axis=1))
    scale = spread[:components] if whiten else np.ones(components)
    return Pca(mean, directions, scale, (singular**2 / (singular**2).sum())[:components])


def _rows(values: Any, width: int, what: str) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim < 1 or values.shape[-1] != width:  # a last axis of 1 would broadcast in silence
        raise ValueError(f"shape {values.shape}: the last axis must be {width} {what}")
    return values


def _precision(values: np.ndarray) -> Any:
    return values.dtype if values.dtype.kind == "f" else np.float64
