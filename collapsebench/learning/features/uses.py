"""How a metric comes by a classifier: a field `features` that says "rows" or "classifier", and `prepare`."""

from __future__ import annotations

import dataclasses
from typing import Any

from collapsebench.learning.features.trained import classifier


def prepare(metric: Any, experiment: Any) -> Any:
    """The metric with the classifier of the target's data set in the place of the word."""
    return dataclasses.replace(metric, features=classifier(experiment.target.name)) if _uses(metric) else metric


def digests(experiment: Any) -> dict[str, str]:
    """Data set to digest of the classifier, where a metric of the experiment looks through one."""
    names = {experiment.target.name for metric in experiment.metrics if _uses(metric)}
    return {name: classifier(name).digest for name in names}


def _uses(metric: Any) -> bool:
    word = getattr(metric, "features", None)
    return getattr(type(metric), "prepare", None) is prepare and isinstance(word, str) and word == "classifier"
