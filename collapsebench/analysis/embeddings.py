"""Diversity of texts by the angles between their embeddings."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from collapsebench.learning.language import sentences
from collapsebench.specs.errors import RequestError, counted, nearest, shown

Embed = Callable[[Sequence[str]], Any]
"""Texts -> vectors [texts, width]."""


def embedded(texts: Sequence[str], embeddings: str | Embed) -> np.ndarray:
    """Embeddings of texts as unit vectors, float64 [texts, width]: by the encoder of that name, or by a user's function.

    Raises RequestError for another name, for vectors that are not one a text, and for one of length 0 or not finite.
    """
    if isinstance(embeddings, str):
        if embeddings != sentences.NAME:
            known = (sentences.NAME,)
            raise RequestError(
                f"embeddings = {shown(embeddings)}: {known[0]}, or a function{nearest(embeddings, known)}"
            )
        embeddings = sentences.encoder()
    x = np.asarray(embeddings(texts), float)
    if x.ndim != 2 or len(x) != len(texts):
        raise RequestError(f"embeddings: shape {x.shape}, for {counted(len(texts), 'text')} [{len(texts)}, width]")
    length = np.sqrt((x**2).sum(axis=1, keepdims=True))
    if not (np.isfinite(length) & (length > 0)).all():
        raise RequestError("embeddings: a vector has length 0, or is not finite")
    return x / length


def mean_cosine(x: np.ndarray) -> float:
    """Mean cosine over the pairs of different rows of unit vectors [n, d], 1 where all say the same; NaN for fewer than two."""
    n = len(x)
    return float(((x.sum(axis=0) ** 2).sum() - (x**2).sum()) / (n * (n - 1))) if n > 1 else math.nan


def vendi_score(x: np.ndarray) -> float:
    """Effective number of different rows of unit vectors [n, d], from 1 to n: exp of the entropy of the eigenvalues of K / n.

    K is the matrix of cosines; its eigenvalues other than 0 are those of x^T x, of which the smaller is taken.
    Source: Friedman and Dieng (2023), The Vendi score, TMLR.
    """
    square = x @ x.T if len(x) <= x.shape[1] else x.T @ x
    share = np.linalg.eigvalsh(square / len(x))
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))
