"""Laws of verified and watermarked synthetic data (Feng et al., 2025)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._arguments import Values, above, at_least, probabilities, within


def verification_threshold_law(keep_right: npt.ArrayLike, keep_wrong: npt.ArrayLike) -> Values:
    """Share of wrong labels below which training on verifier-pruned labels has a correct limit.

    Law: p* = 1 / (1 + psi / phi), where the verifier keeps a right label with probability phi = keep_right, a wrong one
    with psi = keep_wrong.
    Raises ValueError for a probability outside [0, 1], and for keep_right = 0.
    Source: Feng et al. (2025).
    """
    phi = within("keep_right", above("keep_right", keep_right, 0, "a verifier"), 0, 1, "a verifier")
    return 1 / (1 + within("keep_wrong", keep_wrong, 0, 1, "a verifier") / phi)


def verification_accuracy_limit_law(
    wrong_share: npt.ArrayLike, keep_right: npt.ArrayLike, keep_wrong: npt.ArrayLike
) -> Values:
    """Limit of the accuracy of training on verified labels for many samples; 1/2 at the threshold itself.

    Law: 1 for wrong_share < p*, 0 for wrong_share > p*, p* of `verification_threshold_law`.
    Raises ValueError for a share or probability outside [0, 1], and for keep_right = 0.
    Source: Feng et al. (2025).
    """
    wrong_share = within("wrong_share", wrong_share, 0, 1, "a set of labels")
    return np.heaviside(verification_threshold_law(keep_right, keep_wrong) - wrong_share, 0.5)


def effective_size_law(sizes: npt.ArrayLike, real_shares: npt.ArrayLike) -> Values:
    """Effective sample size of batches of known real shares, when single samples cannot be told apart.

    Law: sum_i sizes_i a_i^2, a = real_shares; over the last axis.
    Raises ValueError for a size < 0, and for a share outside [0, 1].
    Source: watermark minimax (2026), cited.
    """
    sizes = at_least("sizes", sizes, 0, "a batch")
    return np.sum(sizes * within("real_shares", real_shares, 0, 1, "a batch") ** 2, -1)


def effective_size_oracle_law(sizes: npt.ArrayLike, real_shares: npt.ArrayLike) -> Values:
    """Effective sample size of batches when an oracle labels each sample real or synthetic.

    Law: sum_i sizes_i a_i, a = real_shares; over the last axis.
    Raises ValueError for a size < 0, and for a share outside [0, 1].
    Source: watermark minimax (2026), cited.
    """
    sizes = at_least("sizes", sizes, 0, "a batch")
    return np.sum(sizes * within("real_shares", real_shares, 0, 1, "a batch"), -1)


def effective_size_watermark_law(
    sizes: npt.ArrayLike, real_shares: npt.ArrayLike, score_real: npt.ArrayLike, score_synthetic: npt.ArrayLike
) -> Values:
    """Effective sample size of batches when a detector scores each sample.

    `score_real` and `score_synthetic` are the distributions of the detector's (discrete) score, Q1 and Q0.
    Law: sum_i sizes_i a_i^2 (1 + chi2(Q1 || Qbar_i)), Qbar_i = a_i Q1 + (1 - a_i) Q0, a = real_shares; over the last
    axis.
    It is `effective_size_law` for a blind detector, `effective_size_oracle_law` for a perfect one.
    Raises ValueError for a size < 0, for a share outside [0, 1], and for scores that are not distributions.
    Source: watermark minimax (2026), cited.
    """
    sizes, a = at_least("sizes", sizes, 0, "a batch"), within("real_shares", real_shares, 0, 1, "a batch")
    q1, q0 = probabilities("score_real", score_real), probabilities("score_synthetic", score_synthetic)
    q_bar = a[..., None] * q1 + (1 - a[..., None]) * q0
    one_plus_chi2 = np.sum(np.divide(q1**2, q_bar, out=np.zeros_like(q_bar), where=q1 * q_bar > 0), -1)
    return np.sum(sizes * a**2 * one_plus_chi2, -1)
