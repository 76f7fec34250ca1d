"""Metrics of images with captions: those of rows, on the pixels alone."""

from __future__ import annotations

import dataclasses
from typing import Any

from collapsebench.estimators import reading
from collapsebench.metrics.frechet import Frechet
from collapsebench.metrics.precision import Precision
from collapsebench.metrics.recall import Recall
from collapsebench.types import Batch, Estimate, Key, Metric, View, spec


@dataclasses.dataclass(frozen=True)
class _Uncaptioned:
    """A captioned model that gives its rows without the captions."""

    model: Any

    def sample(self, key: Key, params: Any, n: int) -> Any:
        return self.model.sample(key, params, n)["x"]


def _pixels(view: View) -> View:
    holdout = Batch(view.holdout.x["x"], view.holdout.w)
    return dataclasses.replace(view, model=_Uncaptioned(view.model), holdout=holdout)


def _needs_captions(metric: Metric, experiment: Any) -> None:
    if (kind := reading.kind_of(experiment)) != "captioned":
        raise reading.refuse(metric, f"it reads rows with captions, and the model's are {kind} data")


@spec
class PixelPrecision(Precision):
    """Precision of captioned images, on their pixels."""

    check = _needs_captions

    def __call__(self, key: Key, view: View) -> Estimate:
        return Precision.__call__(self, key, _pixels(view))


@spec
class PixelRecall(Recall):
    """Recall of captioned images, on their pixels."""

    check = _needs_captions

    def __call__(self, key: Key, view: View) -> Estimate:
        return Recall.__call__(self, key, _pixels(view))


@spec
class PixelFrechet(Frechet):
    """Squared Frechet distance of captioned images, on their pixels (the paper: on a classifier's features)."""

    check = _needs_captions

    def __call__(self, key: Key, view: View) -> Estimate:
        return Frechet.__call__(self, key, _pixels(view))
