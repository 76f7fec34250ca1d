"""Laws of loops that are trained on the last few generations with a share of real mass: relaxation, error of a mean."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._arguments import Floats, Values, at_least, completed, within


def window_relaxation_law(window: npt.ArrayLike, share: npt.ArrayLike) -> Values:
    """Rate per generation at which an expected error is forgotten, trained on the mean of the last `window` generations.

    share: of real mass in every generation.
    Law: the x >= 0 at which the mean of exp(x), exp(2 x), ..., exp(window x) is 1 / (1 - share): -log of the largest
    eigenvalue of the companion matrix of d_{t+1} = (1 - share) mean(d_t, ..., d_{t-window+1}). Infinite at share = 1.
    Raises ValueError for window < 1, share outside [0, 1].
    Source: linear recursion; setting of "Prevention Is Not Cure" (2026).
    """
    w, real = np.broadcast_arrays(at_least("window", window, 1, "a window"), within("share", share, 0, 1, "a window"))
    kept = np.where(real < 1, 1 - real, 1.0)
    x, powers = -2 * np.log(kept) / (w + 1), np.arange(1, w.max() + 1)  # Jensen's inequality: never below the root
    inside = powers <= w[..., None]
    for _ in range(100):  # Newton's steps on a convex function, from above
        grown = np.where(inside, np.exp(x[..., None] * np.where(inside, powers, 0)), 0.0)
        x = x - (grown.sum(-1) - w / kept) / (powers * grown).sum(-1)
    return np.where(real < 1, np.maximum(x, 0.0), np.inf)[()]


def window_error_law(
    n_real: int, n_synthetic: int, window: int, fits: int, *, variance: float = 1.0, curvature: float = 0.0
) -> Floats:
    """Expected squared error of a mean after each of the fits 1 to `fits`, each to the pooled data of `window` generations.

    A generation has n_real new real rows and n_synthetic of its model, the first n_real + n_synthetic real ones; the real
    set counts as one generation. `variance` and `curvature` as in `mixed_error_law`, which this is at window = 1.
    Law: with e_t the error of generation t's own rows, m_t the mean of the last `window` of them, a = n_synthetic / n:
    E e_{t+1} e_s = a E m_t e_s, E e_{t+1}^2 = a^2 E m_t^2 + (n_s (variance + curvature E m_t^2) + n_r variance) / n^2.
    Raises ValueError for n_real < 0, n_synthetic < 0, no rows at all, window < 1 and fits < 1.
    Source: variances of independent draws add; setting of "Prevention Is Not Cure" (2026).
    """
    n_r, n_s = at_least("n_real", n_real, 0, "fresh data"), at_least("n_synthetic", n_synthetic, 0, "a loop")
    n, w = at_least("n_real + n_synthetic", n_r + n_s, 1, "a fit"), int(at_least("window", window, 1, "a window"))
    errors = np.zeros((w, w))  # second moments of the errors of the generations in the window, the newest first
    errors[0, 0] = variance / n
    seen = []
    for t in range(1, int(completed(fits, 1)) + 1):
        active = min(t, w)
        weights = (np.arange(w) < active) / active
        with_mean = errors @ weights
        error = float(weights @ with_mean)
        seen.append(error)
        own = (n_s / n) ** 2 * error + (n_s * (variance + curvature * error) + n_r * variance) / n**2
        errors = np.roll(np.roll(errors, 1, 0), 1, 1)
        errors[0, 1:] = errors[1:, 0] = n_s / n * with_mean[:-1]
        errors[0, 0] = own
    return np.array(seen)
