"""Laws of a diffusion model that smooths its training set, with fresh real data (Khelifa et al., 2026)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._arguments import Values, at_least, completed, within


def diffusion_variance_law(
    fits: npt.ArrayLike, fresh_share: npt.ArrayLike, smoothing: npt.ArrayLike, *, variance: npt.ArrayLike = 1.0
) -> Values:
    """Variance of each component of a Gaussian mixture if every fit adds variance `smoothing`^2 to its training set.

    Law: variance + smoothing^2 (1 - (1 - a)^fits) / a, a = fresh_share of the training set; at a = 0 the
    fraction is fits.
    Raises ValueError for fresh_share outside [0, 1], smoothing < 0.
    Source: setting of Khelifa et al. (2026).
    """
    k, a = completed(fits), within("fresh_share", fresh_share, 0, 1, "a mix")
    h = at_least("smoothing", smoothing, 0, "a diffusion model")
    blurs = np.where(a > 0, (1 - (1 - a) ** k) / np.where(a > 0, a, 1), k)  # geometric sum of what is left of each blur
    return np.asarray(variance, float) + h**2 * blurs


def diffusion_drift_law(
    fits: npt.ArrayLike,
    fresh_share: npt.ArrayLike,
    smoothing: npt.ArrayLike,
    *,
    dim: npt.ArrayLike,
    second_moment: npt.ArrayLike,
) -> Values:
    """Relative drift of E |x|^2 from its real value `second_moment` in `dim` dimensions, if every fit smooths.

    Law: dim smoothing^2 (1 - (1 - a)^fits) / (a second_moment), a = fresh_share.
    Raises ValueError for fresh_share outside [0, 1], smoothing < 0.
    Source: setting of Khelifa et al. (2026).
    """
    growth = diffusion_variance_law(fits, fresh_share, smoothing, variance=0.0)
    return np.asarray(dim, float) * growth / np.asarray(second_moment, float)
