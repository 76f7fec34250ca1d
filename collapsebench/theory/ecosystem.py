"""Laws of several models that feed one another: between-model variance and common error, and captions with images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._arguments import Values, at_least, completed, within


def ecosystem_law(
    models: npt.ArrayLike, fits: npt.ArrayLike, shared: npt.ArrayLike, own: npt.ArrayLike, *, private: npt.ArrayLike,
    public: npt.ArrayLike, drawn: npt.ArrayLike, variance: npt.ArrayLike = 1.0,
) -> tuple[Values, Values]:  # fmt: skip
    """Expected variance between the models' means, and expected squared error of their average.

    Each fit weighs `drawn` synthetic rows of every model by `shared` together, `private` real rows of the model's own by
    (1 - shared) own, `public` real rows of all by the rest; real rows are kept for ever. The first fit has no synthetic
    rows. The between-model variance divides by models - 1.
    Law: between b^2 s^2 / private at first, then ((1 - a) b)^2 s^2 / private; common b^2 s^2 / (K private) +
    (1 - b)^2 s^2 / public + a^2 (1 - a^(2 (fits - 1))) / (1 - a^2) s^2 / (K drawn), a = shared, b = own, s^2 = variance.
    Raises ValueError for models, private, public or drawn < 1, shared or own outside [0, 1], fits < 1.
    Source: setting of Vu, Reeves and Wenger (2026), arXiv:2505.21677.
    """
    k, a, b = at_least("models", models, 1, "an ecosystem"), *(
        within(name, value, 0, 1, "a mix") for name, value in (("shared", shared), ("own", own))
    )  # fmt: skip
    n, p = at_least("private", private, 1, "a model"), at_least("public", public, 1, "an ecosystem")
    m, s2, later = at_least("drawn", drawn, 1, "a pool"), np.asarray(variance, float), completed(fits, 1) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        series = np.where(a < 1, a**2 * (1 - a ** (2 * later)) / (1 - a**2), later)
    between = np.where(later > 0, (1 - a) ** 2, 1.0) * b**2 * s2 / n
    common = b**2 * s2 / (k * n) + (1 - b) ** 2 * s2 / p + series * s2 / (k * m)
    return (between + 0 * common)[()], common[()]


def captioned_variance_law(n: npt.ArrayLike, captions: npt.ArrayLike, fits: npt.ArrayLike) -> Values:
    """Expected variance of the images of a caption, relative to the first, after `fits` refits to n captioned images each.

    Captions are uniform and frozen; every caption's normal is refitted by maximum likelihood to its own images, and kept
    where it has none.
    Law: (E[1 - 1 / n_k; n_k >= 1] + P(n_k = 0))^fits, n_k ~ Binomial(n, 1 / captions).
    Raises ValueError for n < 1, captions < 1, fits < 0.
    Source: setting of Gao and Li (2025), arXiv:2503.08117.
    """
    from scipy.stats import binom  # it takes longer to import than all of this package

    n, k = at_least("n", n, 1, "a fit"), at_least("captions", captions, 1, "an ecosystem")
    n, k, times = np.broadcast_arrays(n, k, completed(fits))
    counts = np.arange(1, int(n.max()) + 1)
    lost = (binom.pmf(counts, n[..., None], 1 / k[..., None]) / counts).sum(-1)
    return ((1 - lost) ** times)[()]
